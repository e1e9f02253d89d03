#!/bin/sh
# Installs Keyfob for one user, without root.
#
#   ./install.sh                installs into ~/.local
#   PREFIX=DIR ./install.sh     installs into another folder
#   ./install.sh --uninstall    removes what it installed; the same script is in PREFIX/lib/keyfob
#
# Accounts, settings and secrets are not touched by either.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
if [ -f "$here/installed" ]; then
    prefix=$(CDPATH='' cd -- "$here/../.." && pwd)
else
    prefix=${PREFIX:-$HOME/.local}
fi
# What was installed, one entry a line: "f" and a file, or "d" and a folder that was not there before.
list=$prefix/lib/keyfob/installed

remove() {
    while read -r kind path; do
        [ "$kind" = d ] || rm -f -- "$prefix/$path"
    done <"$list"
    folders=$(sed -n 's|^d |/|p' "$list" | sort -r)
    rm -f -- "$list"
    # A folder that something else uses by now stays.
    echo "$folders" | while read -r path; do
        rmdir -- "$prefix$path" 2>/dev/null || true
    done
}

make_folder() {
    [ -d "$prefix/$1" ] && return
    case $1 in */*) make_folder "${1%/*}" ;; esac
    mkdir -- "$prefix/$1"
    echo "d $1" >>"$list"
}

case ${1:-} in
    '') ;;
    --uninstall)
        [ -f "$list" ] || { echo "Keyfob is not installed in $prefix." >&2; exit 1; }
        remove
        echo "Keyfob is removed from $prefix. docs/install.md says how to delete accounts and secrets."
        exit 0
        ;;
    *)
        sed -n '4,6s/^# *//p' "$0" >&2
        exit 2
        ;;
esac

[ -x "$here/bin/keyfob" ] || { echo "Run install.sh from the folder that was unpacked." >&2; exit 1; }
"$here/bin/keyfob" --version >/dev/null || { echo "This build of Keyfob does not run here." >&2; exit 1; }
case $prefix in
    /*) ;;
    *) echo "PREFIX must be an absolute path." >&2; exit 1 ;;
esac
# The menu entry's command line would need escapes that not every desktop reads in the same way.
case $prefix in
    *[\"\\\$\`%\&\|]*) echo "Can't install into $prefix: its name has one of \" \\ \$ \` % & |." >&2; exit 1 ;;
esac

# An older version goes first, with files that the new one lacks.
[ ! -f "$list" ] || remove
# The folder of the list first; what is made on the way to it is noted once it is there.
new=
for path in '' lib lib/keyfob; do
    [ -d "$prefix/$path" ] && continue
    mkdir -- "$prefix/$path"
    new="${new}d $path
"
done
printf %s "$new" >"$list"

cd "$here"
find bin share -type f | sort | while read -r path; do
    make_folder "${path%/*}"
    echo "f $path" >>"$list"
    cp -p -- "$path" "$prefix/$path"
done
echo "f lib/keyfob/install.sh" >>"$list"
cp -p -- install.sh "$prefix/lib/keyfob/install.sh"
# The desktop's session often lacks the folder in its PATH.
entry=share/applications/keyfob.desktop
sed "s|^Exec=keyfob\$|Exec=\"$prefix/bin/keyfob\"|" "$entry" >"$prefix/$entry"

echo "Keyfob is installed in $prefix. To remove it: sh \"$prefix/lib/keyfob/install.sh\" --uninstall"
case :$PATH: in
    *":$prefix/bin:"*) ;;
    *) echo "Add $prefix/bin to your PATH to use keyfob in a terminal." ;;
esac
