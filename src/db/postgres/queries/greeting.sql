-- Who and where the server is. What stands in braces are columns that came with later versions: by name where the
-- version is known, otherwise so that earlier ones answer NULL.
SELECT pg_catalog.current_setting('server_version_num'), datname, current_user, pg_catalog.pg_encoding_to_char(encoding),
       datcollate, datctype, {datlocprovider}, coalesce({datlocale}, {daticulocale}), {daticurules}, pg_catalog.pg_backend_pid()
FROM pg_catalog.pg_database d WHERE datname = pg_catalog.current_database()
