//! A test's desktop: a session bus, a keyring, a screen, a window, an OIDC provider and a browser, all real and
//! private to the test.
//!
//! Everything that a helper starts ends with it. Each child leads its own process group, dies with the test's
//! thread even if that is killed, and is killed on drop; [`Bus`] also ends what its bus had activated.
//!
//! ```text
//! let bus = Bus::start();
//! let keyring = Keyring::unlocked(&bus);
//! let screen = Screen::start(&bus, 1280, 800);
//! let server = OidcServer::start(&bus, 3600);
//! let window = Window::open(&screen, program, &[], &[("KEYFOB_HOME", home), ("BROWSER", &browser())]);
//! window.press("Add account");
//! ```

mod bus;
mod http;
mod keyring;
mod oidc;
mod process;
mod screen;
mod window;

pub(crate) use bus::{Bus, started_on};
pub(crate) use http::{get, post_form, request};
pub(crate) use keyring::Keyring;
pub(crate) use oidc::{OidcServer, browser};
pub(crate) use process::{Running, finish, mortal, wait_until};
pub(crate) use screen::Screen;
pub(crate) use window::Window;

/// A file of `tests/desktop`.
pub(crate) fn rig_file(name: &str) -> String {
    format!("{}/tests/desktop/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A path for a test's output: `tests/output` is kept, and not under version control.
pub(crate) fn kept(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/output").join(name)
}
