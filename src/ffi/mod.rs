//! The C ABI: init symbols, entry points, error and stream callbacks, and the `Adbc…` symbols for programs that link
//! the library directly.
//!
//! It turns C pointers into the safe objects of [`crate::adbc`] and their results back; it knows no SQL, no option and
//! no network. Nothing here holds a lock, starts a thread or keeps global state, so a fork or a panic leaves nothing
//! behind.
//!
//! Invariant: every callback a host can reach checks its pointers and catches panics before it touches an object. The
//! bodies of the entry points (in `database`, `connection`, `statement` and `options`) are safe code: they see only
//! what the kinds of their arguments have checked.

#![allow(unsafe_code)] // OK because this module is the C boundary; every block states its reason.

mod argument;
mod bind;
mod connection;
mod database;
mod driver;
mod entry;
mod error;
mod handle;
mod options;
mod partitions;
mod statement;
mod stream;

#[cfg(test)]
mod header;
