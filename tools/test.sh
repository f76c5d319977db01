#!/bin/sh
# Runs every test and sums up. Expects what `tools/prepare.py postgresql test` installs; reads no standard input.
set -eu
cd "$(dirname "$0")/.."
exec </dev/null
. tools/summary.sh

python=build/venv/bin/python

# The sandbox's tests run Amazon's clients and a browser with it.
export SANDBOX_PYTHON="$PWD/$python"
run 'Rust tests' cargo test --workspace --locked
# It measures the memory of its process, in which therefore nothing else may run.
run 'metadata of 10,000 tables' cargo test --workspace --locked --test it -- \
    --ignored --exact metadata_scale::ten_thousand_tables
run 'release build and wheel' "$python" tools/prepare.py wheel
run 'Python tests of the driver' "$python" -m pytest -c bindings/python/pyproject.toml bindings/python/tests
if [ -d tests/sandbox/tests/python ]; then
    run "Amazon's clients against the sandbox" "$python" -m pytest tests/sandbox/tests/python
fi
summary
