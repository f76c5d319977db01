//! `redshift-adbc`: queries, sign-ins and a doctor for Amazon Redshift, on the command line.
//!
//! It knows the driver by its public Rust interface only. Invariant: what was asked for goes to standard output;
//! everything said about it goes to standard error. Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted.

mod arguments;
mod connect;
mod connection_profile;
mod doctor;
mod failure;
mod output;
mod profiles;
mod progress;
mod query;
mod sign_in;
mod table;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match &arguments.command {
        Command::Query(query) => query::run(&arguments.connection, query),
        Command::Login(sign_in) => sign_in::login(&arguments.connection, sign_in),
        Command::Logout(sign_in) => sign_in::logout(&arguments.connection, sign_in),
        Command::Profiles => profiles::run(&arguments.connection),
        Command::Doctor => doctor::run(&arguments.connection),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
