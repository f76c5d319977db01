//! Messages of the wire protocol: pure parse and encode, no I/O.

/// Wire format of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Text.
    Text,
    /// The type's binary form.
    Binary,
}

/// One field of a RowDescription.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    /// Label of the column.
    pub(crate) name: String,
    /// OID of the table, 0 when the column is no table column.
    pub(crate) table_oid: u32,
    /// Attribute number in that table, or 0.
    pub(crate) attribute: i16,
    /// OID of the type.
    pub(crate) type_oid: u32,
    /// Type modifier, -1 when none.
    pub(crate) type_modifier: i32,
    /// Format of the values in this result (the one asked for in Bind, not the one a statement Describe reports).
    pub(crate) format: Format,
    /// What protocol version 1 and above adds.
    pub(crate) extended: Option<ExtendedColumn>,
}

/// The part of a RowDescription field that protocol version 1 appends.
#[derive(Clone, Debug)]
pub(crate) struct ExtendedColumn {
    /// Schema of the base table, or empty.
    pub(crate) schema: String,
    /// Base table, or empty.
    pub(crate) table: String,
    /// Base column, or empty.
    pub(crate) column: String,
    /// Database, or empty.
    pub(crate) catalog: String,
    /// Flag bits, reference section 3.
    pub(crate) flags: i16,
}

impl ExtendedColumn {
    /// The column is declared NOT NULL.
    pub(crate) fn not_null(&self) -> bool {
        self.flags & 0x0001 != 0
    }
}

/// A CommandComplete.
#[derive(Clone, Debug)]
pub(crate) struct CommandTag {
    /// The whole tag, such as `INSERT 0 5`; empty for an EmptyQueryResponse.
    pub(crate) text: String,
    /// The number at its end; Redshift's SELECT has none.
    pub(crate) rows: Option<u64>,
}
