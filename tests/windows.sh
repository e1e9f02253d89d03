#!/bin/sh
# Builds keyfob.exe on Debian or Ubuntu, and runs the tests of tests/all/windows and of the installer with it under
# Wine, on a screen without a monitor.
#
#   tests/windows.sh            everything
#   tests/windows.sh NAME       only the tests whose path in tests/all/windows begins so, such as window::p1
#   tests/windows.sh --build    only the programs, in target/windows/build
#   tests/windows.sh --root     only the root, which tests/macos.sh uses too
#
# It needs root, or sudo without a password, for a root of Debian's next release (debootstrap). That has a compiler for
# Windows, which cargo uses as the user who calls this. The root stays in target/windows/root for the next time. What is
# printed is counted by tests/run.sh.
set -eu
cd "$(dirname "$0")/.."
here=$PWD
root=$here/target/windows/root
target=x86_64-pc-windows-gnu
programs=/keyfob/target/windows/build/$target/debug
. tests/report.sh
part=windows
said=$root/said

# The compiler, its library's source, the linker; Wine with a renderer; a screen; what draws and reads it.
packages="cargo rustc rust-src rust-clippy gcc libc6-dev gcc-mingw-w64-x86-64-win32 nsis ca-certificates curl wine \
wine64 xvfb openbox xdotool xclip imagemagick libgl1 libgl1-mesa-dri fonts-dejavu-core python3-minimal"

# The first part runs as the user, the rest as root, in namespaces of its own: its mounts and processes end with it.
if [ "${KEYFOB_STAGE:-}" != root ]; then
    need_root "The compiler for Windows"
    mkdir -p target/windows
    case "${1:-}" in
        --build | --root) ;;
        *)
            tests=$(cargo test --locked --features failpoints --test all --no-run --message-format=json-render-diagnostics |
                sed -nE 's/.*"executable":"([^"]*\/deps\/all-[^"]*)".*/\1/p')
            cp -f --remove-destination "$tests" target/windows/tests
            ;;
    esac
    KEYFOB_USER=$(id -u):$(id -g)
    export KEYFOB_STAGE=root KEYFOB_USER CARGO_HOME="${CARGO_HOME:-$HOME/.cargo}"
    exec $sudo unshare --mount --pid --fork --kill-child sh tests/windows.sh "$@"
fi

inside() {
    chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/root DEBIAN_FRONTEND=noninteractive "$@"
}

# The mirror of this machine's apt, unless it isn't Debian's.
mirror() {
    . /etc/os-release
    [ "$ID" != debian ] || sh tests/mirror.sh
}
# Wine is not in every release: the stable one has it.
make_root() {
    rm -rf "$root"
    debootstrap --variant=minbase forky "$root" "$(mirror)" \
        /usr/share/debootstrap/scripts/sid
    # Otherwise each source of the compiler is written through to the disk; only the library's are built.
    cat >"$root/etc/dpkg/dpkg.cfg.d/keyfob" <<'END'
force-unsafe-io
path-exclude=/usr/src/rustc-*/src/tools/*
path-exclude=/usr/src/rustc-*/src/llvm-project/*
path-exclude=/usr/src/rustc-*/src/doc/*
path-exclude=/usr/src/rustc-*/compiler/*
path-exclude=/usr/share/doc/*
path-exclude=/usr/share/man/*
path-exclude=/usr/share/locale/*
END
    # Where this machine reaches its mirror in a way of its own, so must the root.
    ! [ -d /etc/apt/apt.conf.d ] || cp -r /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/"
    sed -n 's/ forky / trixie /p' "$root/etc/apt/sources.list" >"$root/etc/apt/sources.list.d/trixie.list"
    mount -t proc proc "$root/proc"
    inside apt-get update -qq
    # shellcheck disable=SC2086 # A list.
    inside apt-get install -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 $packages
    inside apt-get clean
    umount "$root/proc"
    echo "$packages" >"$root/.finished"
}
if [ "$(cat "$root/.finished" 2>/dev/null)" != "$packages" ]; then
    echo "Making a root for Windows' compiler and Wine." >&2
    make_root >target/windows/root.log 2>&1 || { tail -n 30 target/windows/root.log; failed=1; closing 0; }
fi

[ "${1:-}" != --root ] || exit 0

mkdir -p "$root/keyfob" "$root/cargo"
mount -t proc proc "$root/proc"
mount --bind "$here" "$root/keyfob"
mount --bind "$CARGO_HOME" "$root/cargo"
cp /etc/resolv.conf "$root/etc/resolv.conf"
[ ! -f /etc/ssl/certs/ca-certificates.crt ] || cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"

# As the user, with the user's settings for cargo. Debian has no Windows library of Rust's: it is built, too. Without
# debug assertions, since Wine's Credential Manager returns structures at odd addresses, at which they stop.
mkdir -p target/windows/build
chown "$KEYFOB_USER" target/windows/build
chroot --userspec="$KEYFOB_USER" "$root" env -u SSL_CERT_FILE -u SSL_CERT_DIR -u RUSTFLAGS HOME=/tmp CARGO_HOME=/cargo \
    PATH=/usr/bin:/bin CARGO_TARGET_DIR=/keyfob/target/windows/build RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc \
    CARGO_PROFILE_DEV_DEBUG_ASSERTIONS=false CARGO_PROFILE_DEV_DEBUG=false CARGO_PROFILE_DEV_STRIP=true \
    sh -c "cd /keyfob && cargo build --quiet --locked -Zbuild-std=std,panic_unwind --target $target --bins \
        --features failpoints,windows-launcher" >&2
[ "${1:-}" != --build ] || exit 0

for tool in clipboard desktop; do
    inside x86_64-w64-mingw32-gcc -O1 -o /keyfob/target/windows/$tool.exe /keyfob/tests/windows/$tool.c
done

# A new Windows, which hands web addresses to a browser that follows redirects. A crash ends a program at once: Wine's
# debugger would wait for somebody.
wine() {
    inside WINEPREFIX=/wine WINEDEBUG=-all DISPLAY="$DISPLAY" \
        WINEDLLOVERRIDES='mscoree=;mshtml=;winemenubuilder.exe=;winedbg.exe=' \
        LIBGL_ALWAYS_SOFTWARE=1 KEYFOB_WINDOWS_EXE="$programs/keyfob.exe" "$@"
}
Xvfb() { inside Xvfb -displayfd 1 -nolisten tcp -noreset -screen 0 1280x900x24 >"$root/display" 2>/dev/null; }
: >"$root/display"
Xvfb &
for _ in $(seq 100); do [ -s "$root/display" ] && break; sleep 0.1; done
DISPLAY=:$(cat "$root/display")
wine openbox --sm-disable >/dev/null 2>&1 &
cat >"$root/usr/local/bin/browser" <<'END'
#!/bin/sh
exec curl --silent --location --max-time 20 --output /dev/null "$1"
END
chmod 755 "$root/usr/local/bin/browser"
new_windows() {
    rm -rf "$root/wine"
    wine wineboot --init &&
        wine wine reg add 'HKCU\Software\Wine\WineBrowser' /v Browsers /d /usr/local/bin/browser /f &&
        wine wineserver -w
}
hold a_new_windows_starts new_windows
[ "$failed" = 0 ] || closing 0
wine wine /keyfob/target/windows/desktop.exe >/dev/null 2>&1 &

# The installer, unless tests are named: a new version over an old one, started as its user does, and removed.
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
setup=/keyfob/target/windows/keyfob-$version-setup.exe
user=$root/wine/drive_c/users/root
folder="$user/AppData/Local/Programs/Keyfob"
shortcut='C:\users\root\AppData\Roaming\Microsoft\Windows\Start Menu\Programs\Keyfob.lnk'
registry() { wine wine reg query "$@" /s | tr -d '\r'; }
# Every file of the user and every value of the registry's part for the user.
state() {
    (cd "$user" && find . -type f | sort)
    registry HKCU | awk '/^HKEY/ { key = $0; next } NF { print key ": " $0 }' | sort
}
made() {
    inside sh -c "cd /keyfob && makensis -V2 -DPROGRAMS=$programs -DVERSION=$version -DOUTPUT=$setup packaging/windows/keyfob.nsi" &&
        # Wine asks nobody; Windows reads this.
        grep -aq 'requestedExecutionLevel level="asInvoker"' "$root/$setup"
}
installed() {
    for _ in once again; do wine wine "$setup" /S || return 1; done
    for file in keyfob.exe keyfob-window.exe uninstall.exe README.md LICENSE-MIT; do
        [ -f "$folder/$file" ] || { echo "$file is missing"; return 1; }
    done
    path=$(registry 'HKCU\Environment' | grep -i ' path ')
    [ "$(echo "$path" | grep -o 'Programs\\Keyfob' | wc -l)" = 1 ] || { echo "$path"; return 1; }
    registry 'HKCU\Software\Microsoft\Windows\CurrentVersion\Uninstall\Keyfob' | grep "DisplayVersion.*$version"
}
on_path() { [ "$(wine wine cmd /c keyfob --version)" = "keyfob $version" ]; }
shown() { wine xdotool search --onlyvisible --class '^keyfob.exe$'; }
opened() {
    wine wine start "$shortcut" || return 1
    for _ in $(seq 120); do shown && break; sleep 0.5; done
    window=$(shown) || { echo "there is no window"; return 1; }
    # Closed at once, a new window may miss it.
    for _ in $(seq 60); do
        wine xdotool windowfocus --sync "$window" key alt+F4
        sleep 1
        shown || return 0
    done
    echo "it stays open"
    return 1
}
removed() {
    wine wine 'C:\users\root\AppData\Local\Programs\Keyfob\uninstall.exe' /S || return 1
    # The uninstaller goes on in a copy of itself.
    for _ in $(seq 120); do [ -e "$folder" ] || break; sleep 0.5; done
    state >"$root/after"
    ! diff "$root/before" "$root/after" | sed -n 's/^> //p' | grep -v '^\./AppData/Local/keyfob/' | grep -i keyfob
}
if [ $# = 0 ]; then
    state >"$root/before"
    hold the_installer_is_made made
    hold the_installer_needs_no_administrator_and_replaces_itself installed
    hold the_installed_program_is_on_the_path on_path
    hold the_start_menu_opens_the_window opened
    hold the_uninstaller_leaves_nothing_but_the_accounts removed
    echo "Left behind by the uninstaller:"
    diff "$root/before" "$root/after" | sed -n 's/^> /    /p'
fi

# One by one: there is one screen with one clipboard, and Wine's Credential Manager crashes a program that lists it while
# another one writes. Their own result line is counted, too.
wine /keyfob/target/windows/tests --ignored --test-threads=1 "windows::${1:-}" || failed=$((failed + 1))
closing 0
