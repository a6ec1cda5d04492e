-- The statements that give every schema another name (those that extensions own stay), and what
-- forbids doing so: names of extensions' types would be told by the other name, and event triggers
-- would fire.
SELECT (SELECT pg_catalog.string_agg(
                   pg_catalog.format('ALTER SCHEMA %I RENAME TO undrift_scratch_away_%s; ', nspname, oid), '' ORDER BY oid)
        FROM pg_catalog.pg_namespace n
        WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
          AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.classid = 2615 AND d.objid = n.oid AND d.deptype = 'e')),
       coalesce(
        (SELECT pg_catalog.format('the extension %s in the schema %s', extname, nspname)
         FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = extnamespace
         WHERE nspname !~ '^pg_' ORDER BY extname LIMIT 1),
        (SELECT pg_catalog.format('the event trigger %s', evtname) FROM pg_catalog.pg_event_trigger
         WHERE evtenabled <> 'D' ORDER BY evtname LIMIT 1))
