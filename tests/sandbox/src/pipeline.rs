//! What a session has under way: requests whose answers are due, statements, portals.
//! Owns the bookkeeping both directions of the proxy share; does no I/O.
//! Invariant: requests are answered in order, and after an error everything up to the next Sync is skipped, exactly as
//! the engine does.

use std::collections::{HashMap, VecDeque};

use crate::conversion::{Plan, plan};
use crate::messages::ServerError;
use crate::row_description::Field;

/// A request whose answer is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Bind {
        portal: Vec<u8>,
        statement: Vec<u8>,
        formats: Vec<i16>,
    },
    Close {
        portal: bool,
        name: Vec<u8>,
    },
    /// Asked by a client.
    Describe,
    Execute {
        portal: Vec<u8>,
    },
    /// A Describe that the front door adds after each Parse, to know the columns before rows come.
    Learn {
        statement: Vec<u8>,
    },
    Parse {
        statement: Vec<u8>,
    },
    Query,
    Sync,
}

/// The state of a session's conversation.
#[derive(Debug, Default)]
pub(crate) struct Pipeline {
    /// The version that is in force.
    protocol: u32,
    due: VecDeque<Request>,
    skipping: bool,
    statements: HashMap<Vec<u8>, Vec<Field>>,
    portals: HashMap<Vec<u8>, Plan>,
    /// Of the result that a simple query described last.
    simple: Plan,
    refusals: HashMap<String, ServerError>,
}

impl Pipeline {
    pub(crate) fn new(protocol: u32) -> Self {
        Self { protocol, ..Self::default() }
    }

    /// Notes a request on its way to the engine.
    pub(crate) fn push(&mut self, request: Request) {
        if self.skipping && request != Request::Sync {
            return;
        }
        self.skipping = false;
        self.due.push_back(request);
    }

    /// The request that the engine is answering.
    pub(crate) fn front(&self) -> Option<&Request> {
        self.due.front()
    }

    /// The answer to the front request is complete.
    pub(crate) fn answered(&mut self) {
        match self.due.pop_front() {
            Some(Request::Bind { portal, statement, formats }) => {
                let plan = self.plan(&statement, &formats);
                self.portals.insert(portal, plan);
            }
            Some(Request::Close { portal: true, name }) => drop(self.portals.remove(&name)),
            Some(Request::Close { portal: false, name }) => drop(self.statements.remove(&name)),
            Some(Request::Parse { statement }) => drop(self.statements.remove(&statement)),
            _ => {}
        }
    }

    /// The engine described the statement that the front door asked about.
    pub(crate) fn learned(&mut self, fields: Vec<Field>) {
        if let Some(Request::Learn { statement }) = self.due.pop_front() {
            self.statements.insert(statement, fields);
        }
    }

    /// The engine described columns to the client: those of its Describe, or of the rows of its simple query.
    pub(crate) fn described(&mut self, fields: &[Field]) {
        match self.front() {
            Some(Request::Describe) => drop(self.due.pop_front()),
            Some(Request::Query) => self.simple = plan(fields, &[], self.protocol),
            _ => {}
        }
    }

    /// The engine reported an error.
    pub(crate) fn failed(&mut self) {
        if self.front() == Some(&Request::Query) {
            return;
        }
        while self.front().is_some_and(|request| *request != Request::Sync) {
            self.due.pop_front();
        }
        self.skipping = self.due.is_empty();
    }

    /// The engine is ready for the next round; portals survive only inside a transaction block.
    pub(crate) fn ready(&mut self, status: u8) {
        self.due.pop_front();
        if status == b'I' {
            self.portals.clear();
        }
        if self.due.is_empty() {
            self.refusals.clear();
        }
    }

    /// The conversions for the rows the engine sends now.
    pub(crate) fn current_plan(&self) -> Option<Plan> {
        let plan = match self.front()? {
            Request::Execute { portal } => self.portals.get(portal)?,
            Request::Query => &self.simple,
            _ => return None,
        };
        Some(plan).filter(|plan| !plan.is_empty()).cloned()
    }

    /// The conversions for the rows of a statement, as far as its columns are known already.
    pub(crate) fn plan(&self, statement: &[u8], formats: &[i16]) -> Plan {
        let fields = self.statements.get(statement);
        fields.map(|fields| plan(fields, formats, self.protocol)).unwrap_or_default()
    }

    /// Remembers a refusal and returns SQL whose failure in the engine stands for it, so that the engine itself puts a
    /// transaction into its failed state and skips what follows.
    pub(crate) fn refuse(&mut self, error: ServerError) -> String {
        let relation = format!("refusal {:032x}", rand::random::<u128>());
        let sql = format!("SELECT 1 FROM \"{relation}\"");
        self.refusals.insert(format!("relation \"{relation}\" does not exist"), error);
        sql
    }

    /// The refusal that an engine message stands for.
    pub(crate) fn refusal(&mut self, engine_message: &[u8]) -> Option<ServerError> {
        if self.refusals.is_empty() {
            return None;
        }
        self.refusals.remove(std::str::from_utf8(engine_message).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversion::Conversion;
    use crate::row_description::NUMERIC;

    #[test]
    fn simple_query_takes_the_columns_of_its_latest_result() {
        let mut pipeline = Pipeline::new(2);
        pipeline.push(Request::Query);
        pipeline.described(&[Field::of(6551, -1)]);
        assert_eq!(*pipeline.current_plan().unwrap(), [Conversion::VarbyteText]);
        pipeline.described(&[Field::of(23, -1)]);
        assert_eq!(pipeline.current_plan(), None);
    }

    fn execute(portal: &[u8]) -> Request {
        Request::Execute { portal: portal.to_vec() }
    }

    #[test]
    fn bind_takes_the_columns_of_its_statement() {
        let mut pipeline = Pipeline::new(2);
        pipeline.push(Request::Parse { statement: b"s".to_vec() });
        pipeline.push(Request::Learn { statement: b"s".to_vec() });
        pipeline.push(Request::Bind { portal: b"p".to_vec(), statement: b"s".to_vec(), formats: vec![1] });
        pipeline.push(execute(b"p"));
        pipeline.answered();
        pipeline.learned(vec![Field::of(NUMERIC, -1)]);
        pipeline.answered();
        assert_eq!(*pipeline.current_plan().unwrap(), [Conversion::Numeric(None)]);
    }

    #[test]
    fn error_skips_to_sync_even_when_sync_comes_later() {
        let mut pipeline = Pipeline::default();
        pipeline.push(Request::Parse { statement: vec![] });
        pipeline.push(execute(b""));
        pipeline.failed();
        pipeline.push(execute(b""));
        assert_eq!(pipeline.front(), None);
        pipeline.push(Request::Sync);
        pipeline.push(Request::Query);
        assert_eq!(pipeline.front(), Some(&Request::Sync));
        pipeline.ready(b'I');
        assert_eq!(pipeline.front(), Some(&Request::Query));
    }

    #[test]
    fn error_of_a_simple_query_leaves_its_ready_due() {
        let mut pipeline = Pipeline::default();
        pipeline.push(Request::Query);
        pipeline.failed();
        assert_eq!(pipeline.front(), Some(&Request::Query));
    }

    #[test]
    fn refusal_is_known_by_the_engines_words_and_only_once() {
        let mut pipeline = Pipeline::default();
        let error = ServerError::new("0A000", "no");
        let sql = pipeline.refuse(error.clone());
        let relation = sql.split('"').nth(1).unwrap();
        let words = format!("relation \"{relation}\" does not exist");
        assert_eq!(pipeline.refusal(words.as_bytes()), Some(error));
        assert_eq!(pipeline.refusal(words.as_bytes()), None);
    }
}
