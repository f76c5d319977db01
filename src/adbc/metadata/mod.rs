//! The metadata calls of a connection: facts about driver and server, the objects of a cluster, table types and
//! schemas, statistics, the current catalog and schema.
//!
//! | file | owns |
//! |---|---|
//! | `queries` | all catalog SQL |
//! | `rows`, `pattern` | running it; what a filter accepts |
//! | `objects` | GetObjects: which queries are needed, and what their rows mean |
//! | `others` | those of other databases and data shares |
//! | `tree`, `columns`, `constraints` | its nested result, level by level |
//! | `nested`, `texts` | Arrow lists, structs and strings as they grow |
//! | `statistics`, `info`, `tables`, `current` | one call each |
//!
//! Metadata calls start no transaction. Invariant: a call makes a number of round trips that does not depend on how many
//! objects there are; only exact row counts take one more for every hundred tables.

mod columns;
mod constraints;
mod current;
mod info;
mod nested;
mod objects;
mod others;
mod pattern;
mod queries;
mod rows;
mod statistics;
mod tables;
mod texts;
mod tree;

pub(super) use current::{current_schema, set_current, set_currents};
pub(super) use info::{dialect, info};
pub(super) use objects::objects;
pub(super) use queries::quoted;
pub(super) use statistics::{statistic_names, statistics};
pub(super) use tables::{table_schema, table_types, temporary_schema};
