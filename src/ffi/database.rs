//! Entry points of `AdbcDatabase`.
//!
//! They forward to [`Database`]; rules about options and states are there. Invariant: no `unsafe` in this file.

use adbc_core::options::OptionValue;

use super::argument::{Bytes, Out, Text};
use super::entry::entry_points;
use super::handle::{Emptied, Fresh, Handle};
use super::options::{ByteBuffer, TextBuffer, option_entry_points};
use crate::adbc::Database;

entry_points! {
    /// Makes a database that holds no options yet.
    fn AdbcDatabaseNew(database: Fresh<Database>) {
        database.fill(Database::new());
        Ok(())
    }

    /// Checks the options. No network.
    fn AdbcDatabaseInit(database: Handle<Database>) {
        database.init()
    }

    /// Empties the handle. Connections made from it go on.
    fn AdbcDatabaseRelease(database: Emptied<Database>) {
        drop(database);
        Ok(())
    }
}

option_entry_points! {
    Database;
    set: AdbcDatabaseSetOption, AdbcDatabaseSetOptionBytes, AdbcDatabaseSetOptionDouble, AdbcDatabaseSetOptionInt;
    get: AdbcDatabaseGetOption, AdbcDatabaseGetOptionBytes, AdbcDatabaseGetOptionDouble, AdbcDatabaseGetOptionInt;
}
