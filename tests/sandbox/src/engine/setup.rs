//! What the engine is told once, so that its own answers look like a cluster's.
//! Owns roles, the database, and the types, functions and settings PostgreSQL lacks; not the front door's rewriting.
//! Invariant: everything goes into the template first, so that databases made later have it too.

use std::sync::LazyLock;

use anyhow::{Context, Result};

use super::{Account, EngineAddress};

/// The owner of a cluster's system objects, as on Redshift.
pub(super) const SUPERUSER: &str = "rdsdb";

/// The release the sandbox claims to be: an observed `padb_version`.
pub(crate) const REDSHIFT_RELEASE: &str = "1.0.63269";

/// The prefix under which the engine keeps settings that only Redshift has; PostgreSQL takes unknown names with a dot.
pub(crate) const SETTING_PREFIX: &str = "redshift.";

/// Base types with Redshift's OIDs, and their casts.
const TYPES: &str = include_str!("sql/types.sql");

/// Functions over them, and the few others that PostgreSQL lacks.
const FUNCTIONS: &str = include_str!("sql/functions.sql");

/// Settings that only Redshift has (AWS's configuration reference), with their defaults.
pub(crate) const REDSHIFT_ONLY: &[(&str, &str)] = &[
    ("analyze_threshold_percent", "10"),
    ("describe_field_name_in_uppercase", "off"),
    ("downcase_delimited_identifier", "on"),
    ("enable_case_sensitive_identifier", "off"),
    ("enable_case_sensitive_super_attribute", "off"),
    ("enable_result_cache_for_session", "on"),
    ("json_parse_truncate_strings", "off"),
    ("query_group", "default"),
    ("server_version", "8.0.2"),
    ("wlm_query_slot_count", "1"),
];

/// Redshift's views over PostgreSQL's catalogs.
const CATALOGS: &str = include_str!("catalogs.sql");

/// The same as arguments of the server's `-c`.
pub(super) fn redshift_settings() -> impl Iterator<Item = &'static str> {
    static ARGUMENTS: LazyLock<Vec<String>> = LazyLock::new(|| {
        REDSHIFT_ONLY.iter().map(|(name, value)| format!("{SETTING_PREFIX}{name}={value}")).collect()
    });
    ARGUMENTS.iter().map(String::as_str)
}

/// Makes the template, the role and the database.
pub(super) async fn prepare(engine: &EngineAddress, account: &Account) -> Result<()> {
    let template = engine.connect(SUPERUSER, "template1").await?;
    for script in [TYPES, FUNCTIONS, &version(), CATALOGS] {
        let added = template.batch_execute(script).await;
        added.context("cannot add Redshift's types, functions and catalogs to the engine")?;
    }
    drop(template);
    let server = engine.connect(SUPERUSER, "postgres").await?;
    let (user, database) = (quote_identifier(&account.user), quote_identifier(&account.database));
    let password = account.password.replace('\'', "''");
    server
        .batch_execute(&format!("CREATE ROLE {user} LOGIN CREATEDB CREATEROLE PASSWORD '{password}'"))
        .await
        .context("cannot make the sandbox's user in the engine")?;
    server
        .batch_execute(&format!("CREATE DATABASE {database} OWNER {user}"))
        .await
        .context("cannot make the sandbox's database in the engine")?;
    let inside = engine.connect(SUPERUSER, &account.database).await?;
    // A cluster's first user is its superuser, whom SVV_TABLE_INFO is for.
    let owned = format!(
        "ALTER SCHEMA public OWNER TO {user}; GRANT SELECT ON pg_catalog.svv_table_info TO {user};
         GRANT INSERT, DELETE ON pg_internal.external_schemas TO {user}"
    );
    inside.batch_execute(&owned).await?;
    Ok(())
}

/// Makes a database user unless there is one; it may do what the sandbox's own user may.
pub(crate) async fn ensure_user(engine: &EngineAddress, name: &str, like: &str) -> Result<()> {
    let server = engine.connect(SUPERUSER, "postgres").await?;
    // First logins at once take turns: a CREATE ROLE that meets another fails in several ways, depending on how far the
    // other came. The lock ends with this connection.
    server.batch_execute("SELECT pg_advisory_lock(1)").await?;
    let exists = server.query_opt("SELECT 1 FROM pg_roles WHERE rolname = $1", &[&name]).await?.is_some();
    if !exists {
        let (name, like) = (quote_identifier(name), quote_identifier(like));
        server
            .batch_execute(&format!("CREATE ROLE {name} LOGIN IN ROLE {like}"))
            .await
            .context("cannot make a database user in the engine")?;
    }
    Ok(())
}

fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `version()` must keep the form whose token after `Redshift` clients parse.
fn version() -> String {
    format!(
        "CREATE OR REPLACE FUNCTION pg_catalog.version() RETURNS text LANGUAGE sql STABLE AS
           $$ SELECT 'PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 \
         (Red Hat 3.4.2-6.fc3), Redshift {REDSHIFT_RELEASE}'::text $$"
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::task::JoinSet;

    use super::*;
    use crate::engine::Engine;

    #[tokio::test]
    async fn a_user_may_be_made_many_times_at_once() {
        let account = Account { user: "u".into(), password: "p".into(), database: "d".into() };
        let engine = Engine::start(account, Duration::from_secs(60)).await.unwrap();
        for name in (0..20).map(|number| format!("user_{number}")) {
            let mut logins = JoinSet::new();
            for _ in 0..16 {
                let (address, name) = (engine.address().clone(), name.clone());
                logins.spawn(async move { ensure_user(&address, &name, "u").await });
            }
            while let Some(made) = logins.join_next().await {
                made.unwrap().unwrap();
            }
        }
    }
}
