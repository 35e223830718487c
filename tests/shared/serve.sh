#!/bin/bash
# The program, with a queue and a store of `run.sh` when it is to serve: those of its data directory, so that a server
# that is started again finds its own.
set -euo pipefail
binary=$(dirname "$0")/../../target/debug/fieldhook
if [ "${1:-}" = serve ]; then
  data=
  for ((at = 1; at < $#; at++)); do
    next=$((at + 1))
    if [ "${!at}" = --data ]; then data=${!next}; fi
  done
  name=t$(printf %s "$data" | cksum | cut -d ' ' -f 1)
  "$FIELDHOOK_SHARED_CREATEDB" -U fieldhook -h "$FIELDHOOK_SHARED_POSTGRES" "$name" 2>/dev/null || true
  export FIELDHOOK_QUEUE=$FIELDHOOK_SHARED_NATS/$name
  export FIELDHOOK_STORE=postgres://fieldhook@${FIELDHOOK_SHARED_POSTGRES//\//%2F}/$name
fi
exec "$binary" "$@"
