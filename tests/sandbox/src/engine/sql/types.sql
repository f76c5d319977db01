-- Types that only Redshift has, as real base types of the engine with Redshift's own OIDs.
--
-- A base type needs functions that take cstring, which SQL cannot write but LANGUAGE internal can borrow. CREATE TYPE
-- completes a shell and keeps its OID, so that the shell is where a type gets the OID clients know it by. Nothing refers
-- to a shell yet, and the superuser may write into the catalog.

-- The functions of a type are made while it is a shell, which the engine remarks on each time.
SET client_min_messages = warning;

DO $types$
DECLARE
    new record;
    -- The functions of interval and its kin take an OID and a modifier as well.
    arguments text;
    modifiers text;
BEGIN
    FOR new IN
        SELECT * FROM (VALUES
            ('intervaly2m', 1188, 'interval', 'interval_', ''),
            ('intervald2s', 1190, 'interval', 'interval_', ''),
            ('hllsketch',   2935, 'text',     'text',      ''),
            ('geometry',    3000, 'text',     'text',      ''),
            ('geography',   3001, 'text',     'text',      ''),
            ('geometryhex', 3999, 'text',     'text',      ''),
            ('super',       4000, 'text',     'text',      ''),
            ('varbyte',     6551, 'bytea',    'bytea',     'varchartypmod')
        ) AS types (name, type_oid, model, functions, modifier_functions)
    LOOP
        EXECUTE format('CREATE TYPE pg_catalog.%s', new.name);
        UPDATE pg_type SET oid = new.type_oid WHERE typname = new.name AND typnamespace = 'pg_catalog'::regnamespace;
        arguments := CASE new.model WHEN 'interval' THEN ', oid, integer' ELSE '' END;
        modifiers := CASE new.modifier_functions WHEN '' THEN '' ELSE
            format(', TYPMOD_IN = %1$sin, TYPMOD_OUT = %1$sout', new.modifier_functions) END;
        EXECUTE format(
            'CREATE FUNCTION pg_catalog.%1$s_in(cstring%2$s) RETURNS %1$s
                 LANGUAGE internal STABLE STRICT PARALLEL SAFE AS ''%3$sin'';
             CREATE FUNCTION pg_catalog.%1$s_out(%1$s) RETURNS cstring
                 LANGUAGE internal STABLE STRICT PARALLEL SAFE AS ''%3$sout'';
             CREATE FUNCTION pg_catalog.%1$s_recv(internal%2$s) RETURNS %1$s
                 LANGUAGE internal STABLE STRICT PARALLEL SAFE AS ''%3$srecv'';
             CREATE FUNCTION pg_catalog.%1$s_send(%1$s) RETURNS bytea
                 LANGUAGE internal STABLE STRICT PARALLEL SAFE AS ''%3$ssend'';
             CREATE TYPE pg_catalog.%1$s (
                 INPUT = %1$s_in, OUTPUT = %1$s_out, RECEIVE = %1$s_recv, SEND = %1$s_send, LIKE = %4$s%5$s)',
            new.name, arguments, new.functions, new.model, modifiers);
    END LOOP;
END
$types$;

-- The two kinds of interval are an interval with another name: the engine itself gives a column declared INTERVAL YEAR
-- TO MONTH the type interval and a modifier, which the front door turns into the kind.
CREATE CAST (interval AS intervaly2m) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE CAST (intervaly2m AS interval) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (interval AS intervald2s) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE CAST (intervald2s AS interval) WITHOUT FUNCTION AS IMPLICIT;

-- VARBYTE: a string is its UTF-8, a number its bytes. What BYTEA can do, VARBYTE can.
CREATE CAST (bytea AS varbyte) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE CAST (varbyte AS bytea) WITHOUT FUNCTION AS IMPLICIT;
CREATE FUNCTION pg_catalog.varbyte(text) RETURNS varbyte LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ SELECT convert_to($1, 'UTF8')::varbyte $$;
CREATE FUNCTION pg_catalog.varbyte(bpchar) RETURNS varbyte LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'textsend';
CREATE FUNCTION pg_catalog.varbyte(smallint) RETURNS varbyte LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'int2send';
CREATE FUNCTION pg_catalog.varbyte(integer) RETURNS varbyte LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'int4send';
CREATE FUNCTION pg_catalog.varbyte(bigint) RETURNS varbyte LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'int8send';
CREATE FUNCTION pg_catalog.varchar_of_varbyte(varbyte) RETURNS varchar LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ SELECT convert_from($1, 'UTF8')::varchar $$;
CREATE CAST (text AS varbyte) WITH FUNCTION varbyte(text) AS ASSIGNMENT;
CREATE CAST (varchar AS varbyte) WITH FUNCTION varbyte(text) AS ASSIGNMENT;
CREATE CAST (bpchar AS varbyte) WITH FUNCTION varbyte(bpchar) AS ASSIGNMENT;
CREATE CAST (smallint AS varbyte) WITH FUNCTION varbyte(smallint);
CREATE CAST (integer AS varbyte) WITH FUNCTION varbyte(integer);
CREATE CAST (bigint AS varbyte) WITH FUNCTION varbyte(bigint);
CREATE CAST (varbyte AS varchar) WITH FUNCTION varchar_of_varbyte(varbyte) AS ASSIGNMENT;

CREATE FUNCTION pg_catalog.substring(varbyte, integer, integer) RETURNS varbyte
    LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'bytea_substr';
CREATE FUNCTION pg_catalog.substring(varbyte, integer) RETURNS varbyte
    LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'bytea_substr_no_len';

-- VARBYTE(n): a value that is stored must fit, one that is cast is cut. Not in SQL, which the planner would replace by its
-- body, and the modifier of a result with it.
CREATE FUNCTION pg_catalog.varbyte(value varbyte, modifier integer, explicit boolean) RETURNS varbyte
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ BEGIN
        IF modifier < 4 OR octet_length(value) <= modifier - 4 THEN RETURN value; END IF;
        IF explicit THEN RETURN substring(value, 1, modifier - 4); END IF;
        RAISE EXCEPTION 'value of % bytes too long for type varbyte(%)', octet_length(value), modifier - 4
            USING ERRCODE = '22001';
    END $$;
CREATE CAST (varbyte AS varbyte) WITH FUNCTION varbyte(varbyte, integer, boolean) AS IMPLICIT;

CREATE FUNCTION pg_catalog.varbyte_concat(varbyte, varbyte) RETURNS varbyte
    LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteacat';
CREATE OPERATOR pg_catalog.|| (LEFTARG = varbyte, RIGHTARG = varbyte, FUNCTION = varbyte_concat);

-- VARCHAR(n) counts bytes; a string that is cast is cut between two characters. This is where the engine looks for the
-- length of a VARCHAR, but for COPY, which counts characters.
CREATE FUNCTION pg_catalog.varchar_of_bytes(value varchar, modifier integer, explicit boolean) RETURNS varchar
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ BEGIN
        IF modifier < 4 OR octet_length(value) <= modifier - 4 THEN RETURN value; END IF;
        IF NOT explicit AND octet_length(rtrim(value)) > modifier - 4 THEN
            RAISE EXCEPTION 'value too long for type character varying(%)', modifier - 4 USING ERRCODE = '22001';
        END IF;
        value := left(value, modifier - 4);
        WHILE octet_length(value) > modifier - 4 LOOP
            value := left(value, -greatest(1, (octet_length(value) - modifier + 4) / 4));
        END LOOP;
        RETURN value;
    END $$;
UPDATE pg_cast SET castfunc = 'varchar_of_bytes'::regproc
 WHERE castsource = 'varchar'::regtype AND casttarget = 'varchar'::regtype;

-- SUPER is JSON text. A string that is stored becomes a JSON string, a scalar that is read loses its quotes.
CREATE FUNCTION pg_catalog.super_of_json(text) RETURNS super LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ SELECT super_in(textout($1)) $$;
CREATE FUNCTION pg_catalog.json_of_super(super) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ SELECT textin(super_out($1)) $$;
CREATE FUNCTION pg_catalog.text_of_super(super) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ SELECT json_of_super($1)::json #>> ARRAY[]::text[] $$;
CREATE FUNCTION pg_catalog.varchar_of_super(super) RETURNS varchar LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ SELECT text_of_super($1)::varchar $$;
CREATE CAST (super AS text) WITH FUNCTION text_of_super(super) AS ASSIGNMENT;
CREATE CAST (super AS varchar) WITH FUNCTION varchar_of_super(super) AS ASSIGNMENT;

DO $casts$
DECLARE
    scalar text;
BEGIN
    FOREACH scalar IN ARRAY ARRAY['text', 'varchar', 'boolean', 'smallint', 'integer', 'bigint', 'real',
                                  'double precision', 'numeric', 'date', 'time', 'timestamp', 'timestamptz'] LOOP
        EXECUTE format(
            'CREATE FUNCTION pg_catalog.super_of_scalar(%1$s) RETURNS super LANGUAGE sql STABLE STRICT PARALLEL SAFE AS
                 $$ SELECT super_of_json(to_json($1)::text) $$;
             CREATE CAST (%1$s AS super) WITH FUNCTION super_of_scalar(%1$s) AS ASSIGNMENT', scalar);
    END LOOP;
    FOREACH scalar IN ARRAY ARRAY['bool', 'int2', 'int4', 'int8', 'float4', 'float8', 'numeric'] LOOP
        EXECUTE format(
            'CREATE FUNCTION pg_catalog.%1$s_of_super(super) RETURNS %1$s LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
                 $$ SELECT text_of_super($1)::%1$s $$;
             CREATE CAST (super AS %1$s) WITH FUNCTION %1$s_of_super(super)', scalar);
    END LOOP;
END
$casts$;
