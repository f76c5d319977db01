//! The log of the process: where the driver's events go, as the `adbc.redshift.log` options say.
//!
//! It makes no events; the other modules do, by `tracing`. There is one log for the process, because the runtime's
//! threads serve all databases: the database initialized last with a level decides. A Rust program that has a
//! subscriber of its own keeps it and gets the events there. Invariant: only this crate's events are written; those of
//! other crates, the AWS clients' above all, could hold what must not be kept.

use std::fmt::Debug;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};

use adbc_core::error::{Error, Result, Status};
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry, fmt, reload};

use super::options;
use crate::platform;

/// The crate's own events.
const TARGET: &str = "adbc_driver_redshift";

/// What is written, and where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LogSettings {
    pub(super) level: LevelFilter,
    /// Standard error when absent.
    pub(super) file: Option<PathBuf>,
    pub(super) json: bool,
}

type Output = Box<dyn Layer<Registry> + Send + Sync>;
type Filtered = tracing_subscriber::layer::Layered<reload::Layer<Option<Output>, Registry>, Registry>;

struct Log {
    filter: reload::Handle<Targets, Filtered>,
    output: reload::Handle<Option<Output>, Registry>,
}

/// Absent when the host program has a subscriber of its own.
static LOG: LazyLock<Option<Log>> = LazyLock::new(|| {
    let (output_layer, output) = reload::Layer::new(None);
    let (filter_layer, filter) = reload::Layer::new(Targets::new());
    let subscriber = Registry::default().with(output_layer).with(filter_layer);
    tracing::subscriber::set_global_default(subscriber).ok().map(|()| Log { filter, output })
});

/// Starts, changes or ends the log.
///
/// # Errors
///
/// `InvalidArguments` when the file cannot be opened.
pub(super) fn configure(settings: &LogSettings) -> Result<()> {
    let output = (settings.level != LevelFilter::OFF).then(|| output(settings)).transpose()?;
    let Some(log) = LOG.as_ref() else { return Ok(()) };
    let gone = |error: reload::Error| {
        Error::with_message_and_status(format!("the log cannot be changed: {error}"), Status::Internal)
    };
    log.output.reload(output).map_err(gone)?;
    log.filter.reload(Targets::new().with_target(TARGET, settings.level)).map_err(gone)
}

fn output(settings: &LogSettings) -> Result<Output> {
    let writer = match &settings.file {
        Some(path) => BoxMakeWriter::new(Mutex::new(open(path)?)),
        None => BoxMakeWriter::new(std::io::stderr),
    };
    let layer = fmt::layer().with_writer(writer).with_ansi(false);
    Ok(if settings.json { layer.event_format(JsonLines).boxed() } else { layer.boxed() })
}

fn open(path: &Path) -> Result<File> {
    platform::append_private(path).map_err(|cause| {
        let message = format!(
            "option '{}': {} cannot be written: {cause}; name a file in a folder that exists and is yours",
            options::LOG_FILE,
            path.display()
        );
        Error::with_message_and_status(message, Status::InvalidArguments)
    })
}

/// An event as a JSON object on a line of its own: `timestamp`, `level`, `target` and the fields of the event.
struct JsonLines;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> std::fmt::Result {
        let mut timestamp = String::new();
        SystemTime.format_time(&mut Writer::new(&mut timestamp))?;
        let mut fields = Fields(Map::new());
        for (name, value) in [
            ("timestamp", timestamp.as_str()),
            ("level", event.metadata().level().as_str()),
            ("target", event.metadata().target()),
        ] {
            fields.0.insert(name.to_owned(), value.into());
        }
        event.record(&mut fields);
        writeln!(writer, "{}", Value::Object(fields.0))
    }
}

struct Fields(Map<String, Value>);

impl Fields {
    fn insert(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.insert(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.insert(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.insert(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.insert(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.insert(field, format!("{value:?}"));
    }
}
