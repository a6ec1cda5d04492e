SAVEPOINT undrift_read;
SELECT type, name, tbl_name, sql, rootpage FROM main.sqlite_master ORDER BY type, name;
