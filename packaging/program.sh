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
if [ "$profile" = dist ]; then
    # A download holds no path of the machine that builds it.
    RUSTFLAGS="${RUSTFLAGS:-} --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo --remap-path-prefix=$PWD=/keyfob"
    export RUSTFLAGS
fi
case $profile:$target:$(uname -sm) in
    dist:x86_64*linux*:* | "dist::Linux x86_64")
        # Smaller by a tenth, where rustc brings the linker that can do it.
        cargo rustc "$@" --bin keyfob -- -Clink-arg=-Wl,--icf=all \
            -Clink-arg=-Wl,-T,packaging/linux/no-unwinding.ld >&2
        ;;
    *) cargo build "$@" >&2 ;;
esac
echo "$program"
