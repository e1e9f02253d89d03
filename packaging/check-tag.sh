#!/bin/sh
# Fails if the tag that is built names another version than Cargo.toml. Without a tag there is nothing to compare.
set -eu
cd "$(dirname "$0")/.."
[ "${GITHUB_REF_TYPE:-}" = tag ] || exit 0
version=$(sh packaging/version.sh)
[ "$GITHUB_REF_NAME" = "v$version" ] || { echo "The tag $GITHUB_REF_NAME is not v$version." >&2; exit 1; }
grep -q "^## \[$version\] - [0-9]" CHANGELOG.md || { echo "CHANGELOG.md gives $version no date." >&2; exit 1; }
