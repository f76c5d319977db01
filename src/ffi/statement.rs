//! Entry points of `AdbcStatement`.
//!
//! They forward to [`Statement`]. Invariant: on failure no result place is written, so a caller that zeroed its stream
//! never releases garbage; and bound data is taken over only once all arguments have been checked.

use adbc_core::error::Error;
use adbc_core::options::OptionValue;
use adbc_ffi::FFI_AdbcPartitions;
use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;

use super::argument::{Bytes, Given, OptionalOut, Out, Text};
use super::bind::{batch, reader};
use super::entry::entry_points;
use super::handle::{Emptied, Fresh, Handle};
use super::options::{ByteBuffer, TextBuffer, option_entry_points};
use super::{partitions, stream};
use crate::adbc::{Connection, Statement};

entry_points! {
    /// Makes a statement of a connection.
    fn AdbcStatementNew(connection: Handle<Connection>, statement: Fresh<Statement>) {
        statement.fill(Statement::new(&connection)?);
        Ok(())
    }

    /// Empties the handle. Its results stay readable.
    fn AdbcStatementRelease(statement: Emptied<Statement>) {
        drop(statement);
        Ok(())
    }

    /// Sets the SQL text.
    fn AdbcStatementSetSqlQuery(statement: Handle<Statement>, query: Text) {
        statement.set_sql_query(query)
    }

    /// Sets a Substrait plan.
    fn AdbcStatementSetSubstraitPlan(statement: Handle<Statement>, plan: Bytes[length]) {
        statement.set_substrait_plan(plan)
    }

    /// Prepares the query.
    fn AdbcStatementPrepare(statement: Handle<Statement>) {
        statement.prepare()
    }

    /// Binds one batch; takes over both structures.
    fn AdbcStatementBind(
        statement: Handle<Statement>,
        values: Given<FFI_ArrowArray>,
        schema: Given<FFI_ArrowSchema>,
    ) {
        statement.bind(batch(values.take(), &schema.take())?)
    }

    /// Binds a stream of batches; takes it over.
    fn AdbcStatementBindStream(statement: Handle<Statement>, stream: Given<FFI_ArrowArrayStream>) {
        statement.bind_stream(reader(stream.take())?)
    }

    /// The schema of the parameters.
    fn AdbcStatementGetParameterSchema(statement: Handle<Statement>, schema: Out<FFI_ArrowSchema>) {
        let parameters = statement.get_parameter_schema()?;
        schema.write(FFI_ArrowSchema::try_from(&parameters).map_err(Error::from)?);
        Ok(())
    }

    /// Runs the query. Without a place for a stream it is an update.
    fn AdbcStatementExecuteQuery(
        statement: Handle<Statement>,
        out: OptionalOut<FFI_ArrowArrayStream>,
        rows_affected: OptionalOut<i64>,
    ) {
        let rows = match out {
            Some(out) => {
                let (result, rows) = statement.execute_query()?;
                out.write(stream::export(result));
                rows
            }
            None => statement.execute_update()?,
        };
        if let Some(rows_affected) = rows_affected {
            rows_affected.write(rows);
        }
        Ok(())
    }

    /// The schema of the result, without running the query.
    fn AdbcStatementExecuteSchema(statement: Handle<Statement>, schema: Out<FFI_ArrowSchema>) {
        let result = statement.execute_schema()?;
        schema.write(FFI_ArrowSchema::try_from(&result).map_err(Error::from)?);
        Ok(())
    }

    /// Runs the query and describes its partitions.
    fn AdbcStatementExecutePartitions(
        statement: Handle<Statement>,
        schema: OptionalOut<FFI_ArrowSchema>,
        partitions: Out<FFI_AdbcPartitions>,
        rows_affected: OptionalOut<i64>,
    ) {
        let (result_schema, parts, rows) = statement.execute_partitions()?;
        let exported = FFI_ArrowSchema::try_from(&result_schema).map_err(Error::from)?;
        if let Some(schema) = schema {
            schema.write(exported);
        }
        partitions.write(partitions::export(parts));
        if let Some(rows_affected) = rows_affected {
            rows_affected.write(rows);
        }
        Ok(())
    }

    /// Cancels what this statement runs; callable from any thread.
    fn AdbcStatementCancel(statement: Handle<Statement>) {
        statement.cancel()
    }
}

option_entry_points! {
    Statement;
    set: AdbcStatementSetOption, AdbcStatementSetOptionBytes, AdbcStatementSetOptionDouble, AdbcStatementSetOptionInt;
    get: AdbcStatementGetOption, AdbcStatementGetOptionBytes, AdbcStatementGetOptionDouble, AdbcStatementGetOptionInt;
}
