//! Columns of GetObjects: which `xdbc_` field is filled, and with what.
//!
//! | field | value |
//! |---|---|
//! | `xdbc_data_type`, `xdbc_type_name`, `xdbc_column_size`, `xdbc_decimal_digits`, `xdbc_num_prec_radix`, `xdbc_sql_data_type`, `xdbc_datetime_sub`, `xdbc_char_octet_length` | from the type table, NULL where the type has none |
//! | `xdbc_nullable`, `xdbc_is_nullable` | 0 `NO`, 1 `YES`; 2 and the empty string when the catalog does not know |
//! | `xdbc_column_def` | the default as the server prints it; NULL for identity columns, whose default is the server's own affair |
//! | `xdbc_scope_catalog`, `xdbc_scope_schema`, `xdbc_scope_table` | always NULL: Redshift has no reference types |
//! | `xdbc_is_autoincrement` | whether it is an identity column; NULL when the catalog does not know |
//! | `xdbc_is_generatedcolumn` | always false: Redshift computes no columns |
//!
//! Invariant: columns come in the order of their tables.

use std::sync::Arc;

use adbc_core::error::Result;
use adbc_core::schemas::COLUMN_SCHEMA;
use arrow_array::builder::{BooleanBuilder, Int16Builder, Int32Builder};
use arrow_array::{Array, ArrayRef, BooleanArray, new_null_array};
use arrow_buffer::BooleanBuffer;
use arrow_schema::DataType;

use super::nested::{list, structure};
use super::texts::{Offsets, Texts};
use crate::types::Xdbc;

/// How Redshift prints the default of an identity column: `"identity"(100123, 0, '1,1'::text)`.
const IDENTITY_DEFAULTS: &[&str] = &["\"identity\"(", "default_identity("];

/// A column as a catalog has it.
#[derive(Clone, Debug)]
pub(super) struct Column<'a> {
    pub(super) name: &'a str,
    pub(super) position: Option<i32>,
    pub(super) remarks: Option<&'a str>,
    pub(super) xdbc: Xdbc,
    /// `None` when the catalog does not know.
    pub(super) nullable: Option<bool>,
    pub(super) default: Option<&'a str>,
    /// Whether the server counts; `None` when the default says so.
    pub(super) identity: Option<bool>,
}

impl Column<'_> {
    fn is_identity(&self) -> bool {
        let default = self.default.unwrap_or_default();
        self.identity.unwrap_or_else(|| IDENTITY_DEFAULTS.iter().any(|prefix| default.starts_with(prefix)))
    }

    fn nullability(&self) -> (i16, &'static str) {
        match self.nullable {
            Some(false) => (0, "NO"),
            Some(true) => (1, "YES"),
            None => (2, ""),
        }
    }
}

/// Columns of tables, as they grow.
#[derive(Debug, Default)]
pub(super) struct Columns {
    lists: Offsets,
    /// Table and position of the last one.
    last: Option<(usize, Option<i32>)>,
    names: Texts,
    positions: Int32Builder,
    remarks: Texts,
    data_types: Int16Builder,
    type_names: Texts,
    column_sizes: Int32Builder,
    decimal_digits: Int16Builder,
    radixes: Int16Builder,
    nullables: Int16Builder,
    defaults: Texts,
    sql_data_types: Int16Builder,
    datetime_subs: Int16Builder,
    octet_lengths: Int32Builder,
    is_nullables: Texts,
    autoincrements: BooleanBuilder,
}

impl Columns {
    /// Adds a column to a table, which must not be before that of the last one. A column that comes twice is one.
    pub(super) fn push(&mut self, table: usize, column: &Column<'_>) -> Result<()> {
        let place = Some((table, column.position));
        if self.last == place && column.position.is_some() {
            return Ok(());
        }
        self.last = place;
        self.lists.push_until(table, self.names.len())?;
        self.names.push(column.name)?;
        self.positions.append_option(column.position);
        self.remarks.push_option(column.remarks)?;
        self.push_type(&column.xdbc)?;
        let (nullable, is_nullable) = column.nullability();
        self.nullables.append_value(nullable);
        self.is_nullables.push(is_nullable)?;
        let is_identity = column.is_identity();
        self.defaults.push_option(column.default.filter(|_| !is_identity))?;
        self.autoincrements.append_value(is_identity);
        Ok(())
    }

    fn push_type(&mut self, xdbc: &Xdbc) -> Result<()> {
        self.data_types.append_value(xdbc.data_type);
        self.type_names.push(&xdbc.type_name)?;
        self.column_sizes.append_option(xdbc.column_size);
        self.decimal_digits.append_option(xdbc.decimal_digits);
        self.radixes.append_option(xdbc.num_prec_radix);
        self.sql_data_types.append_value(xdbc.sql_data_type);
        self.datetime_subs.append_option(xdbc.datetime_sub);
        self.octet_lengths.append_option(xdbc.char_octet_length);
        Ok(())
    }

    /// The lists of all tables.
    pub(super) fn finish(mut self, tables: usize) -> Result<ArrayRef> {
        let count = self.names.len();
        self.lists.push_until(tables, count)?;
        let no_scope: ArrayRef = new_null_array(&DataType::Utf8, count);
        let never = BooleanArray::new(BooleanBuffer::new_unset(count), None);
        // In the order of ADBC's COLUMN_SCHEMA, which `structure` checks.
        let columns = vec![
            self.names.finish()?,
            shared(self.positions.finish()),
            self.remarks.finish()?,
            shared(self.data_types.finish()),
            self.type_names.finish()?,
            shared(self.column_sizes.finish()),
            shared(self.decimal_digits.finish()),
            shared(self.radixes.finish()),
            shared(self.nullables.finish()),
            self.defaults.finish()?,
            shared(self.sql_data_types.finish()),
            shared(self.datetime_subs.finish()),
            shared(self.octet_lengths.finish()),
            self.is_nullables.finish()?,
            Arc::clone(&no_scope),
            Arc::clone(&no_scope),
            no_scope,
            shared(self.autoincrements.finish()),
            shared(never),
        ];
        list(self.lists, structure(&COLUMN_SCHEMA, columns)?, None)
    }
}

/// With no more memory than its values take.
fn shared(mut array: impl Array + 'static) -> ArrayRef {
    array.shrink_to_fit();
    Arc::new(array)
}
