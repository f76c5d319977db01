//! What a session has under way: requests whose answers are due, statements, portals.
//! Owns the bookkeeping both directions of the proxy share; does no I/O.
//! Invariant: requests are answered in order, and after an error everything up to the next Sync is skipped, exactly as
//! the engine does.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::messages::ServerError;
use crate::numeric::NumericType;
use crate::row_description::{Field, NUMERIC};

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

/// What must be done to one column of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conversion {
    /// A NUMERIC asked for in binary, with its declared type if it has one.
    Numeric(Option<NumericType>),
    /// Nothing.
    Pass,
}

/// The conversions of a portal's rows; empty when rows pass untouched.
pub(crate) type Plan = Arc<[Conversion]>;

/// The state of a session's conversation.
#[derive(Debug, Default)]
pub(crate) struct Pipeline {
    due: VecDeque<Request>,
    skipping: bool,
    statements: HashMap<Vec<u8>, Vec<Field>>,
    portals: HashMap<Vec<u8>, Plan>,
    refusals: HashMap<String, ServerError>,
}

impl Pipeline {
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
                let plan =
                    self.statements.get(&statement).map(|fields| plan(fields, &formats)).unwrap_or_default();
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
        let Some(Request::Execute { portal }) = self.front() else { return None };
        self.portals.get(portal).filter(|plan| !plan.is_empty()).cloned()
    }

    /// The columns of a statement, if they are known already.
    pub(crate) fn fields(&self, statement: &[u8]) -> Option<&[Field]> {
        self.statements.get(statement).map(Vec::as_slice)
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

/// What each column needs, given the result format codes of Bind: none means text, one stands for all.
pub(crate) fn plan(fields: &[Field], formats: &[i16]) -> Plan {
    let format = |column: usize| match formats {
        [] => 0,
        [all] => *all,
        each => each.get(column).copied().unwrap_or(0),
    };
    let conversions: Plan = fields
        .iter()
        .enumerate()
        .map(|(column, field)| match (field.type_oid, format(column)) {
            (NUMERIC, 1) => Conversion::Numeric(NumericType::from_modifier(field.type_modifier)),
            _ => Conversion::Pass,
        })
        .collect();
    if conversions.iter().all(|conversion| *conversion == Conversion::Pass) {
        Plan::default()
    } else {
        conversions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(type_oid: u32, type_modifier: i32) -> Field {
        Field {
            name: vec![],
            table_oid: 0,
            attribute: 0,
            type_oid,
            type_length: -1,
            type_modifier,
            format: 0,
        }
    }

    fn execute(portal: &[u8]) -> Request {
        Request::Execute { portal: portal.to_vec() }
    }

    #[test]
    fn format_codes_may_be_none_one_or_one_for_each_column() {
        let fields = [field(23, -1), field(NUMERIC, (8 << 16 | 2) + 4)];
        let numeric = Conversion::Numeric(NumericType::from_modifier((8 << 16 | 2) + 4));
        assert!(plan(&fields, &[]).is_empty());
        assert!(plan(&fields, &[0]).is_empty());
        assert_eq!(*plan(&fields, &[1]), [Conversion::Pass, numeric]);
        assert_eq!(*plan(&fields, &[0, 1]), [Conversion::Pass, numeric]);
        assert!(plan(&fields, &[1, 0]).is_empty());
    }

    #[test]
    fn bind_takes_the_columns_of_its_statement() {
        let mut pipeline = Pipeline::default();
        pipeline.push(Request::Parse { statement: b"s".to_vec() });
        pipeline.push(Request::Learn { statement: b"s".to_vec() });
        pipeline.push(Request::Bind { portal: b"p".to_vec(), statement: b"s".to_vec(), formats: vec![1] });
        pipeline.push(execute(b"p"));
        pipeline.answered();
        pipeline.learned(vec![field(NUMERIC, -1)]);
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
