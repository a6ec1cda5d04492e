-- What one database has of its own, in one message: selects without joins, which are joined in
-- canon/; what comes with the server is in builtin.sql. Their order and columns are the records of catalog.rs. What stands in
-- braces depends on the server's version (see SINCE there).

-- namespaces, but those that make room for scratch structures (see inside.rs)
SELECT oid, nspname FROM pg_catalog.pg_namespace
WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND NOT pg_catalog.starts_with(nspname, 'undrift_scratch_away_');
-- extensions
SELECT extname FROM pg_catalog.pg_extension WHERE extname <> 'plpgsql';
-- what extensions own (3079 is pg_extension)
SELECT classid, objid FROM pg_catalog.pg_depend WHERE refclassid = 3079 AND deptype = 'e';
-- what columns own: sequences, among others (1259 is pg_class)
SELECT objid, refobjid, refobjsubid, deptype FROM pg_catalog.pg_depend
WHERE classid = 1259 AND objid >= 16384 AND refclassid = 1259 AND refobjsubid > 0 AND deptype IN ('a', 'i');
-- relations
SELECT oid, relname, relnamespace, relkind, relpersistence, relispartition, reloftype, relam, reltoastrelid,
       relrowsecurity, relforcerowsecurity, relreplident, reloptions,
       CASE WHEN relispartition THEN pg_catalog.pg_get_expr(relpartbound, oid) END
FROM pg_catalog.pg_class WHERE oid >= 16384 AND (relkind <> 't' OR reloptions IS NOT NULL);
-- columns, those of indexes too (100 is the default collation)
SELECT attrelid, attnum, attname, atttypid, pg_catalog.format_type(atttypid, atttypmod), attnotnull, attidentity,
       attgenerated, attcollation,
       CASE WHEN attcollation NOT IN (0, 100)
            THEN (SELECT collnamespace || ' ' || collname FROM pg_catalog.pg_collation c WHERE c.oid = attcollation) END,
       attstorage, {attcompression}, attstattarget, attoptions
FROM pg_catalog.pg_attribute WHERE attrelid >= 16384 AND attnum > 0 AND NOT attisdropped;
-- defaults and generated expressions
SELECT adrelid, adnum, pg_catalog.pg_get_expr(adbin, adrelid) FROM pg_catalog.pg_attrdef WHERE adrelid >= 16384;
-- constraints
SELECT oid, conname, contype, conrelid, contypid, condeferrable, condeferred, convalidated, connoinherit, conindid,
       conkey, confrelid, confkey, confupdtype, confdeltype, confmatchtype, {confdelsetcols}, {conenforced}, {conperiod},
       conparentid, CASE WHEN contype = 'c' AND conrelid <> 0 THEN pg_catalog.pg_get_expr(conbin, conrelid) END,
       CASE WHEN contype = 'x' OR contypid <> 0 OR {conperiod} THEN pg_catalog.pg_get_constraintdef(oid) END
FROM pg_catalog.pg_constraint WHERE oid >= 16384 AND contype IN ('c', 'f', 'p', 'u', 'x');
-- indexes
SELECT indexrelid, indrelid, indisunique, {indnullsnotdistinct}, indisvalid, indisreplident, indisclustered,
       indnkeyatts, indkey, indclass, indcollation, indoption,
       CASE WHEN indexprs IS NOT NULL
            THEN ARRAY(SELECT pg_catalog.pg_get_indexdef(indexrelid, n, false)
                       FROM pg_catalog.generate_series(1, indnatts::int) n) END,
       pg_catalog.pg_get_expr(indpred, indrelid)
FROM pg_catalog.pg_index WHERE indexrelid >= 16384;
-- operator classes
SELECT oid, opcname, opcnamespace, opcmethod, opcdefault, opcintype FROM pg_catalog.pg_opclass WHERE oid >= 16384;
-- access methods
SELECT oid, amname FROM pg_catalog.pg_am WHERE oid >= 16384;
-- types
SELECT oid, typname, typnamespace, typtype, typcategory, typstorage, typcollation, typnotnull,
       CASE WHEN typtype = 'd' THEN pg_catalog.format_type(typbasetype, typtypmod) END,
       CASE WHEN typtype = 'd' THEN pg_catalog.pg_get_expr(typdefaultbin, 0) END
FROM pg_catalog.pg_type WHERE oid >= 16384 AND typtype <> 'c';
-- enum labels
SELECT enumtypid, enumsortorder, enumlabel FROM pg_catalog.pg_enum;
-- sequences
SELECT seqrelid, pg_catalog.format_type(seqtypid, NULL), seqstart, seqincrement, seqmax, seqmin, seqcache, seqcycle
FROM pg_catalog.pg_sequence;
-- comments on relations and columns, constraints, types
SELECT classoid, objoid, objsubid, description FROM pg_catalog.pg_description
WHERE objoid >= 16384 AND classoid IN (1259, 2606, 1247);
-- children of tables
SELECT inhrelid, inhparent FROM pg_catalog.pg_inherits;
-- partitioned tables
SELECT partrelid, pg_catalog.pg_get_partkeydef(partrelid) FROM pg_catalog.pg_partitioned_table;
-- views and rules
SELECT oid, ev_class, rulename,
       CASE WHEN rulename = '_RETURN' THEN pg_catalog.pg_get_viewdef(ev_class) ELSE pg_catalog.pg_get_ruledef(oid) END
FROM pg_catalog.pg_rewrite WHERE oid >= 16384;
-- functions that no extension owns (1255 is pg_proc)
SELECT oid, proname, pronamespace, prokind, pg_catalog.pg_get_function_identity_arguments(oid),
       CASE WHEN prokind IN ('f', 'p', 'w') THEN pg_catalog.pg_get_functiondef(oid) END
FROM pg_catalog.pg_proc p WHERE oid >= 16384
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.classid = 1255 AND d.objid = p.oid AND d.deptype = 'e');
-- triggers
SELECT oid, tgrelid, tgname, pg_catalog.pg_get_triggerdef(oid) FROM pg_catalog.pg_trigger WHERE NOT tgisinternal;
-- policies
SELECT oid, polrelid, polname, polcmd, polpermissive,
       ARRAY(SELECT pg_catalog.pg_get_userbyid(role) FROM pg_catalog.unnest(polroles) role WHERE role <> 0 ORDER BY 1),
       pg_catalog.pg_get_expr(polqual, polrelid), pg_catalog.pg_get_expr(polwithcheck, polrelid)
FROM pg_catalog.pg_policy;
-- extended statistics
SELECT oid, stxname, stxnamespace, stxrelid, pg_catalog.pg_get_statisticsobjdef(oid)
FROM pg_catalog.pg_statistic_ext;
-- event triggers
SELECT oid, evtname FROM pg_catalog.pg_event_trigger
