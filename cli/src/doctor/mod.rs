//! `doctor`: connects as the options say, and tells of each step whether it worked and what to do if it did not.
//!
//! The steps are the driver's own: it is watched while it connects (`watch`), so that what is told is what happened.
//! Advice is in `advice`.

mod advice;
mod watch;

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use adbc_core::error::Error;
use adbc_driver_redshift::adbc::{Connection, Database, Statement, options};
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;

use crate::arguments::ConnectionArguments;
use crate::connect;
use crate::failure::{Failure, Result};
use watch::{Event, Watch};

/// A clock that is further off than this is worth a word; AWS refuses requests from five minutes on.
const CLOCK_TOLERANCE_SECONDS: i64 = 60;

/// What the driver says when the options are in order.
const ASKING: &str = "asking for credentials";

/// The steps of a connection, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Options,
    Aws,
    Dns,
    Port,
    Tls,
    Login,
    Query,
    Clock,
}

impl Step {
    const ALL: [Self; 8] =
        [Self::Options, Self::Aws, Self::Dns, Self::Port, Self::Tls, Self::Login, Self::Query, Self::Clock];

    fn name(self) -> &'static str {
        match self {
            Self::Options => "Options",
            Self::Aws => "AWS",
            Self::Dns => "DNS",
            Self::Port => "Port",
            Self::Tls => "TLS",
            Self::Login => "Login",
            Self::Query => "Query",
            Self::Clock => "Clock",
        }
    }
}

/// What was found so far.
#[derive(Debug, Default)]
struct Report {
    failed: Option<Step>,
}

impl Report {
    fn passed(&self, step: Step, what: &str) {
        println!("  ok    {:<8} {what}", step.name());
    }

    fn failed(&mut self, step: Step, why: &str) {
        println!("  FAIL  {:<8} {why}", step.name());
        self.failed = Some(step);
    }

    /// The steps after the one that failed, and what to do.
    fn end(self) -> Result<()> {
        let Some(failed) = self.failed else {
            println!("\nAll is well.");
            return Ok(());
        };
        for step in Step::ALL.into_iter().skip_while(|step| *step != failed).skip(1) {
            println!("  -     {:<8} not reached", step.name());
        }
        println!("\nWhat to do:");
        for (number, line) in (1..).zip(advice::steps(failed)) {
            println!("  {number}. {line}");
        }
        Err(Failure::Said)
    }
}

pub(crate) fn run(arguments: &ConnectionArguments) -> Result<()> {
    let watch = Watch::start()?;
    let mut report = Report::default();
    match connect::options(arguments).and_then(|all| connect::database(&all)) {
        Err(Failure::Told(why)) => report.failed(Step::Options, &why),
        Err(other) => return Err(other),
        Ok(database) => examine(&database, &watch, &mut report)?,
    }
    report.end()
}

/// Where the options lead, without asking anybody.
fn target(database: &Database) -> String {
    let value = |key: &str| database.get_option_string(key).ok().filter(|value| !value.is_empty());
    let place = value(options::HOST)
        .map(|host| format!("host {host}"))
        .or_else(|| value(options::CLUSTER_IDENTIFIER).map(|name| format!("cluster {name}")))
        .or_else(|| value(options::WORKGROUP).map(|name| format!("workgroup {name}")))
        .unwrap_or_else(|| "no host, cluster or workgroup is named".to_owned());
    match value(options::DATABASE) {
        Some(name) => format!("{place}, database {name}"),
        None => place,
    }
}

fn examine(database: &Arc<Database>, watch: &Watch, report: &mut Report) -> Result<()> {
    let connected = connect::connection(database);
    let events = watch.events();
    if events.iter().any(|event| event.field("message") == ASKING) {
        report.passed(Step::Options, &target(database));
    }
    for (step, what) in events.iter().filter_map(passed) {
        report.passed(step, &what);
    }
    match connected {
        Ok(connection) => {
            query(&connection, report);
            connection.release()?;
            Ok(())
        }
        Err(Failure::Told(why)) => {
            report.failed(unfinished(&events), &why);
            if let Some(drift) = events.iter().find_map(aws_clock) {
                println!("  note  {:<8} {drift}", Step::Clock.name());
            }
            Ok(())
        }
        Err(other) => Err(other),
    }
}

/// The step that an event tells the success of, and its words.
fn passed(event: &Event) -> Option<(Step, String)> {
    let field = |name| event.field(name);
    if field("message") == "AWS answered" {
        let user = field("user");
        let user = if user.is_empty() { String::new() } else { format!(", which gave the user {user}") };
        return Some((Step::Aws, format!("{} is allowed{user}", field("action"))));
    }
    match field("step") {
        "resolve" => Some((Step::Dns, format!("{} is {}", field("target"), field("addresses")))),
        "tcp" => Some((Step::Port, format!("{} accepts connections", field("address")))),
        "tls" => Some((Step::Tls, format!("mode {}", field("mode")))),
        "login" => Some((Step::Login, format!("protocol version {}", field("protocol")))),
        _ => None,
    }
}

/// The step that was under way when the connection failed.
fn unfinished(events: &[Event]) -> Step {
    let said = |message: &str| events.iter().any(|event| event.field("message") == message);
    let last = events.iter().filter_map(passed).map(|(step, _)| step).next_back();
    match last {
        _ if said("AWS refused") => Step::Aws,
        None if said("connecting") => Step::Dns,
        None if said(ASKING) => Step::Aws,
        None => Step::Options,
        Some(Step::Aws) if said("connecting") => Step::Dns,
        Some(Step::Aws) => Step::Aws,
        Some(Step::Dns) => Step::Port,
        Some(Step::Port) => Step::Tls,
        Some(_) => Step::Login,
    }
}

/// What AWS's clock says, when it refused a request.
fn aws_clock(event: &Event) -> Option<String> {
    let date = event.field("server_date");
    (!date.is_empty()).then(|| format!("the clock of AWS says {date}; compare it with this machine's"))
}

fn query(connection: &Arc<Connection>, report: &mut Report) {
    match server_seconds(connection) {
        Err(error) => report.failed(Step::Query, &error.message),
        Ok(server) => {
            report.passed(Step::Query, "the server answers");
            let local = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
            let drift = i64::try_from(local).unwrap_or_default() - server;
            let words = format!("{} s apart from the server's", drift.abs());
            if drift.abs() > CLOCK_TOLERANCE_SECONDS {
                report.failed(Step::Clock, &words);
            } else {
                report.passed(Step::Clock, &words);
            }
        }
    }
}

/// The server's clock, in seconds since 1970.
fn server_seconds(connection: &Arc<Connection>) -> std::result::Result<i64, Error> {
    let statement = Statement::new(connection)?;
    statement.set_sql_query("SELECT EXTRACT(epoch FROM current_timestamp)::bigint AS seconds")?;
    let (mut reader, _) = statement.execute_query()?;
    let batch = reader.next().transpose()?;
    let column = batch.as_ref().and_then(|batch| batch.columns().first());
    let seconds = column.and_then(|column| column.as_primitive_opt::<Int64Type>()?.iter().next().flatten());
    Ok(seconds.unwrap_or_default())
}
