#!/bin/sh
# Makes Keyfob.app for both kinds of Mac, and the disk image in target/packages. It runs on macOS.
#
# What is set in the environment is signed and notarized; otherwise a message says what is skipped:
#   MACOS_SIGNING_IDENTITY    the name of a Developer ID certificate in the keychain
#   MACOS_CERTIFICATE         that certificate with its key, as base64 of a .p12 file, for a machine that has none
#   MACOS_CERTIFICATE_PASSWORD
#   MACOS_NOTARY_KEY          an App Store Connect key (.p8), with MACOS_NOTARY_KEY_ID and MACOS_NOTARY_ISSUER
set -eu
cd "$(dirname "$0")/../.."
version=$(sh packaging/version.sh)
out=$PWD/target/packages
work=$(mktemp -d)
keychain=
end() {
    [ -z "$keychain" ] || security delete-keychain "$keychain"
    rm -rf "$work"
}
trap end EXIT
trap 'exit 1' INT TERM

# The first macOS for Apple's own processors.
export MACOSX_DEPLOYMENT_TARGET=11.0
for target in aarch64-apple-darwin x86_64-apple-darwin; do
    rustup target add "$target" >&2
    set -- "$@" "$(sh packaging/program.sh "$target")"
done
lipo -create -output "$work/keyfob" "$@"
mkdir -p "$out" "$work/image"
sh packaging/macos/app.sh "$work/keyfob" "$work/image"
app=$work/image/Keyfob.app

import_certificate() {
    password=$(openssl rand -hex 16)
    keychain=$work/signing.keychain-db
    security create-keychain -p "$password" "$keychain"
    security unlock-keychain -p "$password" "$keychain"
    printf %s "$MACOS_CERTIFICATE" | base64 --decode >"$work/certificate.p12"
    security import "$work/certificate.p12" -k "$keychain" -P "$MACOS_CERTIFICATE_PASSWORD" -T /usr/bin/codesign
    security set-key-partition-list -S apple-tool:,apple: -s -k "$password" "$keychain" >/dev/null
    security list-keychains -d user -s "$keychain" login.keychain-db
}
if [ -n "${MACOS_SIGNING_IDENTITY:-}" ]; then
    [ -z "${MACOS_CERTIFICATE:-}" ] || import_certificate >&2
    codesign --force --options runtime --timestamp --sign "$MACOS_SIGNING_IDENTITY" "$app" >&2
else
    # Apple's own processors start nothing that has no signature at all.
    echo "Not signed: MACOS_SIGNING_IDENTITY is not set. Gatekeeper will ask before the first start." >&2
    codesign --force --sign - "$app" >&2
fi
codesign --verify --strict "$app" >&2
"$app/Contents/MacOS/keyfob" --version >&2

ln -s /Applications "$work/image/Applications"
image=$out/Keyfob-$version-macos-universal.dmg
rm -f "$image"
hdiutil create -quiet -volname Keyfob -srcfolder "$work/image" -fs HFS+ -format UDZO "$image" >&2

if [ -n "${MACOS_SIGNING_IDENTITY:-}" ] && [ -n "${MACOS_NOTARY_KEY:-}" ]; then
    codesign --timestamp --sign "$MACOS_SIGNING_IDENTITY" "$image" >&2
    printf '%s\n' "$MACOS_NOTARY_KEY" >"$work/notary.p8"
    xcrun notarytool submit "$image" --wait --key "$work/notary.p8" --key-id "$MACOS_NOTARY_KEY_ID" \
        --issuer "$MACOS_NOTARY_ISSUER" >&2
    xcrun stapler staple "$image" >&2
else
    echo "Not notarized: MACOS_SIGNING_IDENTITY or MACOS_NOTARY_KEY is not set." >&2
fi
echo "$image"
