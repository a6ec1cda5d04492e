-- What comes with the server and is the same in all of its databases: numbers below 16384 are given
-- when a server is set up. Read once per server. The columns are those of catalog.sql.

-- operator classes
SELECT oid, opcname, opcnamespace, opcmethod, opcdefault, opcintype FROM pg_catalog.pg_opclass WHERE oid < 16384;
-- access methods
SELECT oid, amname FROM pg_catalog.pg_am WHERE oid < 16384;
-- types whose columns are not stored plainly
SELECT oid, typname, typnamespace, typtype, typcategory, typstorage, typcollation, typnotnull, NULL, NULL
FROM pg_catalog.pg_type WHERE oid < 16384 AND (typstorage <> 'p' OR typcollation <> 0)
