#!/usr/bin/env bash
# Installs what is missing to build Tertulia; with `tests`, also what its tests need. Does nothing, quickly,
# when all is there. Rust and Node are yours to install: how you do that is your business.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/common.sh
. scripts/common.sh

RUST_MIN=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
NODE_MIN=20.19

check_rust() {
  command -v cargo >/dev/null || { [ ! -f ~/.cargo/env ] || fail "Rust is installed but not in PATH. Run: . ~/.cargo/env"; }
  command -v cargo >/dev/null || fail "Rust $RUST_MIN or newer is needed: https://rustup.rs"
  local have
  have=$(cargo --version | cut -d' ' -f2)
  at_least "$have" "$RUST_MIN" || fail "Rust $RUST_MIN or newer is needed, this is $have. With rustup: rustup update stable"
}

check_node() {
  command -v node >/dev/null && command -v npm >/dev/null || fail "Node $NODE_MIN or newer, with npm, is needed: https://nodejs.org"
  local have
  have=$(node --version | tr -d v)
  at_least "$have" "$NODE_MIN" || fail "Node $NODE_MIN or newer is needed, this is $have."
}

install_system() {
  local missing=()
  # SQLite, the TLS library and the allocator are built from C.
  { command -v cc && command -v c++ && command -v make; } >/dev/null || missing+=(build-essential)
  if [ "${1:-}" = tests ]; then
    # Runs Autobahn's cases.
    python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
    [ -x "${CHROMIUM:-/usr/bin/chromium}" ] || missing+=(chromium)
    # `tertulia torture` moves the server's clock with one, and makes its syncs fail with the other.
    compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1' >/dev/null || missing+=(faketime)
    command -v fiu-run >/dev/null || missing+=(fiu-utils)
    # Without it the screenshots show boxes for emoji.
    [ -e /usr/share/fonts/truetype/noto/NotoColorEmoji.ttf ] || missing+=(fonts-noto-color-emoji)
    # What checks the scripts.
    have shellcheck || missing+=(shellcheck)
    python3 -c 'import yaml' 2>/dev/null || missing+=(python3-yaml)
  fi
  [ ${#missing[@]} = 0 ] || apt_install "${missing[@]}"
  [ "${1:-}" != tests ] || install_services postgres redis nats haproxy nginx prometheus
}

install_npm() {
  local stamp=node_modules/.package-lock.json
  if [ -e "$stamp" ] && [ -z "$(find package-lock.json package.json sdk/typescript/package.json web/package.json \
    tests/web/package.json -newer "$stamp")" ]; then
    return
  fi
  say "Installing npm packages"
  if [ -n "${CI:-}" ]; then npm ci --no-progress; else npm install; fi
  touch "$stamp"
}

check_rust
check_node
install_system "$@"
install_npm
