#!/bin/sh
# Runs every static check and sums up. Expects what `tools/prepare.py lint cargo-deny` installs.
set -eu
cd "$(dirname "$0")/.."
exec </dev/null
. tools/summary.sh

bin=$PWD/build/venv/bin
python_code='bindings/python tools benches'
PATH=$PATH:$PWD/build/cargo-tools/bin

run 'rustfmt' cargo fmt --all --check
run 'clippy' cargo clippy --workspace --all-targets --locked -- -D warnings
RUSTDOCFLAGS='-D warnings' run 'rustdoc' cargo doc --workspace --no-deps --locked
run 'cargo-deny' cargo deny --log-level error check bans licenses sources
# shellcheck disable=SC2086 # several paths
run 'ruff' "$bin/ruff" check --config bindings/python/pyproject.toml $python_code
# shellcheck disable=SC2086
run 'ruff format' "$bin/ruff" format --check --config bindings/python/pyproject.toml $python_code
run 'mypy' "$bin/mypy" --config-file bindings/python/pyproject.toml bindings/python/src
summary
