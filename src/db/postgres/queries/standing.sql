-- What undrift's login can do beyond this database, who owns what is in it, whether a login can be made that is a member
-- of that owner alone, and what there is that somebody else put here and a session could set off. One row.
WITH me AS (SELECT r.* FROM pg_catalog.pg_roles r WHERE r.rolname = session_user),
here AS (SELECT d.oid, d.datname, d.datdba FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()),
-- Whose tables these are, as role.rs takes it.
owner AS (
    SELECT r.*
    FROM pg_catalog.pg_roles r
    WHERE r.oid = coalesce(
        (SELECT c.relowner
         FROM pg_catalog.pg_class c
         WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND c.oid >= '16384'
           AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d
                           WHERE d.classid = 1259 AND d.objid = c.oid AND d.deptype = 'e')
         GROUP BY c.relowner ORDER BY pg_catalog.count(*) DESC, c.relowner LIMIT 1),
        (SELECT datdba FROM here))),
-- Everybody who owns something here.
owners AS (
    SELECT s.refobjid AS oid
    FROM pg_catalog.pg_shdepend s, here
    WHERE s.refclassid = 1260 AND s.deptype = 'o' AND s.dbid = here.oid
    UNION SELECT datdba FROM here),
-- What the login is, or can become.
can AS (SELECT r.* FROM pg_catalog.pg_roles r, me WHERE pg_catalog.pg_has_role(me.oid, r.oid, 'MEMBER')),
-- What belongs to other databases: their objects, and they themselves. Scratch databases are undrift's own.
elsewhere AS (
    SELECT s.refobjid AS oid, coalesce(d.datname, 'the server') AS what
    FROM pg_catalog.pg_shdepend s
    CROSS JOIN here
    LEFT JOIN pg_catalog.pg_database d ON d.oid = CASE WHEN s.dbid <> 0 THEN s.dbid WHEN s.classid = 1262 THEN s.objid END
    WHERE s.refclassid = 1260 AND s.deptype IN ('o', 'a') AND coalesce(d.oid <> here.oid, true)
      AND coalesce(NOT pg_catalog.starts_with(d.datname::pg_catalog.text, 'undrift_scratch_'), true)
      AND NOT (s.dbid = 0 AND s.classid = 1213 AND s.deptype = 'a')),
excess AS (
    SELECT 1 AS rank, r.rolname::pg_catalog.text AS role, 'is a superuser' AS what FROM can r WHERE r.rolsuper
    UNION ALL SELECT 2, r.rolname, 'may change other roles' FROM can r WHERE r.rolcreaterole
    UNION ALL SELECT 3, r.rolname, 'may replicate the whole server' FROM can r WHERE r.rolreplication
    UNION ALL SELECT 4, r.rolname, 'is not held to row-level security' FROM can r WHERE r.rolbypassrls
    UNION ALL
    SELECT 5, r.rolname, 'reaches beyond databases'
    FROM can r
    WHERE r.oid < '16384' AND NOT r.rolsuper
      AND r.rolname NOT IN ('pg_monitor', 'pg_read_all_settings', 'pg_read_all_stats', 'pg_stat_scan_tables',
                            'pg_database_owner', 'pg_checkpoint', 'pg_use_reserved_connections',
                            'pg_signal_autovacuum_worker')
    UNION ALL
    SELECT 6, r.rolname, 'has rights in ' || e.what
    FROM can r JOIN elsewhere e USING (oid)
    WHERE r.oid NOT IN (SELECT oid FROM owners)),
-- Those whose code runs with more rights than they have: all but superusers, and the login itself.
stranger AS (SELECT r.* FROM pg_catalog.pg_roles r, me WHERE NOT r.rolsuper AND r.oid <> me.oid),
-- What they own that could be set off: functions, operators, types, casts by their functions, tables with what hangs on them.
-- What holds no code is left out, and with it schemas: who may create something in them comes below.
code AS (
    SELECT pg_catalog.pg_describe_object(s.classid, s.objid, 0) || ' belongs to ' || r.rolname AS what,
           pg_catalog.format('give the tables to a role that is no superuser, which it can be a member of: ALTER TABLE … OWNER TO %I',
                             r.rolname) AS remedy
    FROM pg_catalog.pg_shdepend s
    JOIN stranger r ON r.oid = s.refobjid
    CROSS JOIN here
    WHERE s.refclassid = 1260 AND s.deptype = 'o' AND s.dbid = here.oid
      AND s.classid NOT IN (826, 1418, 2613, 2615, 2995, 3079, 6104, 6106, 6237)
      AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_class c
                      WHERE s.classid = 1259 AND c.oid = s.objid AND (c.relkind = 'S' OR c.relpersistence = 't'))
    ORDER BY s.classid, s.objid LIMIT 1),
-- Who may create something in a schema where names are looked for: functions and operators that fit better than the server's.
creator AS (
    SELECT r.rolname || ' may create functions in the schema ' || n.nspname AS what,
           CASE WHEN EXISTS (SELECT 1 FROM pg_catalog.aclexplode(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) a
                             WHERE a.grantee = 0 AND a.privilege_type = 'CREATE')
                THEN pg_catalog.format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', n.nspname)
                ELSE pg_catalog.format('REVOKE CREATE ON SCHEMA %I FROM %I', n.nspname, r.rolname) END AS remedy
    FROM pg_catalog.pg_namespace n, stranger r, here
    WHERE (n.nspname = 'public' OR (n.oid >= '16384' AND EXISTS (SELECT 1 FROM pg_catalog.pg_class c
                                                                   WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p'))))
      AND NOT pg_catalog.starts_with(n.nspname::pg_catalog.text, 'pg_')
      AND r.oid >= '16384' AND pg_catalog.has_database_privilege(r.oid, here.oid, 'CONNECT')
      AND pg_catalog.has_schema_privilege(r.oid, n.oid, 'CREATE')
      AND (r.rolcanlogin OR EXISTS (SELECT 1 FROM pg_catalog.pg_auth_members m WHERE m.roleid = r.oid))
      AND NOT pg_catalog.starts_with(r.rolname::pg_catalog.text, 'undrift_')
    ORDER BY r.oid, n.oid LIMIT 1),
-- Whether somebody may put triggers on tables that are not his.
trigger AS (
    SELECT 1
    FROM pg_catalog.pg_class c, LATERAL pg_catalog.aclexplode(c.relacl) a
    WHERE c.relkind IN ('r', 'p', 'v') AND c.oid >= '16384' AND a.privilege_type = 'TRIGGER'
      AND (a.grantee = 0 OR a.grantee IN (SELECT oid FROM stranger))
    LIMIT 1)
SELECT pg_catalog.pg_backend_pid(),
       (SELECT e.role FROM excess e ORDER BY e.rank, e.role LIMIT 1),
       (SELECT e.what FROM excess e ORDER BY e.rank, e.role LIMIT 1),
       owner.rolname,
       -- Who becomes this owner is not confined: a superuser, the login itself, or who can become one of these.
       owner.rolsuper OR owner.oid = me.oid OR EXISTS (
           SELECT 1 FROM pg_catalog.pg_roles r
           WHERE (r.rolsuper OR r.oid = me.oid) AND pg_catalog.pg_has_role(owner.oid, r.oid, 'MEMBER')),
       me.rolsuper OR me.rolcreaterole,
       me.rolsuper OR pg_catalog.current_setting('server_version_num')::pg_catalog.int4 < 160000
           OR pg_catalog.pg_has_role(me.oid, owner.oid, 'MEMBER WITH ADMIN OPTION'),
       pg_catalog.has_database_privilege(owner.oid, here.oid, 'CONNECT'),
       (SELECT what FROM code), (SELECT remedy FROM code),
       (SELECT what FROM creator), (SELECT remedy FROM creator),
       EXISTS (SELECT 1 FROM trigger), here.oid
FROM me, owner, here
