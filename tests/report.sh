# shellcheck shell=sh disable=SC2034,SC2154 # Its variables are of the script that reads it.
# For scripts of tests: their results in the form of cargo's, which tests/run.sh counts. A script that reads this file
# sets `part`, the first part of its tests' names, and `said`, a file for what a test prints.
passed=0
failed=0

# Runs a command, which must succeed.
hold() {
    name=$1
    shift
    if "$@" >"$said" 2>&1; then
        passed=$((passed + 1))
        echo "test $part::$name ... ok"
    else
        failed=$((failed + 1))
        echo "test $part::$name ... FAILED"
        sed 's/^/    /' "$said"
    fi
}

# Ends the script. The argument is the number of tests that were not run.
closing() {
    word=ok
    [ "$failed" = 0 ] || word=FAILED
    echo
    echo "test result: $word. $passed passed; $failed failed; $1 ignored; 0 measured; 0 filtered out"
    [ "$failed" = 0 ] || exit 1
    exit 0
}

# Sets `sudo` to what runs a command as root. The argument names what needs it.
need_root() {
    if [ "$(id -u)" = 0 ]; then
        sudo=
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        sudo="sudo --preserve-env"
    else
        echo "$1 needs a root of its own, so it was not tried. Run this as root: sh $0"
        closing 1
    fi
}
