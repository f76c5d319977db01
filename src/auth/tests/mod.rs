//! Whole logins against a scripted AWS side on loopback: cases from `tests/cases/auth`, and the ways to sign in.
//!
//! Invariant: a request that no rule of a test answers fails it, and no planted secret shows up in any text.

mod cache_files;
mod cases;
mod forms;
mod server;
mod sign_in;
mod trace;

use std::collections::HashMap;
use std::fmt::Debug;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use self::server::Server;
use super::{AuthConfig, CredentialProvider, Credentials, Environment, Error};
use crate::secret::Secret;

/// Planted in every place that holds a secret; no text may contain it.
const PLANTED: &str = "pl4nted-s3cret";

fn secret(tail: &str) -> Option<Secret> {
    Some(Secret::new(format!("{PLANTED}-{tail}")))
}

fn assert_no_secret(what: &str, text: &str) {
    assert!(!text.contains(PLANTED), "a secret shows in {what}: {text}");
}

fn assert_clean(value: &impl Debug) {
    assert_no_secret("Debug", &format!("{value:?}"));
}

/// Text, Debug and causes of an error, free of secrets.
fn full_text(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text.push_str(&format!(" <- {inner}"));
        cause = inner.source();
    }
    assert_no_secret("an error", &format!("{text} {error:?}"));
    text
}

/// A private home, its variables, and what a person would see.
struct Home {
    directory: tempfile::TempDir,
    notices: Arc<Mutex<Vec<String>>>,
}

impl Home {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap(), notices: Arc::default() }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn environment(
        &self,
        server: &Server,
        browser: impl Fn(&str) -> std::io::Result<()> + Send + Sync + 'static,
    ) -> Environment {
        let home = self.path().display().to_string();
        let variables = HashMap::from([
            ("AWS_CONFIG_FILE".to_owned(), format!("{home}/.aws/config")),
            ("AWS_ENDPOINT_URL".to_owned(), server.url()),
            ("AWS_MAX_ATTEMPTS".to_owned(), "1".to_owned()),
            ("AWS_SHARED_CREDENTIALS_FILE".to_owned(), format!("{home}/.aws/credentials")),
            ("HOME".to_owned(), home),
        ]);
        let notices = Arc::clone(&self.notices);
        Environment::fake(variables, browser, move |text| notices.lock().unwrap().push(text.to_owned()))
    }

    fn notices(&self) -> String {
        self.notices.lock().unwrap().join("\n")
    }
}

fn no_browser(_: &str) -> std::io::Result<()> {
    Err(std::io::Error::other("this test has no browser"))
}

fn make(config: AuthConfig, environment: Environment) -> Result<Arc<dyn CredentialProvider>, Error> {
    assert_clean(&config);
    let provider = super::provider(config, environment)?;
    assert_clean(&provider);
    Ok(provider)
}

async fn log_in(provider: &dyn CredentialProvider) -> Result<Credentials, Error> {
    let cancel = tokio_util::sync::CancellationToken::new();
    let login = provider.credentials(&cancel);
    let credentials = tokio::time::timeout(Duration::from_secs(20), login).await.expect("the login hangs")?;
    assert_clean(&credentials);
    Ok(credentials)
}

/// Keys, a host of a cluster and a user, all valid.
fn keys_config() -> AuthConfig {
    let mut config = AuthConfig { username: Some("ana".into()), ..AuthConfig::default() };
    config.aws.access_key_id = Some(Secret::new("AKIDEXAMPLE"));
    config.aws.secret_access_key = secret("key");
    config.target.host = Some("c1.abc.us-east-1.redshift.amazonaws.com".into());
    config
}

fn cluster_credentials(seconds: u64) -> String {
    let at = std::time::SystemTime::now() + Duration::from_secs(seconds);
    let at = aws_smithy_types::DateTime::from(at).fmt(aws_smithy_types::date_time::Format::DateTime).unwrap();
    format!(
        "<GetClusterCredentialsResponse xmlns=\"http://redshift.amazonaws.com/doc/2012-12-01/\">\
         <GetClusterCredentialsResult><DbUser>IAM:ana</DbUser><DbPassword>{PLANTED}-db</DbPassword>\
         <Expiration>{at}</Expiration></GetClusterCredentialsResult></GetClusterCredentialsResponse>"
    )
}
