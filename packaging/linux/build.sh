#!/bin/sh
# Makes the packages for Linux from one build: .deb, .rpm, and .tar.gz for one user without root.
#
#   packaging/linux/build.sh            all three, in target/packages
#   packaging/linux/build.sh PROGRAM    of a program that is built already
#
# It uses the distributions' own tools (dpkg-deb, rpmbuild); on Debian and Ubuntu they are in dpkg-dev and rpm.
set -eu
[ $# -eq 0 ] || set -- "$(cd "$(dirname "$1")" && pwd)/$(basename "$1")"
cd "$(dirname "$0")/../.."
program=${1:-$(sh packaging/program.sh)}
version=$(sh packaging/version.sh)
arch=$(uname -m)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
umask 022

out=$PWD/target/packages
work=$out/work
rm -rf "$work"
mkdir -p "$work"
# A release candidate comes before its release: both systems sort `~` first.
sorted=$(echo "$version" | tr - '~')

# One user's archive.
name=keyfob-$version-linux-$arch
sh packaging/linux/tree.sh "$program" "$work/$name"
install -m 755 packaging/linux/install.sh "$work/$name/"
tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -c "$name" |
    gzip -9n >"$out/$name.tar.gz"

# Debian. dpkg-shlibdeps finds what the program is linked with, in the versions that it needs.
tree=$work/deb
mkdir -p "$tree/DEBIAN" "$work/debian"
sh packaging/linux/tree.sh "$program" "$tree/usr"
mkdir -p "$tree/usr/share/zsh/vendor-completions"
mv "$tree/usr/share/zsh/site-functions/_keyfob" "$tree/usr/share/zsh/vendor-completions/"
rmdir "$tree/usr/share/zsh/site-functions"
printf 'Source: keyfob\n\nPackage: keyfob\nArchitecture: any\n' >"$work/debian/control"
linked=$(cd "$work" && dpkg-shlibdeps -O -e "$tree/usr/bin/keyfob" | sed -n 's/^shlibs:Depends=//p')
deb_arch=$(dpkg --print-architecture)
sed -e "s/@VERSION@/$sorted/" -e "s/@ARCH@/$deb_arch/" -e "s/@LINKED@/$linked/" \
    -e "s/@SIZE@/$(du -sk --apparent-size "$tree/usr" | cut -f 1)/" packaging/linux/deb-control >"$tree/DEBIAN/control"
(cd "$tree" && find usr -type f -exec md5sum {} + | sort -k 2 >DEBIAN/md5sums)
dpkg-deb --root-owner-group -Zxz --build "$tree" "$out/keyfob_${sorted}_$deb_arch.deb" >&2

# Fedora and openSUSE. The name of the building machine stays out of it.
sh packaging/linux/tree.sh "$program" "$work/rpm-tree/usr"
rpmbuild -bb --quiet --define "_topdir $work/rpm" --define "_rpmdir $out" --define "_buildhost localhost" \
    --define "_rpmfilename keyfob-$sorted-1.$arch.rpm" --define "keyfob_version $sorted" \
    --define "keyfob_tree $work/rpm-tree" --define "use_source_date_epoch_as_buildtime 1" \
    --define "clamp_mtime_to_source_date_epoch 1" packaging/linux/keyfob.spec >&2

rm -rf "$work"
echo "$out/$name.tar.gz"
echo "$out/keyfob_${sorted}_$deb_arch.deb"
echo "$out/keyfob-$sorted-1.$arch.rpm"
