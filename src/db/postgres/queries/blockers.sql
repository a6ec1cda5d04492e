-- The sessions that the backend $pid waits for, the earliest transaction first. Ages are in seconds. Of other
-- people's sessions only members of pg_read_all_stats see the state.
SELECT b.pid, usename, application_name, state,
       pg_catalog.floor(extract(epoch FROM pg_catalog.clock_timestamp() - query_start))::bigint,
       pg_catalog.floor(extract(epoch FROM pg_catalog.clock_timestamp() - xact_start))::bigint
FROM (SELECT DISTINCT pid FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids($pid)) pid) b
     LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid
ORDER BY xact_start, b.pid
