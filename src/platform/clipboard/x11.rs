//! Overwrites what the clipboard's connection to an X server remembers.
//!
//! arboard has one connection for the whole process, which the toolkit keeps open for pasting. Its buffer
//! (x11rb's, of 16 KiB) keeps what was sent last: the token that another program received. Sending a longer
//! text replaces it. Invariant: this uses the selection SECONDARY, which desktops ignore; the user's
//! clipboard stays untouched.

use std::error::Error;
use std::thread;
use std::time::Duration;

use arboard::{ClearExtLinux as _, LinuxClipboardKind, SetExtLinux as _};
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt as _, CreateWindowAux, WindowClass};
use x11rb::{COPY_DEPTH_FROM_PARENT, CURRENT_TIME};

/// With the request around it, this fills the buffer; a longer text bypasses it, as a longer token does.
const FILLING_BYTES: usize = 16_352;
/// The number and interval of checks for the arrival of the text.
const CHECKS: u32 = 100;
const CHECK_INTERVAL: Duration = Duration::from_millis(2);

/// Overwrites the buffer. Wayland has no such buffer.
pub(in crate::platform::clipboard) fn overwrite_buffer(clipboard: &mut arboard::Clipboard) {
    let kind = LinuxClipboardKind::Secondary;
    if clipboard.set().clipboard(kind).text(" ".repeat(FILLING_BYTES)).is_err() {
        return;
    }
    if request_secondary().is_err() {
        log::warn!("the connection to the screen may still hold what was copied");
    }
    let _ = clipboard.clear_with().clipboard(kind);
}

/// Requests SECONDARY as another program would: the clipboard's own request would be served without the
/// server.
fn request_secondary() -> Result<(), Box<dyn Error>> {
    let (connection, screen) = x11rb::connect(None)?;
    let root = connection.setup().roots.get(screen).ok_or("no screen")?.root;
    let window = connection.generate_id()?;
    let (depth, class) = (COPY_DEPTH_FROM_PARENT, WindowClass::INPUT_OUTPUT);
    connection.create_window(depth, window, root, 0, 0, 1, 1, 0, class, 0, &CreateWindowAux::new())?;
    let utf8 = connection.intern_atom(false, b"UTF8_STRING")?.reply()?.atom;
    connection.convert_selection(window, AtomEnum::SECONDARY.into(), utf8, utf8, CURRENT_TIME)?;
    connection.flush()?;
    for _ in 0..CHECKS {
        if let Some(Event::SelectionNotify(notice)) = connection.poll_for_event()? {
            return if notice.property == utf8 { Ok(()) } else { Err("no text".into()) };
        }
        thread::sleep(CHECK_INTERVAL);
    }
    Err("no answer".into())
}
