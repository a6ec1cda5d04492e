-- Who owns most of the tables, or else the database; whether we are or may become that role, and become it then; whether
-- anything can be written here; and which process this is.
SELECT r.rolname, may, pg_is_in_recovery(), current_setting('transaction_read_only') = 'on', pg_backend_pid(),
       CASE WHEN may AND r.rolname <> current_user THEN set_config('role', r.rolname, false) END
FROM pg_roles r,
     LATERAL (SELECT pg_has_role(current_user, r.oid, CASE WHEN current_setting('server_version_num')::int >= 160000
                                                           THEN 'SET' ELSE 'MEMBER' END) AS may) m
WHERE r.oid = coalesce(
    (SELECT c.relowner
     FROM pg_class c
     WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND c.oid >= '16384'
       AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 1259 AND d.objid = c.oid AND d.deptype = 'e')
     GROUP BY c.relowner ORDER BY count(*) DESC, c.relowner LIMIT 1),
    (SELECT datdba FROM pg_database WHERE datname = current_database()))
