-- Who and where the server is. Columns that came with later versions are asked for by name, so that
-- earlier ones answer NULL.
SELECT current_setting('server_version_num'), datname, current_user, pg_encoding_to_char(encoding),
       datcollate, datctype, to_jsonb(d) ->> 'datlocprovider',
       coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale'), to_jsonb(d) ->> 'daticurules'
FROM pg_database d WHERE datname = current_database()
