-- Redshift's catalogs over PostgreSQL's, with the names and types of the protocol reference, section 6.3.
--
-- Run once in the template database, by the superuser. Three kinds of relations exist that PostgreSQL lacks:
--   * a datashare's tables lie in schemas called "share.schema", which only the shared database shows;
--   * external tables are the tables of the schemas that pg_internal.external_schemas lists;
--   * a late-binding view is a view whose security_barrier is set to false, which is what it is anyway.
-- The front door reads the relations of pg_internal in the place of their namesakes in pg_catalog.

-- Without it, nobody may make relations in pg_catalog or schemas called pg_*.
SET allow_system_table_mods = on;

CREATE SCHEMA pg_internal;
GRANT USAGE ON SCHEMA pg_internal TO PUBLIC;

CREATE TABLE pg_internal.external_schemas (
    schemaname name PRIMARY KEY, eskind smallint NOT NULL, databasename text NOT NULL, esoptions text NOT NULL);
CREATE TABLE pg_internal.shared_databases (database_name name PRIMARY KEY);

-- Every schema with the database and the name under which Redshift shows it.
CREATE VIEW pg_internal.schemas AS
SELECT n.oid, n.nspowner,
       CASE WHEN s.database_name IS NULL THEN current_database() ELSE s.database_name END AS database_name,
       CASE WHEN s.database_name IS NULL THEN n.nspname
            ELSE substr(n.nspname, length(s.database_name) + 2)::name END AS schema_name,
       CASE WHEN s.database_name IS NOT NULL THEN 'shared' WHEN e.schemaname IS NOT NULL THEN 'external'
            ELSE 'local' END AS schema_type
  FROM pg_catalog.pg_namespace n
  LEFT JOIN pg_internal.shared_databases s ON starts_with(n.nspname, s.database_name || '.')
  LEFT JOIN pg_internal.external_schemas e ON e.schemaname = n.nspname;

CREATE VIEW pg_internal.user_schemas AS
SELECT * FROM pg_internal.schemas
 WHERE schema_name <> 'information_schema' AND NOT starts_with(schema_name, 'pg_');

CREATE FUNCTION pg_internal.is_late_binding(relkind "char", reloptions text[]) RETURNS boolean LANGUAGE sql IMMUTABLE AS
$$ SELECT relkind = 'v' AND coalesce('security_barrier=false' = ANY (reloptions), false) $$;

-- The catalogs of version 8.0 as Redshift fills them. Columns that are passed on as they are depend on PostgreSQL's version.
DO $catalogs$
DECLARE
    columns text;
BEGIN
    SELECT string_agg(format('n.%I', attname), ', ' ORDER BY attnum) INTO columns FROM pg_catalog.pg_attribute
     WHERE attrelid = 'pg_catalog.pg_namespace'::regclass AND attnum > 0 AND NOT attisdropped;
    EXECUTE format(
        'CREATE VIEW pg_internal.pg_namespace AS SELECT %s FROM pg_catalog.pg_namespace n
           JOIN pg_internal.schemas s ON s.oid = n.oid WHERE s.schema_type <> ''shared''', columns);

    SELECT string_agg(CASE attname WHEN 'relkind' THEN
               'CASE c.relkind WHEN ''m'' THEN ''v''::"char" WHEN ''p'' THEN ''r''::"char" ELSE c.relkind END AS relkind'
               ELSE format('c.%I', attname) END, ', ' ORDER BY attnum) INTO columns FROM pg_catalog.pg_attribute
     WHERE attrelid = 'pg_catalog.pg_class'::regclass AND attnum > 0 AND NOT attisdropped;
    EXECUTE format(
        'CREATE VIEW pg_internal.pg_class AS SELECT %s FROM pg_catalog.pg_class c
           JOIN pg_internal.schemas s ON s.oid = c.relnamespace WHERE s.schema_type = ''local''', columns);

    SELECT string_agg(CASE attname WHEN 'atthasdef' THEN 'a.atthasdef OR a.attidentity <> '''' AS atthasdef'
               ELSE format('a.%I', attname) END, ', ' ORDER BY attnum) INTO columns FROM pg_catalog.pg_attribute
     WHERE attrelid = 'pg_catalog.pg_attribute'::regclass AND attnum > 0 AND NOT attisdropped;
    EXECUTE format(
        'CREATE VIEW pg_internal.pg_attribute AS SELECT %s FROM pg_catalog.pg_attribute a
           JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
          WHERE NOT pg_internal.is_late_binding(c.relkind, c.reloptions)', columns);
END
$catalogs$;

-- An identity column has a default, printed as "identity"(table, 0, 'seed,step'::text).
CREATE VIEW pg_internal.pg_attrdef AS
SELECT d.oid, d.adrelid, d.adnum, d.adbin, pg_get_expr(d.adbin, d.adrelid) AS adsrc FROM pg_catalog.pg_attrdef d
UNION ALL
SELECT s.seqrelid, a.attrelid, a.attnum, NULL,
       format(CASE a.attidentity WHEN 'a' THEN '"identity"(%s, 0, %L::text)' ELSE 'default_identity(%s, 0, %L::text)' END,
              a.attrelid, s.seqstart || ',' || s.seqincrement)
  FROM pg_catalog.pg_attribute a
  JOIN pg_catalog.pg_depend p ON p.refclassid = 'pg_class'::regclass AND p.refobjid = a.attrelid
       AND p.refobjsubid = a.attnum AND p.classid = 'pg_class'::regclass AND p.deptype = 'i'
  JOIN pg_catalog.pg_sequence s ON s.seqrelid = p.objid
 WHERE a.attidentity <> '';

CREATE FUNCTION pg_catalog.pg_get_late_binding_view_cols() RETURNS SETOF record LANGUAGE sql STABLE AS
$$ SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnum::integer
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE pg_internal.is_late_binding(c.relkind, c.reloptions) $$;

-- Every table and view of users.
CREATE VIEW pg_internal.tables AS
SELECT c.oid, s.database_name, s.schema_name, c.relname AS table_name, s.schema_type, c.relowner,
       CASE WHEN s.schema_type = 'external' THEN 'EXTERNAL TABLE' WHEN c.relkind IN ('v', 'm') THEN 'VIEW'
            WHEN s.schema_type = 'shared' THEN 'SHARED TABLE' ELSE 'TABLE' END AS table_type,
       obj_description(c.oid, 'pg_class') AS remarks
  FROM pg_catalog.pg_class c JOIN pg_internal.user_schemas s ON s.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'v', 'm', 'p');

CREATE FUNCTION pg_internal.spelled(type oid, modifier integer) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT CASE WHEN format_type(type, NULL) = 'varbyte' THEN 'binary varying'
               WHEN format_type(type, modifier) LIKE 'interval year to month%' THEN 'interval year to month'
               WHEN format_type(type, modifier) LIKE 'interval day to second%' THEN 'interval day to second'
               ELSE format_type(type, NULL) END $$;

-- Hive's spelling.
CREATE FUNCTION pg_internal.hive_spelled(type oid, modifier integer) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT CASE format_type(type, NULL)
               WHEN 'integer' THEN 'int' WHEN 'double precision' THEN 'double' WHEN 'real' THEN 'float'
               WHEN 'text' THEN 'string' WHEN 'timestamp without time zone' THEN 'timestamp'
               WHEN 'character varying' THEN replace(format_type(type, modifier), 'character varying', 'varchar')
               WHEN 'character' THEN replace(format_type(type, modifier), 'character', 'char')
               WHEN 'numeric' THEN replace(format_type(type, modifier), 'numeric', 'decimal')
               ELSE format_type(type, NULL) END $$;

CREATE VIEW pg_internal.columns AS
SELECT t.database_name, t.schema_name, t.table_name, t.schema_type, a.attname AS column_name,
       a.attnum::integer AS ordinal_position, d.adsrc AS column_default,
       CASE WHEN a.attnotnull THEN 'NO' ELSE 'YES' END AS is_nullable,
       pg_internal.spelled(a.atttypid, a.atttypmod) AS data_type,
       CASE WHEN format_type(a.atttypid, NULL) = 'varbyte' THEN nullif(a.atttypmod, -1) - 4
            ELSE information_schema._pg_char_max_length(a.atttypid, a.atttypmod) END AS character_maximum_length,
       information_schema._pg_numeric_precision(a.atttypid, a.atttypmod) AS numeric_precision,
       information_schema._pg_numeric_precision_radix(a.atttypid, a.atttypmod) AS numeric_precision_radix,
       information_schema._pg_numeric_scale(a.atttypid, a.atttypmod) AS numeric_scale,
       information_schema._pg_datetime_precision(a.atttypid, a.atttypmod) AS datetime_precision,
       col_description(a.attrelid, a.attnum) AS remarks,
       pg_internal.hive_spelled(a.atttypid, a.atttypmod) AS external_type
  FROM pg_internal.tables t JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid
  LEFT JOIN pg_internal.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE a.attnum > 0 AND NOT a.attisdropped;

CREATE VIEW pg_catalog.svv_redshift_databases AS
SELECT datname::varchar(128) AS database_name, datdba::integer AS database_owner, 'local'::varchar(32) AS database_type,
       ''::varchar(128) AS database_acl, 'UNKNOWN'::varchar(128) AS database_options,
       'Snapshot Isolation'::varchar(128) AS database_isolation_level
  FROM pg_catalog.pg_database WHERE NOT datistemplate AND datname <> 'postgres'
UNION ALL
SELECT database_name::varchar(128), 1, 'shared', '', 'UNKNOWN', 'UNKNOWN' FROM pg_internal.shared_databases;

CREATE VIEW pg_catalog.svv_all_schemas AS
SELECT database_name::varchar(128), schema_name::varchar(128), nspowner::integer AS schema_owner,
       schema_type::varchar(128), ''::varchar(128) AS schema_acl, ''::varchar(128) AS source_database,
       ''::varchar(256) AS schema_option
  FROM pg_internal.user_schemas;

CREATE VIEW pg_catalog.svv_redshift_schemas AS
SELECT database_name, schema_name, schema_owner, schema_type::varchar(16), schema_acl, schema_option::varchar(128)
  FROM pg_catalog.svv_all_schemas WHERE schema_type <> 'external';

CREATE VIEW pg_catalog.svv_all_tables AS
SELECT database_name::varchar(128), schema_name::varchar(128), table_name::varchar(128), ''::varchar(128) AS table_acl,
       table_type::varchar(128), remarks::varchar(256)
  FROM pg_internal.tables;

CREATE VIEW pg_catalog.svv_redshift_tables AS
SELECT database_name::varchar(128), schema_name::varchar(128), table_name::varchar(128), table_type::varchar(128),
       ''::varchar(128) AS table_acl, remarks::varchar(256), pg_get_userbyid(relowner)::varchar(128) AS table_owner
  FROM pg_internal.tables WHERE schema_type <> 'external';

CREATE VIEW pg_catalog.svv_all_columns AS
SELECT database_name::varchar(128), schema_name::varchar(128), table_name::varchar(128), column_name::varchar(128),
       ordinal_position, column_default::varchar(4000), is_nullable::varchar(3), data_type::varchar(128),
       character_maximum_length::integer, numeric_precision::integer, numeric_scale::integer, remarks::varchar(256)
  FROM pg_internal.columns;

CREATE VIEW pg_catalog.svv_redshift_columns AS
SELECT database_name::varchar(128), schema_name::varchar(128), table_name::varchar(128), column_name::varchar(128),
       ordinal_position, data_type::varchar(32), column_default::varchar(4000), is_nullable::varchar(3),
       'none'::varchar(128) AS encoding, false AS distkey, 0 AS sortkey, ''::varchar(128) AS column_acl,
       remarks::varchar(256)
  FROM pg_internal.columns WHERE schema_type <> 'external';

CREATE VIEW pg_catalog.svv_tables AS
SELECT database_name::text AS table_catalog, schema_name::text AS table_schema, table_name::text,
       CASE table_type WHEN 'TABLE' THEN 'BASE TABLE' ELSE table_type END AS table_type, remarks
  FROM pg_internal.tables WHERE schema_type <> 'shared';

CREATE VIEW pg_catalog.svv_columns AS
SELECT database_name::text AS table_catalog, schema_name::text AS table_schema, table_name::text, column_name::text,
       ordinal_position, column_default, is_nullable::text, data_type::text, character_maximum_length::integer,
       numeric_precision::integer, numeric_precision_radix::integer, numeric_scale::integer, datetime_precision::integer,
       NULL::text AS interval_type, NULL::text AS interval_precision, NULL::text AS character_set_catalog,
       NULL::text AS character_set_schema, NULL::text AS character_set_name, NULL::text AS collation_catalog,
       NULL::text AS collation_schema, NULL::text AS collation_name, NULL::text AS domain_name, remarks
  FROM pg_internal.columns WHERE schema_type <> 'shared';

CREATE VIEW pg_catalog.svv_external_schemas AS
SELECT n.oid AS esoid, e.eskind, e.schemaname, n.nspowner::integer AS esowner, e.databasename, e.esoptions
  FROM pg_internal.external_schemas e JOIN pg_catalog.pg_namespace n ON n.nspname = e.schemaname;

CREATE VIEW pg_catalog.svv_external_tables AS
SELECT database_name::text AS redshift_database_name, schema_name::text AS schemaname, table_name::text AS tablename,
       'EXTERNAL_TABLE'::text AS tabletype, 's3://sandbox/'::text || table_name AS location, ''::text AS input_format,
       ''::text AS output_format, ''::text AS serialization_lib, ''::text AS serde_parameters, 0 AS compressed,
       ''::text AS parameters
  FROM pg_internal.tables WHERE schema_type = 'external';

CREATE VIEW pg_catalog.svv_external_columns AS
SELECT database_name::text AS redshift_database_name, schema_name::text AS schemaname, table_name::text AS tablename,
       column_name::text AS columnname, external_type, ordinal_position AS columnnum, 0 AS part_key,
       CASE is_nullable WHEN 'NO' THEN 'false' ELSE 'true' END AS is_nullable
  FROM pg_internal.columns WHERE schema_type = 'external';

-- Tables that are not empty. The rows are those of the last ANALYZE, where Redshift has the true number.
CREATE VIEW pg_catalog.svv_table_info AS
SELECT t.database_name::text AS database, t.schema_name::text AS schema, t.oid AS table_id, t.table_name::text AS "table",
       'N'::text AS encoded, 'AUTO(ALL)'::text AS diststyle, 'AUTO(SORTKEY)'::text AS sortkey1, 0 AS max_varchar,
       ceil(pg_relation_size(t.oid) / 1048576.0)::bigint AS size, 0::numeric AS pct_used, 0::bigint AS empty,
       NULL::numeric AS unsorted, 0::numeric AS stats_off, c.reltuples::numeric AS tbl_rows,
       NULL::numeric AS skew_sortkey1, NULL::numeric AS skew_rows, c.reltuples::numeric AS estimated_visible_rows,
       NULL::text AS risk_event, NULL::timestamp AS create_time
  FROM pg_internal.tables t JOIN pg_catalog.pg_class c ON c.oid = t.oid
 WHERE t.table_type = 'TABLE' AND c.reltuples > 0;

CREATE VIEW pg_catalog.pg_table_def AS
SELECT n.nspname AS schemaname, c.relname AS tablename, a.attname AS "column", format_type(a.atttypid, a.atttypmod) AS type,
       'none'::text AS encoding, false AS distkey, 0 AS sortkey, a.attnotnull AS "notnull"
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
 WHERE c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped AND n.nspname = ANY (current_schemas(true));

-- What SHOW CONSTRAINTS tells, section 6.2: keys of a table, and references with both their ends.
CREATE VIEW pg_internal.primary_keys AS
SELECT s.database_name::varchar, s.schema_name::varchar, c.relname::varchar AS table_name,
       a.attname::varchar AS column_name, k.place::smallint AS key_seq, p.conname::varchar AS pk_name
  FROM pg_catalog.pg_constraint p JOIN pg_catalog.pg_class c ON c.oid = p.conrelid
  JOIN pg_internal.user_schemas s ON s.oid = c.relnamespace
  CROSS JOIN LATERAL unnest(p.conkey) WITH ORDINALITY k(attnum, place)
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
 WHERE p.contype = 'p';

CREATE VIEW pg_internal.foreign_keys AS
SELECT ps.database_name::varchar AS pk_database_name, ps.schema_name::varchar AS pk_schema_name,
       pc.relname::varchar AS pk_table_name, pa.attname::varchar AS pk_column_name,
       fs.database_name::varchar AS fk_database_name, fs.schema_name::varchar AS fk_schema_name,
       fc.relname::varchar AS fk_table_name, fa.attname::varchar AS fk_column_name, k.place::smallint AS key_seq,
       3::smallint AS update_rule, 3::smallint AS delete_rule, f.conname::varchar AS fk_name,
       p.conname::varchar AS pk_name, 7::smallint AS deferrability
  FROM pg_catalog.pg_constraint f
  JOIN pg_catalog.pg_class fc ON fc.oid = f.conrelid JOIN pg_internal.user_schemas fs ON fs.oid = fc.relnamespace
  JOIN pg_catalog.pg_class pc ON pc.oid = f.confrelid JOIN pg_internal.user_schemas ps ON ps.oid = pc.relnamespace
  CROSS JOIN LATERAL unnest(f.conkey, f.confkey) WITH ORDINALITY k(from_attnum, to_attnum, place)
  JOIN pg_catalog.pg_attribute fa ON fa.attrelid = fc.oid AND fa.attnum = k.from_attnum
  JOIN pg_catalog.pg_attribute pa ON pa.attrelid = pc.oid AND pa.attnum = k.to_attnum
  LEFT JOIN pg_catalog.pg_constraint p ON p.conrelid = pc.oid AND p.contype = 'p'
 WHERE f.contype = 'f';

GRANT SELECT ON ALL TABLES IN SCHEMA pg_internal TO PUBLIC;
GRANT SELECT ON pg_catalog.svv_redshift_databases, pg_catalog.svv_all_schemas, pg_catalog.svv_redshift_schemas,
    pg_catalog.svv_all_tables, pg_catalog.svv_redshift_tables, pg_catalog.svv_all_columns,
    pg_catalog.svv_redshift_columns, pg_catalog.svv_tables, pg_catalog.svv_columns, pg_catalog.svv_external_schemas,
    pg_catalog.svv_external_tables, pg_catalog.svv_external_columns, pg_catalog.pg_table_def TO PUBLIC;

-- A datashare of one schema, and an external schema, each with a table to look at.
INSERT INTO pg_internal.shared_databases VALUES ('sales_share');
CREATE SCHEMA "sales_share.retail";
GRANT USAGE ON SCHEMA "sales_share.retail" TO PUBLIC;
CREATE TABLE "sales_share.retail".orders (order_id bigint NOT NULL, amount numeric(12, 2), placed timestamp);
INSERT INTO "sales_share.retail".orders VALUES (1, 9.50, '2024-01-02 03:04:05'), (2, 20.00, NULL);
GRANT SELECT ON "sales_share.retail".orders TO PUBLIC;

INSERT INTO pg_internal.external_schemas VALUES ('spectrum', 1, 'sandbox', '{"REGION":"us-east-1"}');
CREATE SCHEMA spectrum;
GRANT USAGE ON SCHEMA spectrum TO PUBLIC;
CREATE TABLE spectrum.events (event_id integer, kind varchar(20), payload text, price numeric(8, 2), seen timestamp);
INSERT INTO spectrum.events VALUES (1, 'click', 'a', 1.25, '2024-01-02 03:04:05');
GRANT SELECT ON spectrum.events TO PUBLIC;

ANALYZE pg_internal.shared_databases, pg_internal.external_schemas;
RESET allow_system_table_mods;
