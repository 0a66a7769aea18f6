#!/usr/bin/env bash
# Runs a command with real services beside it: scripts/with-services.sh [postgres] [redis] [nats] [haproxy] [nginx] [prometheus] -- COMMAND…
# Each of the first three runs on a free port of loopback, in a temporary folder, and is named by TERTULIA_TEST_POSTGRES,
# TERTULIA_TEST_REDIS, TERTULIA_TEST_NATS; of the others it sees to it that they are installed. Whatever ends this
# script ends what it started, and nothing else.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=scripts/common.sh
. "$here/common.sh"
PATH=$PATH:/usr/sbin:/sbin

PASSWORD=only-for-tests
services=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  services+=("$1")
  shift
done
[ "${1:-}" = -- ] && [ $# -gt 1 ] || fail "usage: with-services.sh [postgres] [redis] [nats] [haproxy] [nginx] [prometheus] -- COMMAND…"
shift

folder=
running=()
command=
told=

# The command first: its servers let go of the services before these end.
stop_all() {
  local status=$?
  trap '' INT TERM HUP
  if [ -n "$command" ]; then
    kill -TERM -- "-$command" 2>/dev/null || true
    end TERM 30 "$command"
  fi
  # For PostgreSQL, SIGINT is a quick and orderly end; Redis and NATS take it like SIGTERM.
  [ ${#running[@]} = 0 ] || end INT 10 "${running[@]}"
  [ -z "$folder" ] || rm -rf "$folder"
  exit "$status"
}

# Passes on what this script is told, once, to the command and its children.
pass_on() {
  told=$1
  [ -z "$command" ] || kill "-$1" -- "-$command" 2>/dev/null || true
  [ -n "$command" ] || exit "$(status_of "$1")"
}

status_of() { echo $((128 + $(kill -l "$1"))); }

# start NAME COMMAND…: in a process group of its own, so that Ctrl-C does not reach it, and tied to our life, for when
# we are killed without a word.
start() {
  local name=$1 tied=()
  shift
  ! command -v setpriv >/dev/null || tied=(setpriv --pdeathsig INT)
  "${tied[@]}" "$@" >"$folder/$name.log" 2>&1 </dev/null &
  running+=($!)
}

# ready NAME COMMAND…: waits until it answers. Fails when the process has ended, as when its port was taken meanwhile.
ready() {
  local name=$1 pid=${running[-1]}
  shift
  until_true 20 answers_or_gone "$pid" "$@" && "$@" >/dev/null 2>&1 && return
  [ "${last_try:-}" != yes ] || { cat "$folder/$name.log" >&2; fail "$name does not start"; }
  end KILL 1 "$pid"
  unset 'running[-1]'
  return 1
}
answers_or_gone() { gone "$1" || "${@:2}"; }

start_postgres() {
  local port data=$folder/postgres bin as=()
  bin=$(postgres_bin)
  # It refuses to run as root.
  if [ "$(id -u)" = 0 ]; then as=(setpriv --reuid postgres --regid postgres --clear-groups --pdeathsig INT); fi
  if [ ! -e "$data/PG_VERSION" ]; then
    mkdir -p "$data"
    [ ${#as[@]} = 0 ] || chown postgres: "$data"
    # Not a secret on this machine; that a wrong one is refused is tested.
    printf "%s" "$PASSWORD" >"$data.password"
    chmod 644 "$data.password"
    (cd "$data" && "${as[@]}" "$bin/initdb" --pgdata "$data" --username postgres --auth scram-sha-256 --pwfile "$data.password" --encoding UTF8 --locale C.UTF-8 --no-sync) \
      >"$folder/initdb.log" 2>&1 || { cat "$folder/initdb.log" >&2; fail "initdb failed"; }
  fi
  port=$(free_port)
  # Durable as it would be in earnest: that is what tests are about.
  start postgres "${as[@]}" "$bin/postgres" -D "$data" -p "$port" -h 127.0.0.1 -k '' -c fsync=on -c full_page_writes=on \
    -c synchronous_commit=on -c max_connections=300
  export TERTULIA_TEST_POSTGRES=postgres://postgres:$PASSWORD@127.0.0.1:$port/test
  ready postgres "$bin/psql" -qd "postgres://postgres:$PASSWORD@127.0.0.1:$port/postgres" -c 'SELECT 1' || return
  "$bin/psql" -qd "postgres://postgres:$PASSWORD@127.0.0.1:$port/postgres" -c 'CREATE DATABASE test'
}

start_redis() {
  local port
  port=$(free_port)
  start redis redis-server --bind 127.0.0.1 --port "$port" --dir "$folder" --save '' --appendonly no
  export TERTULIA_TEST_REDIS=redis://127.0.0.1:$port
  ready redis test_redis "$port"
}
test_redis() { [ "$(redis-cli -p "$1" ping)" = PONG ]; }

start_nats() {
  local port
  port=$(free_port)
  start nats nats-server --addr 127.0.0.1 --port "$port" --jetstream --store_dir "$folder/nats"
  export TERTULIA_TEST_NATS=nats://127.0.0.1:$port
  ready nats test_nats "$port"
}
# Its first line says what it can do.
test_nats() {
  local info
  exec 9<>"/dev/tcp/127.0.0.1/$1" && read -r -t 1 info <&9 && exec 9>&- && [[ $info == *'"jetstream":true'* ]]
}

install_services "${services[@]}"
trap stop_all EXIT
trap 'pass_on INT' INT
trap 'pass_on TERM' TERM
trap 'pass_on HUP' HUP
# Every job gets a process group.
set -m
folder=$(mktemp -d "${TMPDIR:-/tmp}/tertulia-services.XXXXXX")
# The user of PostgreSQL passes through; only its own folder is open to it.
chmod 711 "$folder"
for service in "${services[@]}"; do
  case "$service" in postgres | redis | nats) ;; *) continue ;; esac
  "start_$service" || "start_$service" || last_try=yes "start_$service"
done

"$@" <&0 &
command=$!
# A signal ends a wait early: the command may still have to end what it does.
while :; do
  status=0
  wait "$command" || status=$?
  gone "$command" && break
  sleep 0.1
done
# Who is told to end takes its children along.
[ -z "$told" ] || kill -TERM -- "-$command" 2>/dev/null || true
command=
[ -z "$told" ] || status=$(status_of "$told")
exit "$status"
