//! Keeps what the driver says about its steps while it connects.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::{Layer, Registry};

use crate::failure::{Failure, Result};

/// One event, its fields as texts.
#[derive(Clone, Debug, Default)]
pub(super) struct Event(BTreeMap<&'static str, String>);

impl Event {
    /// The text of a field; empty without it.
    pub(super) fn field(&self, name: &str) -> &str {
        self.0.get(name).map(String::as_str).unwrap_or_default()
    }
}

impl Visit for Event {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

/// The events of this process, as they come.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch(Arc<Mutex<Vec<Event>>>);

impl Watch {
    /// Starts to watch.
    pub(super) fn start() -> Result<Self> {
        let watch = Self::default();
        let subscriber = Registry::default().with(watch.clone());
        tracing::subscriber::set_global_default(subscriber).map_err(Failure::told)?;
        Ok(watch)
    }

    /// The driver's events so far.
    pub(super) fn events(&self) -> Vec<Event> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl<S: tracing::Subscriber> Layer<S> for Watch {
    fn on_event(&self, event: &tracing::Event<'_>, _context: Context<'_, S>) {
        if event.metadata().target().starts_with("adbc_driver_redshift") {
            let mut kept = Event::default();
            event.record(&mut kept);
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(kept);
        }
    }
}
