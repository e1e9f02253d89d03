#!/bin/sh
# Builds the Flatpak and installs it for this user. It needs flatpak-builder, and the runtime and the SDK that the
# manifest names.
#
#   packaging/linux/flatpak.sh           builds and installs
#   packaging/linux/flatpak.sh source    only lays out the source with its dependencies, in target/flatpak/source
set -eu
cd "$(dirname "$0")/../.."
folder=$PWD/target/flatpak
rm -rf "$folder/source"
mkdir -p "$folder/source"
git archive HEAD | tar -x -C "$folder/source"
(
    cd "$folder/source"
    mkdir .cargo
    cargo vendor --locked --versioned-dirs vendor >.cargo/config.toml 2>"$folder/vendor.log"
    # Complete: without a network, and without what this machine has fetched before.
    CARGO_HOME=$folder/cargo cargo metadata --offline --locked --format-version 1 >"$folder/metadata.json"
)
[ "${1:-}" = source ] && exit 0
flatpak-builder --state-dir="$folder/state" --user --install --force-clean "$folder/build" \
    packaging/linux/alt.keyfob.app.yml
