//! `redshift-sandbox serve`: a sandbox for demos and for tests in other languages.
//! Owns the command line, the line of JSON and the end: a signal or the end of standard input.
//! Invariant: standard output carries exactly one line, when the sandbox is ready.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand, ValueEnum, value_parser};
use redshift_sandbox::{AuthMode, Sandbox, SandboxConfig};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

#[derive(Debug, Parser)]
#[command(version, about = "A local stand-in for Amazon Redshift", arg_required_else_help = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve until SIGTERM, SIGINT or the end of standard input; then remove all that was made.
    Serve(Serve),
}

#[derive(Debug, Args)]
struct Serve {
    /// Authentication to ask for.
    #[arg(long, value_enum, default_value_t = Auth::Md5)]
    auth: Auth,
    /// Highest protocol version to grant.
    #[arg(long, default_value_t = 2, value_name = "0..3", value_parser = value_parser!(u32).range(0..=3))]
    max_protocol: u32,
    /// Refuse connections without TLS.
    #[arg(long)]
    require_tls: bool,
    /// Delay both directions by this many milliseconds.
    #[arg(long, default_value_t = 0, value_name = "N")]
    latency_ms: u64,
    /// Announce this level of SHOW discovery commands.
    #[arg(long, value_name = "N")]
    show_discovery: Option<u32>,
    /// Approve Identity Center logins without a click.
    #[arg(long)]
    approve_sso: bool,
    /// End database passwords that AWS issued after this many seconds, sooner than AWS would.
    #[arg(long, value_name = "N")]
    password_life_seconds: Option<u64>,
    /// TCP port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 0, value_name = "N")]
    port: u16,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Auth {
    Cleartext,
    Digest,
    Md5,
}

impl From<Serve> for SandboxConfig {
    fn from(serve: Serve) -> Self {
        Self {
            approve_sso: serve.approve_sso,
            auth: match serve.auth {
                Auth::Cleartext => AuthMode::Cleartext,
                Auth::Digest => AuthMode::Digest,
                Auth::Md5 => AuthMode::Md5,
            },
            max_protocol: serve.max_protocol,
            require_tls: serve.require_tls,
            latency: Duration::from_millis(serve.latency_ms),
            password_life: serve.password_life_seconds.map(Duration::from_secs),
            show_discovery: serve.show_discovery,
            port: serve.port,
            ..Self::default()
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let Command::Serve(serve) = CommandLine::parse().command;
    match run(serve.into()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("redshift-sandbox: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(config: SandboxConfig) -> Result<()> {
    let mut end = std::pin::pin!(end_requested()?);
    let sandbox = tokio::select! {
        () = &mut end => return Ok(()),
        started = Sandbox::start(config) => started?,
    };
    announce(&sandbox)?;
    tokio::select! {
        () = end => Ok(()),
        () = sandbox.engine_ended() => bail!("the engine ended on its own"),
    }
}

fn announce(sandbox: &Sandbox) -> Result<()> {
    let aws = sandbox.aws();
    let line = json!({
        "host": sandbox.host(),
        "port": sandbox.port(),
        "database": sandbox.database(),
        "user": sandbox.user(),
        "password": sandbox.password(),
        "ca_file": sandbox.ca_file(),
        "uri": sandbox.uri(),
        "postgres_uri": sandbox.postgres_uri(),
        "aws_endpoint_url": aws.aws_endpoint_url(),
        "region": aws.region(),
        "access_key_id": aws.access_key_id(),
        "secret_access_key": aws.secret_access_key(),
        "cluster_identifier": aws.cluster_identifier(),
        "workgroup": aws.workgroup(),
        "serverless_host": aws.serverless_host(),
        "serverless_port": aws.serverless_port(),
        "sso_start_url": aws.sso_start_url(),
        "sso_region": aws.sso_region(),
        "sso_account_id": aws.sso_account_id(),
        "sso_role_name": aws.sso_role_name(),
        "home": aws.home(),
    });
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}").and_then(|()| stdout.flush()).context("cannot write to standard output")
}

/// Installs the handlers at once, so that a signal during the start is not lost.
fn end_requested() -> Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot handle SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot handle SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = end_of_input() => {}
        }
    })
}

/// A thread of its own reads: tokio's standard input would keep the runtime from ending while it waits for a line.
async fn end_of_input() {
    let (sender, mut ended) = tokio::sync::oneshot::channel::<()>();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        drop(sender);
    });
    let _ = (&mut ended).await;
}
