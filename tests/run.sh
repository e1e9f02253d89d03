#!/bin/sh
# Runs every test: the pure ones, those over real sockets, and those on a real keyring, a real window, a real browser
# and a real authorization server; then each package for Linux, installed and started in a clean root, and the Windows
# program and its installer under Wine; last, the code for macOS is checked. Installs what they need on Debian and Ubuntu.
set -eu
cd "$(dirname "$0")/.."
sh tests/setup.sh
log=target/tests.log
mkdir -p target
rm -rf tests/output/servers
# One test binary for the parts inside the crate, one for everything else. A test that fails stops nothing.
status=0
cargo test --locked --no-fail-fast --features failpoints 2>&1 | tee "$log" || status=$?
# The packages for Linux, in a clean root of their own. The program shares the tests' build of its dependencies, but has
# no failpoints; a release workflow runs the same script with an optimised one.
mkdir -p target/stripped
{ cargo build --locked --quiet && strip -o target/stripped/keyfob target/debug/keyfob &&
    sh tests/package.sh target/stripped/keyfob; } >target/package.log 2>&1 || status=1
tee -a "$log" <target/package.log
# The Windows program, in a root of its own.
sh tests/windows.sh >target/windows.log 2>&1 || status=1
tee -a "$log" <target/windows.log
# The code for macOS, checked by the compiler in the same root.
sh tests/macos.sh >target/macos-said.log 2>&1 || status=1
tee -a "$log" <target/macos-said.log
grep -q '^test result: FAILED' "$log" && status=1
grep -q '^error' "$log" && status=1
# The promises, by their row: a test that keeps one carries its name.
echo "promise  result  test"
sed -nE 's/^test ((.*::)?([a-z][0-9]+)_[^ ]*) \.\.\. (ok|FAILED).*/\3 \4 \1/p' "$log" |
    awk '{ printf "%-7s  %-6s  %s\n", toupper($1), $2, $3 }' | sort -V
# What servers that no one here wrote offer, and what came of it.
[ -d tests/output/servers ] && awk -F '\t' '
    !($1 in row) { row[$1] = ++rows; name[rows] = $1 }
    !($2 in column) { column[$2] = ++columns; server[columns] = $2 }
    { cell[row[$1], column[$2]] = $3; if (length($3) > width[column[$2]]) width[column[$2]] = length($3) }
    END {
        printf "%-24s", "feature"
        for (c = 1; c <= columns; c++) printf "  %-*s", width[c], server[c]
        for (r = 1; r <= rows; r++) {
            printf "\n%-24s", name[r]
            for (c = 1; c <= columns; c++) printf "  %-*s", width[c], cell[r, c]
        }
        print ""
    }' tests/output/servers/*.tsv
# What each system keeps.
python3 tests/systems.py "$log" || status=1
# A test that one part leaves to another is not skipped.
awk '/^test result:/ { passed += $4; failed += $6; ignored += $8 }
     / \.\.\. ignored/ { left[$2] }
     / \.\.\. (ok|FAILED)/ && ($2 in left) { ignored--; delete left[$2] }
     END { printf "%d passed, %d failed, %d skipped\n", passed, failed, ignored }' "$log"
grep -q '^test result: ok' "$log" || status=1
exit $status
