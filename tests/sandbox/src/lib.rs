//! A local stand-in for Amazon Redshift.

pub mod aws;
