//! The receive-only floor: asks for the rows and throws their bytes away. No client can be faster.

use std::io::{Read, Write};

use anyhow::{Result, bail};
use postgres_protocol::message::frontend;
use serde_json::{Map, Value, json};

use crate::client::{self, Target};
use crate::measure::Measurement;

const BUFFER: usize = 1 << 20;
const READY: &[u8] = b"Z\0\0\0\x05I";

pub(crate) fn run(
    target: &Target,
    version: Option<u8>,
    sql: &str,
    binary: bool,
) -> Result<Map<String, Value>> {
    let mut stream = target.connect(version)?;
    let mut buffer = vec![0; BUFFER];
    let mut request = client::query(sql, binary)?;
    // The server's end of the stream is the end of the result.
    frontend::terminate(&mut request);
    let measurement = Measurement::start()?;
    stream.write_all(&request)?;
    let mut total = 0;
    let mut tail = Vec::new();
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        total += count;
        let last = buffer.get(count.saturating_sub(READY.len())..count).unwrap_or_default();
        tail.extend_from_slice(last);
        tail.drain(..tail.len().saturating_sub(READY.len()));
    }
    let mut report = measurement.finish()?;
    if tail != READY {
        bail!("the result was cut short after {total} bytes");
    }
    report.insert("bytes".to_owned(), json!(total));
    Ok(report)
}
