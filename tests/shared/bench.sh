#!/bin/bash
# Measures everything, nodes that share a queue and a store included. For `run.sh`, whose servers it uses.
set -euo pipefail
"$FIELDHOOK_SHARED_CREATEDB" -U fieldhook -h "$FIELDHOOK_SHARED_POSTGRES" bench
exec target/release/fieldhook bench --queue "$FIELDHOOK_SHARED_NATS/bench" \
  --store "postgres://fieldhook@${FIELDHOOK_SHARED_POSTGRES//\//%2F}/bench" "$@"
