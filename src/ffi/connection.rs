//! Entry points of `AdbcConnection`.
//!
//! They forward to [`Connection`], which exists, with its cancel token, from `AdbcConnectionNew` on: so
//! `AdbcConnectionCancel` works while `AdbcConnectionInit` connects in another thread. Invariant: no lock is held here.

use std::ffi::{c_char, c_int};

use adbc_core::error::Error;
use adbc_core::options::OptionValue;
use arrow_array::ffi::FFI_ArrowSchema;
use arrow_array::ffi_stream::FFI_ArrowArrayStream;

use super::argument::{Bytes, Codes, OptionalText, Out, Text, TextList};
use super::entry::entry_points;
use super::handle::{Emptied, Fresh, Handle};
use super::options::{ByteBuffer, TextBuffer, option_entry_points};
use super::stream::export;
use crate::adbc::{Connection, Database, ObjectsFilter};

entry_points! {
    /// Makes a connection that holds only options and its cancel token.
    fn AdbcConnectionNew(connection: Fresh<Connection>) {
        connection.fill(Connection::new());
        Ok(())
    }

    /// Logs in.
    fn AdbcConnectionInit(connection: Handle<Connection>, database: Handle<Database>) {
        connection.init(&database)
    }

    /// Empties the handle, whatever the outcome, and closes the session unless a result still holds it.
    fn AdbcConnectionRelease(connection: Emptied<Connection>) {
        connection.release()
    }

    /// Cancels what runs on this connection; callable from any thread.
    fn AdbcConnectionCancel(connection: Handle<Connection>) {
        connection.cancel()
    }

    /// Commits the transaction.
    fn AdbcConnectionCommit(connection: Handle<Connection>) {
        connection.commit()
    }

    /// Rolls the transaction back.
    fn AdbcConnectionRollback(connection: Handle<Connection>) {
        connection.rollback()
    }

    /// Facts about driver and server; a NULL list asks for all.
    fn AdbcConnectionGetInfo(
        connection: Handle<Connection>,
        info_codes: Codes[info_codes_length],
        out: Out<FFI_ArrowArrayStream>,
    ) {
        out.write(export(connection.get_info(info_codes)?));
        Ok(())
    }

    /// Catalogs, schemas, tables, columns.
    fn AdbcConnectionGetObjects(
        connection: Handle<Connection>,
        depth: c_int,
        catalog: OptionalText,
        db_schema: OptionalText,
        table_name: OptionalText,
        table_type: TextList,
        column_name: OptionalText,
        out: Out<FFI_ArrowArrayStream>,
    ) {
        let filter = ObjectsFilter {
            catalog,
            db_schema,
            table: table_name,
            table_types: table_type,
            column: column_name,
        };
        out.write(export(connection.get_objects(depth, &filter)?));
        Ok(())
    }

    /// The Arrow schema of a table.
    fn AdbcConnectionGetTableSchema(
        connection: Handle<Connection>,
        catalog: OptionalText,
        db_schema: OptionalText,
        table_name: Text,
        schema: Out<FFI_ArrowSchema>,
    ) {
        let found = connection.get_table_schema(catalog, db_schema, table_name)?;
        schema.write(FFI_ArrowSchema::try_from(&found).map_err(Error::from)?);
        Ok(())
    }

    /// The table types of `AdbcConnectionGetObjects`.
    fn AdbcConnectionGetTableTypes(connection: Handle<Connection>, out: Out<FFI_ArrowArrayStream>) {
        out.write(export(connection.get_table_types()?));
        Ok(())
    }

    /// Statistics of tables.
    fn AdbcConnectionGetStatistics(
        connection: Handle<Connection>,
        catalog: OptionalText,
        db_schema: OptionalText,
        table_name: OptionalText,
        approximate: c_char,
        out: Out<FFI_ArrowArrayStream>,
    ) {
        out.write(export(connection.get_statistics(catalog, db_schema, table_name, approximate != 0)?));
        Ok(())
    }

    /// The driver's own statistics.
    fn AdbcConnectionGetStatisticNames(connection: Handle<Connection>, out: Out<FFI_ArrowArrayStream>) {
        out.write(export(connection.get_statistic_names()?));
        Ok(())
    }

    /// Reads a partition made by `AdbcStatementExecutePartitions`.
    fn AdbcConnectionReadPartition(
        connection: Handle<Connection>,
        serialized_partition: Bytes[serialized_length],
        out: Out<FFI_ArrowArrayStream>,
    ) {
        out.write(export(connection.read_partition(serialized_partition)?));
        Ok(())
    }
}

option_entry_points! {
    Connection;
    set: AdbcConnectionSetOption, AdbcConnectionSetOptionBytes, AdbcConnectionSetOptionDouble,
        AdbcConnectionSetOptionInt;
    get: AdbcConnectionGetOption, AdbcConnectionGetOptionBytes, AdbcConnectionGetOptionDouble,
        AdbcConnectionGetOptionInt;
}
