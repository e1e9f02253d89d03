#!/bin/sh
# Runs every test: the pure ones, those over real sockets, and those on a real keyring, a real window, a real browser
# and a real authorization server. Installs what they need on Debian and Ubuntu.
set -eu
cd "$(dirname "$0")/.."
sh tests/setup.sh
log=target/tests.log
mkdir -p target
# One test binary for the parts inside the crate, one for everything else. A test that fails stops nothing.
status=0
cargo test --locked --no-fail-fast --features failpoints 2>&1 | tee "$log" || status=$?
grep -q '^test result: FAILED' "$log" && status=1
grep -q '^error' "$log" && status=1
# The promises, by their row: a test that keeps one carries its name.
echo "promise  result  test"
sed -nE 's/^test ((.*::)?([a-z][0-9]+)_[^ ]*) \.\.\. ([a-zA-Z]+).*/\3 \4 \1/p' "$log" |
    awk '{ printf "%-7s  %-6s  %s\n", toupper($1), $2, $3 }' | sort -V
awk '/^test result:/ { passed += $4; failed += $6; ignored += $8 }
     END { printf "%d passed, %d failed, %d skipped\n", passed, failed, ignored }' "$log"
grep -q '^test result: ok' "$log" || status=1
exit $status
