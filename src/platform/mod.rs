//! What differs between operating systems: one file for Unix and one for Windows, with the same functions.
//!
//! Nothing else in the crate names an operating system or calls one past the standard library; a test checks that, and
//! that the two files are twins. It decides nothing: callers say what they want, the twins how it is done there.
//! The Windows twin and macOS are written from documentation and have not been run.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::{
    BROWSERS, HOME_VARIABLE, append_private, create_private_folder, give_to_owner_of, has_display,
    is_foreign, limit_unacknowledged, readable_within,
};
#[cfg(windows)]
pub(crate) use windows::{
    BROWSERS, HOME_VARIABLE, append_private, create_private_folder, give_to_owner_of, has_display,
    is_foreign, limit_unacknowledged, readable_within,
};
