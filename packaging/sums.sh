#!/bin/sh
# Writes the SHA-256 sums of all downloads to target/packages/SHA256SUMS.
set -eu
cd "$(dirname "$0")/../target/packages"
rm -f SHA256SUMS
set -- *
sha256sum -- "$@" >SHA256SUMS
cat SHA256SUMS
