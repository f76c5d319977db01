//! The files of `~/.aws/sso/cache`, shared with the AWS CLI and the SDKs.
//!
//! Owns names, fields and safe reading and writing; does not judge age. Invariant: a file is replaced as a whole, is
//! never readable by others, and neither a symbolic link nor a file of another user is read or replaced. The superuser
//! takes the files of the owner of `~/.aws` for its own: whoever owns that folder decides by its `config` already what
//! a login does.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde_json::{Map, Value, json};
use sha1::{Digest, Sha1};

use super::Portal;
use super::login::Registration;
use super::token::{Refresh, Token};
use crate::auth::environment::Environment;
use crate::auth::error::Error;
use crate::platform;
use crate::secret::Secret;

/// The cache directory of one home.
#[derive(Clone, Debug)]
pub(super) struct Cache {
    /// `~/.aws`.
    home: PathBuf,
    directory: PathBuf,
}

impl Cache {
    pub(super) fn new(environment: &Environment) -> Option<Self> {
        let home = environment.home()?.join(".aws");
        Some(Self { directory: home.join("sso").join("cache"), home })
    }

    /// Named after the session, or after the start URL where there is none, exactly as written.
    pub(super) fn token_path(&self, portal: &Portal) -> PathBuf {
        let name = portal.session.as_ref().unwrap_or(&portal.start_url);
        self.directory.join(format!("{}.json", sha1_hex(name)))
    }

    fn registration_path(&self, portal: &Portal) -> PathBuf {
        // Python's json.dumps with sorted keys; the CLI hashes that text.
        let text = |value: &str| Value::from(value).to_string();
        let scopes: Vec<String> = portal.scopes.iter().map(|scope| text(scope)).collect();
        let session = portal.session.as_deref().map_or_else(|| "null".to_owned(), text);
        let name = format!(
            "{{\"region\": {}, \"scopes\": [{}], \"session_name\": {session}, \"startUrl\": {}, \"tool\": \"botocore\"}}",
            text(&portal.region),
            scopes.join(", "),
            text(&portal.start_url),
        );
        self.directory.join(format!("{}.json", sha1_hex(&name)))
    }

    /// The token, if there is a usable file. What cannot be parsed counts as absent: a login replaces it.
    pub(super) fn read_token(&self, portal: &Portal) -> Result<Option<Token>, Error> {
        Ok(self.read(&self.token_path(portal))?.as_ref().and_then(token_from))
    }

    /// Removes the token file.
    pub(super) fn remove_token(&self, portal: &Portal) -> Result<(), Error> {
        let path = self.token_path(portal);
        fs::remove_file(&path).map_err(|cause| {
            Error::invalid(format!("{} cannot be removed: {cause}; remove it by hand", path.display()))
        })
    }

    /// Replaces the token file.
    pub(super) fn write_token(&self, portal: &Portal, token: &Token) -> io::Result<()> {
        let mut fields = json!({
            "startUrl": portal.start_url,
            "region": portal.region,
            "accessToken": token.access_token.expose(),
            "expiresAt": timestamp(token.expires_at),
        });
        if let (Some(refresh), Some(fields)) = (&token.refresh, fields.as_object_mut()) {
            fields.insert("clientId".into(), refresh.client_id.clone().into());
            fields.insert("clientSecret".into(), refresh.client_secret.expose().into());
            fields.insert("registrationExpiresAt".into(), timestamp(refresh.registration_expires_at).into());
            fields.insert("refreshToken".into(), refresh.token.expose().into());
        }
        self.write(&self.token_path(portal), &fields)
    }

    /// The client registration for a flow; `by_code` tells the two kinds of file apart.
    pub(super) fn read_registration(
        &self,
        portal: &Portal,
        by_code: bool,
    ) -> Result<Option<Registration>, Error> {
        let Some(fields) = self.read(&self.registration_path(portal))? else { return Ok(None) };
        let has_grants = field(&fields, "grantTypes").is_some();
        Ok(registration_from(&fields).filter(|_| has_grants == by_code))
    }

    /// Replaces the registration file.
    pub(super) fn write_registration(
        &self,
        portal: &Portal,
        registration: &Registration,
        grant_types: Option<&[&str]>,
    ) -> io::Result<()> {
        let mut fields = json!({
            "clientId": registration.client_id,
            "clientSecret": registration.client_secret.expose(),
            "expiresAt": timestamp(registration.expires_at),
            "scopes": portal.scopes,
        });
        if let (Some(grants), Some(fields)) = (grant_types, fields.as_object_mut()) {
            fields.insert("grantTypes".into(), json!(grants));
        }
        self.write(&self.registration_path(portal), &fields)
    }

    /// Forgets a registration that AWS refused.
    pub(super) fn remove_registration(&self, portal: &Portal) {
        // Failing to remove it costs a second refusal, no more.
        let _ = fs::remove_file(self.registration_path(portal));
    }

    fn write(&self, path: &Path, fields: &Value) -> io::Result<()> {
        platform::create_private_folder(&self.directory)?;
        if let Some(why) = self.distrusted(path) {
            return Err(io::Error::other(format!("the file {why}")));
        }
        // The temporary file is made with mode 0600.
        let mut file = tempfile::NamedTempFile::new_in(&self.directory)?;
        platform::give_to_owner_of(&self.directory, file.as_file())?;
        serde_json::to_writer(&mut file, fields)?;
        file.flush()?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    }

    /// Why a file must not be trusted, if it must not: who can plant one could plant a token of theirs.
    fn distrusted(&self, path: &Path) -> Option<&'static str> {
        let metadata = fs::symlink_metadata(path).ok()?;
        if metadata.is_symlink() {
            return Some("is a symbolic link, which is not followed");
        }
        if platform::is_foreign(&metadata, &self.home) {
            return Some("belongs to another user");
        }
        None
    }

    fn read(&self, path: &Path) -> Result<Option<Map<String, Value>>, Error> {
        if let Some(why) = self.distrusted(path) {
            return Err(Error::invalid(format!(
                "the SSO cache file {} {why}: remove it, or set adbc.redshift.sso.token_cache to memory",
                path.display()
            )));
        }
        match fs::read(path) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::invalid(format!(
                "the SSO cache file {} cannot be read ({error}): correct its permissions, or set \
                 adbc.redshift.sso.token_cache to memory",
                path.display()
            ))
            .with_cause(error)),
        }
    }
}

/// The SDKs match keys without regard to case, and so do we.
fn field<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn text(fields: &Map<String, Value>, name: &str) -> Option<String> {
    field(fields, name)?.as_str().map(str::to_owned)
}

fn time(fields: &Map<String, Value>, name: &str) -> Option<SystemTime> {
    let text = text(fields, name)?;
    // Older CLIs wrote `UTC` for `Z`.
    let text = text.strip_suffix("UTC").map_or(text.clone(), |start| format!("{start}Z"));
    SystemTime::try_from(DateTime::from_str(&text, Format::DateTimeWithOffset).ok()?).ok()
}

fn token_from(fields: &Map<String, Value>) -> Option<Token> {
    let refresh = || {
        Some(Refresh {
            token: Secret::new(text(fields, "refreshToken")?),
            client_id: text(fields, "clientId")?,
            client_secret: Secret::new(text(fields, "clientSecret")?),
            registration_expires_at: time(fields, "registrationExpiresAt")?,
        })
    };
    Some(Token {
        access_token: Secret::new(text(fields, "accessToken")?),
        expires_at: time(fields, "expiresAt")?,
        refresh: refresh(),
        unsaved: false,
    })
}

fn registration_from(fields: &Map<String, Value>) -> Option<Registration> {
    Some(Registration {
        client_id: text(fields, "clientId")?,
        client_secret: Secret::new(text(fields, "clientSecret")?),
        expires_at: time(fields, "expiresAt")?,
    })
}

fn timestamp(time: SystemTime) -> String {
    let seconds = DateTime::from(time).secs();
    DateTime::from_secs(seconds).fmt(Format::DateTime).unwrap_or_default()
}

fn sha1_hex(text: &str) -> String {
    Sha1::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
