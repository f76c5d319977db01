//! Writes a private HOME whose `.aws` holds a profile for each way to log in.
//!
//! Owns the two files; does not know who reads them. The invariant: a profile alone suffices, endpoint included,
//! and nobody but the owner can read the secrets.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use super::identity::ROLE_NAME;
use super::world::World;

/// Writes `.aws/config` and `.aws/credentials` below `home`.
pub(crate) fn write(world: &World, home: &Path) -> io::Result<()> {
    let folder = home.join(".aws");
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&folder)?;
    write_private(&folder.join("config"), &config(world))?;
    write_private(&folder.join("credentials"), &credentials(world))
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

fn config(world: &World) -> String {
    let config = &world.config;
    let common = format!("region = {}\nendpoint_url = {}\n", config.region, world.endpoint_url());
    let sso = format!("sso_start_url = {}\nsso_region = {}\n", world.start_url(), config.sso_region);
    let role = format!("sso_account_id = {}\nsso_role_name = {}\n", config.account_id, config.sso_role_name);
    format!(
        "[profile sandbox-keys]\n{common}\n\
         [profile sandbox-role]\nrole_arn = arn:aws:iam::{account}:role/{ROLE_NAME}\n\
         source_profile = sandbox-keys\n{common}\n\
         [profile sandbox-sso-legacy]\n{sso}{role}{common}\n\
         [profile sandbox-sso]\nsso_session = sandbox\n{role}{common}\n\
         [sso-session sandbox]\n{sso}sso_registration_scopes = sso:account:access\n",
        account = config.account_id,
    )
}

fn credentials(world: &World) -> String {
    format!(
        "[sandbox-keys]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        world.identities.access_key_id,
        world.identities.secret_access_key(),
    )
}
