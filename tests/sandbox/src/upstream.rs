//! The front door's own connection to the engine, one for each client.
//! Owns the login over the private socket and what the engine says during it.
//! Invariant: the engine learns only the startup parameters PostgreSQL knows; it refuses others.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use bytes::{Bytes, BytesMut};
use postgres_protocol::message::frontend;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;

use crate::engine::setup::{REDSHIFT_ONLY, SETTING_PREFIX};
use crate::messages::{Cursor, MAX_MESSAGE, read_message};
use crate::startup::StartupMessage;

/// Startup parameters of the official drivers that are no settings of the engine.
const FRONT_DOOR_ONLY: &[&str] = &[
    "_pq_.compression",
    "client_protocol_version",
    "driver_discovery_version",
    "driver_version",
    "idc_client_display_name",
    "identity_namespace",
    "idp_type",
    "os_version",
    "plugin_name",
    "provider_name",
    "token_type",
];

/// Redshift forked before standard-conforming strings: a backslash in a literal escapes.
const OLD_STRINGS: &[(&str, &str)] =
    &[("standard_conforming_strings", "off"), ("escape_string_warning", "off")];

/// A logged-in connection to the engine.
#[derive(Debug)]
pub(crate) struct Upstream {
    pub(crate) stream: UnixStream,
    /// The engine's ParameterStatus values by name.
    pub(crate) parameters: HashMap<String, String>,
    pub(crate) process_id: i32,
    pub(crate) secret_key: i32,
}

/// Logs in. An inner error is the body of the engine's ErrorResponse, for the client.
pub(crate) async fn login(socket: &Path, startup: &StartupMessage) -> Result<Result<Upstream, Bytes>> {
    let mut stream = UnixStream::connect(socket).await.context("the engine is gone")?;
    let mut request = BytesMut::new();
    frontend::startup_message(engine_parameters(startup), &mut request)?;
    stream.write_all(&request).await?;
    let mut upstream = Upstream { stream, parameters: HashMap::new(), process_id: 0, secret_key: 0 };
    loop {
        let message =
            read_message(&mut upstream.stream, MAX_MESSAGE).await.context("the engine ended the login")?;
        let mut cursor = Cursor::new(&message.body);
        match message.tag {
            b'E' => return Ok(Err(message.body)),
            b'K' => (upstream.process_id, upstream.secret_key) = (cursor.i32()?, cursor.i32()?),
            b'N' => {}
            b'R' if cursor.i32()? == 0 => {}
            b'S' => {
                upstream.parameters.insert(cursor.string()?.to_owned(), cursor.string()?.to_owned());
            }
            b'Z' => return Ok(Ok(upstream)),
            tag => bail!("the engine answered the login with message {:?}", tag as char),
        }
    }
}

fn engine_parameters(startup: &StartupMessage) -> Vec<(&str, &str)> {
    let own = [("user", startup.user()), ("database", startup.database())];
    let passed = startup
        .parameters
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .filter(|(name, _)| !["user", "database"].contains(name) && !FRONT_DOOR_ONLY.contains(name))
        .filter(|(name, _)| {
            !REDSHIFT_ONLY.iter().any(|(known, _)| known == name) && !name.starts_with(SETTING_PREFIX)
        });
    own.into_iter().chain(passed).chain(OLD_STRINGS.iter().copied()).collect()
}
