#!/bin/sh
# Makes the installer and the .zip for Windows in target/packages. On Windows it runs in Git's shell.
#
#   packaging/windows/build.sh            of a build for this machine
#   packaging/windows/build.sh PROGRAM    of a keyfob.exe that is built already, with keyfob-window.exe beside it
#
# It uses makensis and 7z. Where WINDOWS_CERTIFICATE (base64 of a .pfx file) and WINDOWS_CERTIFICATE_PASSWORD are set,
# the programs and the installer are signed; otherwise a message says that they are not.
set -eu
[ $# -eq 0 ] || set -- "$(cd "$(dirname "$1")" && pwd)/$(basename "$1")"
cd "$(dirname "$0")/../.."
PATH=$PATH:"/c/Program Files (x86)/NSIS":"/c/Program Files/7-Zip"
program=${1:-$(sh packaging/program.sh)}
version=$(sh packaging/version.sh)
out=$PWD/target/packages
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

# A path as programs of Windows read it.
native() { if command -v cygpath >/dev/null; then cygpath -w "$1"; else echo "$1"; fi; }

sign() {
    if [ -z "${WINDOWS_CERTIFICATE:-}" ]; then
        echo "$(basename "$1") is not signed: WINDOWS_CERTIFICATE is not set. SmartScreen will ask at its first start." >&2
        return
    fi
    printf %s "$WINDOWS_CERTIFICATE" | base64 --decode >"$work/certificate.pfx"
    signtool=$(find "/c/Program Files (x86)/Windows Kits/10/bin" -path '*/x64/signtool.exe' | sort -V | tail -n 1)
    # The shell of Git takes a leading slash for a path.
    MSYS2_ARG_CONV_EXCL='*' "$signtool" sign /fd SHA256 /td SHA256 /tr http://timestamp.digicert.com \
        /f "$(native "$work/certificate.pfx")" /p "$WINDOWS_CERTIFICATE_PASSWORD" "$(native "$1")" >&2
    rm "$work/certificate.pfx"
}

name=keyfob-$version-windows-x86_64
folder=$work/$name
mkdir -p "$out" "$folder/docs" "$folder/completions"
cp "$program" "$(dirname "$program")/keyfob-window.exe" "$folder/"
sign "$folder/keyfob.exe"
sign "$folder/keyfob-window.exe"
cp README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE assets/fonts/OFL.txt "$folder/"
cp docs/*.md "$folder/docs/"
cp packaging/completions/_keyfob.ps1 packaging/completions/keyfob.bash "$folder/completions/"
rm -f "$out/$name.zip"
(cd "$work" && 7z a -bso0 -tzip "$(native "$out/$name.zip")" "$name")

# The version of a file's properties is numbers and dots: that of a release candidate is its release's.
makensis -V2 -DPROGRAMS="$(native "$folder")" -DVERSION="${version%%-*}" \
    -DOUTPUT="$(native "$out/$name-setup.exe")" packaging/windows/keyfob.nsi >&2
sign "$out/$name-setup.exe"

echo "$out/$name.zip"
echo "$out/$name-setup.exe"
