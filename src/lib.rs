//! ADBC driver for Amazon Redshift.
//!
//! ```text
//! ffi ──▶ adbc ──▶ { auth, session, types }      data_rows, secret, span, platform (leaves)
//! ```
//!
//! | module | owns |
//! |---|---|
//! | `ffi` | the C ABI: init symbols, entry points, stream callbacks; the only `unsafe` |
//! | [`adbc`] | the ADBC objects, the option table, error translation, metadata, the batch reader |
//! | `auth` | how to obtain a login; knows neither ADBC nor the wire |
//! | `session` | a live connection: TLS, startup, authentication, queries, rows, cancel |
//! | `types` | one table from OID and type modifier to SQL name, Arrow type and decoder |
//! | `data_rows`, `span` | rows in the read buffer, and bytes with what lies behind them, as `session` hands them to `types` |
//! | `platform` | what differs between operating systems |
//!
//! One query: option calls → `adbc::options` → `auth` (credentials) → `session` (connect, send, raw rows) →
//! `types` (columns) → `adbc::reader` (record batches) → `ffi` (Arrow stream).

pub mod adbc;
mod auth;
mod data_rows;
mod ffi;
mod platform;
mod secret;
mod session;
mod span;
mod types;
