#!/bin/bash
# Runs a command whose servers share their queue and store: starts NATS and PostgreSQL for it on a socket and a port of
# their own, in a directory that goes with them, and puts `serve.sh` in the place of the program. PostgreSQL does not
# sync, for tests kill it and never the machine; FIELDHOOK_SHARED_FSYNC=on has it do so.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dir=$(mktemp -d)
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1 || true)
bin=${bin:-$(dirname "$(command -v initdb)")}
# PostgreSQL refuses to run as root.
as=()
if [ "$(id -u)" = 0 ]; then
  as=(setpriv --reuid=postgres --regid=postgres --init-groups)
  chown postgres "$dir"
fi
stop() {
  kill "${nats:-}" 2>/dev/null || true
  kill -QUIT "${postgres:-}" 2>/dev/null || true
  wait
  rm -rf "$dir"
}
trap stop EXIT

cd /
"${as[@]}" "$bin/initdb" -D "$dir/data" -U fieldhook -A trust -E UTF8 --no-locale -N >"$dir/initdb.log"
"${as[@]}" "$bin/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= -c max_connections=500 -c fsync="${FIELDHOOK_SHARED_FSYNC:-off}" >"$dir/log" 2>&1 &
postgres=$!
nats-server -js -a 127.0.0.1 -p -1 -sd "$dir/nats" --ports_file_dir "$dir" &>"$dir/nats.log" &
nats=$!
until "$bin/pg_isready" -q -h "$dir"; do kill -0 "$postgres"; sleep 0.05; done
until ls "$dir"/nats-server_*.ports &>/dev/null; do kill -0 "$nats"; sleep 0.05; done

export FIELDHOOK_SHARED_NATS FIELDHOOK_SHARED_POSTGRES=$dir FIELDHOOK_SHARED_CREATEDB=$bin/createdb
FIELDHOOK_SHARED_NATS=$(grep -o 'nats://[^"]*' "$dir"/nats-server_*.ports | head -1)
export FIELDHOOK_BIN=$here/serve.sh
cd "$OLDPWD"
"$@"
