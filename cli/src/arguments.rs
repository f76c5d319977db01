//! The command line as typed: its grammar and its help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Queries Amazon Redshift, signs in to it, and finds out why a connection fails.
#[derive(Debug, Parser)]
#[command(name = "redshift-adbc", version, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) connection: ConnectionArguments,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Where to connect to, and how. What is set later in this list beats what is set before.
#[derive(Args, Debug)]
#[command(next_help_heading = "Connection")]
pub(crate) struct ConnectionArguments {
    /// ADBC connection profile: its name, or the path of its file
    #[arg(short, long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// redshift://user@host:5439/database?name=value
    #[arg(short, long, global = true, env = "REDSHIFT_URI", hide_env_values = true)]
    pub(crate) uri: Option<String>,
    /// An option of the driver, with or without "adbc.redshift." in front; may be repeated
    #[arg(short = 's', long = "set", global = true, value_name = "OPTION=VALUE", value_parser = option)]
    pub(crate) options: Vec<(String, String)>,
    /// Password of the database user; the command line has no place for it, since others can read it
    #[arg(long, global = true, env = "REDSHIFT_PASSWORD", hide = true)]
    pub(crate) password: Option<String>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs a query and prints its result, or saves it to a file
    Query(QueryArguments),
    /// Signs in to AWS SSO (IAM Identity Center) and lists the accounts that are open to you
    Login(SignInArguments),
    /// Ends a sign-in to AWS SSO, for this driver and the AWS CLI
    Logout(SignInArguments),
    /// Lists connection profiles, and AWS profiles that can sign in by SSO
    Profiles,
    /// Connects step by step and says what to do about the step that fails
    Doctor,
}

/// What to run, and where its result goes.
#[derive(Args, Debug)]
pub(crate) struct QueryArguments {
    /// The query; read from standard input when there is neither this nor --file
    pub(crate) sql: Option<String>,
    /// File to read the query from
    #[arg(short, long, conflicts_with = "sql")]
    pub(crate) file: Option<PathBuf>,
    /// File to write to; .csv, .parquet and .arrow choose the format
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Format of the result [default: by the name of the output file, else table]
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
    /// Rows that a table shows, at most; 0 for all
    #[arg(long, default_value_t = 100, value_name = "COUNT")]
    pub(crate) rows: usize,
}

/// Formats of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// With a header; NULL is empty
    Csv,
    /// Compressed with Snappy
    Parquet,
    /// Arrow IPC: the file format in a file, the stream format on standard output
    Arrow,
}

/// Whom to sign in, or out.
#[derive(Args, Debug)]
pub(crate) struct SignInArguments {
    /// Profile of ~/.aws/config with sso_* settings
    pub(crate) sso_profile: Option<String>,
}

fn option(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("it takes OPTION=VALUE, for example target.database=dev".into()),
    }
}
