//! Finds PostgreSQL's programs and the user to run them as.
//! Owns the search order; starts nothing.
//! Invariant: a `Binaries` names an `initdb` and a `postgres` of the same installation.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use nix::unistd::{Gid, Uid, User};

/// Names a folder that holds `initdb` and `postgres`.
const BIN_VARIABLE: &str = "REDSHIFT_SANDBOX_PG_BIN";

/// Where Debian and its derivatives put each major version.
const DEBIAN_ROOT: &str = "/usr/lib/postgresql";

/// The programs of one PostgreSQL installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Binaries {
    pub(super) initdb: PathBuf,
    pub(super) postgres: PathBuf,
}

impl Binaries {
    /// PATH, then Debian's folders from the newest version down, then the environment variable.
    pub(super) fn find() -> Result<Self> {
        let path = env::var_os("PATH").unwrap_or_default();
        let variable = env::var_os(BIN_VARIABLE).map(PathBuf::from);
        let folders = env::split_paths(&path).chain(debian_folders(Path::new(DEBIAN_ROOT))).chain(variable);
        first_complete(folders).with_context(|| {
            format!(
                "no PostgreSQL server found: looked for initdb and postgres in PATH and {DEBIAN_ROOT}/*/bin. \
                 Install one (Debian: apt-get install postgresql) or set {BIN_VARIABLE} to the folder that holds them"
            )
        })
    }
}

/// PostgreSQL refuses to run as root, so root lends it another user.
#[derive(Clone, Debug)]
pub(super) struct RunAs {
    pub(super) name: String,
    pub(super) uid: Uid,
    pub(super) gid: Gid,
}

impl RunAs {
    /// `None` when this process is not root and the engine may run as it does.
    pub(super) fn find() -> Result<Option<Self>> {
        if !nix::unistd::geteuid().is_root() {
            return Ok(None);
        }
        for name in ["postgres", "nobody"] {
            if let Some(user) =
                User::from_name(name).with_context(|| format!("cannot look up the user {name}"))?
            {
                return Ok(Some(Self { name: user.name, uid: user.uid, gid: user.gid }));
            }
        }
        bail!(
            "PostgreSQL does not run as root, and there is no user postgres or nobody to run it as; add one"
        )
    }
}

fn first_complete(folders: impl Iterator<Item = PathBuf>) -> Option<Binaries> {
    folders
        .map(|folder| Binaries { initdb: folder.join("initdb"), postgres: folder.join("postgres") })
        .find(|found| found.initdb.is_file() && found.postgres.is_file())
}

fn debian_folders(root: &Path) -> Vec<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir(root)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort_by(|left, right| right.cmp(left));
    versions.into_iter().map(|(_, folder)| folder).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installation(folder: &Path) {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join("initdb"), "").unwrap();
        fs::write(folder.join("postgres"), "").unwrap();
    }

    #[test]
    fn newest_debian_version_comes_first_by_number_not_by_text() {
        let root = tempfile::tempdir().unwrap();
        for version in ["9", "15", "17", "not-a-version"] {
            installation(&root.path().join(version).join("bin"));
        }
        let folders = debian_folders(root.path());
        let expected: Vec<_> = ["17", "15", "9"].iter().map(|v| root.path().join(v).join("bin")).collect();
        assert_eq!(folders, expected);
    }

    #[test]
    fn folder_with_only_one_of_the_programs_is_passed_over() {
        let root = tempfile::tempdir().unwrap();
        let (partial, complete) = (root.path().join("a"), root.path().join("b"));
        fs::create_dir(&partial).unwrap();
        fs::write(partial.join("initdb"), "").unwrap();
        installation(&complete);
        let found = first_complete([partial, complete.clone()].into_iter()).unwrap();
        assert_eq!(found.postgres, complete.join("postgres"));
    }
}
