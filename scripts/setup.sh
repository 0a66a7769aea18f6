#!/usr/bin/env bash
# Installs what is missing to build Tertulia; with `tests`, also what its tests need. Does nothing, quickly,
# when all is there. Rust and Node are yours to install: how you do that is your business.
set -euo pipefail
cd "$(dirname "$0")/.."

RUST_MIN=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
NODE_MIN=20.19

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
fail() { printf '%s\n' "$@" >&2; exit 1; }
# at_least 1.95.0 1.90: whether the first is the second or newer.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -1)" = "$2" ]; }

apt_install() {
  command -v apt-get >/dev/null || fail "Please install these with your package manager, then try again: $*"
  say "Installing $*"
  local as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

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
  fi
  [ ${#missing[@]} = 0 ] || apt_install "${missing[@]}"
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
