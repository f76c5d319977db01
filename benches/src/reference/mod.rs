//! The reference reader: the simplest single-thread reader that decodes every value into typed vectors.
//!
//! One buffer, cells decoded in place, UTF-8 checked once per column and batch. No C interface, no cancel, no errors worth
//! reading, and only what the cases need: whatever the driver does more must not cost much more.

mod columns;
mod source;

use std::io::Write;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use self::columns::Columns;
use self::source::{Direct, Source, Threaded};
use crate::case::Case;
use crate::checksum::Checksum;
use crate::client::{self, Target};
use crate::measure::Measurement;

/// As the driver's default.
const BATCH_ROWS: usize = 65_536;

const HEADER: usize = 5;

/// How the bytes are read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    pub(crate) binary: bool,
    /// Receive (and decrypt) on a thread of its own.
    pub(crate) threaded: bool,
}

pub(crate) fn run(
    target: &Target,
    version: Option<u8>,
    case: Case,
    sql: &str,
    reading: Reading,
) -> Result<Map<String, Value>> {
    let mut stream = target.connect(version)?;
    let request = client::query(sql, reading.binary)?;
    let mut measurement = Measurement::start()?;
    stream.write_all(&request)?;
    let mut source: Box<dyn Source> = match reading.threaded {
        false => Box::new(Direct::new(stream)),
        true => Box::new(Threaded::new(stream)),
    };
    let checksum = match reading.binary {
        true => read::<true>(source.as_mut(), case, &mut measurement)?,
        false => read::<false>(source.as_mut(), case, &mut measurement)?,
    };
    let mut report = measurement.finish()?;
    report.insert("rows".to_owned(), json!(checksum.rows()));
    report.insert("checksum".to_owned(), json!(checksum.to_string()));
    Ok(report)
}

fn read<const BINARY: bool>(
    source: &mut dyn Source,
    case: Case,
    measurement: &mut Measurement,
) -> Result<Checksum> {
    let mut columns = Columns::new(case);
    let mut checksum = Checksum::new(case.columns().len());
    loop {
        let mut unread = source.bytes();
        while let Some(([tag, length @ ..], rest)) = unread.split_first_chunk::<HEADER>() {
            let length = (u32::from_be_bytes(*length) as usize).checked_sub(4).context("a bad length")?;
            let Some((body, rest)) = rest.split_at_checked(length) else { break };
            match tag {
                b'D' => columns.append::<BINARY>(body)?,
                b'Z' => {
                    columns.check_text()?;
                    measurement.check(|| columns.add_to(&mut checksum));
                    return Ok(checksum);
                }
                b'E' => bail!("{}", String::from_utf8_lossy(body)),
                _ => {}
            }
            unread = rest;
            if columns.rows() == BATCH_ROWS {
                columns.check_text()?;
                measurement.check(|| columns.add_to(&mut checksum));
                columns.clear();
            }
        }
        let left = unread.len();
        source.fill(left)?;
    }
}
