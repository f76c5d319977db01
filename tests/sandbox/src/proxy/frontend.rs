//! From the client to the engine.
//! Owns the reading of requests, refusals, and the Describe that is added after each Parse.
//! Invariant: a request is noted in the pipeline before it is sent, in the order it is sent.

use std::collections::HashMap;

use anyhow::{Context, Result, bail};
use bytes::BytesMut;
use postgres_protocol::message::frontend;

use super::{Shared, Side};
use crate::bind::Bind;
use crate::conversion::Conversion;
use crate::messages::{Cursor, HEADER, ServerError, put_message, put_string};
use crate::pipeline::Request;
use crate::record::{BindRecord, SessionRecorder};
use crate::refusals::{Verdict, judge};
use crate::show;

/// ODBC's `PADB_MAX_PARAMETERS`; the Python driver stops there too: the count is a signed int16.
const MAX_PARAMETERS: u16 = 32_767;

/// The statement whose failing Parse stands for a refused Bind.
const REFUSED_STATEMENT: &str = "redshift_sandbox_refused";

/// The direction from the client.
pub(super) struct FrontendSide<'a> {
    shared: &'a Shared,
    recorder: SessionRecorder,
    /// Whether the SHOW commands of catalogs exist.
    shows_catalogs: bool,
    /// The parameter types that Parse stated, by statement.
    declared: HashMap<Vec<u8>, Vec<u32>>,
}

impl<'a> FrontendSide<'a> {
    pub(super) fn new(shared: &'a Shared, recorder: SessionRecorder, shows_catalogs: bool) -> Self {
        Self { shared, recorder, shows_catalogs, declared: HashMap::new() }
    }
}

impl Side for FrontendSide<'_> {
    async fn message(&mut self, tag: u8, message: &[u8], out: &mut BytesMut) -> Result<()> {
        let body = message.get(HEADER..).unwrap_or_default();
        if matches!(tag, b'Q' | b'S') {
            self.recorder.round_trip();
        }
        match tag {
            b'P' => return self.parse(message, body, out),
            b'B' => return self.bind(message, body, out),
            b'Q' => return self.query(message, body, out),
            b'D' => self.push(Request::Describe),
            b'E' => self.push(Request::Execute { portal: Cursor::new(body).string_bytes()?.to_vec() }),
            b'C' => {
                let mut cursor = Cursor::new(body);
                let (portal, name) = (cursor.u8()? == b'P', cursor.string_bytes()?);
                if !portal {
                    self.declared.remove(name);
                }
                self.push(Request::Close { portal, name: name.to_vec() });
            }
            b'F' => self.push(Request::Query),
            b'S' => self.push(Request::Sync),
            b'H' | b'X' | b'c' | b'd' | b'f' => {}
            other => bail!("invalid frontend message type {other}"),
        }
        out.extend_from_slice(message);
        Ok(())
    }

    fn passes_unseen(&mut self, tag: u8) -> bool {
        tag == b'd'
    }
}

impl FrontendSide<'_> {
    fn push(&self, request: Request) {
        self.shared.pipeline().push(request);
    }

    fn query(&self, message: &[u8], body: &[u8], out: &mut BytesMut) -> Result<()> {
        let engine_sql = self.engine_sql(Cursor::new(body).string_bytes()?);
        self.push(Request::Query);
        match engine_sql {
            None => out.extend_from_slice(message),
            Some(sql) => put_message(out, b'Q', |body| put_string(body, sql)),
        }
        Ok(())
    }

    /// What the engine is to run instead; none when the text goes as it is.
    fn engine_sql(&self, sql: &[u8]) -> Option<String> {
        // Text in another client encoding is the engine's to convert.
        let sql = std::str::from_utf8(sql).ok()?;
        if let Some(select) = self.shows_catalogs.then(|| show::select(sql)).flatten() {
            return Some(select);
        }
        match judge(sql) {
            Verdict::Pass => None,
            Verdict::Refuse(error) => Some(self.shared.pipeline().refuse(error)),
            Verdict::Rewrite(sql) => Some(sql),
        }
    }

    fn parse(&mut self, message: &[u8], body: &[u8], out: &mut BytesMut) -> Result<()> {
        let mut cursor = Cursor::new(body);
        let (statement, sql) = (cursor.string_bytes()?, cursor.string_bytes()?);
        let name = std::str::from_utf8(statement).context("the name of a prepared statement is not UTF-8")?;
        let count = cursor.u16()?;
        if count > MAX_PARAMETERS {
            self.refuse(&too_many_parameters(), out)?;
            return Ok(());
        }
        let declared = (0..count).map(|_| cursor.u32()).collect::<Result<Vec<_>>>()?;
        self.declared.insert(statement.to_vec(), declared);
        let types = body.get(statement.len() + sql.len() + 2..).unwrap_or_default();
        match self.engine_sql(sql) {
            None => out.extend_from_slice(message),
            Some(sql) => put_message(out, b'P', |body| {
                put_string(body, statement);
                put_string(body, sql);
                body.extend_from_slice(types);
            }),
        }
        frontend::describe(b'S', name, out)?;
        let mut pipeline = self.shared.pipeline();
        pipeline.push(Request::Parse { statement: statement.to_vec() });
        pipeline.push(Request::Learn { statement: statement.to_vec() });
        Ok(())
    }

    fn bind(&self, message: &[u8], body: &[u8], out: &mut BytesMut) -> Result<()> {
        let bind = Bind::parse(body)?;
        let parameters = bind.parameters.len();
        self.recorder.bind(BindRecord {
            statement: String::from_utf8_lossy(bind.statement).into_owned(),
            result_formats: bind.result_formats.clone(),
            parameters,
        });
        if parameters > usize::from(MAX_PARAMETERS) {
            return self.refuse(&too_many_parameters(), out);
        }
        if self.asks_unscaled_numeric(bind.statement, &bind.result_formats) {
            return self.refuse(&unscaled_numeric(), out);
        }
        let declared = self.declared.get(bind.statement).map(Vec::as_slice).unwrap_or_default();
        match bind.for_engine(declared)? {
            Some(converted) => out.extend_from_slice(&converted),
            None => out.extend_from_slice(message),
        }
        let (portal, statement) = (bind.portal.to_vec(), bind.statement.to_vec());
        self.push(Request::Bind { portal, statement, formats: bind.result_formats });
        Ok(())
    }

    /// Whether Redshift's form of a column would need a scale that only the values have.
    fn asks_unscaled_numeric(&self, statement: &[u8], formats: &[i16]) -> bool {
        self.shared.pipeline().plan(statement, formats).contains(&Conversion::Numeric(None))
    }

    /// Sends a Parse that fails in the place of a refused message.
    fn refuse(&self, error: &ServerError, out: &mut BytesMut) -> Result<()> {
        let mut pipeline = self.shared.pipeline();
        let sql = pipeline.refuse(error.clone());
        pipeline.push(Request::Parse { statement: REFUSED_STATEMENT.into() });
        frontend::parse(REFUSED_STATEMENT, &sql, [], out)?;
        Ok(())
    }
}

fn too_many_parameters() -> ServerError {
    ServerError::new("54000", format!("a statement takes at most {MAX_PARAMETERS} parameters"))
}

fn unscaled_numeric() -> ServerError {
    let message = "the sandbox cannot send a computed NUMERIC in binary, as it does not know the scale Redshift would give \
                   it: cast it to numeric(p,s), or ask for text";
    ServerError::new("0A000", message)
}
