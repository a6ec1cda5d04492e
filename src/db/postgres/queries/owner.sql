-- Who owns most of the tables, or else the database; whether we are or may become that role; and
-- whether anything can be written here.
SELECT r.rolname, r.rolname = current_user,
       pg_has_role(current_user, r.oid, CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END),
       pg_is_in_recovery(), current_setting('transaction_read_only') = 'on'
FROM pg_roles r
WHERE r.oid = coalesce(
    (SELECT c.relowner
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
       AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 1259 AND d.objid = c.oid AND d.deptype = 'e')
     GROUP BY c.relowner ORDER BY count(*) DESC, c.relowner LIMIT 1),
    (SELECT datdba FROM pg_database WHERE datname = current_database()))
