-- What was written in each database since when, on servers that count it. Numbers are those of rows, so that
-- reading is no activity.
SELECT datname, (SELECT system_identifier FROM pg_catalog.pg_control_system()), datid,
       (extract(epoch FROM s.stats_reset) * 1000000)::bigint,
       (SELECT (extract(epoch FROM b.stats_reset) * 1000000)::bigint FROM pg_catalog.pg_stat_bgwriter b),
       tup_inserted + tup_updated + tup_deleted
FROM pg_catalog.pg_stat_database s
WHERE datname IS NOT NULL AND pg_catalog.current_setting('track_counts') = 'on' AND NOT pg_catalog.pg_is_in_recovery()
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_db_role_setting
                  WHERE setdatabase IN (0, datid) AND pg_catalog.array_to_string(setconfig, ' ') LIKE '%track_counts%')
