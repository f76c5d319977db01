#!/bin/sh
# Cargo's RUSTC_WORKSPACE_WRAPPER: compiles the workspace's own crates as always, but links them portably.
exec "$@" -C linker="$(dirname "$0")/portable_linker.sh"
