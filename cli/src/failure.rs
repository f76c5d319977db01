//! Why a command ended without doing what it was asked to, and what the shell hears of it.

use std::fmt::Display;
use std::io::{self, ErrorKind};
use std::process::ExitCode;

use adbc_core::error::Status;

/// The end of a command.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The person interrupted it.
    Interrupted,
    /// The reader of the output has gone: nothing is left to say, and to whom.
    NobodyListens,
    /// A text for the person.
    Told(String),
    /// The command has said all there is to say.
    Said,
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    pub(crate) fn told(text: impl Display) -> Self {
        Self::Told(text.to_string())
    }

    /// Says it, and gives the exit status.
    pub(crate) fn report(self) -> ExitCode {
        match self {
            Self::Interrupted => {
                eprintln!("interrupted");
                ExitCode::from(130)
            }
            Self::NobodyListens => ExitCode::SUCCESS,
            Self::Said => ExitCode::FAILURE,
            Self::Told(text) => {
                eprintln!("error: {text}");
                ExitCode::FAILURE
            }
        }
    }
}

impl From<adbc_core::error::Error> for Failure {
    fn from(error: adbc_core::error::Error) -> Self {
        if error.status == Status::Cancelled { Self::Interrupted } else { Self::Told(error.message) }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == ErrorKind::BrokenPipe { Self::NobodyListens } else { Self::told(error) }
    }
}
