//! Random damage to good answers: whatever the bytes, an orderly end in time, and never a result that is short of rows.
//!
//! The seed is fixed, so that a failure is found again; proptest shrinks it to its smallest form.

use arrow_array::RecordBatch;
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use redshift_sandbox::script::message::greeting;
use redshift_sandbox::script::{Script, Step};

use super::{
    LIMIT, TEXT, TEXT_QUERY, batches, good_answer, logged_in, server, the_next_connection_works, within,
};
use crate::support::{connect, try_connect};

const CASES: u32 = 500;

/// What is done to an answer. Positions are wrapped to its length.
#[derive(Clone, Debug)]
enum Damage {
    Cut(usize),
    Insert(usize, Vec<u8>),
    Overwrite(usize, u8),
    Remove(usize, usize),
    Repeat(usize, usize),
}

impl Damage {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let within = |position: usize, bytes: &[u8]| position % bytes.len().max(1);
        match self {
            Self::Cut(position) => bytes.truncate(within(*position, bytes)),
            Self::Insert(position, more) => {
                let position = within(*position, bytes);
                bytes.splice(position..position, more.iter().copied());
            }
            Self::Overwrite(position, byte) => {
                let position = within(*position, bytes);
                if let Some(slot) = bytes.get_mut(position) {
                    *slot = *byte;
                }
            }
            Self::Remove(position, count) => {
                let start = within(*position, bytes);
                bytes.drain(start..bytes.len().min(start + count));
            }
            Self::Repeat(position, count) => {
                let start = within(*position, bytes);
                let piece = bytes[start..bytes.len().min(start + count)].to_vec();
                bytes.splice(start..start, piece);
            }
        }
    }
}

fn damage() -> impl Strategy<Value = Vec<Damage>> {
    let position = any::<usize>();
    // Bytes that mean something to the protocol are tried more often than others.
    let byte = proptest::prop_oneof![
        any::<u8>(),
        proptest::sample::select(b"123ACDEGHIKNRSTZcdnstv\x00\x01\x7f\x80\xff".as_slice()),
    ];
    let one = proptest::prop_oneof![
        1 => position.prop_map(Damage::Cut),
        2 => (position, vec(any::<u8>(), 1..20)).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        6 => (position, byte).prop_map(|(at, byte)| Damage::Overwrite(at, byte)),
        2 => (position, 1..20_usize).prop_map(|(at, count)| Damage::Remove(at, count)),
        2 => (position, 1..60_usize).prop_map(|(at, count)| Damage::Repeat(at, count)),
    ];
    vec(one, 1..4)
}

fn damaged(good: Vec<u8>, damage: &[Damage]) -> Vec<u8> {
    damage.iter().fold(good, |mut bytes, damage| {
        damage.apply(&mut bytes);
        bytes
    })
}

fn for_all(property: impl Fn(Vec<Damage>) -> Result<(), TestCaseError>) {
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    if let Err(failure) = runner.run(&damage(), property) {
        panic!("{failure}");
    }
    the_next_connection_works();
}

fn orderly(text: &str) -> Result<(), TestCaseError> {
    let internal = text.contains("internal error in the Redshift driver");
    if internal || text.trim().is_empty() { Err(TestCaseError::fail(text.to_owned())) } else { Ok(()) }
}

#[test]
fn a_damaged_answer_is_an_error_or_complete() {
    for_all(|damage| {
        let answer = damaged(good_answer(), &damage);
        let promised = promised_rows(&answer);
        let server = server(Script::new(logged_in([TEXT_QUERY, Step::Send(answer)])));
        let uri = server.uri();
        let batches = match within(LIMIT, move || batches(&mut connect(&uri, TEXT))) {
            Ok(batches) => batches,
            Err(failure) => return orderly(&failure.text),
        };
        let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
        match promised {
            Some(promised) if rows != promised => {
                Err(TestCaseError::fail(format!("{rows} rows where {promised} were promised")))
            }
            _ => Ok(()),
        }
    });
}

/// The number of an intact tag.
fn promised_rows(answer: &[u8]) -> Option<usize> {
    let tag = b"C\0\0\0\x0dSELECT ";
    let start = answer.windows(tag.len()).position(|window| window == tag)? + tag.len();
    char::from(*answer.get(start)?).to_digit(10)?.try_into().ok()
}

#[test]
fn a_damaged_greeting_is_an_error_or_a_connection() {
    for_all(|damage| {
        let greeting = damaged(greeting(), &damage);
        let server = server(Script::new(vec![Step::Startup, Step::Send(greeting)]));
        let uri = server.uri();
        match within(LIMIT, move || try_connect(&uri, &[]).map(drop)) {
            Ok(()) => Ok(()),
            Err(error) => orderly(&error.message),
        }
    });
}
