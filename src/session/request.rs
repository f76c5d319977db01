//! Requests: frontend messages of `postgres-protocol`, put together into what one statement sends. No I/O.
//!
//! A request counts the ReadyForQuery it will be answered with; a message that cannot be built leaves nothing half sent.

use std::{io, iter};

use bytes::{BufMut, BytesMut};
use postgres_protocol::message::frontend;

use super::Parameters;
use super::error::{Error, ErrorKind};
use super::message::Format;

/// The most parameters of one statement: the server reads their count as a signed number of 16 bits.
pub(crate) const MAX_PARAMETERS: usize = 32_767;

/// Room that a request of a short statement does not outgrow.
const SHORT_REQUEST_BYTES: usize = 256;

/// Frontend messages on their way, and how many ReadyForQuery they will be answered with. No `Debug`: they may hold a
/// password.
#[derive(Default)]
pub(super) struct Request {
    pub(super) bytes: BytesMut,
    pub(super) syncs: u32,
    /// It starts with BEGIN.
    pub(super) begins: bool,
}

/// A statement or portal to close.
#[derive(Clone, Debug)]
pub(super) enum Close {
    Portal(String),
    Statement(String),
}

impl Request {
    /// A request with room for the messages of a short statement.
    pub(super) fn new() -> Self {
        Self { bytes: BytesMut::with_capacity(SHORT_REQUEST_BYTES), ..Self::default() }
    }

    /// A Parse alone, to be appended to the request that sends it: SQL that cannot be sent fails before anything waits
    /// for the session.
    pub(super) fn of_parse(name: &str, sql: &str, types: &[u32]) -> Result<Self, Error> {
        let mut request = Self::default();
        request.parse(name, sql, types)?;
        Ok(request)
    }

    /// Adds the messages of another.
    pub(super) fn append(&mut self, other: &Self) -> &mut Self {
        self.bytes.put(&*other.bytes);
        self.syncs += other.syncs;
        self.begins |= other.begins;
        self
    }

    pub(super) fn close(&mut self, close: &Close) -> Result<&mut Self, Error> {
        let (variant, name) = match close {
            Close::Portal(name) => (b'P', name),
            Close::Statement(name) => (b'S', name),
        };
        frontend::close(variant, name, &mut self.bytes).map_err(unsendable)?;
        Ok(self)
    }

    /// BEGIN by the extended protocol and without a Sync: if it fails, the server skips what follows.
    pub(super) fn begin(&mut self) -> Result<&mut Self, Error> {
        self.begins = true;
        self.parse("", "BEGIN", &[])?.bind("", "", &Parameters::NONE, iter::empty())?.execute("", 0)
    }

    /// A type OID of 0, or none at all, leaves the type of a parameter to the server.
    pub(super) fn parse(&mut self, name: &str, sql: &str, types: &[u32]) -> Result<&mut Self, Error> {
        frontend::parse(name, sql, types.iter().copied(), &mut self.bytes).map_err(unsendable)?;
        Ok(self)
    }

    /// Not by `postgres_protocol`, which asks for values one by one: these are encoded already.
    pub(super) fn bind(
        &mut self,
        portal: &str,
        statement: &str,
        parameters: &Parameters<'_>,
        result_formats: impl ExactSizeIterator<Item = Format>,
    ) -> Result<&mut Self, Error> {
        let Parameters { count, formats, cells } = *parameters;
        if count > MAX_PARAMETERS {
            let text = format!("a statement takes at most {MAX_PARAMETERS} parameters, not {count}");
            return Err(Error::new(ErrorKind::InvalidInput, text));
        }
        let formats = formats.iter().copied().cycle().take(count);
        let names = [portal, statement].map(str::as_bytes);
        let fixed = 4 + names.iter().map(|name| name.len() + 1).sum::<usize>() + 3 * 2;
        let length = fixed + 2 * count + cells.len() + 2 * result_formats.len();
        let length = i32::try_from(length).map_err(|_| unsendable(io::ErrorKind::FileTooLarge.into()))?;
        self.bytes.put_u8(b'B');
        self.bytes.put_i32(length);
        for name in names {
            self.bytes.put(name);
            self.bytes.put_u8(0);
        }
        put_formats(formats, count, &mut self.bytes);
        // OK because MAX_PARAMETERS fits 16 bits.
        self.bytes.put_u16(count as u16);
        self.bytes.put(cells);
        let columns = result_formats.len();
        put_formats(result_formats, columns, &mut self.bytes);
        Ok(self)
    }

    pub(super) fn describe_portal(&mut self, name: &str) -> Result<&mut Self, Error> {
        frontend::describe(b'P', name, &mut self.bytes).map_err(unsendable)?;
        Ok(self)
    }

    pub(super) fn describe_statement(&mut self, name: &str) -> Result<&mut Self, Error> {
        frontend::describe(b'S', name, &mut self.bytes).map_err(unsendable)?;
        Ok(self)
    }

    pub(super) fn execute(&mut self, portal: &str, max_rows: i32) -> Result<&mut Self, Error> {
        frontend::execute(portal, max_rows, &mut self.bytes).map_err(unsendable)?;
        Ok(self)
    }

    pub(super) fn sync(&mut self) -> &mut Self {
        frontend::sync(&mut self.bytes);
        self.syncs += 1;
        self
    }

    /// The Sync of a flight, counted since `Wire::start_flight`.
    pub(super) fn end_flight(&mut self) {
        frontend::sync(&mut self.bytes);
    }

    pub(super) fn simple_query(&mut self, sql: &str) -> Result<&mut Self, Error> {
        frontend::query(sql, &mut self.bytes).map_err(unsendable)?;
        self.syncs += 1;
        Ok(self)
    }

    /// Refuses a COPY FROM STDIN. In the extended protocol the server swallows a Sync that came before, so that the
    /// one sent here stands for it and no further ReadyForQuery is owed.
    pub(super) fn copy_fail(&mut self, extended: bool) -> Result<&mut Self, Error> {
        let reason = "COPY FROM STDIN is not supported";
        frontend::copy_fail(reason, &mut self.bytes).map_err(unsendable)?;
        if extended {
            frontend::sync(&mut self.bytes);
        }
        Ok(self)
    }
}

/// A count of 16 bits, and the code of each; there are never more columns or parameters than it holds.
fn put_formats(formats: impl Iterator<Item = Format>, count: usize, bytes: &mut BytesMut) {
    bytes.put_u16(count as u16);
    for format in formats {
        bytes.put_i16(format.code());
    }
}

fn unsendable(cause: io::Error) -> Error {
    let text = format!("the statement cannot be sent: {cause}; remove NUL bytes and keep it below 16 MB");
    Error::new(ErrorKind::InvalidInput, text).because(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sql_with_a_nul_byte_cannot_be_sent() {
        for outcome in [
            Request::default().parse("", "select '\0'", &[]).err(),
            Request::default().simple_query("\0").err(),
        ] {
            assert_eq!(outcome.unwrap().kind(), ErrorKind::InvalidInput);
        }
    }

    #[test]
    fn a_bind_is_laid_out_as_the_protocol_says() {
        let cells = b"\0\0\0\x01x\xff\xff\xff\xff";
        let parameters = Parameters { count: 2, formats: &[Format::Text, Format::Binary], cells };
        let mut request = Request::default();
        request.bind("p", "s1", &parameters, [Format::Binary].into_iter()).unwrap();
        let mut expected = BytesMut::new();
        let values = [Some(&b"x"[..]), None];
        let write = |value: Option<&[u8]>, bytes: &mut BytesMut| {
            value.map_or(Ok(postgres_protocol::IsNull::Yes), |value| {
                bytes.put(value);
                Ok(postgres_protocol::IsNull::No)
            })
        };
        frontend::bind("p", "s1", [0, 1], values, write, [1], &mut expected).ok().unwrap();
        assert_eq!(request.bytes, expected);
    }

    #[test]
    fn more_parameters_than_the_protocol_counts_are_refused() {
        let parameters = Parameters { count: MAX_PARAMETERS + 1, ..Parameters::NONE };
        let mut request = Request::default();
        let error = request.bind("", "", &parameters, iter::empty()).err().unwrap();
        assert_eq!((error.kind(), request.bytes.len()), (ErrorKind::InvalidInput, 0));
    }

    #[test]
    fn every_sync_is_counted() {
        let mut request = Request::default();
        request.parse("", "select 1", &[]).unwrap().sync();
        request.simple_query("select 1").unwrap();
        assert_eq!(request.syncs, 2);
        request.copy_fail(true).unwrap();
        assert_eq!(request.syncs, 2, "the server swallowed the Sync that this one stands for");
    }
}
