//! GetObjects over many tables: a constant number of round trips, bounded time and memory.

use std::time::{Duration, Instant};

use adbc_core::Connection as _;
use adbc_core::options::ObjectDepth;
use adbc_driver_manager::ManagedConnection;
use arrow_array::cast::AsArray;
use arrow_array::{Array as _, RecordBatch};
use redshift_sandbox::{BlockingSandbox, SandboxConfig};

use crate::support::{connect, execute, sandbox};

const COLUMNS: usize = 20;

/// Tables of 20 columns each, every tenth with a key and a reference.
fn fill(connection: &mut ManagedConnection, tables: std::ops::Range<usize>) {
    let columns: Vec<_> =
        (0..COLUMNS).map(|at| format!("column_{at} {}", ["bigint", "varchar(40)"][at % 2])).collect();
    let ddl = format!(
        "DO $$ BEGIN FOR i IN {}..{} LOOP \
           EXECUTE format('CREATE TABLE crowded.table_%s ({}) ', i); \
           IF i % 10 = 0 THEN \
             EXECUTE format('ALTER TABLE crowded.table_%s ADD PRIMARY KEY (column_0), ADD FOREIGN KEY (column_2) \
                             REFERENCES crowded.table_%s (column_0)', i, i); \
           END IF; \
         END LOOP; END $$",
        tables.start,
        tables.end - 1,
        columns.join(", ")
    );
    execute(connection, &ddl);
}

fn listed(connection: &ManagedConnection) -> RecordBatch {
    let reader = connection.get_objects(ObjectDepth::All, None, None, None, None, None).unwrap();
    let mut batches = reader.collect::<Result<Vec<_>, _>>().unwrap();
    assert_eq!(batches.len(), 1);
    batches.remove(0)
}

/// Tables and columns of all catalogs.
fn counts(batch: &RecordBatch) -> (usize, usize) {
    let schemas = batch.column(1).as_list::<i32>().values().as_struct();
    let tables = schemas.column(1).as_list::<i32>().values().as_struct();
    let columns = tables.column(2).as_list::<i32>().values();
    (tables.len(), columns.len())
}

fn round_trips(sandbox: &BlockingSandbox) -> u64 {
    sandbox.sessions().last().unwrap().round_trips
}

#[test]
fn round_trips_do_not_depend_on_the_number_of_tables() {
    let sandbox = sandbox(SandboxConfig::default());
    // The record that counts is that of the last session.
    let list = || {
        let connection = connect(&sandbox.uri(), &[]);
        let before = round_trips(&sandbox);
        let counts = counts(&listed(&connection));
        (counts, round_trips(&sandbox) - before)
    };
    let ((few_tables, few_columns), few) = list();
    let mut filler = connect(&sandbox.uri(), &[]);
    execute(&mut filler, "CREATE SCHEMA crowded");
    fill(&mut filler, 0..500);
    let ((many_tables, many_columns), many) = list();
    assert_eq!((many_tables - few_tables, many_columns - few_columns), (500, 500 * COLUMNS));
    assert_eq!(few, many);
    assert!(many <= 10, "{many}");
}

/// Run alone, since it measures the memory of the process; `make test` does so as a step of its own. To see the figures:
/// `cargo test --release -p adbc-driver-redshift --test it -- --ignored --exact --nocapture metadata_scale::ten_thousand_tables`
#[test]
#[ignore = "fills a database with 200,000 columns; measures memory, so nothing else may run in the process"]
fn ten_thousand_tables() {
    let sandbox = sandbox(SandboxConfig::default());
    let mut connection = connect(&sandbox.uri(), &[]);
    execute(&mut connection, "CREATE SCHEMA crowded");
    // A transaction each: the locks on all would not fit the engine's table.
    for start in (0..10_000).step_by(500) {
        fill(&mut connection, start..start + 500);
    }
    // What the first call loads is not what it holds.
    connection.get_objects(ObjectDepth::Schemas, None, None, None, None, None).unwrap().for_each(drop);
    std::fs::write("/proc/self/clear_refs", "5").expect("the peak can be reset");
    let (before, round_trips_before) = (status_kib("VmRSS"), round_trips(&sandbox));
    let started = Instant::now();
    let batch = listed(&connection);
    let elapsed = started.elapsed();
    let peak_kib = status_kib("VmHWM") - before;
    let arrow_kib = batch.get_array_memory_size() / 1024;
    let trips = round_trips(&sandbox) - round_trips_before;
    println!("{elapsed:.2?}, {trips} round trips, peak {peak_kib} KiB, Arrow {arrow_kib} KiB");
    assert_eq!(counts(&batch).1 / COLUMNS, 10_000);
    assert!(elapsed < Duration::from_secs(10), "{elapsed:?}");
    assert!(trips <= 10, "{trips}");
    assert!(peak_kib <= 3 * arrow_kib, "peak {peak_kib} KiB, Arrow {arrow_kib} KiB");
}

/// A line of `/proc/self/status`.
fn status_kib(field: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
