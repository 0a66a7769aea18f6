#!/usr/bin/env bash
# Whether what is in deploy/ is right, by the programs that will read it; and whether three nodes (TERTULIA_BIN, or what
# is built for debugging) behind each balancer are what they should be: scripts/check_balancer.py. IDLE=65 takes the idle minute in earnest.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/common.sh
. scripts/common.sh
PATH=$PATH:/usr/sbin:/sbin
install_services haproxy nginx prometheus

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

shellcheck scripts/*.sh deploy/docker/healthy
haproxy -c -q -f deploy/haproxy/haproxy.cfg
python3 scripts/check_deploy.py "$folder/dashboard.yaml"
promtool check rules deploy/prometheus/rules.yaml "$folder/dashboard.yaml" >"$folder/out" || { cat "$folder/out" >&2; exit 1; }
promtool test rules deploy/prometheus/rules_test.yaml >"$folder/out" || { cat "$folder/out" >&2; exit 1; }
if command -v systemd-analyze >/dev/null; then
  # The binary need not be where it will be.
  mkdir "$folder/unit"
  sed 's|/usr/local/bin/tertulia|/bin/true|' deploy/systemd/tertulia.service >"$folder/unit/tertulia.service"
  systemd-analyze verify "$folder/unit/tertulia.service"
  systemd-analyze security --offline=true --threshold=20 "$folder/unit/tertulia.service" >"$folder/out" || { cat "$folder/out" >&2; exit 1; }
fi
if docker compose version >/dev/null 2>&1; then
  POSTGRES_PASSWORD=x PUBLIC_URL=https://x docker compose -f deploy/docker/compose.yaml config --quiet
fi
if command -v helm >/dev/null; then
  helm lint --quiet deploy/helm/tertulia
  helm template chat deploy/helm/tertulia --set ingress.enabled=true,autoscaling.enabled=true,serviceMonitor.enabled=true >/dev/null
fi
say "deploy/ is in order"

binary=${TERTULIA_BIN:-target/debug/tertulia}
[ -x "$binary" ] || { say "There is no $binary: no balancer was tried"; exit 0; }
for balancer in haproxy nginx; do python3 scripts/check_balancer.py "$balancer" "$binary"; done
