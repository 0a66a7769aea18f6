#!/usr/bin/env bash
# Autobahn's cases against the real gateway, in its echo mode. Usage: scripts/autobahn.sh BINARY [CASES…]
# Without cases: all but permessage-deflate, with compression off. `deflate`: only that, `deflate-quick`: some of it, both with
# compression on; so are cases that are named.
set -euo pipefail
cd "$(dirname "$0")/.."
binary=${1:?the server}
shift
VERSION=0.1.0
WHEEL_SHA256=a9b34e593defe29d931e346c88947b58a015495f09dd13643e4cc952c75602ac
VENV=target/tools/autobahn

# The runner and Autobahn's own cases (3 MB). Only this very file is taken.
if [ ! -x "$VENV/bin/kosoku" ]; then
  python3 -m venv "$VENV"
  echo "kosoku==$VERSION --hash=sha256:$WHEEL_SHA256" >"$VENV/requirements.txt"
  "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r "$VENV/requirements.txt"
fi

folder=$(mktemp -d)
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; rm -rf "$folder"' EXIT
compression=true
reports=target/autobahn-deflate
cases=()
case "${1:-}" in
  "") cases=(-x '12.*' -x '13.*'); compression=false; reports=target/autobahn; set -- ;;
  deflate) set -- '12.*' '13.*' ;;
  # Every kind of text and of offer, each with a few sizes, whole and in fragments.
  deflate-quick) set -- 12.{1..5}.{1,4,6,11} 12.1.18 13.{1..7}.{1,4,11} ;;
esac
for case in "$@"; do cases+=(-i "$case"); done
"$binary" serve --listen 127.0.0.1:0 --data "$folder/data" --limits off --ws-echo \
  --set limits.connections_per_user=1000 --set log.level=warn --set compression=$compression >"$folder/out" 2>&1 &
server=$!
for _ in $(seq 100); do
  address=$(sed -n 's|^listening on http://||p' "$folder/out")
  [ -z "$address" ] || break
  sleep 0.1
done
[ -n "$address" ] || { cat "$folder/out"; exit 1; }
"$VENV/bin/python" scripts/autobahn.py "$address" "$reports" "${cases[@]}"
