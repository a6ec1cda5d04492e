-- Who owns most of the tables, or else the database; whether we are or may become that role, and become it then; whether
-- anything can be written here; and which process this is.
SELECT r.rolname, may, pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only') = 'on',
       pg_catalog.pg_backend_pid(),
       CASE WHEN may AND r.rolname <> current_user THEN pg_catalog.set_config('role', r.rolname, false) END
FROM pg_catalog.pg_roles r,
     LATERAL (SELECT pg_catalog.pg_has_role(current_user, r.oid,
                  CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 160000
                       THEN 'SET' ELSE 'MEMBER' END) AS may) m
WHERE r.oid = coalesce(
    (SELECT c.relowner
     FROM pg_catalog.pg_class c
     WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND c.oid >= '16384'
       AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.classid = 1259 AND d.objid = c.oid AND d.deptype = 'e')
     GROUP BY c.relowner ORDER BY pg_catalog.count(*) DESC, c.relowner LIMIT 1),
    (SELECT datdba FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
