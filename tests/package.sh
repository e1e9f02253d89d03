#!/bin/sh
# Makes the packages for Linux and tries each in a clean Debian (or Ubuntu): the .deb, the .rpm, and the .tar.gz as a
# user without root. Keyfob is started from its .desktop entry, on a screen without a monitor, and removed again.
#
#   tests/package.sh            builds the program with the profile that KEYFOB_PROFILE names, else with release
#   tests/package.sh PROGRAM    packs this one
#
# It needs root, or sudo without a password, for the clean root (debootstrap). Debian's packages come from the mirror
# that this machine's apt uses. Everything is removed again; what is printed is counted by tests/run.sh.
set -eu
[ $# -eq 0 ] || set -- "$(cd "$(dirname "$1")" && pwd)/$(basename "$1")"
cd "$(dirname "$0")/.."
started=
. tests/report.sh
part=package
need_root "A clean Debian"

work=$(mktemp -d)
said=$work/said
root=$work/root
end() {
    for child in $started; do kill "$child" 2>/dev/null || true; done
    $sudo umount "$root/proc" 2>/dev/null || true
    # Never through a mount that is still there.
    mountpoint -q "$root/proc" || $sudo rm -rf "$work"
}
trap end EXIT
trap 'exit 1' INT TERM

packages=$(PROFILE=${KEYFOB_PROFILE:-release} sh packaging/linux/build.sh "$@" 2>"$work/build.log") ||
    { cat "$work/build.log"; failed=1; closing 0; }
archive=$(echo "$packages" | grep 'tar\.gz$')
deb=$(echo "$packages" | grep 'deb$')
rpm=$(echo "$packages" | grep 'rpm$')

# What the packages hold, before one is installed anywhere.
dpkg-deb --fsys-tarfile "$deb" | tar -t | sed -n 's|^\./usr/\(.*[^/]\)$|\1|p' |
    sed 's|zsh/vendor-completions|zsh/site-functions|' | sort >"$work/deb.list"
tar -tf "$archive" | sed -n 's|^[^/]*/\(.*[^/]\)$|\1|p' | grep -v '^install\.sh$' | sort >"$work/tar.list"
# rpm lists folders too, those that it owns.
rpm -qp --qf '[%{FILEMODES:perms} %{FILENAMES}\n]' "$rpm" | sed -n 's|^-[^ ]* /usr/||p' | sort >"$work/rpm.list"
the_same_files() {
    diff "$work/deb.list" "$work/tar.list" && diff "$work/deb.list" "$work/rpm.list"
}
every_icon() {
    for size in 16 24 32 48 64 128 256; do
        grep -qx "share/icons/hicolor/${size}x$size/apps/keyfob.png" "$work/deb.list" ||
            { echo "no icon of $size"; return 1; }
    done
    grep -qx share/icons/hicolor/scalable/apps/keyfob.svg "$work/deb.list"
}
# The names of the packages whose libraries are loaded at run time; nothing but a list by hand knows them.
names_what_it_loads() {
    for package in libc6 libegl1 libgl1 libwayland-client0 libwayland-egl1 libx11-6 libx11-xcb1 libxcursor1 libxi6 \
        libxkbcommon0 libxkbcommon-x11-0; do
        dpkg-deb --field "$deb" Depends | grep -Eq "(^|[ ,|])$package([ ,|(]|\$)" ||
            { echo "$package is not named"; return 1; }
    done
}
unpacked=$work/unpacked
mkdir "$unpacked"
tar -C "$unpacked" --strip-components 1 -xf "$archive"
a_page_for_each_command() {
    for command in $("$unpacked/bin/keyfob" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z-]*\) .*/-\1/p') ''; do
        gzip -dc "$unpacked/share/man/man1/keyfob$command.1.gz" >"$work/page" || return 1
        grep -q '^\.SH SYNOPSIS' "$work/page" && groff -man -Tutf8 -ww -z "$work/page" 2>"$work/warnings" || return 1
        ! grep . "$work/warnings" || return 1
    done
    [ "$(find "$unpacked/share/man/man1" -type f | wc -l)" -gt 10 ]
}
completes() {
    # The script asks the program itself, which knows the accounts' names.
    PATH="$unpacked/bin:$PATH" bash -c '. "$1"; COMP_WORDS=(keyfob tok) COMP_CWORD=1 COMP_TYPE=9
        _clap_complete_keyfob keyfob tok keyfob; [ "${COMPREPLY[*]}" = token ] || { echo "${COMPREPLY[*]}"; false; }' \
        complete "$unpacked/share/bash-completion/completions/keyfob"
}
metainfo=$unpacked/share/metainfo/alt.keyfob.app.metainfo.xml
described() {
    # Infos and pedantic remarks are printed as well; errors and warnings fail.
    appstreamcli validate --no-net "$metainfo" && desktop-file-validate "$unpacked/share/applications/keyfob.desktop" &&
        grep -q "<release version=\"$(sh packaging/version.sh)\"" "$metainfo"
}
# The bundle for macOS is laid out by a script that needs nothing of Apple's.
bundled_for_macos() {
    sh packaging/macos/app.sh "$unpacked/bin/keyfob" "$work/macos" && python3 tests/desktop/macos_bundle.py \
        "$work/macos/Keyfob.app" "$(sh packaging/version.sh)"
}
flatpak_manifest() {
    manifest=$PWD/packaging/linux/alt.keyfob.app.yml
    # It leaves a folder where it runs.
    (cd "$work" && flatpak-builder --show-manifest "$manifest" >manifest.json) &&
        grep -F "<id>$(sed -n 's/^ *"id" : "\(.*\)",$/\1/p' "$work/manifest.json")</id>" "$metainfo"
}
hold holds_the_same_files_for_every_system the_same_files
hold has_an_icon_of_every_size every_icon
hold names_the_libraries_that_are_loaded_at_run_time names_what_it_loads
hold has_a_manual_page_for_each_command a_page_for_each_command
hold completes_a_command_in_bash completes
hold describes_itself_to_software_centres described
hold has_a_flatpak_manifest_of_the_same_id flatpak_manifest
hold lays_out_the_bundle_for_macos bundled_for_macos

# What makes a release of the packages. Publishing is left to the workflow: a stand-in notes what gh is told.
adds_up() { sh packaging/sums.sh && (cd target/packages && sha256sum --check --strict SHA256SUMS); }
refuses_another_tag() {
    ! GITHUB_REF_TYPE=tag GITHUB_REF_NAME=v0.0.0 sh packaging/check-tag.sh &&
        GITHUB_REF_TYPE=branch sh packaging/check-tag.sh
}
publishes() {
    version=$(sh packaging/version.sh)
    mkdir -p "$work/bin"
    # shellcheck disable=SC2016 # expanded where it runs
    printf '#!/bin/sh\necho "$@"\nwhile [ "$1" != --notes-file ]; do shift; done\ncat "$2"\n' >"$work/bin/gh"
    chmod +x "$work/bin/gh"
    PATH=$work/bin:$PATH GITHUB_REF_NAME=v$version sh packaging/publish.sh >"$work/published"
    for text in "release create v$version --verify-tag" SHA256SUMS "$(basename "$deb")" "$(basename "$rpm")" \
        "$(basename "$archive")" '### Packages'; do
        grep -F -- "$text" "$work/published" || { echo "no $text"; return 1; }
    done
}
hold sums_of_all_packages_are_right adds_up
hold a_tag_of_another_version_is_refused refuses_another_tag
hold publishes_the_packages_with_the_notes publishes

# A clean root of this machine's release, from this machine's mirror.
. /etc/os-release
mirror=$(sh tests/mirror.sh)
clean_root() {
    [ -n "$mirror" ] || { echo "apt knows no mirror of $VERSION_CODENAME"; return 1; }
    $sudo debootstrap --variant=minbase "$VERSION_CODENAME" "$root" "$mirror" &&
        $sudo mount -t proc proc "$root/proc" &&
        # Where this machine reaches its mirror in a way of its own, so must the clean root.
        { ! [ -d /etc/apt/apt.conf.d ] || $sudo cp -r /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/"; } &&
        $sudo cp "$deb" "$root/keyfob.deb" && $sudo cp "$archive" "$root/keyfob.tar.gz" &&
        $sudo chroot "$root" useradd --create-home ada
}
# Runs a command in the clean root: `inside USER COMMAND…`.
inside() {
    user=$1
    shift
    home=/home/$user
    [ "$user" = root ] && home=/root
    $sudo chroot --userspec="$user:$user" "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME="$home" "$@"
}
installed() {
    # libglib2.0-bin stands for the desktop: its gio starts a program from its .desktop entry.
    inside root DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends /keyfob.deb libglib2.0-bin
}
hold a_clean_root_is_made clean_root
[ "$failed" = 0 ] || closing 0
hold deb_installs_with_all_that_it_needs installed
[ "$failed" = 0 ] || closing 0
hold deb_has_a_working_command_line inside root keyfob --version

# A screen of its own; the clean root reaches it by the abstract socket, which no folder hides.
Xvfb -displayfd 1 -nolisten tcp -noreset -screen 0 1280x800x24 >"$work/display" 2>/dev/null &
started="$started $!"
for _ in $(seq 100); do [ -s "$work/display" ] && break; sleep 0.1; done
DISPLAY=:$(cat "$work/display")
export DISPLAY
openbox --sm-disable >/dev/null 2>&1 &
started="$started $!"

# Opens the window from a .desktop entry, looks whose it is, and closes it: `opens USER ENTRY PROGRAM`.
opens() {
    inside "$1" DISPLAY="$DISPLAY" LIBGL_ALWAYS_SOFTWARE=1 XDG_RUNTIME_DIR=/tmp XDG_CACHE_HOME="/tmp/cache-$1" \
        KEYFOB_HOME="/tmp/keyfob-$1" gio launch "$2" || return 1
    # Its class is the .desktop entry's name, by which desktops put the two together.
    window=$(timeout 60 xdotool search --sync --onlyvisible --class '^keyfob$' | head -n 1)
    pid=$(xdotool getwindowpid "$window")
    [ "$($sudo readlink "/proc/$pid/root") $($sudo readlink "/proc/$pid/exe")" = "$root $root$3" ] ||
        { echo "the window is another program's"; return 1; }
    xdotool windowclose "$window"
    for _ in $(seq 100); do
        $sudo readlink "/proc/$pid/exe" >/dev/null 2>&1 || return 0
        sleep 0.1
    done
    echo "it still runs"
    return 1
}
no_trace() { ! $sudo find "$root/usr" "$root/etc" -name '*keyfob*' | grep .; }
purged() { inside root DEBIAN_FRONTEND=noninteractive apt-get purge -qq -y keyfob && no_trace; }
hold deb_opens_its_window_from_the_desktop_entry opens root /usr/share/applications/keyfob.desktop /usr/bin/keyfob
hold deb_goes_without_a_trace purged

# No mirror of an RPM distribution is needed: the clean root has the libraries that the .deb brought, and a package
# without files tells rpm so, by the names that rpm itself derives from them. rpm then resolves each name that the .rpm
# requires.
rpm_inside() { $sudo rpm --root "$root" --dbpath /var/lib/rpm --force-debian "$@"; }
tells_rpm_the_libraries() {
    {
        printf 'Name: system\nVersion: 1\nRelease: 1\nSummary: System\nLicense: MIT\n'
        # What glibc's own package adds to its libraries' names.
        echo 'Provides: rtld(GNU_HASH)'
        $sudo find "$root/usr/lib" "$root/usr/lib64" -name '*.so*' -type f | /usr/lib/rpm/elfdeps --provides | sort -u |
            sed 's/^/Provides: /'
        printf '%%description\nSystem.\n%%files\n'
    } >"$work/system.spec"
    rpmbuild -bb --quiet --define "_topdir $work/system" --define "_rpmdir $work" --define '_rpmfilename system.rpm' \
        "$work/system.spec"
}
refused() { ! rpm_inside -i "$rpm" 2>"$work/refusal" && grep -F 'libEGL.so.1' "$work/refusal"; }
hold rpm_is_refused_without_its_libraries refused
hold rpm_learns_of_the_libraries tells_rpm_the_libraries
hold rpm_installs_with_all_that_it_needs rpm_inside -i "$work/system.rpm" "$rpm"
hold rpm_has_a_working_command_line inside root keyfob --version
hold rpm_opens_its_window_from_the_desktop_entry opens root /usr/share/applications/keyfob.desktop /usr/bin/keyfob
erased() { rpm_inside -e keyfob && no_trace; }
hold rpm_goes_without_a_trace erased

# One user without root. What was in the home folder before is there afterwards, and nothing else.
everything_of_ada() { $sudo find "$root/home/ada" | sort; }
everything_of_ada >"$work/before"
unpack_and_install() {
    inside ada sh -c 'set -e; mkdir /tmp/unpacked; tar -C /tmp/unpacked --strip-components 1 -xf /keyfob.tar.gz
        "$@" /tmp/unpacked/install.sh; rm -r /tmp/unpacked' install "$@"
}
uninstalled() {
    inside ada sh "$1/lib/keyfob/install.sh" --uninstall && everything_of_ada | diff "$work/before" -
}
local=/home/ada/.local
hold archive_installs_without_root unpack_and_install
hold archive_has_a_working_command_line inside ada "$local/bin/keyfob" --version
hold archive_opens_its_window_from_the_desktop_entry opens ada "$local/share/applications/keyfob.desktop" "$local/bin/keyfob"
hold archive_installs_over_itself unpack_and_install
hold archive_goes_without_a_trace uninstalled "$local"
hold archive_installs_into_a_prefix unpack_and_install env "PREFIX=/home/ada/my apps"
hold archive_goes_without_a_trace_from_a_prefix uninstalled "/home/ada/my apps"
closing 0
