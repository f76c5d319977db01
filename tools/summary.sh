# Sourced by test.sh, lint.sh and asan.sh: runs named steps, keeps going after a failure, and ends with one line for each.

failed=0
results=''

# run NAME COMMAND…
run() {
    step=$1
    shift
    printf '\n── %s\n' "$step"
    started=$(date +%s)
    if "$@"; then mark='ok    '; else mark='FAILED'; failed=1; fi
    results="$results$(printf '%s  %s (%s s)' "$mark" "$step" "$(($(date +%s) - started))")
"
}

# missing NAME PROGRAM: a step that cannot run here; on a CI machine, which can be made to have it, a failure.
missing() {
    mark="SKIPPED (needs $2)"
    if [ -n "${CI:-}" ]; then mark="FAILED (needs $2)"; failed=1; fi
    results="$results$(printf '%s  %s' "$mark" "$1")
"
}

# Prints the results; ends the script with 1 if a step failed.
summary() {
    printf '\n── Summary\n%s' "$results"
    exit "$failed"
}
