#!/bin/sh
# Checks the code for macOS with clippy, on Debian or Ubuntu, with the flags of .ci/run. Nothing is linked: that needs
# Apple's SDK, and is left to the hosted runners of .github/workflows.
#
# It needs root, or sudo without a password, for the root that tests/windows.sh makes; its compiler checks for macOS too.
# zig, from PyPI, compiles the C in the dependencies, whose build scripts run. What is printed is counted by
# tests/run.sh.
set -eu
cd "$(dirname "$0")/.."
here=$PWD
root=$here/target/windows/root
target=aarch64-apple-darwin

. tests/report.sh
part=macos
said=target/macos.log

if [ "${KEYFOB_STAGE:-}" != root ]; then
    need_root "The compiler for macOS"
    sh tests/windows.sh --root
    KEYFOB_USER="$(id -u):$(id -g)"
    CARGO_HOME="${CARGO_HOME:-$HOME/.cargo}"
    export KEYFOB_STAGE=root KEYFOB_USER CARGO_HOME
    exec $sudo unshare --mount --pid --fork --kill-child sh tests/macos.sh
fi

zig=$(tests/tools/.venv/bin/python -c 'import os, ziglang; print(os.path.dirname(ziglang.__file__))')
mkdir -p "$root/keyfob" "$root/cargo" "$root/zig" target/macos
mount -t proc proc "$root/proc"
mount --bind "$here" "$root/keyfob"
mount --bind "$CARGO_HOME" "$root/cargo"
mount --bind "$zig" "$root/zig"
cp /etc/resolv.conf "$root/etc/resolv.conf"
chown "$KEYFOB_USER" target/macos
install -m 755 tests/macos-cc.sh "$root/usr/local/bin/macos-cc"
printf '#!/bin/sh\nexec /zig/zig ar "$@"\n' >"$root/usr/local/bin/macos-ar"
chmod 755 "$root/usr/local/bin/macos-ar"

# The library, its tests and the programs; those of tests/all drive Debian's desktop and servers. cargo-clippy by its
# name: cargo would take the one of $CARGO_HOME, which is rustup's.
clippy="cargo-clippy clippy --quiet --locked -Zbuild-std=std,panic_unwind --target $target --all-features"
finds_nothing() {
    chroot --userspec="$KEYFOB_USER" "$root" env -u SSL_CERT_FILE -u SSL_CERT_DIR -u RUSTFLAGS HOME=/tmp \
        CARGO_HOME=/cargo PATH=/usr/local/bin:/usr/bin:/bin CARGO_TARGET_DIR=/keyfob/target/macos RUSTC_BOOTSTRAP=1 \
        RUSTC=/usr/bin/rustc SDKROOT=/zig CC_aarch64_apple_darwin=macos-cc AR_aarch64_apple_darwin=macos-ar \
        sh -c "cd /keyfob && $clippy --lib --bins -- -D warnings && $clippy --lib --profile test -- -D warnings"
}
hold clippy_finds_nothing finds_nothing
closing 0
