#!/bin/sh
# Builds the Debian package, installs it into a clean Debian (or Ubuntu) of its own, and starts Keyfob there from its
# .desktop entry, on a screen without a monitor.
#
#   tests/package.sh            builds target/debian/keyfob_*.deb, then tries it
#   tests/package.sh FILE.deb   tries this one
#
# It needs root, or sudo without a password, for the clean root (debootstrap). The packages come from the mirror that
# this machine's apt uses. Everything is removed again; what is printed is counted by tests/run.sh.
set -eu
cd "$(dirname "$0")/.."
mkdir -p target
tools=$PWD/target/tools
started=
passed=0
failed=0

# One line for each thing that must hold, as cargo's tests print them.
hold() {
    name=$1
    shift
    if "$@" >"$work/said" 2>&1; then
        passed=$((passed + 1))
        echo "test package::$name ... ok"
    else
        failed=$((failed + 1))
        echo "test package::$name ... FAILED"
        sed 's/^/    /' "$work/said"
    fi
}

closing() {
    word=ok
    [ "$failed" = 0 ] || word=FAILED
    echo
    echo "test result: $word. $passed passed; $failed failed; $1 ignored; 0 measured; 0 filtered out"
    [ "$failed" = 0 ] || exit 1
    exit 0
}

if [ "$(id -u)" = 0 ]; then
    sudo=
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    sudo=sudo
else
    echo "The Debian package was not tried: a clean root needs root. Run this as root: sh tests/package.sh"
    closing 1
fi

work=$(mktemp -d)
root=$work/root
end() {
    for child in $started; do kill "$child" 2>/dev/null || true; done
    $sudo umount "$root/proc" 2>/dev/null || true
    # Never through a mount that is still there.
    mountpoint -q "$root/proc" || $sudo rm -rf "$work"
}
trap end EXIT
trap 'exit 1' INT TERM

if [ $# -gt 0 ]; then
    deb=$1
else
    PATH=$PATH:$tools/bin
    command -v cargo-deb >/dev/null || cargo install --quiet --locked --root "$tools" cargo-deb@3.8.0 >&2
    cargo deb --quiet --locked --output target/debian/ >&2
    deb=$(ls -t target/debian/keyfob_*.deb | head -n 1)
fi

# What the package holds, before it is installed anywhere.
field() { dpkg-deb --field "$deb" "$1"; }
holds() { dpkg-deb --contents "$deb" | grep -Eq " \./$1\$"; }
every_icon() {
    for size in 16 24 32 48 64 128 256; do
        holds "usr/share/icons/hicolor/${size}x$size/apps/keyfob.png" || { echo "no icon of $size"; return 1; }
    done
    holds usr/share/icons/hicolor/scalable/apps/keyfob.svg
}
# The names of the packages whose libraries are loaded at run time; nothing but a list by hand knows them.
names_what_it_loads() {
    for package in libc6 libegl1 libgl1 libwayland-client0 libwayland-egl1 libx11-6 libx11-xcb1 libxcursor1 libxi6 \
        libxkbcommon0 libxkbcommon-x11-0; do
        field Depends | grep -Eq "(^|[ ,|])$package([ ,|(]|\$)" || { echo "$package is not named"; return 1; }
    done
}
hold has_an_icon_of_every_size every_icon
hold names_the_libraries_that_are_loaded_at_run_time names_what_it_loads

# A clean root of this machine's release, from this machine's mirror.
. /etc/os-release
sources() { cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null || true; }
mirror=$(sources | awk -v suite="$VERSION_CODENAME" '
    $1 == "deb" { for (at = 2; at < NF; at++) if ($at ~ "://" && $(at + 1) == suite) { print $at; exit } }
    $1 == "URIs:" { uri = $2 }
    $1 == "Suites:" { for (at = 2; at <= NF; at++) if ($at == suite) { print uri; exit } }')
clean_root() {
    [ -n "$mirror" ] || { echo "apt knows no mirror of $VERSION_CODENAME"; return 1; }
    $sudo debootstrap --variant=minbase "$VERSION_CODENAME" "$root" "$mirror" &&
        $sudo mount -t proc proc "$root/proc" &&
        # Where this machine reaches its mirror in a way of its own, so must the clean root.
        { ! [ -d /etc/apt/apt.conf.d ] || $sudo cp -r /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/"; } &&
        $sudo cp "$deb" "$root/keyfob.deb"
}
inside() { $sudo chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/root "$@"; }
installed() {
    # libglib2.0-bin stands for the desktop: its gio starts a program from its .desktop entry.
    inside DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends /keyfob.deb libglib2.0-bin
}
hold a_clean_root_is_made clean_root
[ "$failed" = 0 ] || closing 0
hold installs_with_all_that_it_needs installed
[ "$failed" = 0 ] || closing 0
hold the_command_line_works inside keyfob --version

# A screen of its own; the clean root reaches it by the abstract socket, which no folder hides.
Xvfb -displayfd 1 -nolisten tcp -noreset -screen 0 1280x800x24 >"$work/display" 2>/dev/null &
started="$started $!"
for _ in $(seq 100); do [ -s "$work/display" ] && break; sleep 0.1; done
DISPLAY=:$(cat "$work/display")
export DISPLAY
openbox --sm-disable >/dev/null 2>&1 &
started="$started $!"

entry=usr/share/applications/keyfob.desktop
launched() {
    inside DISPLAY="$DISPLAY" LIBGL_ALWAYS_SOFTWARE=1 XDG_RUNTIME_DIR=/tmp KEYFOB_HOME=/tmp/keyfob gio launch "/$entry" &&
        # Its class is the .desktop entry's name, by which desktops put the two together.
        timeout 60 xdotool search --sync --onlyvisible --class '^keyfob$'
}
alone() {
    pid=$(xdotool getwindowpid "$(xdotool search --onlyvisible --class '^keyfob$' | head -n 1)")
    [ "$($sudo readlink "/proc/$pid/root")" = "$root" ] && [ "$($sudo readlink "/proc/$pid/exe")" = "$root/usr/bin/keyfob" ]
}
closes() {
    xdotool search --onlyvisible --class '^keyfob$' windowclose
    for _ in $(seq 100); do
        $sudo sh -c 'for exe in /proc/[0-9]*/exe; do readlink "$exe"; done' 2>/dev/null | grep -qx "$root/usr/bin/keyfob" || return 0
        sleep 0.1
    done
    echo "it still runs"
    return 1
}
leaves_nothing() {
    inside DEBIAN_FRONTEND=noninteractive apt-get purge -qq -y keyfob &&
        ! $sudo find "$root/usr" "$root/etc" -name '*keyfob*' | grep .
}
hold opens_its_window_from_the_desktop_entry launched
hold the_window_is_the_installed_program alone
hold closes_with_its_window closes
hold goes_without_a_trace leaves_nothing
closing 0
