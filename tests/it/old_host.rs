//! A host that knows ADBC 1.0.0 only: it has the smaller table and the smaller error.

use std::sync::Arc;

use adbc_core::error::Status;
use adbc_core::options::{AdbcVersion, ObjectDepth, OptionDatabase, OptionStatement, OptionValue};
use adbc_core::{Connection as _, Database as _, Driver as _, Optionable as _, Statement as _};
use adbc_driver_manager::ManagedDriver;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Int64Array, RecordBatch};

use crate::support::{SANDBOX, library, query, statement};

#[test]
fn it_logs_in_queries_ingests_and_reads_errors() {
    let mut driver =
        ManagedDriver::load_dynamic_from_filename(library(), Some(b"AdbcDriverInit"), AdbcVersion::V100)
            .unwrap();
    let uri = (OptionDatabase::Uri, OptionValue::from(SANDBOX.uri().as_str()));
    let database = driver.new_database_with_opts([uri]).unwrap();
    let mut connection = database.new_connection().unwrap();

    let mut ingest = connection.new_statement().unwrap();
    for (key, value) in [("target_table", "of_old_host"), ("mode", "adbc.ingest.mode.create")] {
        let key = OptionStatement::from(format!("adbc.ingest.{key}").as_str());
        ingest.set_option(key, OptionValue::from(value)).unwrap();
    }
    let numbers = Arc::new(Int64Array::from(vec![1, 2, 39])) as _;
    ingest.bind(RecordBatch::try_from_iter([("n", numbers)]).unwrap()).unwrap();
    assert_eq!(ingest.execute_update().unwrap(), Some(3));
    let (_, rows) = query(&mut connection, "SELECT sum(n)::BIGINT FROM of_old_host");
    assert_eq!(rows[0].column(0).as_primitive::<Int64Type>().value(0), 42);
    let objects = connection.get_objects(ObjectDepth::Tables, None, None, Some("of_old_host"), None, None);
    assert!(objects.unwrap().next().is_some());

    let error = statement(&mut connection, "SELECT no_such_column").execute_update().unwrap_err();
    assert_eq!(error.status, Status::InvalidArguments);
    assert!(error.message.contains("no_such_column"), "{error}");
    assert_eq!(error.sqlstate.map(|letter| letter as u8), *b"42703");
    let error = statement(&mut connection, "SELECT 1").get_option_string("uri".into()).unwrap_err();
    assert_eq!(error.status, Status::NotImplemented, "1.0.0 reads no options");
}
