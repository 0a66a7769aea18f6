# shellcheck shell=bash
# What the scripts beside this one share. To be sourced.

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
fail() { printf '%s\n' "$@" >&2; exit 1; }
# at_least 1.95.0 1.90: whether the first is the second or newer.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -1)" = "$2" ]; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# Installs Debian packages. The services in them don't start, now or at the next boot: we start our own on ports of
# our own, and what the machine ran before goes on as it was.
apt_install() {
  command -v apt-get >/dev/null || fail "Please install these with your package manager, then try again: $*"
  say "Installing $*"
  as_root bash -s -- "$@" <<'AS_ROOT'
set -euo pipefail
# A policy that is there is somebody's word and stays.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi
had_cluster=$(ls -d /etc/postgresql/*/main 2>/dev/null || true)
# Lists that are a little old still install; somebody else's apt may hold them just now.
apt-get update -qq || true
DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends "$@" >/dev/null </dev/null
for package in "$@"; do
  for unit in $(dpkg -L "$package" | sed -n 's|^\(/usr\)\?/lib/systemd/system/\([^@]*\.service\)$|\2|p'); do
    [ ! -d /run/systemd/system ] || systemctl stop "$unit"
    # Debian's own, which is there without systemd too; it wants to be called by a package.
    DPKG_MAINTSCRIPT_PACKAGE=$package deb-systemd-helper disable "$unit" >/dev/null 2>&1 || true
    # Without systemd, a boot reads these.
    update-rc.d "${unit%.service}" disable 2>/dev/null || true
  done
done
# Debian makes a PostgreSQL cluster with the package, and postgresql.service starts all that are "auto". Somebody's
# others stay so.
for cluster in /etc/postgresql/*/main; do
  [ -d "$cluster" ] || continue
  grep -qxF "$cluster" <<<"$had_cluster" || echo manual >"$cluster/start.conf"
done
AS_ROOT
}

# The programs that tests start, by the names that scripts/with-services.sh takes; Debian's packages of them.
install_services() {
  local service missing=()
  # `free_port` asks with it.
  have python3 || missing+=(python3-minimal)
  for service in "$@"; do
    case "$service" in
      postgres) [ -n "$(postgres_bin)" ] || missing+=(postgresql) ;;
      redis) have redis-server && have redis-cli || missing+=(redis-server) ;;
      nats) have nats-server || missing+=(nats-server) ;;
      haproxy) have haproxy || missing+=(haproxy) ;;
      nginx) have nginx || missing+=(nginx nginx-common) ;; # The second has the service.
      prometheus) have promtool || missing+=(prometheus) ;;
      *) fail "no such service: $service (postgres, redis, nats, haproxy, nginx, prometheus)" ;;
    esac
  done
  [ ${#missing[@]} = 0 ] || apt_install "${missing[@]}"
}

# Debian keeps HAProxy and nginx where only root looks.
have() { PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null; }

# The folder with the newest server of PostgreSQL 15 or later; nothing where there is none.
postgres_bin() {
  local found
  found=$(compgen -G '/usr/lib/postgresql/*/bin/postgres' | sort -V | tail -1) || true
  [ -n "$found" ] || found=$(command -v postgres) || true
  [ -n "$found" ] || return 0
  local version
  version=$("$found" --version | grep -o '[0-9]\+' | head -1)
  [ "$version" -lt 15 ] || dirname "$(readlink -f "$found")"
}

# A port of loopback that nobody listens on, outside of what the system gives to outgoing connections.
free_port() {
  python3 - <<'PYTHON'
import random, socket
while True:
    port = random.randrange(20000, 32000)
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            continue
    print(port)
    break
PYTHON
}

# until_true SECONDS COMMAND…: whether it succeeded in time. It is asked ten times a second.
until_true() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.1
  done
}

# end SIGNAL SECONDS PID…: tells processes of ours to end, and waits; who takes longer is killed.
end() {
  local signal=$1 seconds=$2 pid
  shift 2
  for pid in "$@"; do kill "-$signal" "$pid" 2>/dev/null || true; done
  for pid in "$@"; do
    until_true "$seconds" gone "$pid" || kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
}
gone() { ! kill -0 "$1" 2>/dev/null; }
