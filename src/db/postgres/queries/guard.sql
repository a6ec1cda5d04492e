-- Keeps everybody from putting triggers on tables until the transaction ends, where somebody may whose tables they are not,
-- and makes sure that there is no trigger of somebody else's yet.
DO $undrift$
DECLARE
    path pg_catalog.text := pg_catalog.current_setting('search_path');
    relation pg_catalog.text;
    found pg_catalog.text;
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    FOR relation IN
        SELECT DISTINCT pg_catalog.format('%I.%I', n.nspname, c.relname)
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) a
        LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
        WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND c.oid >= '16384'
          AND a.privilege_type = 'TRIGGER' AND coalesce(NOT r.rolsuper AND r.rolname <> session_user, true)
        ORDER BY 1
    LOOP
        EXECUTE 'LOCK TABLE ONLY ' || relation || ' IN ROW EXCLUSIVE MODE';
    END LOOP;
    SELECT pg_catalog.format('the trigger %s on %s runs code of %s', t.tgname, c.relname, r.rolname) INTO found
    FROM pg_catalog.pg_trigger t
    JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
    JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
    JOIN pg_catalog.pg_roles r ON r.oid = p.proowner
    WHERE NOT t.tgisinternal AND NOT r.rolsuper AND r.rolname <> session_user
    LIMIT 1;
    IF found IS NOT NULL THEN
        RAISE insufficient_privilege USING MESSAGE = found;
    END IF;
    PERFORM pg_catalog.set_config('search_path', path, true);
END
$undrift$
