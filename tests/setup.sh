#!/bin/sh
# Installs what Keyfob and its tests need on Debian and Ubuntu, and nothing that is there already.
#
#   tests/setup.sh        for running the app and all the tests
#   tests/setup.sh run    for running the app only
#
# The packages stand in tests/desktop/packages. It is safe to call at every test run.
# Lists of packages are split into words on purpose.
# shellcheck disable=SC2086
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
lists=$here/desktop/packages
oidc=$here/desktop/oidc

case "${1:-test}" in
    run) wanted=$(cat "$lists/run-packages") ;;
    test) wanted=$(cat "$lists/run-packages" "$lists/test-packages") ;;
    *)
        echo "usage: tests/setup.sh [run]" >&2
        exit 2
        ;;
esac

# Ubuntu's own chromium is a snap, which can't see the tests' folders; there Playwright fetches a browser below.
snap_chromium() {
    [ -r /etc/os-release ] && (. /etc/os-release && [ "$ID" = ubuntu ])
}

# Whether something other than the package of that name does its work.
provided() {
    case "$1" in
        nodejs) command -v node >/dev/null ;;
        npm) command -v npm >/dev/null ;;
        gcc) command -v cc >/dev/null ;;
        docker.io) command -v docker >/dev/null ;;
        kubernetes-client) command -v kubectl >/dev/null ;;
        git | curl) command -v "$1" >/dev/null ;;
        chromium) [ -x "${CHROMIUM:-/usr/bin/chromium}" ] || snap_chromium ;;
        *) return 1 ;;
    esac
}

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "This machine has no apt. Keyfob's tests need what these Debian packages hold:" $wanted >&2
    exit 1
fi

installed=" $(dpkg-query -W -f '${Package}=${db:Status-Status} ' $wanted 2>/dev/null || true)"
missing=
for package in $wanted; do
    case "$installed" in
        *" $package=installed "*) ;;
        *) provided "$package" || missing="$missing $package" ;;
    esac
done

if [ -n "$missing" ]; then
    if [ "$(id -u)" = 0 ]; then
        sudo=
    elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        sudo=sudo
    else
        echo "Some packages are missing. Run this as root, then try again:" >&2
        echo "apt-get update && apt-get install -y --no-install-recommends$missing" >&2
        exit 1
    fi
    echo "Installing:$missing" >&2
    install() {
        $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
            -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 $missing >&2
    }
    if ! install; then
        echo "Fetching newer package lists, and trying again." >&2
        $sudo apt-get update -qq -o DPkg::Lock::Timeout=300 >&2
        install
    fi
fi

[ "${1:-test}" = test ] || exit 0

if ! node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 18 ? 0 : 1)'; then
    echo "The tests need Node 18 or newer; this is $(node --version). Install a newer nodejs, then try again." >&2
    exit 1
fi

# The lock file beside the modules tells whether they are the right ones.
for folder in "$oidc" "$here/desktop/mcp" "$here/tools"; do
    if ! cmp -s "$folder/package-lock.json" "$folder/node_modules/.installed-lock.json"; then
        (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
        cp "$folder/package-lock.json" "$folder/node_modules/.installed-lock.json"
    fi
done

# Servers that the tests ask, and tools that check the project. The same for the list of requirements.
for folder in "$here/desktop/servers" "$here/tools"; do
    if ! cmp -s "$folder/requirements.txt" "$folder/.venv/.installed-requirements.txt"; then
        rm -rf "$folder/.venv"
        python3 -m venv "$folder/.venv"
        "$folder/.venv/bin/pip" install -q --disable-pip-version-check -r "$folder/requirements.txt" >&2
        cp "$folder/requirements.txt" "$folder/.venv/.installed-requirements.txt"
    fi
done

if ! [ -x "${CHROMIUM:-/usr/bin/chromium}" ]; then
    export PLAYWRIGHT_BROWSERS_PATH=0 # beside the modules
    if ! ls "$oidc"/node_modules/playwright-core/.local-browsers/chromium* >/dev/null 2>&1; then
        echo "Fetching a browser for the tests." >&2
        (cd "$oidc" && npx --no-install playwright-core install --with-deps --only-shell chromium >&2)
    fi
fi
