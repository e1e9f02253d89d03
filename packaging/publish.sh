#!/bin/sh
# Publishes target/packages as the release of the tag that is built, with the changelog's words.
set -eu
cd "$(dirname "$0")/.."
version=$(sh packaging/version.sh)
notes=$(mktemp)
trap 'rm -f "$notes"' EXIT
awk -v version="$version" '/^## / { found = index($0, "## [" version "]") == 1; next } found' CHANGELOG.md >"$notes"
case $version in *-*) kind=--prerelease ;; *) kind=--latest ;; esac
gh release create "$GITHUB_REF_NAME" --verify-tag "$kind" --title "Keyfob $version" --notes-file "$notes" \
    target/packages/*
