#!/bin/sh
# Prints the version that stands in Cargo.toml.
set -eu
cd "$(dirname "$0")/.."
id=$(cargo pkgid --locked)
echo "${id##*[@#]}"
