#!/usr/bin/env bash
# Lints the TypeScript. oxlint stands apart from the npm workspaces: its packages for other platforms are not on
# every registry, and would make `npm ci` refuse the common lockfile.
set -euo pipefail
cd "$(dirname "$0")/../web/tools"
[ -x node_modules/.bin/oxlint ] || npm install --no-package-lock --no-progress
cd ../..
exec web/tools/node_modules/.bin/oxlint --config web/tools/oxlintrc.json web/src web/build sdk/typescript/src tests/web
