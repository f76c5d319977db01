# Sourced by test.sh and lint.sh: runs named steps, keeps going after a failure, and ends with one line for each.

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

# Prints the results; ends the script with 1 if a step failed.
summary() {
    printf '\n── Summary\n%s' "$results"
    exit "$failed"
}
