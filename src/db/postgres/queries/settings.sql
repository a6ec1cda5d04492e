-- What makes the server print and read SQL the same way everywhere. Rows that a policy would hide
-- are an error, not fewer rows. The path is for undrift's own queries, which ask for nothing that a tenant made.
SET standard_conforming_strings = on;
SET quote_all_identifiers = off;
SET extra_float_digits = 1;
SET IntervalStyle = 'postgres';
SET DateStyle = 'ISO, MDY';
SET TimeZone = 'UTC';
SET bytea_output = 'hex';
SET client_min_messages = warning;
SET row_security = off;
SET search_path = pg_catalog, pg_temp
