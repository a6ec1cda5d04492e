-- What the login may do with roles and databases, and whether it has what the roles have that it is a member of; the end of a
-- throw-away role's password, by the server's clock.
SELECT rolsuper, rolcreaterole, rolcreatedb,
       rolinherit OR pg_catalog.current_setting('server_version_num')::pg_catalog.int4 >= 160000,
       pg_catalog.to_char(pg_catalog.now() + '{life}'::pg_catalog.interval, 'YYYY-MM-DD HH24:MI:SS OF')
FROM pg_catalog.pg_roles WHERE rolname = current_user
