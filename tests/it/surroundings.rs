//! What the surroundings of a process decide: proxies, AWS credentials from outside profiles, and what a login leaves
//! behind in files and on standard error.
//!
//! Variables belong to a whole process, so each login here runs in a child: this test binary, started again for the one
//! test that logs in as its variables say. The child's HOME and TMPDIR are its own.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use redshift_sandbox::{BlockingSandbox, SandboxConfig};
use tempfile::TempDir;

use crate::logins;
use crate::support::{Options, query, sandbox, try_connect};

/// Holds the child's options, a `key=value` per line.
const OPTIONS: &str = "LOGIN_CHILD_OPTIONS";

static CLUSTER: LazyLock<BlockingSandbox> =
    LazyLock::new(|| sandbox(SandboxConfig { approve_sso: true, ..SandboxConfig::default() }));

/// What a child did.
struct Outcome {
    /// The database user, or the error with its status and Debug.
    result: Result<String, String>,
    stderr: String,
    home: TempDir,
}

impl Outcome {
    fn user(&self) -> &str {
        self.result.as_deref().unwrap_or_else(|error| panic!("{error}\n{}", self.stderr))
    }

    fn error(&self) -> &str {
        self.result.as_ref().expect_err("the login fails")
    }
}

/// The login of a child; a parent's run of it does nothing.
#[test]
fn child() {
    let Ok(lines) = std::env::var(OPTIONS) else { return };
    let options: Vec<_> = lines.lines().map(|line| line.split_once('=').unwrap()).collect();
    let text = match try_connect("redshift://", &options) {
        Ok(mut connection) => {
            let (_, batches) = query(&mut connection, "SELECT current_user::VARCHAR(128)");
            let user = arrow_array::cast::AsArray::as_string::<i32>(batches[0].column(0)).value(0).to_owned();
            format!("user {user}")
        }
        Err(error) => format!("error {:?}: {} {error:?}", error.status, error.message),
    };
    let result = Path::new(&std::env::var("HOME").unwrap()).join("result");
    std::fs::write(result, text).unwrap();
}

fn log_in(variables: &[(&str, &str)], options: &[(&str, &str)]) -> Outcome {
    let home = tempfile::tempdir().unwrap();
    let lines: Vec<_> = options.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "surroundings::child", "--nocapture"]).env_clear();
    for inherited in ["PATH", "LD_LIBRARY_PATH"] {
        if let Some(value) = std::env::var_os(inherited) {
            command.env(inherited, value);
        }
    }
    command.env("HOME", home.path()).env("TMPDIR", home.path()).env("AWS_MAX_ATTEMPTS", "1");
    let output = command.env(OPTIONS, lines.join("\n")).envs(variables.iter().copied()).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let result = home.path().join("result");
    let text = std::fs::read_to_string(&result).unwrap_or_else(|error| panic!("{error}: {stderr}"));
    std::fs::remove_file(result).unwrap();
    let result = match text.split_once(' ').unwrap() {
        ("user", user) => Ok(user.to_owned()),
        (_, error) => Err(error.to_owned()),
    };
    Outcome { result, stderr, home }
}

/// The options of a login to the cluster whose AWS credentials come from elsewhere.
fn with_target(more: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut options = vec![("adbc.redshift.auth.method", "iam"), logins::cluster(&CLUSTER)];
    options.push(("adbc.redshift.aws.region", CLUSTER.aws().region()));
    options.extend(more);
    logins::with_common(&CLUSTER, &options)
}

fn log_in_to_target(variables: &[(&str, &str)], more: &[(&str, &str)]) -> Outcome {
    let options = with_target(more);
    let options: Vec<_> = options.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    log_in(variables, &options)
}

fn with_keys_to_target(variables: &[(&str, &str)], more: &[(&str, &str)]) -> Outcome {
    let keys = logins::keys(&CLUSTER);
    let mut options: Vec<_> = keys.iter().skip(1).map(|(key, value)| (*key, value.as_str())).collect();
    options.extend(more);
    log_in_to_target(variables, &options)
}

/// A server that hands each connection with its request head to `answer`; it ends with the test process.
fn serve(answer: impl Fn(&str, TcpStream) + Send + Sync + 'static) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let heads = Arc::<Mutex<Vec<String>>>::default();
    let (recorded, answer) = (Arc::clone(&heads), Arc::new(answer));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, recorded, answer) =
                (stream.unwrap(), Arc::clone(&recorded), Arc::clone(&answer));
            std::thread::spawn(move || {
                stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
                let request = read_request(&mut stream);
                recorded.lock().unwrap().push(request.split("\r\n\r\n").next().unwrap().to_owned());
                answer(&request, stream);
            });
        }
    });
    (url, heads)
}

/// Head and body.
fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let count = stream.read(&mut chunk).unwrap_or(0);
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let length = text
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map_or(0, |(_, value)| value.trim().parse::<usize>().unwrap());
        let complete = text.split_once("\r\n\r\n").is_some_and(|(_, body)| body.len() >= length);
        if complete || count == 0 {
            return text;
        }
    }
}

fn reply(mut stream: TcpStream, status: u16, headers: &str, body: &str) {
    let length = body.len();
    let text = format!(
        "HTTP/1.1 {status} Scripted\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}"
    );
    // A client that went away is its own problem.
    let _ = stream.write_all(text.as_bytes());
}

/// A proxy: it passes plain requests on, and refuses tunnels.
fn proxy() -> (String, Arc<Mutex<Vec<String>>>) {
    serve(|request, mut stream| {
        let (method, rest) = request.split_once(' ').unwrap();
        let Some(rest) = rest.strip_prefix("http://") else {
            return reply(stream, 403, "", "no tunnel");
        };
        let (authority, path) = rest.split_once('/').unwrap();
        let mut server = TcpStream::connect(authority).unwrap();
        let (line, headers) = path.split_once("\r\n").unwrap();
        write!(server, "{method} /{line}\r\nConnection: close\r\n{headers}").unwrap();
        // Either end may go away first.
        let _ = std::io::copy(&mut server, &mut stream);
    })
}

fn heads(heads: &Mutex<Vec<String>>) -> Vec<String> {
    heads.lock().unwrap().clone()
}

#[test]
fn the_browser_is_started_with_the_address_as_its_one_argument() {
    let folder = tempfile::tempdir().unwrap();
    let browser = folder.path().join("a browser; echo");
    std::fs::write(&browser, "#!/bin/sh\nprintf '%s\\n' \"$#\" \"$@\" >\"$HOME/opened\"\n").unwrap();
    std::fs::set_permissions(&browser, std::fs::Permissions::from_mode(0o700)).unwrap();
    let aws = CLUSTER.aws();
    let start_url = aws.sso_start_url();
    let outcome = log_in_to_target(
        &[("BROWSER", browser.to_str().unwrap())],
        &[
            ("adbc.redshift.auth.method", "sso"),
            ("adbc.redshift.sso.start_url", &start_url),
            ("adbc.redshift.sso.region", aws.sso_region()),
            ("adbc.redshift.sso.account_id", aws.sso_account_id()),
            ("adbc.redshift.sso.role_name", aws.sso_role_name()),
            ("adbc.redshift.sso.flow", "auto"),
            ("adbc.redshift.sso.open_browser", "auto"),
            ("adbc.redshift.sso.timeout_seconds", "2"),
        ],
    );
    assert!(outcome.error().starts_with("Timeout"), "{}", outcome.error());
    let opened = std::fs::read_to_string(outcome.home.path().join("opened")).unwrap();
    let (count, address) = opened.trim_end().split_once('\n').unwrap();
    assert_eq!(count, "1");
    assert!(address.contains("/authorize?") && address.contains("&code_challenge="), "{address}");
    assert!(outcome.stderr.contains(address), "{}", outcome.stderr);
}

#[test]
fn the_proxy_option_carries_every_call_and_logs_in_to_the_proxy() {
    let (proxy, seen) = proxy();
    let with_login = proxy.replace("http://", "http://walter:pl4nted-s3cret@");
    let outcome = with_keys_to_target(&[], &[("adbc.redshift.aws.proxy_url", &with_login)]);
    assert_eq!(outcome.user(), "IAM:sandbox-user");
    let seen = heads(&seen);
    assert_eq!(seen.len(), 2, "DescribeClusters and GetClusterCredentialsWithIAM: {seen:#?}");
    for head in seen {
        assert!(head.starts_with(&format!("POST {}", CLUSTER.aws().aws_endpoint_url())), "{head}");
        assert!(head.to_lowercase().contains("proxy-authorization: basic"), "{head}");
    }
}

#[test]
fn a_proxy_in_parts_as_the_odbc_driver_takes_it_carries_every_call_and_logs_in() {
    let (proxy, seen) = proxy();
    let port = proxy.rsplit(':').next().unwrap();
    let uri = format!(
        "redshift:///dev?https_proxy_host=127.0.0.1&https_proxy_port={port}&https_proxy_username=walter"
    );
    let password = ("adbc.redshift.aws.proxy_password", "pl4nted-s3cret");
    let outcome = with_keys_to_target(&[], &[("uri", &uri), password]);
    assert_eq!(outcome.user(), "IAM:sandbox-user");
    let seen = heads(&seen);
    assert_eq!(seen.len(), 2, "DescribeClusters and GetClusterCredentialsWithIAM: {seen:#?}");
    // walter:pl4nted-s3cret
    let login = "Basic d2FsdGVyOnBsNG50ZWQtczNjcmV0";
    assert!(seen.iter().all(|head| head.contains(login)), "{seen:#?}");
}

#[test]
fn a_proxy_that_is_named_twice_or_in_part_is_refused_before_anything_is_sent() {
    let whole = ("adbc.redshift.aws.proxy_url", "http://walter:pl4nted-s3cret@127.0.0.1:9");
    let host = ("adbc.redshift.aws.proxy_host", "127.0.0.1");
    let port = ("adbc.redshift.aws.proxy_port", "9");
    let password = ("adbc.redshift.aws.proxy_password", "pl4nted-s3cret");
    let cases: [(Options<'_>, &str, &str); 5] = [
        (&[whole, host, port], "aws.proxy_url", "aws.proxy_host"),
        (&[host], "aws.proxy_host", "'adbc.redshift.aws.proxy_port' is not set"),
        (&[port], "aws.proxy_port", "'adbc.redshift.aws.proxy_host' is not set"),
        (&[host, port, password], "aws.proxy_host", "'adbc.redshift.aws.proxy_username' is not set"),
        (
            &[("adbc.redshift.aws.proxy_host", "http://127.0.0.1"), port],
            "aws.proxy_host",
            "without 'http://'",
        ),
    ];
    for (options, one, other) in cases {
        let outcome = with_keys_to_target(&[], options);
        let error = outcome.error();
        assert!(error.starts_with("InvalidArguments"), "{error}");
        assert!(error.contains(one) && error.contains(other), "{error}");
        assert!(!error.contains("pl4nted") && !outcome.stderr.contains("pl4nted"), "{error}");
    }
}

#[test]
fn the_proxy_of_the_environment_is_used_unless_no_proxy_excepts_the_host() {
    for (no_proxy, calls) in [("", 2), ("127.0.0.1", 0), ("localhost,127.0.0.0/8", 0)] {
        let (proxy, seen) = proxy();
        let variables = [("HTTP_PROXY", proxy.as_str()), ("NO_PROXY", no_proxy)];
        assert_eq!(with_keys_to_target(&variables, &[]).user(), "IAM:sandbox-user");
        assert_eq!(heads(&seen).len(), calls, "NO_PROXY={no_proxy}: {:#?}", heads(&seen));
    }
}

#[test]
fn no_proxy_excepts_hosts_from_the_proxy_option_too() {
    let (proxy, seen) = proxy();
    let outcome =
        with_keys_to_target(&[("NO_PROXY", "127.0.0.1")], &[("adbc.redshift.aws.proxy_url", &proxy)]);
    assert_eq!(outcome.user(), "IAM:sandbox-user");
    assert!(heads(&seen).is_empty());
}

#[test]
fn calls_to_aws_itself_go_through_a_tunnel_of_the_https_proxy() {
    let (proxy, seen) = proxy();
    let with_login = proxy.replace("http://", "http://walter:pl4nted-s3cret@");
    let outcome = with_keys_to_target(
        &[("HTTPS_PROXY", &with_login)],
        // An empty endpoint leaves AWS's own.
        &[("adbc.redshift.aws.endpoint_url", ""), ("adbc.redshift.target.host", "localhost")],
    );
    let error = outcome.error();
    assert!(error.starts_with("IO") && error.contains("HTTPS_PROXY"), "{error}");
    assert!(!error.contains("pl4nted") && !outcome.stderr.contains("pl4nted"), "{error} {}", outcome.stderr);
    let seen = heads(&seen);
    assert!(seen[0].starts_with("CONNECT redshift.us-east-1.amazonaws.com:443 "), "{seen:#?}");
    assert!(seen[0].to_lowercase().contains("proxy-authorization: basic"), "{seen:#?}");
}

#[test]
fn a_proxy_that_is_not_there_is_named_as_what_to_check() {
    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let outcome = with_keys_to_target(&[], &[("adbc.redshift.aws.proxy_url", &format!("http://{unused}"))]);
    assert!(outcome.error().starts_with("IO"), "{}", outcome.error());
    assert!(outcome.error().contains("HTTPS_PROXY"), "{}", outcome.error());
}

#[test]
fn keys_of_the_environment_log_in_and_a_half_of_them_is_named() {
    let aws = CLUSTER.aws();
    let (id, secret) = (aws.access_key_id(), aws.secret_access_key());
    let keys = [("AWS_ACCESS_KEY_ID", id.as_str()), ("AWS_SECRET_ACCESS_KEY", secret.as_str())];
    assert_eq!(log_in_to_target(&keys, &[]).user(), "IAM:sandbox-user");
    let source = ("adbc.redshift.aws.credential_source", "env");
    assert_eq!(log_in_to_target(&keys, &[source]).user(), "IAM:sandbox-user");
    let half = log_in_to_target(&keys[..1], &[]);
    assert!(half.error().contains("AWS_SECRET_ACCESS_KEY"), "{}", half.error());
}

#[test]
fn a_web_identity_logs_in_at_the_endpoint_of_the_option() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, format!("{}\n", CLUSTER.aws().web_identity_token())).unwrap();
    let role = CLUSTER.aws().role_arn();
    let variables =
        [("AWS_WEB_IDENTITY_TOKEN_FILE", token.to_str().unwrap()), ("AWS_ROLE_ARN", role.as_str())];
    for source in ["auto", "web_identity"] {
        let outcome = log_in_to_target(&variables, &[("adbc.redshift.aws.credential_source", source)]);
        assert_eq!(outcome.user(), "IAMR:sandbox-role");
    }
    std::fs::write(&token, "pl4nted-s3cret").unwrap();
    let forged = log_in_to_target(&variables, &[]);
    assert!(forged.error().starts_with("Unauthenticated"), "{}", forged.error());
    assert!(forged.error().contains("web identity token"), "{}", forged.error());
    assert!(!forged.error().contains("pl4nted"), "{}", forged.error());
    std::fs::remove_file(&token).unwrap();
    let missing = log_in_to_target(&variables, &[]);
    assert!(missing.error().contains("cannot be read"), "{}", missing.error());
}

#[test]
fn a_profile_with_a_web_identity_logs_in() {
    let folder = tempfile::tempdir().unwrap();
    let (token, config) = (folder.path().join("token"), folder.path().join("config"));
    std::fs::write(&token, CLUSTER.aws().web_identity_token()).unwrap();
    let text = format!(
        "[profile pod]\nrole_arn = {}\nweb_identity_token_file = {}\n",
        CLUSTER.aws().role_arn(),
        token.display()
    );
    std::fs::write(&config, text).unwrap();
    let outcome = log_in_to_target(
        &[],
        &[("adbc.redshift.aws.config_file", config.to_str().unwrap()), ("adbc.redshift.aws.profile", "pod")],
    );
    assert_eq!(outcome.user(), "IAMR:sandbox-role");
}

/// The endpoint of a container's credentials, and that of an instance, which wants a token first.
fn metadata() -> (String, Arc<Mutex<Vec<String>>>) {
    serve(|request, stream| {
        let folder = "/latest/meta-data/iam/security-credentials/";
        let has_token = request.to_lowercase().contains("x-aws-ec2-metadata-token: instance-token");
        let line = request.lines().next().unwrap();
        match line.split(' ').nth(1).unwrap() {
            "/container" if request.contains("container-token") => {
                reply(stream, 200, "", &CLUSTER.aws().workload_credentials());
            }
            "/latest/api/token" if line.starts_with("PUT") => {
                reply(stream, 200, "x-aws-ec2-metadata-token-ttl-seconds: 21600\r\n", "instance-token");
            }
            path if path == folder && has_token => reply(stream, 200, "", "sandbox-role"),
            path if path == format!("{folder}sandbox-role") && has_token => {
                reply(stream, 200, "", &CLUSTER.aws().workload_credentials());
            }
            _ => reply(stream, 401, "", "refused"),
        }
    })
}

#[test]
fn a_container_and_an_instance_log_in_with_their_role_and_past_any_proxy() {
    let (metadata, seen) = metadata();
    let container = format!("{metadata}/container");
    let (proxy, _) = proxy();
    let instance = [
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.as_str()),
        ("HTTP_PROXY", proxy.as_str()),
        ("NO_PROXY", "no.such.host"),
    ];
    let container = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.as_str()),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "container-token"),
        ("HTTP_PROXY", proxy.as_str()),
        ("NO_PROXY", "no.such.host"),
    ];
    for (variables, source) in
        [(&instance[..], "auto"), (&instance, "imds"), (&container, "auto"), (&container, "ecs")]
    {
        let outcome = log_in_to_target(variables, &[("adbc.redshift.aws.credential_source", source)]);
        assert_eq!(outcome.user(), "IAMR:sandbox-role", "{source}");
    }
    assert!(heads(&seen).iter().all(|head| !head.contains(" http://")), "{:#?}", heads(&seen));
}

#[test]
fn credential_source_of_a_profile_names_its_source() {
    let (metadata, _) = metadata();
    let container = format!("{metadata}/container");
    let aws = CLUSTER.aws();
    let (id, secret) = (aws.access_key_id(), aws.secret_access_key());
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    for (source, variables) in [
        ("Environment", [("AWS_ACCESS_KEY_ID", id.as_str()), ("AWS_SECRET_ACCESS_KEY", secret.as_str())]),
        (
            "Ec2InstanceMetadata",
            [("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.as_str()), ("AWS_EC2_METADATA_DISABLED", "")],
        ),
        (
            "EcsContainer",
            [
                ("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.as_str()),
                ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "container-token"),
            ],
        ),
    ] {
        let text = format!("[profile role]\nrole_arn = {}\ncredential_source = {source}\n", aws.role_arn());
        std::fs::write(&config, text).unwrap();
        let outcome = log_in_to_target(
            &variables,
            &[
                ("adbc.redshift.aws.config_file", config.to_str().unwrap()),
                ("adbc.redshift.aws.profile", "role"),
            ],
        );
        assert_eq!(outcome.user(), "IAMR:sandbox-role", "{source}");
    }
}

#[test]
fn without_any_aws_credentials_the_sources_tried_are_named() {
    let outcome = log_in_to_target(&[("AWS_EC2_METADATA_DISABLED", "true")], &[]);
    assert!(outcome.error().starts_with("Unauthenticated"), "{}", outcome.error());
    for source in ["environment", "web identity", "container", "instance", "aws.profile"] {
        assert!(outcome.error().contains(source), "{}", outcome.error());
    }
}

/// Every file below a folder, with its text.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            found.push((path.display().to_string(), text));
        }
    }
    found
}

#[test]
fn no_method_leaves_a_secret_in_a_file_an_error_or_on_standard_error() {
    let aws = CLUSTER.aws();
    let (id, secret, start_url) = (aws.access_key_id(), aws.secret_access_key(), aws.sso_start_url());
    let (port, user, password) = (CLUSTER.port().to_string(), CLUSTER.user(), CLUSTER.password());
    let keys =
        [("adbc.redshift.aws.access_key_id", id.as_str()), ("adbc.redshift.aws.secret_access_key", &secret)];
    let sso = [
        ("adbc.redshift.auth.method", "sso"),
        ("adbc.redshift.sso.token_cache", "shared"),
        ("adbc.redshift.sso.start_url", start_url.as_str()),
        ("adbc.redshift.sso.region", aws.sso_region()),
        ("adbc.redshift.sso.account_id", aws.sso_account_id()),
        ("adbc.redshift.sso.role_name", aws.sso_role_name()),
    ];
    let by_password = [
        ("adbc.redshift.auth.method", "password"),
        ("adbc.redshift.target.host", "localhost"),
        ("adbc.redshift.target.port", &port),
        ("username", user),
        ("password", password),
    ];
    let serverless = [("adbc.redshift.target.serverless", "true")];
    let workgroup = ("adbc.redshift.target.cluster_identifier", aws.workgroup());
    let to_serverless = [&keys[..], &serverless, &[workgroup]].concat();
    let profile = [("adbc.redshift.aws.profile", "sandbox-keys")];
    let role = [("adbc.redshift.aws.profile", "sandbox-role")];
    let methods: [(&str, &[(&str, &str)]); 6] = [
        ("password", &by_password),
        ("keys", &keys),
        ("profile", &profile),
        ("role", &role),
        ("Serverless", &to_serverless),
        ("SSO", &sso),
    ];
    for (method, options) in methods {
        // Once as it should be, once with a certificate that cannot be verified, when everything was fetched.
        let unverifiable = [options, &[("adbc.redshift.tls.root_cert", "")]].concat();
        for (options, succeeds) in [(options.to_vec(), true), (unverifiable, false)] {
            let outcome = log_in_to_target(&[], &options);
            assert_eq!(outcome.result.is_ok(), succeeds, "{method}: {:?}", outcome.result);
            let mut texts = vec![
                ("standard error".to_owned(), outcome.stderr.clone()),
                ("the outcome".to_owned(), format!("{:?}", outcome.result)),
            ];
            texts.extend(files(outcome.home.path()));
            let issued = aws.credentials();
            let issued: Vec<_> = issued.all().into_iter().map(|issued| issued.password).collect();
            let secrets = issued.iter().map(String::as_str).chain([secret.as_str(), password]);
            for secret in secrets {
                for (place, text) in &texts {
                    assert!(!text.contains(secret), "{method}: a secret is in {place}: {text}");
                }
            }
            let written = files(outcome.home.path());
            let expected = if method == "SSO" { "/.aws/sso/cache/" } else { "nowhere" };
            for (path, _) in &written {
                assert!(path.contains(expected), "{method} wrote {path}");
                use std::os::unix::fs::PermissionsExt as _;
                assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600, "{path}");
            }
            assert_eq!(written.is_empty(), method != "SSO", "{method}: {written:?}");
        }
    }
}
