#!/usr/bin/env bash
# Three nodes behind HAProxy, on PostgreSQL, Redis and NATS of their own; Ctrl-C ends all of it, and nothing stays.
# Of the environment: PORT (7070), BUS=redis|nats (redis), TERTULIA_BIN (target/release/tertulia), and every
# variable of Tertulia but those that make the nodes one cluster.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/common.sh
. scripts/common.sh
PATH=$PATH:/usr/sbin:/sbin
PORT=${PORT:-7070}
BUS=${BUS:-redis}
BIN=${TERTULIA_BIN:-target/release/tertulia}

if [ "${1:-}" != inside ]; then
  [ -x "$BIN" ] || fail "There is no $BIN. Build it: cargo build --release --locked -p tertulia; or name another with TERTULIA_BIN"
  exec scripts/with-services.sh postgres redis nats haproxy -- scripts/cluster.sh inside
fi

export TERTULIA_STORE_URL=$TERTULIA_TEST_POSTGRES TERTULIA_REDIS_URL=$TERTULIA_TEST_REDIS TERTULIA_QUEUE_URL=$TERTULIA_TEST_REDIS
case "$BUS" in
  redis) export TERTULIA_BUS_URL=$TERTULIA_TEST_REDIS ;;
  nats) export TERTULIA_BUS_URL=$TERTULIA_TEST_NATS TERTULIA_QUEUE_URL=$TERTULIA_TEST_NATS ;;
  *) fail "BUS is redis or nats, not $BUS" ;;
esac
export TERTULIA_PUBLIC_URL=${TERTULIA_PUBLIC_URL:-http://localhost:$PORT} TERTULIA_DRAIN_SECONDS=${TERTULIA_DRAIN_SECONDS:-2}
# To the nodes, everybody comes from the balancer's address.
export TERTULIA_LIMITS_CONNECTS_PER_MINUTE_FROM_ADDRESS=${TERTULIA_LIMITS_CONNECTS_PER_MINUTE_FROM_ADDRESS:-6000}

folder=$(mktemp -d "${TMPDIR:-/tmp}/tertulia-cluster.XXXXXX")
nodes=()
balancer=()

# Nobody new, then whoever is there, then the way in; the services last, by the script around this one.
stop_all() {
  local status=$?
  trap '' INT TERM HUP
  say "Stopping"
  [ ${#nodes[@]} = 0 ] || end TERM $((TERTULIA_DRAIN_SECONDS + 15)) "${nodes[@]}"
  [ ${#balancer[@]} = 0 ] || end TERM 5 "${balancer[@]}"
  rm -rf "$folder"
  exit "$status"
}
trap stop_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

is_ready() { http_status "$1" /readyz | grep -q '^200$'; }
# A fresh machine need not have curl.
http_status() { python3 -c 'import http.client, sys
connection = http.client.HTTPConnection(sys.argv[1], timeout=2)
connection.request("GET", sys.argv[2])
print(connection.getresponse().status)' "$@"; }

start_node() {
  local place=$1 address
  address=127.0.0.1:$(free_port)
  TERTULIA_LISTEN=$address TERTULIA_DATA=$folder/node$place TERTULIA_NODE_NAME=node$place "$BIN" serve >"$folder/node$place.log" 2>&1 </dev/null &
  nodes+=($!)
  until_true 30 ready_or_gone $! "$address" && is_ready "$address" 2>/dev/null ||
    { tail -20 "$folder/node$place.log" >&2; fail "node$place does not start"; }
  export "TERTULIA_NODE_$place=$address"
}
ready_or_gone() { gone "$1" || is_ready "$2"; }

# Every job gets a process group: Ctrl-C comes to us alone, and we end them in order.
set -m
# One after the other: the first makes the tables.
for place in 1 2 3; do start_node "$place"; done
stats=127.0.0.1:$(free_port)
files=$(ulimit -n)
[ "$files" != unlimited ] || files=100000
TERTULIA_BIND=127.0.0.1:$PORT TERTULIA_STATS=$stats TERTULIA_CONNECTIONS=$((files < 2500 ? files / 3 : 1000)) \
  haproxy -db -f deploy/haproxy/haproxy.cfg >"$folder/haproxy.log" 2>&1 </dev/null &
balancer+=($!)
until_true 10 ready_or_gone $! "127.0.0.1:$PORT" && is_ready "127.0.0.1:$PORT" 2>/dev/null ||
  { cat "$folder/haproxy.log" >&2; fail "HAProxy does not start; is port $PORT free?"; }

cat <<TOLD
Tertulia, three nodes:  http://localhost:$PORT
$(sed -n 's|^.*\(/setup[^ ]*\)$|Make your account:      http://localhost:'"$PORT"'\1|p' "$folder"/node*.log | tail -1)
  node1                 $TERTULIA_NODE_1   pid ${nodes[0]}
  node2                 $TERTULIA_NODE_2   pid ${nodes[1]}
  node3                 $TERTULIA_NODE_3   pid ${nodes[2]}
  HAProxy's view        http://$stats/stats
  store                 $TERTULIA_STORE_URL
  bus                   $TERTULIA_BUS_URL
  logs                  $folder
End one node with kill PID, to see what happens; end all with Ctrl-C, or kill $$.
TOLD
# A node that ends is something to look at, not our end.
while :; do wait -n || true; sleep 1; done
