#!/usr/bin/env bash
# Sends what the OpenAPI file allows, and what it does not, to every route of a fresh server: none may answer 5xx.
#
# The cases are the same at every run; SEED=… makes others, SECONDS_AT_MOST=… more. Left out are streams, which never end,
# and what would end the token that all of it is asked with.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
binary=$(realpath "${FIELDHOOK_BIN:-$root/target/debug/fieldhook}")
data=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$data"' EXIT

mkfifo "$data/ready"
FIELDHOOK_ADMIN_EMAIL=fuzz@example.com FIELDHOOK_ADMIN_PASSWORD='correct horse battery' \
	"$binary" --json serve --data "$data/server" --listen 127.0.0.1:0 --log warn >"$data/ready" &
server=$!
read -r ready <"$data/ready"
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
url=$(field url <<<"$ready")
token=$(curl -sS --fail "$url/oauth/token" --data-urlencode 'password=correct horse battery' \
	-d 'grant_type=password&username=fuzz@example.com&client_id=particle&client_secret=particle' | field access_token)

# It leaves a folder where it is run.
cd "$data"
"$here/.venv/bin/schemathesis" run "$root/docs/openapi.json" --url "$url" --header "Authorization: Bearer $token" \
	--checks not_a_server_error --phases fuzzing --max-examples 15 --max-time "${SECONDS_AT_MOST:-60}" \
	--seed "${SEED:-1}" --request-timeout 10 --no-shrink --warnings off \
	--exclude-path-regex '/events$|/events/\{prefix|/live$|/access_tokens|/oauth/|/v1/user$|/setup$|/session$'
kill -0 "$server"
