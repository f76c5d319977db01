//! Where a result column comes from, asked of the engine's catalogs.
//! Owns a second engine connection, opened on first need, and a short cache.
//! Invariant: what is told is committed: columns of a table made in a still open transaction stay without names, as the
//! second connection cannot see them.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio_postgres::Client;

use crate::engine::EngineAddress;
use crate::row_description::Field;

/// Another session may rename or drop a table; nobody tells us.
const MAX_AGE: Duration = Duration::from_secs(1);

const QUERY: &str =
    "SELECT c.oid, a.attnum, n.nspname, c.relname, a.attname, current_database(), a.attnotnull,
        a.attidentity <> ''
   FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
  WHERE c.oid = ANY($1) AND a.attnum > 0";

/// What the catalogs say of a table column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ColumnOrigin {
    pub(crate) schema: String,
    pub(crate) table: String,
    pub(crate) column: String,
    pub(crate) catalog: String,
    pub(crate) not_null: bool,
    pub(crate) identity: bool,
}

/// Answers for one session.
#[derive(Debug)]
pub(crate) struct Catalog {
    engine: EngineAddress,
    user: String,
    database: String,
    client: Option<Client>,
    columns: HashMap<(u32, i16), ColumnOrigin>,
    filled: Instant,
}

impl Catalog {
    pub(crate) fn new(engine: EngineAddress, user: &str, database: &str) -> Self {
        Self {
            engine,
            user: user.to_owned(),
            database: database.to_owned(),
            client: None,
            columns: HashMap::new(),
            filled: Instant::now(),
        }
    }

    /// Forgets what it knew, after DDL of the session itself.
    pub(crate) fn invalidate(&mut self) {
        self.columns.clear();
    }

    /// Learns about the tables of these fields.
    pub(crate) async fn load(&mut self, fields: &[Field]) -> Result<()> {
        if self.filled.elapsed() > MAX_AGE {
            self.invalidate();
        }
        let unknown = |field: &&Field| field.table_oid != 0 && self.origin(field).is_none();
        let mut tables: Vec<u32> = fields.iter().filter(unknown).map(|field| field.table_oid).collect();
        tables.sort_unstable();
        tables.dedup();
        if tables.is_empty() {
            return Ok(());
        }
        if self.columns.is_empty() {
            self.filled = Instant::now();
        }
        for row in self.client().await?.query(QUERY, &[&tables]).await? {
            let origin = ColumnOrigin {
                schema: row.try_get(2)?,
                table: row.try_get(3)?,
                column: row.try_get(4)?,
                catalog: row.try_get(5)?,
                not_null: row.try_get(6)?,
                identity: row.try_get(7)?,
            };
            self.columns.insert((row.try_get(0)?, row.try_get(1)?), origin);
        }
        Ok(())
    }

    /// What is known of a field after `load`.
    pub(crate) fn origin(&self, field: &Field) -> Option<&ColumnOrigin> {
        self.columns.get(&(field.table_oid, field.attribute))
    }

    async fn client(&mut self) -> Result<&Client> {
        let client = match self.client.take().filter(|client| !client.is_closed()) {
            Some(client) => client,
            None => self.engine.connect(&self.user, &self.database).await?,
        };
        Ok(self.client.insert(client))
    }
}
