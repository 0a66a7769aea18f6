"""What no program checks for us in deploy/: names of figures and settings, and files that have to agree.

Usage: check_deploy.py RULES, where the dashboard's queries are written as rules, for promtool to read.
"""

import json
import pathlib
import re
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
# Figures that come with what several nodes need, until the sources record them. Nothing may stay here for good.
COMING = {"tertulia_delivery_seconds", "tertulia_unacked", "tertulia_pushes_total"}
# Settings likewise.
COMING_SETTINGS = set()
# Of HAProxy's configuration, not of Tertulia.
BALANCER = re.compile(r"TERTULIA_(BIND|STATS|TUNNEL|CONNECTIONS|NODE_\d)$")

failures = []


def metrics_recorded():
    """Names of figures in the sources."""
    sources = (path for folder in ("crates", "server", "adapters") for path in (ROOT / folder).rglob("*.rs"))
    return set(re.findall(r'"((?:tertulia|process)_[a-z_]+)"', "\n".join(path.read_text() for path in sources)))


def metrics_used(text):
    names = set(re.findall(r"\b(?:tertulia|process)_[a-z_]+", text))
    return {re.sub(r"_bucket$", "", name) for name in names}


def dashboard_queries():
    dashboard = json.loads((DEPLOY / "grafana/tertulia.json").read_text())
    return [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]


def check_metrics(queries):
    rules = yaml.safe_load((DEPLOY / "prometheus/rules.yaml").read_text())
    alerts = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    recorded = metrics_recorded()
    unknown = metrics_used("\n".join(alerts + queries)) - recorded - COMING
    failures.extend(f"no source records {name}" for name in sorted(unknown))
    failures.extend(f"{name} is recorded: take it out of COMING" for name in sorted(COMING & recorded))
    tested = (DEPLOY / "prometheus/rules_test.yaml").read_text()
    names = [rule["alert"] for group in rules["groups"] for rule in group["rules"] if "alert" in rule]
    failures.extend(f"no test sees {name} fire" for name in names if f'alertname="{name}"' not in tested)


def write_as_rules(queries, path):
    """Grafana's own variables become what they may stand for."""
    plain = [query.replace("$__rate_interval", "5m").replace("$instance", ".+") for query in queries]
    rules = [{"record": f"dashboard:{place}", "expr": query} for place, query in enumerate(plain)]
    pathlib.Path(path).write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))


def check_settings():
    known = set(re.findall(r"TERTULIA_[A-Z_]+", (ROOT / "server/tertulia.example.toml").read_text()))
    failures.extend(f"{name} is a setting: take it out of COMING_SETTINGS" for name in sorted(COMING_SETTINGS & known))
    known |= COMING_SETTINGS | {"TERTULIA_CONFIG"}
    files = [path for path in DEPLOY.rglob("*") if path.is_file()] + [ROOT / "scripts/cluster.sh", ROOT / "docs/deploy.md"]
    for path in files:
        for name in sorted(set(re.findall(r"\bTERTULIA_[A-Z0-9_]*[A-Z0-9]\b", path.read_text()))):
            if name not in known and not BALANCER.match(name) and not re.match("TERTULIA_(TEST_|BIN$|NODE$)", name):
                failures.append(f"{path.relative_to(ROOT)}: no setting is {name}")


def check_compose():
    compose = yaml.safe_load((DEPLOY / "docker/compose.yaml").read_text())
    services = compose["services"]
    for name, service in services.items():
        failures.extend(f"compose: {name} waits for {other}, which is nobody" for other in service.get("depends_on", []) if other not in services)
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                if not (DEPLOY / "docker" / source).exists():
                    failures.append(f"compose: {name} mounts {source}, which is nothing")
            elif source not in compose["volumes"]:
                failures.append(f"compose: {name} mounts {source}, which is no volume")
        for key, value in (service.get("environment") or {}).items():
            if "PASSWORD" in key and ":?" not in str(value):
                failures.append(f"compose: {name} has a password of ours")


def check_grace():
    """Whoever ends a node gives it longer than its drain takes."""
    unit = (DEPLOY / "systemd/tertulia.service").read_text()
    drain, stop = (int(re.search(pattern, unit)[1]) for pattern in (r"DRAIN_SECONDS=(\d+)", r"TimeoutStopSec=(\d+)"))
    node = yaml.safe_load((DEPLOY / "docker/compose.yaml").read_text())["services"]["node1"]
    compose_drain, grace = node["environment"]["TERTULIA_DRAIN_SECONDS"], int(node["stop_grace_period"].rstrip("s"))
    if stop < drain + 15 or grace < compose_drain + 15:
        failures.append("a node is killed before its drain is over")


queries = dashboard_queries()
check_metrics(queries)
check_settings()
check_compose()
check_grace()
write_as_rules(queries, sys.argv[1])
for failure in failures:
    print(failure, file=sys.stderr)
sys.exit(bool(failures))
