#!/bin/sh
# Builds Keyfob and prints the path of the program.
#
#   packaging/program.sh           for this machine
#   packaging/program.sh TARGET    for another, by its target triple
#
# PROFILE names the profile of Cargo.toml; without it, that of the downloads. On Windows, keyfob-window.exe is beside
# the program.
set -eu
cd "$(dirname "$0")/.."
target=${1:-}
profile=${PROFILE:-dist}
folder=$profile
[ "$profile" = dev ] && folder=debug
program=${CARGO_TARGET_DIR:-target}${target:+/$target}/$folder/keyfob
set -- --locked --profile "$profile" ${target:+--target "$target"}
case $target:${OS:-} in
    *windows*:* | :Windows_NT)
        program=$program.exe
        set -- "$@" --features windows-launcher
        ;;
esac
# A download holds no path of the machine that builds it. Identical functions become one where rustc brings the linker
# that can do it. The tables for unwinding go where the system does without them, as nothing unwinds.
if [ "$profile" = dist ]; then
    RUSTFLAGS="${RUSTFLAGS:-} --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo --remap-path-prefix=$PWD=/keyfob"
    case $target:$(uname -sm) in
        x86_64*linux*:* | ":Linux x86_64") RUSTFLAGS="$RUSTFLAGS -Clink-arg=-Wl,--icf=all" ;;
    esac
    case $target:$(uname -s) in
        *linux*:* | :Linux) RUSTFLAGS="$RUSTFLAGS -Cforce-unwind-tables=no" ;;
    esac
    export RUSTFLAGS
fi
cargo build "$@" >&2
echo "$program"
