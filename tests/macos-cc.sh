#!/bin/sh
# zig as a C compiler for macOS, without the options that name Apple's SDK or spell the target in Apple's way.
skip=
for word; do
    shift
    case $skip$word in
        --target=* | -mmacosx-version-min=* | -mmacos-version-min=*) ;;
        -arch | -isysroot) skip=next ;;
        next*) skip= ;;
        *) set -- "$@" "$word" ;;
    esac
done
exec /zig/zig cc -target aarch64-macos "$@"
