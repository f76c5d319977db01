//! From the engine to the client.
//! Owns what differs between PostgreSQL's answers and Redshift's: descriptions, rows, tags, errors, parameters.
//! Invariant: rows of which no column needs a conversion are copied, not looked into.

use anyhow::Result;
use bytes::BytesMut;

use super::{Shared, Side};
use crate::catalog::Catalog;
use crate::conversion::{Plan, put_row};
use crate::messages::{
    Cursor, HEADER, error_fields, put_error_fields, put_message, put_parameter_status, put_string,
};
use crate::parameters::redshift_name;
use crate::pipeline::Request;
use crate::row_description;

/// Error fields that PostgreSQL added after the fork: unlocalised severity, and the names of 9.3.
const NEW_ERROR_FIELDS: &[u8] = b"Vcdnst";

/// Tags without a row count: Python's driver expects none for these from a server that calls itself 8.0.2.
const UNCOUNTED_TAGS: &[&str] = &["COPY", "FETCH", "MOVE", "SELECT"];

/// What is known about the rows that come now.
enum Rows {
    /// The next row says.
    Undecided,
    /// They pass untouched.
    Pass,
    /// They are converted.
    Convert(Plan),
}

/// The direction from the engine.
pub(super) struct BackendSide<'a> {
    shared: &'a Shared,
    protocol: u32,
    catalog: Catalog,
    rows: Rows,
}

impl<'a> BackendSide<'a> {
    pub(super) fn new(shared: &'a Shared, protocol: u32, catalog: Catalog) -> Self {
        Self { shared, protocol, catalog, rows: Rows::Undecided }
    }
}

impl Side for BackendSide<'_> {
    async fn message(&mut self, tag: u8, message: &[u8], out: &mut BytesMut) -> Result<()> {
        if tag == b'D' {
            return self.row(message, out);
        }
        self.rows = Rows::Undecided;
        let body = message.get(HEADER..).unwrap_or_default();
        match tag {
            b'T' => return self.description(body, out).await,
            b'n' if self.learns() => self.shared.pipeline().learned(Vec::new()),
            b't' if self.learns() => {}
            b'C' => self.complete(body, out)?,
            b'E' => self.error(body, out)?,
            b'N' => put_error_fields(out, b'N', &old_fields(body)?),
            b'S' => parameter(body, out)?,
            b'Z' => {
                self.shared.pipeline().ready(body.first().copied().unwrap_or_default());
                out.extend_from_slice(message);
            }
            b'1' | b'2' | b'3' | b'n' => {
                self.shared.pipeline().answered();
                out.extend_from_slice(message);
            }
            b'I' | b's' => {
                self.executed();
                out.extend_from_slice(message);
            }
            _ => out.extend_from_slice(message),
        }
        Ok(())
    }

    fn passes_unseen(&mut self, tag: u8) -> bool {
        tag == b'D' && matches!(self.decided(), Rows::Pass)
    }
}

impl BackendSide<'_> {
    /// Whether the engine answers the Describe that the front door added.
    fn learns(&self) -> bool {
        matches!(self.shared.pipeline().front(), Some(Request::Learn { .. }))
    }

    /// An Execute is answered; the parts of a simple query end with ReadyForQuery instead.
    fn executed(&self) {
        let mut pipeline = self.shared.pipeline();
        if matches!(pipeline.front(), Some(Request::Execute { .. })) {
            pipeline.answered();
        }
    }

    fn decided(&mut self) -> &Rows {
        if matches!(self.rows, Rows::Undecided) {
            self.rows = self.shared.pipeline().current_plan().map_or(Rows::Pass, Rows::Convert);
        }
        &self.rows
    }

    fn row(&mut self, message: &[u8], out: &mut BytesMut) -> Result<()> {
        let start = out.len();
        let Rows::Convert(plan) = self.decided() else {
            out.extend_from_slice(message);
            return Ok(());
        };
        // Half a row would swallow the error that is sent next.
        put_row(out, message, plan).inspect_err(|_| out.truncate(start))
    }

    async fn description(&mut self, body: &[u8], out: &mut BytesMut) -> Result<()> {
        let fields = row_description::parse(body)?;
        if self.learns() {
            self.shared.pipeline().learned(fields);
            return Ok(());
        }
        self.shared.pipeline().described(&fields);
        if self.protocol > 0 {
            self.catalog.load(&fields).await?;
        }
        row_description::put(out, self.protocol, &fields, |field| self.catalog.origin(field));
        Ok(())
    }

    fn complete(&mut self, body: &[u8], out: &mut BytesMut) -> Result<()> {
        let tag = Cursor::new(body).string()?;
        self.executed();
        if ["ALTER", "COMMENT", "CREATE", "DROP", "ROLLBACK"].iter().any(|verb| tag.starts_with(verb)) {
            self.catalog.invalidate();
        }
        put_message(out, b'C', |body| put_string(body, redshift_tag(tag)));
        Ok(())
    }

    fn error(&mut self, body: &[u8], out: &mut BytesMut) -> Result<()> {
        let mut pipeline = self.shared.pipeline();
        pipeline.failed();
        let fields = old_fields(body)?;
        let message =
            fields.iter().find(|(field, _)| *field == b'M').map(|(_, text)| *text).unwrap_or_default();
        match pipeline.refusal(message) {
            Some(refusal) => refusal.put(out, "ERROR"),
            None => put_error_fields(out, b'E', &fields),
        }
        Ok(())
    }
}

/// The tag as Redshift states it.
fn redshift_tag(tag: &str) -> &str {
    match tag.split_once(' ') {
        Some((verb, count))
            if UNCOUNTED_TAGS.contains(&verb) && count.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            verb
        }
        _ => tag,
    }
}

/// The fields of an error or notice that Redshift has; 28P01 came with PostgreSQL 9.0.
pub(crate) fn old_fields(body: &[u8]) -> Result<Vec<(u8, &[u8])>> {
    let mut fields = error_fields(body)?;
    fields.retain(|(field, _)| !NEW_ERROR_FIELDS.contains(field));
    for (field, value) in &mut fields {
        if (*field, *value) == (b'C', b"28P01") {
            *value = b"28000";
        }
    }
    Ok(fields)
}

fn parameter(body: &[u8], out: &mut BytesMut) -> Result<()> {
    let mut cursor = Cursor::new(body);
    if let Some(name) = redshift_name(cursor.string()?) {
        put_parameter_status(out, name, cursor.string()?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_lose_the_count_only_where_redshift_has_none() {
        for (postgres, redshift) in [
            ("SELECT 5", "SELECT"),
            ("FETCH 10", "FETCH"),
            ("INSERT 0 5", "INSERT 0 5"),
            ("UPDATE 3", "UPDATE 3"),
            ("CREATE TABLE", "CREATE TABLE"),
            ("BEGIN", "BEGIN"),
        ] {
            assert_eq!(redshift_tag(postgres), redshift);
        }
    }

    #[test]
    fn errors_lose_new_fields_and_the_newer_sqlstate() {
        let body = b"SFATAL\0VFATAL\0C28P01\0Mno\0ttable\0\0";
        let expected: Vec<(u8, &[u8])> = vec![(b'S', b"FATAL"), (b'C', b"28000"), (b'M', b"no")];
        assert_eq!(old_fields(body).unwrap(), expected);
    }
}
