//! `query`: runs a statement and brings its result to the screen or into a file.

use std::fs;
use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use adbc_driver_redshift::adbc::{Connection, Reader, Statement};

use crate::arguments::{ConnectionArguments, Format, QueryArguments};
use crate::connect;
use crate::failure::{Failure, Result};
use crate::output::{Output, Target};
use crate::progress::Progress;
use crate::table::{self, Table};

pub(crate) fn run(connection: &ConnectionArguments, query: &QueryArguments) -> Result<()> {
    let format = format(query)?;
    let sql = sql(query)?;
    let database = connect::database(&connect::options(connection)?)?;
    let connection = connect::connection(&database)?;
    let done = execute(&connection, &sql, query, format);
    connection.release()?;
    done
}

/// What was asked for, or what the name of the file says.
fn format(query: &QueryArguments) -> Result<Format> {
    let extension = query.output.as_deref().and_then(Path::extension).and_then(|text| text.to_str());
    let by_name = match extension.map(str::to_ascii_lowercase).as_deref() {
        Some("csv") => Some(Format::Csv),
        Some("parquet") => Some(Format::Parquet),
        Some("arrow" | "ipc" | "feather") => Some(Format::Arrow),
        _ => None,
    };
    let format = query.format.or(by_name).unwrap_or(Format::Table);
    let to_screen = query.output.is_none() && io::stdout().is_terminal();
    if to_screen && matches!(format, Format::Parquet | Format::Arrow) {
        return Err(Failure::told(
            "a terminal cannot show this format; add --output FILE, or redirect the output",
        ));
    }
    Ok(format)
}

fn sql(query: &QueryArguments) -> Result<String> {
    match (&query.sql, &query.file) {
        (Some(sql), _) if sql != "-" => Ok(sql.clone()),
        (_, Some(file)) => {
            fs::read_to_string(file).map_err(|cause| Failure::Told(format!("{}: {cause}", file.display())))
        }
        _ => {
            if io::stdin().is_terminal() {
                eprintln!("Type the query, then Ctrl-D:");
            }
            let mut text = String::new();
            io::stdin().read_to_string(&mut text)?;
            Ok(text)
        }
    }
}

fn execute(connection: &Arc<Connection>, sql: &str, query: &QueryArguments, format: Format) -> Result<()> {
    let started = Instant::now();
    let progress = Progress::start("waiting for the server");
    let statement = Statement::new(connection)?;
    statement.set_sql_query(sql)?;
    let (reader, affected) = statement.execute_query()?;
    if reader.schema().fields().is_empty() {
        drop(progress);
        say_done(affected, started.elapsed());
        return Ok(());
    }
    match (format, &query.output) {
        (Format::Table, None) => show(reader, query.rows, &progress),
        (format, output) => {
            let rows = save(reader, format, output.as_deref(), &progress)?;
            drop(progress);
            if let Some(path) = output {
                eprintln!("{} in {} → {}", count(rows), seconds(started.elapsed()), path.display());
            }
            Ok(())
        }
    }
}

fn show(mut reader: Reader, limit: usize, progress: &Progress) -> Result<()> {
    let mut table = Table::new(reader.schema(), limit);
    while !table.is_full() {
        let Some(batch) = reader.next() else { break };
        let batch = batch?;
        progress.add(batch.num_rows(), 0);
        table.push(&batch)?;
    }
    progress.end();
    let mut screen = io::stdout().lock();
    table.print(&mut screen, table::width())?;
    screen.flush()?;
    let shown = count(table.rows());
    if table.is_cut() || (table.is_full() && reader.next().is_some()) {
        eprintln!("{shown} shown, more follow; --rows 0 shows all, --output FILE saves them");
    } else {
        eprintln!("{shown}");
    }
    Ok(())
}

fn save(mut reader: Reader, format: Format, output: Option<&Path>, progress: &Progress) -> Result<usize> {
    let target = Target::open(output)?;
    let mut output = Output::new(format, target, &reader.schema())?;
    let mut rows = 0;
    while let Some(batch) = reader.next() {
        let batch = batch?;
        rows += batch.num_rows();
        output.write(&batch)?;
        progress.add(batch.num_rows(), output.bytes());
    }
    output.finish()?;
    Ok(rows)
}

fn say_done(affected: i64, elapsed: Duration) {
    match usize::try_from(affected) {
        Ok(rows) => eprintln!("{} affected in {}", count(rows), seconds(elapsed)),
        Err(_) => eprintln!("done in {}", seconds(elapsed)),
    }
}

fn count(rows: usize) -> String {
    let text = table::grouped(rows);
    if rows == 1 { format!("{text} row") } else { format!("{text} rows") }
}

fn seconds(elapsed: Duration) -> String {
    format!("{:.1} s", elapsed.as_secs_f64())
}
