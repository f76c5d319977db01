//! From the engine to the client.
//! Owns what differs between PostgreSQL's answers and Redshift's: descriptions, binary NUMERIC, tags, errors, parameters.
//! Invariant: rows without a binary NUMERIC are copied, not looked into.

use anyhow::{Result, bail};
use bytes::{BufMut, BytesMut};

use super::{Shared, Side};
use crate::catalog::Catalog;
use crate::messages::{
    Cursor, HEADER, error_fields, put_error_fields, put_message, put_parameter_status, put_string,
};
use crate::numeric::{put_binary, put_misleading_binary};
use crate::parameters::redshift_name;
use crate::pipeline::{Conversion, Plan, Request};
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
            b'T' => return self.description(message, body, out).await,
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
        let protocol = self.protocol;
        match self.decided() {
            Rows::Convert(plan) => convert_row(message, plan, protocol, out),
            _ => {
                out.extend_from_slice(message);
                Ok(())
            }
        }
    }

    async fn description(&mut self, message: &[u8], body: &[u8], out: &mut BytesMut) -> Result<()> {
        if self.learns() {
            self.shared.pipeline().learned(row_description::parse(body)?);
            return Ok(());
        }
        {
            let mut pipeline = self.shared.pipeline();
            if pipeline.front() == Some(&Request::Describe) {
                pipeline.answered();
            }
        }
        if self.protocol == 0 {
            out.extend_from_slice(message);
            return Ok(());
        }
        let fields = row_description::parse(body)?;
        self.catalog.load(&fields).await?;
        row_description::put_extended(out, self.protocol, &fields, |field| self.catalog.origin(field));
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

fn convert_row(message: &[u8], plan: &Plan, protocol: u32, out: &mut BytesMut) -> Result<()> {
    let mut cursor = Cursor::new(message.get(HEADER..).unwrap_or_default());
    let count = cursor.u16()?;
    if usize::from(count) != plan.len() {
        bail!("a row of {count} columns where {} were described", plan.len());
    }
    let start = out.len();
    out.put_u8(b'D');
    out.put_u32(0);
    out.put_u16(count);
    for conversion in plan.iter() {
        let length = cursor.i32()?;
        let Ok(size) = usize::try_from(length) else {
            out.put_i32(length);
            continue;
        };
        let value = cursor.bytes(size)?;
        match conversion {
            Conversion::Pass => {
                out.put_i32(length);
                out.extend_from_slice(value);
            }
            Conversion::Numeric(kind) => {
                let at = out.len();
                out.put_i32(0);
                match (protocol, kind) {
                    (0 | 1, _) => put_misleading_binary(out, *kind, value)?,
                    (_, Some(kind)) => put_binary(out, *kind, value)?,
                    (_, None) => bail!("a computed NUMERIC has no binary form in the sandbox: ask for text"),
                }
                fill_length(out, at, out.len() - at - 4)?;
            }
        }
    }
    fill_length(out, start + 1, out.len() - start - 1)
}

/// Writes a length into the place left for it.
fn fill_length(out: &mut BytesMut, at: usize, length: usize) -> Result<()> {
    let length = u32::try_from(length)?;
    if let Some(place) = out.get_mut(at..at + 4) {
        place.copy_from_slice(&length.to_be_bytes());
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

    #[test]
    fn row_whose_column_count_differs_from_its_description_is_an_error() {
        let plan: Plan = [Conversion::Numeric(None)].into_iter().collect();
        assert!(
            convert_row(b"D\0\0\0\x0e\0\x02\xff\xff\xff\xff\xff\xff\xff\xff", &plan, 2, &mut BytesMut::new())
                .is_err()
        );
    }

    #[test]
    fn null_in_a_converted_column_stays_null() {
        let plan: Plan = [Conversion::Numeric(None)].into_iter().collect();
        let row = b"D\0\0\0\x0a\0\x01\xff\xff\xff\xff";
        let mut out = BytesMut::new();
        convert_row(row, &plan, 2, &mut out).unwrap();
        assert_eq!(&out[..], row);
    }
}
