//! Round trips: `SELECT 1` through the driver, beside a bare socket that exchanges the same bytes.
//!
//! A relay between driver and server records what travels; the bare socket then sends exactly that, waits for exactly as
//! many bytes, and does nothing else. The recording also counts the round trips.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use adbc_core::Optionable as _;
use adbc_core::Statement as _;
use adbc_core::options::{OptionStatement, OptionValue};
use adbc_driver_manager::{ManagedConnection, ManagedStatement};
use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use crate::client::{Stream, Target};
use crate::driver::{self, DriverTarget};

const SQL: &str = "SELECT 1";

/// Bytes to the server, then the length of its answer.
#[derive(Clone, Debug, Default)]
struct RoundTrip {
    request: Vec<u8>,
    answer: usize,
}

/// Round trips in order.
type Recording = Arc<Mutex<Vec<RoundTrip>>>;

/// How a statement is run.
#[derive(Clone, Copy, Debug)]
enum Mode {
    Prepared,
    Text,
    Unprepared,
}

impl Mode {
    const ALL: [Self; 3] = [Self::Prepared, Self::Text, Self::Unprepared];

    fn name(self) -> &'static str {
        match self {
            Self::Prepared => "prepared",
            Self::Text => "text",
            Self::Unprepared => "unprepared",
        }
    }

    fn statement(self, connection: &mut ManagedConnection) -> Result<ManagedStatement> {
        let mut statement = driver::statement(connection, SQL)?;
        match self {
            Self::Prepared => statement.prepare()?,
            Self::Text => statement.set_option(
                OptionStatement::Other("adbc.redshift.result.format".to_owned()),
                OptionValue::from("text"),
            )?,
            Self::Unprepared => {}
        }
        Ok(statement)
    }
}

/// A mode with all that its loops need.
struct Bench {
    mode: Mode,
    round_trips: Vec<RoundTrip>,
    bare: Stream,
    statement: ManagedStatement,
    driver_us: Vec<f64>,
    bare_us: Vec<f64>,
}

/// Microseconds per statement of each mode and round, driver and bare socket in turn.
pub(crate) fn statements(
    library: &Path,
    target: &DriverTarget,
    bare: &Target,
    version: Option<u8>,
    rounds: u32,
    repeats: u32,
) -> Result<Map<String, Value>> {
    let (mut connection, _) = driver::connect(library, target)?;
    let mut benches = Vec::new();
    for mode in Mode::ALL {
        let (before, round_trips) = record(library, target, bare, mode)?;
        let mut stream = bare.connect(version)?;
        replay(&mut stream, &before)?;
        let statement = mode.statement(&mut connection)?;
        benches.push(Bench {
            mode,
            round_trips,
            bare: stream,
            statement,
            driver_us: Vec::new(),
            bare_us: Vec::new(),
        });
    }
    // One more round first, which warms up and does not count.
    for round in 0..=rounds {
        for bench in &mut benches {
            bench.round(repeats)?;
            if round == 0 {
                bench.driver_us.clear();
                bench.bare_us.clear();
            }
        }
    }
    Ok(benches.iter().map(|bench| (bench.mode.name().to_owned(), bench.report())).collect())
}

impl Bench {
    fn round(&mut self, repeats: u32) -> Result<()> {
        let driver = per_repeat(repeats, || driver::drain(&mut self.statement))?;
        let bare = per_repeat(repeats, || replay(&mut self.bare, &self.round_trips))?;
        self.driver_us.push(driver);
        self.bare_us.push(bare);
        Ok(())
    }

    fn report(&self) -> Value {
        json!({
            "round_trips": self.round_trips.len(),
            "driver_us": self.driver_us,
            "bare_us": self.bare_us,
        })
    }
}

fn per_repeat(repeats: u32, mut step: impl FnMut() -> Result<()>) -> Result<f64> {
    let started = Instant::now();
    for _ in 0..repeats {
        step()?;
    }
    Ok(started.elapsed().as_secs_f64() * 1e6 / f64::from(repeats))
}

/// Connect and first row, driver and bare socket in turn, and what the driver sends before the statement.
pub(crate) fn connects(
    library: &Path,
    target: &DriverTarget,
    bare: &Target,
    version: Option<u8>,
    rounds: u32,
    repeats: u32,
) -> Result<Value> {
    let (_, statement) = record(library, target, bare, Mode::Unprepared)?;
    let login = login_round_trips(library, target, bare)?;
    let (mut driver_us, mut bare_us) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let mut sum = 0.0;
        for _ in 0..repeats {
            sum += driver::first_row(library, target)?.connect_us();
        }
        driver_us.push(sum / f64::from(repeats));
        bare_us.push(per_repeat(repeats, || replay(&mut bare.connect(version)?, &statement))?);
    }
    Ok(json!({
        "round_trips": login + statement.len(),
        "driver_us": driver_us,
        "bare_us": bare_us,
    }))
}

/// Round trips until the driver is connected.
fn login_round_trips(library: &Path, target: &DriverTarget, server: &Target) -> Result<usize> {
    let recording = Recording::default();
    let relayed = relayed(target, server, &recording)?;
    let connection = driver::connect(library, &relayed)?;
    let count = taken(&recording).len();
    drop(connection);
    Ok(count)
}

/// What travels after the login and before the second execution, and during it.
fn record(
    library: &Path,
    target: &DriverTarget,
    server: &Target,
    mode: Mode,
) -> Result<(Vec<RoundTrip>, Vec<RoundTrip>)> {
    let recording = Recording::default();
    let relayed = relayed(target, server, &recording)?;
    let (mut connection, _) = driver::connect(library, &relayed)?;
    taken(&recording);
    let mut statement = mode.statement(&mut connection)?;
    driver::drain(&mut statement)?;
    let before = taken(&recording);
    driver::drain(&mut statement)?;
    Ok((before, taken(&recording)))
}

fn taken(recording: &Recording) -> Vec<RoundTrip> {
    std::mem::take(&mut *recording.lock().unwrap_or_else(PoisonError::into_inner))
}

fn replay(stream: &mut Stream, round_trips: &[RoundTrip]) -> Result<()> {
    let mut answer = [0; 1024];
    for round_trip in round_trips {
        stream.write_all(&round_trip.request)?;
        let mut left = round_trip.answer;
        while left > 0 {
            let count = stream.read(&mut answer)?;
            left =
                left.checked_sub(count).filter(|_| count > 0).context("the server answered differently")?;
        }
    }
    Ok(())
}

/// The target, reached through a relay that records.
fn relayed(target: &DriverTarget, server: &Target, recording: &Recording) -> Result<DriverTarget> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let port = listener.local_addr()?.port();
    let (address, recording) = (server.address(), Arc::clone(recording));
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            if let Ok(server) = TcpStream::connect(&address) {
                relay(client, server, &recording);
            }
        }
    });
    let (host, server_port) = server.address();
    let uri = target.uri.replace(&format!("{host}:{server_port}"), &format!("127.0.0.1:{port}"));
    Ok(DriverTarget { uri, options: target.options.clone() })
}

fn relay(client: TcpStream, server: TcpStream, recording: &Recording) {
    let (Ok(client_read), Ok(server_read)) = (client.try_clone(), server.try_clone()) else { return };
    let requests = Arc::clone(recording);
    let answers = Arc::clone(recording);
    thread::spawn(move || {
        copy(client_read, server, move |bytes| {
            let mut trips = requests.lock().unwrap_or_else(PoisonError::into_inner);
            match trips.last_mut() {
                Some(last) if last.answer == 0 => last.request.extend_from_slice(bytes),
                _ => trips.push(RoundTrip { request: bytes.to_vec(), answer: 0 }),
            }
        });
    });
    thread::spawn(move || {
        copy(server_read, client, move |bytes| {
            if let Some(last) = answers.lock().unwrap_or_else(PoisonError::into_inner).last_mut() {
                last.answer += bytes.len();
            }
        });
    });
}

/// Notes bytes before it passes them on, so that whoever got them finds them noted.
fn copy(mut from: TcpStream, mut to: TcpStream, mut note: impl FnMut(&[u8])) {
    let mut buffer = [0; 1 << 14];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let bytes = buffer.get(..count).unwrap_or_default();
        note(bytes);
        if to.write_all(bytes).is_err() {
            break;
        }
    }
    // The other end sees it anyway.
    let _ = to.shutdown(Shutdown::Both);
}
