#!/bin/sh
# Writes the bill of materials to target/packages, as CycloneDX: every crate that is linked into a program, on any
# system.
set -eu
cd "$(dirname "$0")/.."
PATH=$PWD/target/tools/bin:$PATH
command -v cargo-cyclonedx >/dev/null || cargo install --quiet --locked --root target/tools cargo-cyclonedx@0.5.9 >&2
version=$(sh packaging/version.sh)
mkdir -p target/packages
cargo cyclonedx --format json --spec-version 1.5 --target all --no-build-deps --override-filename keyfob-sbom
# The folder of the build says nothing to anybody else.
sed "s|file://$PWD|file:///keyfob|g" keyfob-sbom.json >"target/packages/keyfob-$version.cdx.json"
rm keyfob-sbom.json
echo "target/packages/keyfob-$version.cdx.json"
