//! The parts of the bench that run in processes of their own; `run.py` puts them together.
//!
//! Each reading command measures itself and prints one line of JSON.

mod case;
mod checksum;
mod client;
mod driver;
mod encode;
mod floor;
mod latency;
mod measure;
mod reference;
mod server;

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use serde_json::{Map, Value, json};

use crate::case::Case;
use crate::checksum::Checksum;
use crate::client::Target;
use crate::driver::DriverTarget;
use crate::reference::Reading;

#[derive(Debug, Parser)]
#[command(about = "Parts of the driver's bench")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the rows of all cases until killed; prints the port.
    Serve {
        /// Where to write the certificate to trust.
        #[arg(long)]
        certificate: PathBuf,
    },
    /// Print the statement that makes a case's table.
    Table { case: Case },
    /// Write rows in COPY's text format, none twice.
    Rows { case: Case, rows: usize },
    /// Print what every reader must find.
    Expect {
        case: Case,
        rows: u64,
        /// Of rows that repeat, as the replay server sends them.
        #[arg(long)]
        replayed: bool,
    },
    /// Receive and throw away.
    Floor(Read),
    /// Decode with the reference reader.
    Reference(Read),
    /// Read through the driver.
    Driver {
        #[command(flatten)]
        read: Read,
        #[command(flatten)]
        library: Library,
    },
    /// Run `SELECT 1`, and connect, beside the bare socket.
    Latency {
        #[command(flatten)]
        server: Server,
        #[command(flatten)]
        library: Library,
        #[arg(long)]
        rounds: u32,
        /// Statements per round; a connect counts as a hundred.
        #[arg(long)]
        repeats: u32,
    },
}

#[derive(Args, Debug)]
struct Server {
    #[arg(long)]
    uri: String,
    /// Use TLS and trust this certificate.
    #[arg(long)]
    certificate: Option<PathBuf>,
    /// The server is PostgreSQL, which knows no protocol version.
    #[arg(long)]
    postgresql: bool,
}

#[derive(Args, Debug)]
struct Library {
    /// The driver.
    #[arg(long)]
    library: PathBuf,
}

#[derive(Args, Debug)]
struct Read {
    case: Case,
    #[command(flatten)]
    server: Server,
    /// Ask for text instead of binary.
    #[arg(long)]
    text: bool,
    /// Read only so many rows.
    #[arg(long)]
    rows: Option<u64>,
    /// Receive on a thread of its own (reference reader).
    #[arg(long)]
    threaded: bool,
}

impl Server {
    fn target(&self) -> Result<Target> {
        Target::new(&self.uri, self.certificate.clone())
    }

    fn version(&self) -> Option<u8> {
        (!self.postgresql).then_some(3)
    }

    fn driver_target(&self) -> DriverTarget {
        let option = |key: &str, value: &str| (format!("adbc.redshift.{key}"), value.to_owned());
        let options = match &self.certificate {
            None => vec![option("tls.mode", "disable")],
            Some(path) => vec![option("tls.root_cert", &path.display().to_string())],
        };
        DriverTarget { uri: self.uri.clone(), options }
    }
}

impl Read {
    fn sql(&self) -> String {
        let limit = self.rows.map(|rows| format!(" LIMIT {rows}")).unwrap_or_default();
        format!("SELECT * FROM {}{limit}", self.case.name())
    }

    fn floor(&self) -> Result<Map<String, Value>> {
        floor::run(&self.server.target()?, self.server.version(), &self.sql(), !self.text)
    }

    fn reference(&self) -> Result<Map<String, Value>> {
        let reading = Reading { binary: !self.text, threaded: self.threaded };
        reference::run(&self.server.target()?, self.server.version(), self.case, &self.sql(), reading)
    }

    fn driver(&self, library: &Library) -> Result<Map<String, Value>> {
        let mut target = self.server.driver_target();
        if self.text {
            target.options.push(("adbc.redshift.result.format".to_owned(), "text".to_owned()));
        }
        driver::run(&library.library, &target, self.case, &self.sql())
    }
}

fn main() -> Result<()> {
    match Cli::parse().command {
        Command::Serve { certificate } => server::serve(&certificate, |port| print(&json!({ "port": port }))),
        Command::Table { case } => print(&json!({ "sql": case.create_table() })),
        Command::Rows { case, rows } => write_rows(case, rows),
        Command::Expect { case, rows, replayed } => {
            let checksum = match replayed {
                true => encode::replayed_checksum(case, rows),
                false => {
                    let mut checksum = Checksum::new(case.columns().len());
                    case.rows().take(usize::try_from(rows)?).for_each(|row| checksum.add_row(&row));
                    checksum
                }
            };
            print(&json!({ "checksum": checksum.to_string() }))
        }
        Command::Floor(read) => print(&Value::Object(read.floor()?)),
        Command::Reference(read) => print(&Value::Object(read.reference()?)),
        Command::Driver { read, library } => print(&Value::Object(read.driver(&library)?)),
        Command::Latency { server, library, rounds, repeats } => {
            let (target, bare, version) = (server.driver_target(), server.target()?, server.version());
            let library = &library.library;
            let mut report = latency::statements(library, &target, &bare, version, rounds, repeats)?;
            let connects = repeats.div_ceil(100);
            let connect = latency::connects(library, &target, &bare, version, rounds, connects)?;
            report.insert("connect".to_owned(), connect);
            print(&Value::Object(report))
        }
    }
}

fn print(report: &Value) -> Result<()> {
    println!("{report}");
    Ok(std::io::stdout().flush()?)
}

fn write_rows(case: Case, rows: usize) -> Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, std::io::stdout().lock());
    let mut line = String::new();
    for row in case.rows().take(rows) {
        line.clear();
        encode::copy_line(&mut line, case, &row)?;
        out.write_all(line.as_bytes())?;
    }
    Ok(out.flush()?)
}
