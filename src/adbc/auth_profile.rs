//! Options from a Redshift authentication profile, which an administrator keeps in AWS for many people.
//!
//! Fetching it is `auth`'s. Invariant: a profile says where to log in and as whom, and nothing else: it cannot weaken
//! TLS, name files and proxies, or bring AWS credentials.

use adbc_core::error::{Error, Result};
use adbc_core::options::OptionValue;

use super::error::from_auth;
use super::options::{self, Level};
use super::settings;
use super::spellings;
use super::store::OptionStore;
use crate::auth::{self, Environment};
use crate::session::CancelToken;

/// What a profile may say.
const TAKEN: &[&str] = &[
    options::USERNAME,
    options::HOST,
    options::PORT,
    options::DATABASE,
    options::CLUSTER_IDENTIFIER,
    options::WORKGROUP,
    options::SERVERLESS,
    options::ACCOUNT_ID,
    options::CUSTOM_DOMAIN_NAME,
    options::AWS_REGION,
    options::IAM_DB_GROUPS,
    options::IAM_FORCE_LOWERCASE,
    options::IAM_AUTO_CREATE,
    options::IAM_DURATION,
    options::IAM_API,
    options::QUERY_GROUP,
    options::APPLICATION_NAME,
];

/// The options of the profile that the stores name, if they name one.
pub(super) async fn load(stores: &[&OptionStore], cancel: &CancelToken) -> Result<Option<OptionStore>> {
    let Some(name) = settings::auth_profile(stores) else { return Ok(None) };
    let config = settings::auth(stores)?;
    let found = auth::authentication_profile(config, &name, Environment::process(), cancel);
    let found = found.await.map_err(|error| from_auth(&error))?;
    read(found).map(Some).map_err(|error| {
        let message = format!("authentication profile {name:?}: {}", error.message);
        Error::with_message_and_status(message, error.status)
    })
}

fn read(found: Vec<(String, String)>) -> Result<OptionStore> {
    let store = OptionStore::new(Level::Database);
    for (name, value) in found {
        for (key, value) in meaning(&name, value)? {
            if TAKEN.contains(&key) {
                store.set(key, &OptionValue::String(value))?;
            } else {
                tracing::info!(name, "an option of the authentication profile is not taken from there");
            }
        }
    }
    Ok(store)
}

/// The options that a name and value stand for; none for names that only other drivers know.
fn meaning(name: &str, value: String) -> Result<spellings::Settings> {
    if let Some(spec) = options::find_parameter(name) {
        let text = OptionValue::String(value);
        // What does not fit an option that is not taken is of no concern here.
        return if TAKEN.contains(&spec.key) {
            Ok(vec![(spec.key, spec.parse_foreign(&text)?)])
        } else {
            Ok(Vec::new())
        };
    }
    let Some(spelling) = spellings::find_parameter(name) else { return Ok(Vec::new()) };
    spelling.translate(&value).map_err(|refusal| {
        Error::with_message_and_status(format!("'{name}': {}", refusal.reason), refusal.status)
    })
}

#[cfg(test)]
mod tests {
    use adbc_core::error::Status;

    use super::*;

    fn store(pairs: &[(&str, &str)]) -> Result<OptionStore> {
        read(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn target_and_user_are_taken_by_the_names_of_the_jdbc_driver() {
        let store = store(&[
            ("ClusterID", "c1"),
            ("DbUser", "ana"),
            ("AutoCreate", "1"),
            ("GroupFederation", "true"),
        ]);
        let store = store.unwrap();
        for (key, value) in [
            (options::CLUSTER_IDENTIFIER, "c1"),
            (options::USERNAME, "ana"),
            (options::IAM_AUTO_CREATE, "true"),
            (options::IAM_API, "cluster_with_iam"),
        ] {
            assert_eq!(store.shown(key).unwrap(), value);
        }
    }

    #[test]
    fn nothing_else_is() {
        let store = store(&[
            ("sslmode", "disable"),
            ("ssl", "false"),
            ("EndpointUrl", "http://127.0.0.1"),
            ("AccessKeyID", "planted"),
            ("log.file", "/tmp/planted"),
            ("https_proxy_host", "planted"),
            ("iam", "false"),
            ("enableFetchRingBuffer", "true"),
        ]);
        let store = store.unwrap();
        for spec in options::TABLE {
            assert!(store.value(spec.key).is_none(), "{}", spec.key);
        }
    }

    #[test]
    fn a_way_to_log_in_that_is_not_there_is_refused() {
        let error =
            store(&[("plugin_name", "com.amazon.redshift.plugin.OktaCredentialsProvider")]).unwrap_err();
        assert_eq!(error.status, Status::NotImplemented);
        assert!(error.message.starts_with("'plugin_name': "), "{}", error.message);
    }
}
