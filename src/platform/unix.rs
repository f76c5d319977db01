//! Unix: Linux, which is tested, and macOS, which is not.
//!
//! Invariant: what is made here can be read by its owner only.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::net::TcpStream;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, fchown};
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::process::geteuid;
use socket2::SockRef;

/// Programs that open an address in the person's browser, the best first.
pub(crate) const BROWSERS: &[(&str, &[&str])] = if cfg!(target_os = "macos") {
    &[("/usr/bin/open", &[])]
} else {
    &[("xdg-open", &[]), ("sensible-browser", &[]), ("x-www-browser", &[]), ("gnome-open", &[])]
};

/// Environment variable with the person's folder, for where `HOME` is not set.
pub(crate) const HOME_VARIABLE: &str = "HOME";

/// Whether windows can be shown; `variable` tells whether an environment variable is set.
pub(crate) fn has_display(variable: impl Fn(&str) -> bool) -> bool {
    cfg!(target_os = "macos") || variable("DISPLAY") || variable("WAYLAND_DISPLAY")
}

/// Opens a file for appending; a new one is for its owner alone.
pub(crate) fn append_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

/// Makes a folder and those above it, for their owner alone: see [`give_to_owner_of`].
pub(crate) fn create_private_folder(path: &Path) -> io::Result<()> {
    let Some(above) = path.parent().filter(|_| !path.is_dir()) else { return Ok(()) };
    create_private_folder(above)?;
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        made => made?,
    }
    let only_this = (OFlags::NOFOLLOW | OFlags::DIRECTORY).bits();
    let made = OpenOptions::new().read(true).custom_flags(only_this.cast_signed()).open(path)?;
    give_to_owner_of(above, &made)
}

/// Gives what the superuser made in somebody's folder to that somebody, who could not use it otherwise. What others
/// make is theirs.
pub(crate) fn give_to_owner_of(folder: &Path, made: &File) -> io::Result<()> {
    if !geteuid().is_root() {
        return Ok(());
    }
    let folder = fs::metadata(folder)?;
    if folder.uid() == made.metadata()?.uid() {
        Ok(())
    } else {
        fchown(made, Some(folder.uid()), Some(folder.gid()))
    }
}

/// Whether a file belongs to somebody whom this process does not act for: it acts for its own user, and the superuser
/// for the owner of `home` as well, as in a container that a person's folder is mounted into.
pub(crate) fn is_foreign(file: &Metadata, home: &Path) -> bool {
    let user = geteuid();
    let owns_home = || fs::metadata(home).is_ok_and(|home| home.uid() == file.uid());
    file.uid() != user.as_raw() && !(user.is_root() && owns_home())
}

/// Limits how long sent bytes may stay unacknowledged before the connection counts as lost, where the system can.
pub(crate) fn limit_unacknowledged(socket: &SockRef<'_>, limit: Duration) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(limit))?;
    #[cfg(not(target_os = "linux"))]
    let _ = (socket, limit);
    Ok(())
}

/// Whether a read would not block, now or within the time.
pub(crate) fn readable_within(stream: &TcpStream, limit: Duration) -> bool {
    let mut waiting = [PollFd::new(stream, PollFlags::IN)];
    Timespec::try_from(limit).is_ok_and(|limit| matches!(poll(&mut waiting, Some(&limit)), Ok(1)))
}
