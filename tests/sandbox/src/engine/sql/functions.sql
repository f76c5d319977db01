-- Functions that Redshift has and PostgreSQL lacks, as far as people use them with the types of Redshift.
--
-- A body is read under the settings of the session that calls it, where a backslash in a literal escapes: none has one.

CREATE FUNCTION pg_catalog.getdate() RETURNS timestamp LANGUAGE sql STABLE AS
    $$ SELECT date_trunc('second', now() AT TIME ZONE 'UTC') $$;
CREATE FUNCTION pg_catalog.nvl(anycompatible, anycompatible) RETURNS anycompatible LANGUAGE sql IMMUTABLE AS
    $$ SELECT coalesce($1, $2) $$;
CREATE FUNCTION pg_catalog.len(text) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT length($1) $$;
CREATE FUNCTION pg_catalog.len(varbyte) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT octet_length($1) $$;

-- The front door turns WITHIN GROUP into the order of the arguments.
CREATE AGGREGATE pg_catalog.listagg(text) (SFUNC = textcat, STYPE = text);
CREATE AGGREGATE pg_catalog.listagg(text, text) (
    SFUNC = string_agg_transfn, STYPE = internal, FINALFUNC = string_agg_finalfn);

-- AVG of an integer is a truncated BIGINT; that of a BIGINT would need a sum of 128 bits, which no function of the engine
-- keeps in a type that SQL can read.
ALTER AGGREGATE pg_catalog.avg(smallint) RENAME TO avg_of_postgresql;
ALTER AGGREGATE pg_catalog.avg(integer) RENAME TO avg_of_postgresql;
CREATE FUNCTION pg_catalog.truncated_average(count_and_sum bigint[]) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT $1[2] / nullif($1[1], 0) $$;
CREATE AGGREGATE pg_catalog.avg(smallint) (
    SFUNC = int2_avg_accum, STYPE = bigint[], FINALFUNC = truncated_average, INITCOND = '{0,0}');
CREATE AGGREGATE pg_catalog.avg(integer) (
    SFUNC = int4_avg_accum, STYPE = bigint[], FINALFUNC = truncated_average, INITCOND = '{0,0}');

CREATE FUNCTION pg_catalog.json_parse(text) RETURNS super LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT super_of_json($1::json::text) $$;
CREATE FUNCTION pg_catalog.json_serialize(super) RETURNS varchar LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT json_of_super($1)::varchar $$;
CREATE FUNCTION pg_catalog.json_typeof(super) RETURNS varchar LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT json_typeof(json_of_super($1)::json)::varchar $$;

CREATE FUNCTION pg_catalog.from_hex(text) RETURNS varbyte LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT decode($1, 'hex')::varbyte $$;
CREATE FUNCTION pg_catalog.to_hex(varbyte) RETURNS varchar LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT encode($1, 'hex')::varchar $$;
CREATE FUNCTION pg_catalog.to_hex(text) RETURNS varchar LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT encode(convert_to($1, 'UTF8'), 'hex')::varchar $$;

CREATE FUNCTION pg_catalog.to_varbyte(value text, format text) RETURNS varbyte LANGUAGE plpgsql IMMUTABLE STRICT AS
    $$ BEGIN
        CASE lower(format)
            WHEN 'hex', 'base64' THEN RETURN decode(value, lower(format));
            WHEN 'utf8', 'utf-8' THEN RETURN convert_to(value, 'UTF8');
            WHEN 'binary' THEN RETURN (
                SELECT string_agg(substr(int4send(substr(value, start, 8)::bit(8)::integer), 4), NULL ORDER BY start)
                  FROM generate_series(1, length(value), 8) AS start);
            ELSE RAISE EXCEPTION 'invalid format "%" of to_varbyte', format USING ERRCODE = '22023';
        END CASE;
    END $$;
CREATE FUNCTION pg_catalog.from_varbyte(value varbyte, format text) RETURNS varchar LANGUAGE plpgsql IMMUTABLE STRICT AS
    $$ BEGIN
        CASE lower(format)
            WHEN 'hex' THEN RETURN encode(value, 'hex');
            WHEN 'base64' THEN RETURN translate(encode(value, 'base64'), chr(10), '');
            WHEN 'utf8', 'utf-8' THEN RETURN convert_from(value, 'UTF8');
            WHEN 'binary' THEN RETURN (
                SELECT string_agg(get_byte(value, at)::bit(8)::text, '' ORDER BY at)
                  FROM generate_series(0, octet_length(value) - 1) AS at);
            ELSE RAISE EXCEPTION 'invalid format "%" of from_varbyte', format USING ERRCODE = '22023';
        END CASE;
    END $$;

-- GEOMETRY and GEOGRAPHY hold the hexadecimal digits of their EWKB, which is what Redshift prints.
CREATE CAST (geography AS geometry) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE CAST (geometry AS geography) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE CAST (geometry AS geometryhex) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE FUNCTION pg_catalog.geometry_of_ewkb(bytea) RETURNS geometry LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT geometry_in(textout(upper(encode($1, 'hex')))) $$;
CREATE FUNCTION pg_catalog.st_asewkb(geometry) RETURNS varbyte LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT decode(textin(geometry_out($1)), 'hex')::varbyte $$;
CREATE FUNCTION pg_catalog.st_asewkb(geography) RETURNS varbyte LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT st_asewkb($1::geometry) $$;

-- The byte of the type word that holds the flags: its last one when the first byte says little-endian.
CREATE FUNCTION pg_catalog.ewkb_flags_at(bytea) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT CASE get_byte($1, 0) WHEN 1 THEN 4 ELSE 1 END $$;
CREATE FUNCTION pg_catalog.ewkb_has_srid(bytea) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT get_byte($1, ewkb_flags_at($1)) & 32 <> 0 $$;
CREATE FUNCTION pg_catalog.reversed(bytea) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT string_agg(substr($1, at, 1), NULL ORDER BY at DESC) FROM generate_series(1, octet_length($1)) AS at $$;
-- From and to the byte order of the value itself.
CREATE FUNCTION pg_catalog.ewkb_ordered(bytea, bytea) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT CASE get_byte($1, 0) WHEN 1 THEN reversed($2) ELSE $2 END $$;
CREATE FUNCTION pg_catalog.ewkb_without_srid(bytea) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT CASE WHEN ewkb_has_srid($1)
                   THEN set_byte(substr($1, 1, 5), ewkb_flags_at($1), get_byte($1, ewkb_flags_at($1)) & 223) || substr($1, 10)
                   ELSE $1 END $$;
CREATE FUNCTION pg_catalog.ewkb_with_srid(bytea, integer) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT CASE $2 WHEN 0 THEN bare
                   ELSE set_byte(substr(bare, 1, 5), ewkb_flags_at(bare), get_byte(bare, ewkb_flags_at(bare)) | 32)
                        || ewkb_ordered(bare, int4send($2)) || substr(bare, 6) END
         FROM ewkb_without_srid($1) AS bare $$;

CREATE FUNCTION pg_catalog.st_srid(geometry) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT CASE WHEN ewkb_has_srid(ewkb)
                   THEN ('x' || encode(ewkb_ordered(ewkb, substr(ewkb, 6, 4)), 'hex'))::bit(32)::integer
                   ELSE 0 END
         FROM CAST(st_asewkb($1) AS bytea) AS ewkb $$;
CREATE FUNCTION pg_catalog.st_setsrid(geometry, integer) RETURNS geometry LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT geometry_of_ewkb(ewkb_with_srid(st_asewkb($1), $2)) $$;
CREATE FUNCTION pg_catalog.st_asbinary(geometry) RETURNS varbyte LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT ewkb_without_srid(st_asewkb($1))::varbyte $$;
CREATE FUNCTION pg_catalog.st_asbinary(geography) RETURNS varbyte LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT st_asbinary($1::geometry) $$;

-- Binary data or its hexadecimal digits.
CREATE FUNCTION pg_catalog.st_geomfromewkb(varbyte) RETURNS geometry LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT geometry_of_ewkb($1) $$;
CREATE FUNCTION pg_catalog.st_geomfromewkb(text) RETURNS geometry LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT geometry_of_ewkb(from_hex($1)) $$;
CREATE FUNCTION pg_catalog.st_geomfromwkb(varbyte) RETURNS geometry LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT geometry_of_ewkb($1) $$;
CREATE FUNCTION pg_catalog.st_geomfromwkb(varbyte, integer) RETURNS geometry LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT geometry_of_ewkb(ewkb_with_srid($1, $2)) $$;
CREATE FUNCTION pg_catalog.st_geomfromwkb(text) RETURNS geometry LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT geometry_of_ewkb(from_hex($1)) $$;
CREATE FUNCTION pg_catalog.st_geomfromwkb(text, integer) RETURNS geometry LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT st_geomfromwkb(from_hex($1), $2) $$;
CREATE FUNCTION pg_catalog.st_geogfromwkb(varbyte) RETURNS geography LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT st_geomfromwkb($1, 4326)::geography $$;
CREATE FUNCTION pg_catalog.st_geogfromwkb(text) RETURNS geography LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT st_geomfromwkb($1, 4326)::geography $$;

-- `1 2, 3 4` as little-endian coordinates, and as many points in front.
CREATE FUNCTION pg_catalog.wkt_coordinates(text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT string_agg(reversed(float8send(number::float8)), NULL ORDER BY position)
         FROM regexp_split_to_table(trim($1), '[[:space:],]+') WITH ORDINALITY AS numbers (number, position) $$;
CREATE FUNCTION pg_catalog.wkt_points(text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT reversed(int4send(cardinality(string_to_array($1, ',')))) || wkt_coordinates($1) $$;
CREATE FUNCTION pg_catalog.st_geomfromtext(wkt text, srid integer DEFAULT 0) RETURNS geometry
    LANGUAGE plpgsql IMMUTABLE STRICT AS
    $$ DECLARE
        words text[] := regexp_match(wkt, '^[[:space:]]*(POINT|LINESTRING|POLYGON)[[:space:]]*[(](.*)[)][[:space:]]*$', 'i');
        kind integer := array_position(ARRAY['POINT', 'LINESTRING', 'POLYGON'], upper(words[1]));
        body bytea;
    BEGIN
        CASE kind
            WHEN 1 THEN body := wkt_coordinates(words[2]);
            WHEN 2 THEN body := wkt_points(words[2]);
            WHEN 3 THEN
                SELECT reversed(int4send(count(*)::integer)) || string_agg(wkt_points(ring[1]), NULL ORDER BY position)
                  INTO body
                  FROM regexp_matches(words[2], '[(]([^()]*)[)]', 'g') WITH ORDINALITY AS rings (ring, position);
            ELSE RAISE EXCEPTION 'the sandbox reads POINT, LINESTRING and POLYGON of two dimensions, not "%"', wkt
                USING ERRCODE = '0A000', HINT = 'Give its WKB to ST_GeomFromWKB instead.';
        END CASE;
        RETURN geometry_of_ewkb(ewkb_with_srid(decode('01', 'hex') || reversed(int4send(kind)) || body, srid));
    END $$;
CREATE FUNCTION pg_catalog.st_geogfromtext(text) RETURNS geography LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT st_geomfromtext($1, 4326)::geography $$;
CREATE FUNCTION pg_catalog.st_point(double precision, double precision) RETURNS geometry
    LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT st_geomfromtext(format('POINT(%s %s)', $1, $2)) $$;

-- Not Redshift's: bytes as a string without a look at them, for tests of what clients do with text that is no UTF-8.
CREATE FUNCTION pg_catalog.sandbox_unchecked_text(varbyte) RETURNS text LANGUAGE internal IMMUTABLE STRICT AS 'byteasend';
