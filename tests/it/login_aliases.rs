//! Other spellings of the options, through the loaded library: each means its option, none carries a secret in a URI,
//! and many connections opened at once share one login.
//!
//! The spellings come from the option table, so that a new alias is tested without a change here. What single login
//! methods do is in `logins`.

use std::sync::Barrier;

use adbc_core::error::{Result, Status};
use adbc_core::options::{OptionDatabase, OptionValue};
use adbc_core::{Driver as _, Optionable as _};
use adbc_driver_manager::ManagedDatabase;
use adbc_driver_redshift::adbc::options::{self, Kind, Level, OptionSpec, TABLE};
use redshift_sandbox::SandboxConfig;

use crate::logins::{cluster, keys, typed_sso, user, with_keys};
use crate::support::{SANDBOX, driver, sandbox};

const PLANTED: &str = "planted-secret";
const THREADS: usize = 32;

fn database(options: &[(&str, &str)]) -> Result<ManagedDatabase> {
    let options = options.iter().map(|(key, value)| (OptionDatabase::from(*key), OptionValue::from(*value)));
    driver().new_database_with_opts(options)
}

fn database_options() -> impl Iterator<Item = &'static OptionSpec> {
    TABLE.iter().filter(|spec| spec.levels.contains(&Level::Database))
}

/// A value that the option takes and that is not its default.
fn another_value(spec: &OptionSpec) -> String {
    match (spec.key, spec.kind) {
        (options::ACCOUNT_ID | options::SSO_ACCOUNT_ID, _) => "210987654321".into(),
        (options::AWS_ENDPOINT_URL | options::SSO_START_URL, _) => "https://example.com/start".into(),
        (options::AWS_REGION | options::SSO_REGION, _) => "eu-central-1".into(),
        (options::AWS_ROLE_ARN, _) => "arn:aws:iam::210987654321:role/reader".into(),
        (options::TLS_ROOT_CERT, _) => SANDBOX.ca_file().to_string_lossy().into_owned(),
        (_, Kind::Boolean) => "true".into(),
        (_, Kind::Choice(names)) => {
            let other = names.iter().find(|name| spec.default != Some(name));
            (*other.expect("an option has more than one choice")).to_owned()
        }
        (_, Kind::Integer { min, .. }) => (min + 1).to_string(),
        _ => "another".into(),
    }
}

#[test]
fn every_alias_is_a_uri_parameter_in_any_case_and_means_its_option() {
    let mut aliases = 0;
    for spec in database_options().filter(|spec| !spec.is_secret() && spec.kind != Kind::Uri) {
        let value = another_value(spec);
        for alias in spec.aliases {
            for name in [(*alias).to_owned(), alias.to_ascii_uppercase()] {
                let uri = format!("redshift://?{name}={value}");
                let database = database(&[("uri", &uri)]).unwrap_or_else(|error| panic!("{uri}: {error}"));
                let read = database.get_option_string(OptionDatabase::from(spec.key)).unwrap();
                assert_eq!(read, value, "{uri} sets {}", spec.key);
            }
            aliases += 1;
        }
    }
    assert!(aliases > 50, "the table has aliases: {aliases}");
}

#[test]
fn the_other_drivers_option_keys_mean_the_option() {
    let mut keys = 0;
    for spec in database_options().filter(|spec| !spec.is_secret() && spec.kind != Kind::Uri) {
        let value = another_value(spec);
        let is_key = |alias: &&&str| alias.starts_with("redshift.") || alias.starts_with(options::PREFIX);
        for key in spec.aliases.iter().filter(is_key) {
            let database = database(&[(key, &value)]).unwrap_or_else(|error| panic!("{key}: {error}"));
            let read = database.get_option_string(OptionDatabase::from(spec.key)).unwrap();
            assert_eq!(read, value, "{key} sets {}", spec.key);
            keys += 1;
        }
    }
    assert!(keys > 5, "the table has such keys: {keys}");
}

#[test]
fn aliases_without_prefix_are_no_option_keys() {
    let error = database(&[("cluster_identifier", "mine")]).err().expect("it is no key");
    assert_eq!(error.status, Status::NotImplemented, "{error}");
}

#[test]
fn the_other_drivers_keys_log_in() {
    let aws = SANDBOX.aws();
    let options = [
        ("redshift.cluster_identifier", aws.cluster_identifier()),
        ("redshift.aws.region", aws.region()),
        ("redshift.aws.access_key_id", &aws.access_key_id()),
        ("redshift.aws.secret_access_key", &aws.secret_access_key()),
        ("username", SANDBOX.user()),
    ];
    assert_eq!(user(&SANDBOX, &options).unwrap(), SANDBOX.user());
}

#[test]
fn aws_secrets_are_refused_in_a_uri_under_every_name_and_not_repeated() {
    for spec in database_options().filter(|spec| spec.is_secret() && spec.key != options::PASSWORD) {
        for name in spec.aliases.iter().chain([&spec.key, &spec.short_name()]) {
            let uri = format!("redshift://localhost/dev?{name}={PLANTED}");
            let error = database(&[("uri", &uri)]).err().expect("a secret is refused");
            assert_eq!(error.status, Status::InvalidArguments, "{name}: {error}");
            assert!(!format!("{error:?}").contains(PLANTED), "{name}: {error}");
        }
    }
}

#[test]
fn no_secret_is_read_back() {
    for spec in database_options().filter(|spec| spec.is_secret()) {
        let database =
            database(&[(spec.key, PLANTED)]).unwrap_or_else(|error| panic!("{}: {error}", spec.key));
        let error = database.get_option_string(OptionDatabase::from(spec.key)).unwrap_err();
        assert_eq!(error.status, Status::NotFound, "{}: {error}", spec.key);
        assert!(!format!("{error:?}").contains(PLANTED), "{error}");
    }
}

#[test]
fn planted_aws_secrets_are_in_no_error_of_a_login() {
    let region = SANDBOX.aws().region();
    let [_, (_, access_key_id), _] = keys(&SANDBOX);
    let options = [
        cluster(&SANDBOX),
        ("username", SANDBOX.user()),
        ("adbc.redshift.aws.region", region),
        ("adbc.redshift.aws.access_key_id", access_key_id.as_str()),
        ("adbc.redshift.aws.secret_access_key", PLANTED),
        ("adbc.redshift.aws.session_token", "planted-token"),
    ];
    let error = user(&SANDBOX, &options).unwrap_err();
    assert_eq!(error.status, Status::Unauthenticated, "{error}");
    let everything = format!("{error:?}");
    assert!(!everything.contains(PLANTED) && !everything.contains("planted-token"), "{error}");
}

/// Runs the login on many threads that start together; every one must succeed.
fn at_once(login: impl Fn() -> Result<String> + Sync) {
    let barrier = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    login()
                })
            })
            .collect();
        for thread in threads {
            thread.join().expect("no login panics").expect("every login succeeds");
        }
    });
}

#[test]
fn connections_opened_at_once_share_one_fetch_of_credentials() {
    let sandbox = sandbox(SandboxConfig::default());
    at_once(|| with_keys(&sandbox, &[cluster(&sandbox), ("username", sandbox.user())]));
    assert_eq!(sandbox.aws().requests_of("GetClusterCredentials").len(), 1);
}

#[test]
fn connections_opened_at_once_share_one_sign_in() {
    let sandbox = sandbox(SandboxConfig { approve_sso: true, ..SandboxConfig::default() });
    at_once(|| typed_sso(&sandbox, &[cluster(&sandbox), ("username", sandbox.user())]));
    for operation in
        ["StartDeviceAuthorization", "CreateToken", "GetRoleCredentials", "GetClusterCredentials"]
    {
        assert_eq!(sandbox.aws().requests_of(operation).len(), 1, "{operation}");
    }
}
