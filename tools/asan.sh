#!/bin/sh
# Looks for memory errors: the tests of the C ABI under AddressSanitizer, the C programs under gcc's and under Valgrind.
# Expects what `tools/prepare.py postgresql valgrind build` provides, and runs Valgrind on the library of C_ABI_LIBRARY
# instead of that build's if it is set; reads no standard input.
set -eu
cd "$(dirname "$0")/.."
exec </dev/null
. tools/summary.sh

target=${CARGO_TARGET_DIR:-target}

# expect_report COMMAND…: succeeds if the command fails with a report of the sanitizer.
expect_report() {
    if output=$("$@" 2>&1); then
        echo "$output"
        echo 'the planted overflow was not found'
        return 1
    fi
    case $output in
    *'AddressSanitizer: heap-buffer-overflow'*) echo 'the planted overflow was found' ;;
    *) echo "$output" && return 1 ;;
    esac
}

# The sanitizer is an unstable option of the compiler, which RUSTC_BOOTSTRAP admits. With a target named, build scripts and
# macros are built without it. A folder of its own, as build scripts ask for RUSTC_BOOTSTRAP and would be built anew.
host=$(rustc -vV | sed -n 's/^host: //p')
rust() {
    env RUSTC_BOOTSTRAP=1 RUSTFLAGS='-Zsanitizer=address --cfg asan' CARGO_TARGET_DIR="$target/asan" \
        CARGO_PROFILE_DEV_DEBUG=line-tables-only CARGO_INCREMENTAL=0 \
        LSAN_OPTIONS="suppressions=$PWD/tools/lsan.supp:print_suppressions=0" \
        cargo test --quiet --locked --package adbc-driver-redshift --target "$host" "$@"
}

# As part of the workspace, so that what `make test` has compiled is not compiled again with other features.
c_programs() {
    checker=$1
    shift
    env C_ABI_CHECKER="$checker" "$@" cargo test --quiet --locked --workspace --test c_abi -- --include-ignored
}

run 'AddressSanitizer: planted overflow' expect_report rust --test it -- --exact planted::overflow --ignored
run 'AddressSanitizer: unit tests of ffi, session and types' rust --lib -- ffi:: session:: types::
run 'AddressSanitizer: driver in a Rust program' rust --test it -- \
    bind:: cancel:: ingest:: protocol:: results:: rude:: transactions:: types::
run 'AddressSanitizer: C programs' c_programs asan
if command -v valgrind >/dev/null; then
    library=${C_ABI_LIBRARY:-$(cd "$target" && pwd)/release/libadbc_driver_redshift.so}
    run 'Valgrind: C programs on the release library' c_programs valgrind "C_ABI_LIBRARY=$library"
else
    missing 'Valgrind: C programs on the release library' valgrind
fi
summary
