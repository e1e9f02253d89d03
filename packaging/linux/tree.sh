#!/bin/sh
# Lays out what is installed on Linux below a prefix: the program, its menu entry, icons, manual pages, completions and
# documentation. Every package for Linux is made of this tree.
#
#   packaging/linux/tree.sh PROGRAM PREFIX
set -eu
program=$1
mkdir -p "$2"
prefix=$(cd "$2" && pwd)
program=$(cd "$(dirname "$program")" && pwd)/$(basename "$program")
cd "$(dirname "$0")/../.."

into() {
    folder=$prefix/$1
    shift
    mkdir -p "$folder"
    install -m 644 "$@" "$folder/"
}
named() { install -D -m 644 "$1" "$prefix/$2"; }

install -D -m 755 "$program" "$prefix/bin/keyfob"
into share/applications assets/keyfob.desktop
named assets/icon.svg share/icons/hicolor/scalable/apps/keyfob.svg
for size in 16 24 32 48 64 128 256; do
    named "assets/icons/$size.png" "share/icons/hicolor/${size}x$size/apps/keyfob.png"
done
into share/man/man1 packaging/man/*.1
gzip -9nf "$prefix"/share/man/man1/*.1
named packaging/completions/keyfob.bash share/bash-completion/completions/keyfob
named packaging/completions/_keyfob share/zsh/site-functions/_keyfob
named packaging/completions/keyfob.fish share/fish/vendor_completions.d/keyfob.fish
into share/doc/keyfob README.md CHANGELOG.md SECURITY.md LICENSE-MIT LICENSE-APACHE assets/fonts/OFL.txt \
    packaging/linux/copyright
into share/doc/keyfob/docs docs/*.md

# The date of the commit, so that the same commit gives the same packages; today's where there is no repository.
date=$(date -u -d "@${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}" +%F)
mkdir -p "$prefix/share/metainfo"
sed -e "s/@VERSION@/$(sh packaging/version.sh)/" -e "s/@DATE@/$date/" packaging/linux/metainfo.xml \
    >"$prefix/share/metainfo/alt.keyfob.app.metainfo.xml"
