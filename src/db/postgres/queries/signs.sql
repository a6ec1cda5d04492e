-- What tells whether anything changed: the columns that catalog.sql reads, as the server stores them. Expressions are
-- trees of numbers here, so whatever has a name that their text would show is here too. What stands in braces is left
-- out where the server's version does not have it (see VERSIONS in signs.rs).
--
-- COPY goes without a plan and costs a fifth of a SELECT, but gives what the server brings along as well: it is for
-- small catalogs. A driver that cannot COPY is given a SELECT of the same.

-- what depends on what: ownership, and which kinds of object there are (see signs.rs)
SELECT classid, objid, objsubid, refclassid, refobjid, refobjsubid, deptype FROM pg_catalog.pg_depend WHERE objid >= '16384';
-- relations
SELECT oid, relname, relnamespace, relpersistence, relkind, relispartition, relhassubclass, reloftype, relam,
       reltoastrelid, relrowsecurity, relforcerowsecurity, relreplident, reloptions, relpartbound
FROM pg_catalog.pg_class WHERE oid >= '16384';
-- columns
SELECT attrelid, attnum, attname, atttypid, atttypmod, attnotnull, attidentity, attgenerated, attcollation, attstorage,
       {attcompression,} attstattarget, attoptions
FROM pg_catalog.pg_attribute WHERE attrelid >= '16384' AND attnum > 0 AND NOT attisdropped;
-- comments on relations and columns, constraints, types
SELECT classoid, objoid, objsubid, description FROM pg_catalog.pg_description WHERE objoid >= '16384';
-- the small ones
COPY pg_catalog.pg_namespace (oid, nspname) TO STDOUT;
COPY pg_catalog.pg_extension (oid, extname) TO STDOUT;
COPY pg_catalog.pg_attrdef (adrelid, adnum, adbin) TO STDOUT;
COPY pg_catalog.pg_constraint (oid, conname, contype, conrelid, contypid, condeferrable, condeferred, convalidated,
                    connoinherit, conindid, conkey, confrelid, confkey, confupdtype, confdeltype, confmatchtype, {confdelsetcols,}
                    {conenforced,} {conperiod,} conparentid, conexclop, conbin) TO STDOUT;
COPY pg_catalog.pg_index (indexrelid, indrelid, indisunique, {indnullsnotdistinct,} indisvalid, indisreplident, indisclustered,
               indnkeyatts, indkey, indclass, indcollation, indoption, indexprs, indpred) TO STDOUT;
COPY pg_catalog.pg_sequence TO STDOUT;

-- Only asked for where there are any. One statement for each of the kinds in signs.rs, in their order.

-- views and rules
SELECT oid, ev_class, rulename, ev_type, is_instead, ev_qual, ev_action FROM pg_catalog.pg_rewrite WHERE oid >= '16384';
-- functions
SELECT oid, proname, pronamespace, prokind, proargtypes, proallargtypes, proargmodes, proargnames,
       CASE WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 1255 AND d.objid = p.oid AND d.deptype = 'e')
            THEN ROW(prolang, procost, prorows, provariadic, prosupport, prosecdef, proleakproof, proisstrict,
                     proretset, provolatile, proparallel, prorettype, proargdefaults, protrftypes, prosrc, probin,
                     {prosqlbody,} proconfig) END
FROM pg_catalog.pg_proc p WHERE oid >= '16384';
-- triggers
COPY pg_catalog.pg_trigger (oid, tgrelid, tgname, tgfoid, tgtype, tgisinternal, tgconstrrelid, tgconstraint, tgdeferrable,
                 tginitdeferred, tgattr, tgargs, tgqual, tgoldtable, tgnewtable) TO STDOUT;
-- policies, and the roles that they name
SELECT oid, polname, polrelid, polcmd, polpermissive,
       ARRAY(SELECT pg_catalog.pg_get_userbyid(role) FROM pg_catalog.unnest(polroles) role), polqual, polwithcheck
FROM pg_catalog.pg_policy;
-- extended statistics
COPY pg_catalog.pg_statistic_ext TO STDOUT;
-- operators
SELECT oid, oprname, oprnamespace, oprkind, oprleft, oprright FROM pg_catalog.pg_operator WHERE oid >= '16384';
-- operator classes
SELECT oid, opcname, opcnamespace, opcmethod, opcdefault, opcintype FROM pg_catalog.pg_opclass WHERE oid >= '16384';
-- collations
SELECT oid, collname, collnamespace FROM pg_catalog.pg_collation WHERE oid >= '16384';
-- access methods
COPY pg_catalog.pg_am (oid, amname) TO STDOUT;
-- languages
COPY pg_catalog.pg_language (oid, lanname) TO STDOUT;
-- configurations and dictionaries for text search
COPY pg_catalog.pg_ts_config (oid, cfgname, cfgnamespace) TO STDOUT;
COPY pg_catalog.pg_ts_dict (oid, dictname, dictnamespace) TO STDOUT;
-- event triggers
COPY pg_catalog.pg_event_trigger (oid, evtname) TO STDOUT;
-- types, but those of rows, which go by the names of their relations
SELECT oid, typname, typnamespace, typtype, typcategory, typelem, typstorage, typcollation, typnotnull, typbasetype,
       typtypmod, typdefaultbin
FROM pg_catalog.pg_type WHERE oid >= '16384' AND typtype <> 'c';
COPY pg_catalog.pg_enum (oid, enumtypid, enumsortorder, enumlabel) TO STDOUT;
-- who descends from whom, and partitions
COPY pg_catalog.pg_inherits (inhrelid, inhparent, inhseqno) TO STDOUT;
COPY pg_catalog.pg_partitioned_table TO STDOUT;
-- the database itself: one that is empty can be anybody's, and the numbers in any other are its own
SELECT {datlocprovider,} {daticulocale,} {datlocale,} {daticurules,} oid, encoding, datcollate, datctype
FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()
