//! Results as CSV, Parquet and Arrow IPC, batch by batch.
//!
//! Invariant: a file appears under its name only when it is complete.

use std::fs::{self, File};
use std::io::{self, BufWriter, Stdout, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow_array::RecordBatch;
use arrow_ipc::writer::{FileWriter, StreamWriter};
use arrow_schema::{ArrowError, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use crate::arguments::Format;
use crate::failure::{Failure, Result};

/// Where bytes go: standard output, or a file that is renamed at the end.
pub(crate) struct Target {
    stream: Stream,
    written: Arc<AtomicU64>,
    file: Option<Unfinished>,
}

enum Stream {
    File(BufWriter<File>),
    Screen(BufWriter<Stdout>),
}

/// A file under a name of its own until it is complete; removed when it never is.
struct Unfinished {
    path: PathBuf,
    target: PathBuf,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Nothing is there any more once it was renamed.
        let _ = fs::remove_file(&self.path);
    }
}

impl Target {
    /// The file, or standard output.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self> {
        let written = Arc::default();
        let Some(target) = path else {
            return Ok(Self { stream: Stream::Screen(BufWriter::new(io::stdout())), written, file: None });
        };
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let path = target.with_file_name(format!(".{name}.{}.part", std::process::id()));
        let file = File::create(&path)
            .map_err(|cause| Failure::Told(format!("{} cannot be written: {cause}", target.display())))?;
        let file_target = target.to_path_buf();
        let unfinished = Unfinished { path, target: file_target };
        Ok(Self { stream: Stream::File(BufWriter::new(file)), written, file: Some(unfinished) })
    }

    fn complete(mut self) -> Result<()> {
        self.flush()?;
        if let Some(file) = &self.file {
            fs::rename(&file.path, &file.target)?;
        }
        Ok(())
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = match &mut self.stream {
            Stream::File(file) => file.write(bytes),
            Stream::Screen(screen) => screen.write(bytes),
        }?;
        self.written.fetch_add(u64::try_from(count).unwrap_or_default(), Ordering::Relaxed);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.stream {
            Stream::File(file) => file.flush(),
            Stream::Screen(screen) => screen.flush(),
        }
    }
}

/// A writer of one of the formats.
pub(crate) struct Output {
    writer: Writer,
    written: Arc<AtomicU64>,
}

enum Writer {
    ArrowFile(Box<FileWriter<Target>>),
    ArrowStream(Box<StreamWriter<Target>>),
    Csv(Box<arrow_csv::Writer<Target>>),
    Parquet(Box<ArrowWriter<Target>>),
}

impl Output {
    pub(crate) fn new(format: Format, target: Target, schema: &SchemaRef) -> Result<Self> {
        let written = Arc::clone(&target.written);
        let writer = match format {
            Format::Arrow if target.file.is_some() => {
                Writer::ArrowFile(Box::new(FileWriter::try_new(target, schema).map_err(arrow)?))
            }
            Format::Arrow => {
                Writer::ArrowStream(Box::new(StreamWriter::try_new(target, schema).map_err(arrow)?))
            }
            Format::Parquet => {
                let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
                let writer = ArrowWriter::try_new(target, Arc::clone(schema), Some(properties));
                Writer::Parquet(Box::new(writer.map_err(parquet)?))
            }
            Format::Csv => Writer::Csv(Box::new(arrow_csv::Writer::new(target))),
            Format::Table => {
                return Err(Failure::told(
                    "a table is for the screen; choose --format csv, parquet or arrow",
                ));
            }
        };
        Ok(Self { writer, written })
    }

    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        match &mut self.writer {
            Writer::ArrowFile(writer) => writer.write(batch).map_err(arrow),
            Writer::ArrowStream(writer) => writer.write(batch).map_err(arrow),
            Writer::Csv(writer) => writer.write(batch).map_err(arrow),
            Writer::Parquet(writer) => writer.write(batch).map_err(parquet),
        }
    }

    /// Bytes written so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    pub(crate) fn finish(self) -> Result<()> {
        let target = match self.writer {
            Writer::ArrowFile(writer) => writer.into_inner().map_err(arrow)?,
            Writer::ArrowStream(writer) => writer.into_inner().map_err(arrow)?,
            Writer::Csv(writer) => writer.into_inner(),
            Writer::Parquet(writer) => writer.into_inner().map_err(parquet)?,
        };
        target.complete()
    }
}

fn arrow(error: ArrowError) -> Failure {
    match error {
        ArrowError::IoError(_, cause) => cause.into(),
        error => Failure::told(error),
    }
}

fn parquet(error: ParquetError) -> Failure {
    Failure::told(error)
}
