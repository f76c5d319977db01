//! Whose files of `~/.aws/sso/cache` are used, and whose they are afterwards.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use sha1::Digest;

use super::super::{Error, ErrorKind, Flow};
use super::server::Server;
use super::sign_in::{device_rule, role_rules, token_rule, typed};
use super::{Home, PLANTED, full_text, log_in, make, no_browser};

/// Users that own nothing else here.
const PERSON: u32 = 65_533;
const STRANGER: u32 = 65_534;

/// The token file of the portal, below the home.
fn token_file(server: &Server) -> String {
    let name = sha1::Sha1::digest(format!("{}/start", server.url()));
    format!(".aws/sso/cache/{name:x}.json")
}

fn write_token(home: &Home, server: &Server) -> PathBuf {
    let token = format!(r#"{{"accessToken": "{PLANTED}-cached", "expiresAt": "2096-01-01T00:00:00Z"}}"#);
    home.write(&token_file(server), &token);
    home.path().join(token_file(server))
}

/// Gives a file or folder of the home away; `false` where this user cannot.
fn give(home: &Home, path: &str, owner: u32) -> bool {
    let given = chown(home.path().join(path), Some(owner), Some(owner)).is_ok();
    if !given {
        eprintln!("SKIPPED (needs root to give a file away)");
    }
    given
}

async fn log_in_by(flow: Flow, home: &Home, server: &Server) -> Result<(), Error> {
    let provider = make(typed(server, flow), home.environment(server, no_browser)).unwrap();
    log_in(&*provider).await.map(|_| ())
}

async fn refusal(home: &Home, server: &Server) -> String {
    let error = log_in_by(Flow::CachedOnly, home, server).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert!(server.requests().is_empty());
    full_text(&error)
}

#[tokio::test]
async fn a_symlinked_cache_file_is_refused_and_untouched() {
    let (server, home) = (Server::start(Vec::new()).await, Home::new());
    home.write("elsewhere.json", "{}");
    home.write(".aws/sso/cache/other.json", "{}");
    symlink(home.path().join("elsewhere.json"), home.path().join(token_file(&server))).unwrap();
    assert!(refusal(&home, &server).await.contains("symbolic link"));
    assert_eq!(std::fs::read_to_string(home.path().join("elsewhere.json")).unwrap(), "{}");
}

#[tokio::test]
async fn a_cache_file_of_another_user_is_neither_read_nor_replaced() {
    let (server, home) = (Server::start(Vec::new()).await, Home::new());
    let path = write_token(&home, &server);
    let before = std::fs::read_to_string(&path).unwrap();
    if !give(&home, &token_file(&server), STRANGER) {
        return;
    }
    assert!(refusal(&home, &server).await.contains("belongs to another user"));
    if give(&home, ".aws", PERSON) {
        assert!(refusal(&home, &server).await.contains("belongs to another user"));
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), before);
}

#[tokio::test]
async fn root_uses_the_token_of_the_person_whose_folder_is_mounted() {
    let (server, home) = (Server::start(role_rules()).await, Home::new());
    write_token(&home, &server);
    if give(&home, ".aws", PERSON) && give(&home, &token_file(&server), PERSON) {
        log_in_by(Flow::CachedOnly, &home, &server).await.unwrap();
    }
}

#[tokio::test]
async fn what_root_writes_into_a_mounted_folder_stays_the_persons() {
    let (server, home) = (Server::start(role_rules()).await, Home::new());
    server.add(device_rule(&server));
    server.add(token_rule());
    home.write(".aws/config", "");
    if !give(&home, ".aws", PERSON) {
        return;
    }
    log_in_by(Flow::Device, &home, &server).await.unwrap();
    let looks = |path: &Path| {
        let metadata = std::fs::metadata(path).unwrap();
        (metadata.uid(), metadata.gid(), metadata.permissions().mode() & 0o777)
    };
    let cache = home.path().join(".aws/sso/cache");
    for folder in [cache.parent().unwrap(), &cache] {
        assert_eq!(looks(folder), (PERSON, PERSON, 0o700));
    }
    let files: Vec<_> = std::fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 2, "token and registration: {files:?}");
    assert!(files.iter().all(|file| looks(file) == (PERSON, PERSON, 0o600)));
}
