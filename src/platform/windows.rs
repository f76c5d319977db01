//! Windows, written from documentation and not run yet.
//!
//! Invariant: what is made here takes the rights of its folder, which in a user's profile are the user's own.

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::SockRef;

/// Programs that open an address in the person's browser, the best first.
pub(crate) const BROWSERS: &[(&str, &[&str])] = &[("rundll32", &["url.dll,FileProtocolHandler"])];

/// Environment variable with the person's folder, for where `HOME` is not set.
pub(crate) const HOME_VARIABLE: &str = "USERPROFILE";

/// Whether windows can be shown; `variable` tells whether an environment variable is set.
pub(crate) fn has_display(variable: impl Fn(&str) -> bool) -> bool {
    let _ = variable;
    true
}

/// Opens a file for appending; a new one is for its owner alone.
pub(crate) fn append_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

/// Makes a folder and those above it, for their owner alone: see [`give_to_owner_of`].
pub(crate) fn create_private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(path)
}

/// Gives what was made in somebody's folder to that somebody, who gets the rights to it from the folder already.
pub(crate) fn give_to_owner_of(folder: &Path, made: &File) -> io::Result<()> {
    let _ = (folder, made);
    Ok(())
}

/// Whether a file belongs to somebody whom this process does not act for.
pub(crate) fn is_foreign(file: &Metadata, home: &Path) -> bool {
    let _ = (file, home);
    false
}

/// Limits how long sent bytes may stay unacknowledged before the connection counts as lost, where the system can.
pub(crate) fn limit_unacknowledged(socket: &SockRef<'_>, limit: Duration) -> io::Result<()> {
    let _ = (socket, limit);
    Ok(())
}

/// Whether a read would not block, now or within the time.
pub(crate) fn readable_within(stream: &TcpStream, limit: Duration) -> bool {
    let mut waiting = [PollFd::new(stream, PollFlags::IN)];
    Timespec::try_from(limit).is_ok_and(|limit| matches!(poll(&mut waiting, Some(&limit)), Ok(1)))
}
