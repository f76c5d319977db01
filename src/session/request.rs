//! Requests: frontend messages of `postgres-protocol`, put together into what one statement sends. No I/O.
//!
//! A request counts the ReadyForQuery it will be answered with; a message that cannot be built leaves nothing half sent.

use std::iter;

use bytes::BytesMut;
use postgres_protocol::IsNull;
use postgres_protocol::message::frontend;

use super::error::{Error, ErrorKind};
use super::message::Format;

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
        self.parse("", "BEGIN")?.bind("", "", iter::empty())?.execute("", 0)
    }

    pub(super) fn parse(&mut self, name: &str, sql: &str) -> Result<&mut Self, Error> {
        frontend::parse(name, sql, iter::empty(), &mut self.bytes).map_err(unsendable)?;
        Ok(self)
    }

    pub(super) fn bind(
        &mut self,
        portal: &str,
        statement: &str,
        formats: impl Iterator<Item = Format>,
    ) -> Result<&mut Self, Error> {
        let values = iter::empty::<()>();
        let no_value = |(), _: &mut BytesMut| Ok(IsNull::Yes);
        let formats = formats.map(Format::code);
        frontend::bind(portal, statement, iter::empty(), values, no_value, formats, &mut self.bytes)
            .map_err(|error| match error {
                frontend::BindError::Conversion(cause) => {
                    Error::new(ErrorKind::InvalidInput, format!("Bind cannot be sent: {cause}"))
                }
                frontend::BindError::Serialization(cause) => unsendable(cause),
            })?;
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

fn unsendable(cause: std::io::Error) -> Error {
    let text = format!("the statement cannot be sent: {cause}; remove NUL bytes and keep it below 16 MB");
    Error::new(ErrorKind::InvalidInput, text).because(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sql_with_a_nul_byte_cannot_be_sent() {
        for outcome in
            [Request::default().parse("", "select '\0'").err(), Request::default().simple_query("\0").err()]
        {
            assert_eq!(outcome.unwrap().kind(), ErrorKind::InvalidInput);
        }
    }

    #[test]
    fn every_sync_is_counted() {
        let mut request = Request::default();
        request.parse("", "select 1").unwrap().sync();
        request.simple_query("select 1").unwrap();
        assert_eq!(request.syncs, 2);
        request.copy_fail(true).unwrap();
        assert_eq!(request.syncs, 2, "the server swallowed the Sync that this one stands for");
    }
}
