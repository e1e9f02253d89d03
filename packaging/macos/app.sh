#!/bin/sh
# Lays out Keyfob.app around a program. It needs nothing of Apple's, so that the tests can look at it on any system.
#
#   packaging/macos/app.sh PROGRAM FOLDER    makes FOLDER/Keyfob.app
set -eu
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
mkdir -p "$2"
app=$(cd "$2" && pwd)/Keyfob.app
cd "$(dirname "$0")/../.."

rm -rf "$app"
mkdir -p "$app/Contents/MacOS" "$app/Contents/Resources/man" "$app/Contents/Resources/completions"
install -m 755 "$program" "$app/Contents/MacOS/keyfob"
# The bundle's version is numbers and dots: that of a release candidate is its release's.
version=$(sh packaging/version.sh)
sed "s/@VERSION@/${version%%-*}/" packaging/macos/Info.plist >"$app/Contents/Info.plist"
printf 'APPL????' >"$app/Contents/PkgInfo"
python3 packaging/macos/icns.py "$app/Contents/Resources/keyfob.icns"
cp LICENSE-MIT LICENSE-APACHE assets/fonts/OFL.txt "$app/Contents/Resources/"
cp packaging/man/*.1 "$app/Contents/Resources/man/"
cp packaging/completions/* "$app/Contents/Resources/completions/"
