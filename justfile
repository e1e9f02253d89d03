# The everyday commands: `just` lists them. https://just.systems

# List the commands.
default:
    @{{ just_executable() }} --list --unsorted

# Install the system packages that a window needs (Debian and Ubuntu).
setup:
    sh tests/setup.sh run

# Build the release binary and run it: `just run` for the window, `just run list` for a command.
run *args:
    cargo run --release --locked -- {{ args }}

# Check the code fast, without running anything.
check:
    cargo check --all-targets --all-features --locked

# Run every test, and first install what the tests need.
test:
    sh tests/run.sh

# Run the tests inside the crate: no window, no keyring, no packages. `just unit session` runs those of one module.
unit *filter:
    cargo test --locked --lib {{ filter }}

# Run the tests whose names contain a text, wherever they are: `just one r1_`.
one name:
    cargo test --locked --features failpoints --lib --test all -- {{ name }}

# Check formatting, lints and documentation as CI does.
lint:
    sh tests/lint-scripts.sh
    cargo fmt --check
    cargo clippy --all-targets --all-features --locked -- -D warnings
    RUSTDOCFLAGS='-D warnings' cargo doc --no-deps --document-private-items --locked

# Format the code.
fmt:
    cargo fmt

# Build the documentation of the code, private items included.
doc *args:
    cargo doc --no-deps --document-private-items --locked {{ args }}

# Take the README's pictures anew. `just pictures all` and `just pictures scenes` put every view into tests/output.
pictures *what: release
    dbus-run-session -- tests/desktop/screenshots.py target/release/keyfob {{ if what == "" { "assets" } else { "tests/output" } }} {{ what }}

# Measure start, processor time and the token's way against their limits: all figures, or `just figures start token`.
figures *which:
    python3 benches/figures.py {{ which }}

# Refresh a team's account a thousand times from ten machines, with kills: `just team 300` for fewer.
team renewals="1000":
    KEYFOB_TEAM_RENEWALS={{ renewals }} cargo test --locked --features failpoints --test all -- team::raft --nocapture

# Make the packages for Linux, install each into a clean Debian and start it there (root).
package:
    sh tests/package.sh

# Build the Windows program and its installer, and test them under Wine (root).
windows *name:
    sh tests/windows.sh {{ name }}

# Run what a change must pass.
ci:
    bash .ci/run

[private]
release:
    cargo build --release --locked
