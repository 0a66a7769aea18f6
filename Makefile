# On a fresh machine: `make run`. Everything else is for who works on Tertulia.
.PHONY: help run demo test unit autobahn fuzz fuzz-build e2e lint deny types web setup setup-tests cluster check-deploy
.DEFAULT_GOAL := help

# Many tests only wait for the server that they started.
export RUST_TEST_THREADS ?= 8
# What simulated clients lived through, written by tests/sim and played into the SDK.
STORIES := $(CURDIR)/target/stories.jsonl
# Tests that look into the file, or need the demo's folder; and of presence as one process alone tells it.
OF_SQLITE := auth::a1_ auth::a2_ an_open_socket_outlives r20_ bench:: torture:: n4_
FUZZ_TARGETS := frame_decode envelope resume_token
CARGO_FUZZ := CARGO_TARGET_DIR=$(CURDIR)/target/fuzz RUSTC_BOOTSTRAP=1 cargo fuzz
PLAYWRIGHT := scripts/with-services.sh postgres redis -- npx --no-install playwright test --config tests/web/playwright.config.ts

help: ## This list
	@grep -E '^[a-z0-9-]+:.*##' Makefile | sed 's/:.*##/\t/' | expand -t 14

run: web ## Build everything and serve on http://localhost:7070 (ARGS="--listen 0.0.0.0:7070")
	cargo build --release --locked -p tertulia
	./target/release/tertulia serve $(ARGS)

demo: ## As run, with a workspace that looks lived-in, kept apart in data/demo
	$(MAKE) run ARGS="--demo --data data/demo $(ARGS)"

cluster: web ## Three nodes behind HAProxy on http://localhost:7070, with PostgreSQL, Redis, NATS (PORT=7070 BUS=redis|nats)
	cargo build --release --locked -p tertulia
	PORT=$(or $(PORT),7070) BUS=$(or $(BUS),redis) scripts/cluster.sh

test: setup-tests web unit autobahn e2e check-deploy ## Every test: Rust, SDK, web, real browsers, deploy/

unit: ## Tests without a browser
	cargo build --workspace --all-targets --locked
	TERTULIA_SIM_STORIES=$(STORIES) scripts/with-services.sh postgres redis nats -- cargo test --workspace --locked --no-fail-fast
	TERTULIA_TEST_STORE=postgres scripts/with-services.sh postgres redis -- \
	  cargo test --workspace --test e2e --locked -- $(addprefix --skip ,$(OF_SQLITE))
	npm test --workspace sdk/typescript --workspace web
	cd sdk/typescript && TERTULIA_PLANS=$(STORIES) npx --no-install vitest run tests/plans.test.ts

autobahn: ## Autobahn's 301 cases of RFC 6455, 42 of the 216 with compression (CASES="deflate": all 216, minutes)
	cargo build --locked -p tertulia
	set -e; $(if $(CASES),,scripts/autobahn.sh target/debug/tertulia;) scripts/autobahn.sh target/debug/tertulia $(or $(CASES),deflate-quick)

check-deploy: ## Check deploy/, and three nodes behind HAProxy and nginx (TERTULIA_BIN; IDLE=65 for an idle minute)
	IDLE=$(or $(IDLE),5) scripts/check-deploy.sh

fuzz: fuzz-build ## Fuzz what reads strangers' bytes, each target for a while (SECONDS_EACH=60); the first build takes minutes
	set -e; for target in $(FUZZ_TARGETS); do \
	  mkdir -p target/fuzz/corpus/$$target; \
	  $(CARGO_FUZZ) run $$target target/fuzz/corpus/$$target fuzz/seeds/$$target -- -max_total_time=$(or $(SECONDS_EACH),60); \
	done

fuzz-build: setup
	command -v cargo-fuzz >/dev/null || cargo install --quiet --locked cargo-fuzz@0.13.2
	$(CARGO_FUZZ) build

e2e: ## Browser tests alone; build first (SPEC="offline" picks some)
	$(PLAYWRIGHT) $(SPEC)

lint: setup ## Formatting, clippy, TypeScript, oxlint
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	npm run check --workspaces --if-present
	scripts/oxlint.sh

deny: ## Licences, banned crates and known holes (ADVISORIES=folder of the RustSec database)
	scripts/deny.sh $(ADVISORIES)

types: ## Write what is generated from the Rust types: the SDK's types.gen.ts, docs/errors.md
	UPDATE_TYPES=1 cargo test -p tertulia-protocol --test types
	UPDATE_DOCS=1 cargo test -p tertulia-tests --test structure error_codes

web: setup ## Build the web client into web/dist
	npm run build --workspace web

setup: ## Install what building needs
	@scripts/setup.sh

setup-tests: ## And what testing needs
	@scripts/setup.sh tests
