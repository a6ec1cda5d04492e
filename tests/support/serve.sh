#!/bin/sh
# Runs a private server in FOLDER for as long as standard input stays open, then removes both.
# The test process holds the other end of the pipe: however it ends, the server goes with it. It must be
# started as the leader of a process group, which it ends.
#
# A line `kill` on standard input ends the server as the kernel does when memory is short, a line `start` starts it
# again on what it left.
#
# usage: serve.sh postgres|mariadb|prometheus|pgbouncer FOLDER PORT [FOLDER-OF-BINARIES]
set -eu
kind=$1 folder=$2 port=$3 binaries=${4:-}
PATH="$binaries${binaries:+:}/usr/sbin:$PATH"
# Servers that start in a shared temporary folder remove each other's files there.
export PATH LC_ALL=C TMPDIR="$folder"
cd "$folder"

# Servers refuse root, so root lends them their own user.
as() {
    user=$1
    shift
    if [ "$(id -u)" = 0 ]; then exec setpriv --reuid="$user" --regid="$user" --clear-groups "$@"; fi
    exec "$@"
}

own() {
    if [ "$(id -u)" = 0 ]; then chown "$1" "$folder"; fi
    chmod 755 "$folder"
}

serve_postgres() {
    own postgres
    if [ ! -d "$folder/data" ]; then
        (as postgres initdb -D "$folder/data" -U postgres --auth=trust --no-locale --encoding=UTF8 --no-sync)
        # In a file, where ALTER SYSTEM can change it.
        printf '%s = off\n' fsync full_page_writes synchronous_commit >>"$folder/data/postgresql.conf"
    fi
    as postgres postgres -D "$folder/data" -k "$folder" -p "$port" -c listen_addresses=127.0.0.1 \
        -c max_connections=100 -c autovacuum=off -c timezone=UTC
}

serve_mariadb() {
    own mysql
    [ -d "$folder/data" ] || (as mysql mariadb-install-db --no-defaults --datadir="$folder/data" --auth-root-authentication-method=normal --skip-test-db)
    as mysql mariadbd --no-defaults --datadir="$folder/data" --tmpdir="$folder" --socket="$folder/socket" \
        --pid-file="$folder/pid" --bind-address=127.0.0.1 --port="$port" --skip-networking=0 --skip-log-bin \
        --character-set-server=utf8mb4 --collation-server=utf8mb4_unicode_ci --innodb-buffer-pool-size=128M \
        --innodb-flush-log-at-trx-commit=0 --innodb-flush-method=nosync --innodb-doublewrite=0 --default-time-zone=+00:00
}

# Its configuration is in the folder already. The rules that it names may lie anywhere.
serve_prometheus() {
    exec prometheus --config.file="$folder/prometheus.yml" --storage.tsdb.path="$folder/data" \
        --web.listen-address="127.0.0.1:$port" --log.level=warn
}

# Its configuration is in the folder already, but for the port.
serve_pgbouncer() {
    own postgres
    printf 'listen_port = %s\n' "$port" >>"$folder/pgbouncer.ini"
    as postgres pgbouncer "$folder/pgbouncer.ini"
}

# The data goes too, so nothing is owed a clean end; PostgreSQL must still end its own children.
case $kind in
postgres) end=QUIT ;;
mariadb | prometheus | pgbouncer) end=KILL ;;
*) echo "no such server: $kind" >&2 && exit 1 ;;
esac

start() {
    "serve_$kind" </dev/null &
    server=$!
}

start
while read -r word; do
    case $word in
    kill) kill -KILL "$server" || true ;;
    start) start ;;
    esac
done

# A server that is still being prepared does not know these signals: its whole process group, which
# is this script's own, gets TERM as well.
trap '' TERM
kill -"$end" "$server" 2>/dev/null || true
kill -TERM 0
wait "$server" || true
for _ in 1 2 3 4 5 6 7 8 9 10; do
    if rm -rf "$folder" 2>/dev/null; then break; fi
    sleep 0.2
done
