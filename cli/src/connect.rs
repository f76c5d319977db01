//! From the command line to a database and a connection of the driver.
//!
//! Profile, URI, environment and single options are put together here, and an interrupt reaches the connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use adbc_core::options::OptionValue;
use adbc_driver_redshift::adbc::{Connection, Database, options};

use crate::arguments::ConnectionArguments;
use crate::connection_profile;
use crate::failure::{Failure, Result};

/// What a short name leaves out.
const PREFIX: &str = "adbc.redshift.";

/// Options in the order in which they are set: a later one beats an earlier one of the same key.
pub(crate) type Options = Vec<(String, OptionValue)>;

/// The options that the command line amounts to.
pub(crate) fn options(arguments: &ConnectionArguments) -> Result<Options> {
    let mut all = Options::new();
    if let Some(profile) = &arguments.profile {
        all.extend(connection_profile::load(profile)?);
    }
    if let Some(uri) = &arguments.uri {
        all.push((options::URI.to_owned(), uri.as_str().into()));
    }
    if let Some(password) = &arguments.password {
        all.push((options::PASSWORD.to_owned(), password.as_str().into()));
    }
    all.extend(arguments.options.iter().map(|(name, value)| (key(name), value.as_str().into())));
    Ok(all)
}

/// The key of an option that may be given by its short name. An unknown name is left to the driver to refuse: in full, if
/// it has a group, so that the driver knows the nearest one.
pub(crate) fn key(name: &str) -> String {
    match options::find(name).or_else(|| options::find_parameter(name)) {
        Some(spec) => spec.key.to_owned(),
        None if has_group(name) => format!("{PREFIX}{name}"),
        None => name.to_owned(),
    }
}

fn has_group(name: &str) -> bool {
    let group = |name: &str| name.split_once('.').map(|(group, _)| group.to_owned());
    let mut groups = options::TABLE.iter().filter_map(|spec| spec.key.strip_prefix(PREFIX).and_then(group));
    group(name).is_some_and(|wanted| groups.any(|known| known == wanted))
}

/// A database with these options.
pub(crate) fn database(options: &[(String, OptionValue)]) -> Result<Arc<Database>> {
    let database = Database::new();
    for (key, value) in options {
        database.set_option(key, value.clone())?;
    }
    database.init()?;
    Ok(Arc::new(database))
}

/// An open connection, which an interrupt cancels.
pub(crate) fn connection(database: &Arc<Database>) -> Result<Arc<Connection>> {
    let connection = Arc::new(Connection::new());
    cancel_on_interrupt(&connection)?;
    connection.init(database)?;
    Ok(connection)
}

/// The first interrupt cancels what runs; a second one, or one while nothing runs, ends the program.
fn cancel_on_interrupt(connection: &Arc<Connection>) -> Result<()> {
    let connection = Arc::downgrade(connection);
    let interrupted = AtomicBool::new(false);
    ctrlc::set_handler(move || {
        let again = interrupted.swap(true, Ordering::Relaxed);
        let cancelled = connection.upgrade().is_some_and(|connection| connection.cancel().is_ok());
        if again || !cancelled {
            std::process::exit(130);
        }
    })
    .map_err(Failure::told)
}
