//! Desktop notifications.
//!
//! Over the session bus on Linux, a toast on Windows; macOS only has the window's request for attention.
//! Invariant: a notification names an account and no secret, and nothing waits for it.

/// Notifies that an account needs a sign-in. The name must be sanitized already.
pub fn needs_sign_in(name: &str) {
    show(&format!("“{name}” needs you to sign in again."));
}

/// Explains that the closed window is hidden.
pub fn keeps_running() {
    show("Keyfob goes on in the tray and keeps your tokens fresh. To end it, choose Quit there.");
}

fn show(body: &str) {
    #[cfg(target_os = "linux")]
    linux::show(body.to_owned());
    #[cfg(target_os = "windows")]
    windows::show(body.to_owned());
    #[cfg(target_os = "macos")]
    log::info!("no notification is shown on this system: {} characters", body.len());
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::HashMap;
    use std::thread;

    use zbus::blocking::Connection;
    use zbus::zvariant::Value;

    const NAME: &str = "org.freedesktop.Notifications";
    const PATH: &str = "/org/freedesktop/Notifications";

    pub(crate) fn show(body: String) {
        let notify = move || {
            // Servers may read it as markup.
            let body = body.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            let (actions, hints): (Vec<&str>, HashMap<&str, Value<'_>>) = Default::default();
            let message = ("Keyfob", 0_u32, "keyfob", "Keyfob", body.as_str(), actions, hints, -1_i32);
            let sent = Connection::session()
                .and_then(|bus| bus.call_method(Some(NAME), PATH, Some(NAME), "Notify", &message));
            if sent.is_err() {
                log::info!("the desktop shows no notifications");
            }
        };
        if thread::Builder::new().name("keyfob-notify".to_owned()).spawn(notify).is_err() {
            log::warn!("no thread for a notification");
        }
    }
}

#[cfg(target_os = "windows")]
mod windows {
    use std::thread;

    use tauri_winrt_notification::Toast;

    /// The name under which the installer registers Keyfob for notifications.
    const APP_ID: &str = "Keyfob";

    pub(crate) fn show(body: String) {
        let notify = move || {
            if Toast::new(APP_ID).title("Keyfob").text1(&body).show().is_err() {
                log::info!("the system shows no notifications");
            }
        };
        if thread::Builder::new().name("keyfob-notify".to_owned()).spawn(notify).is_err() {
            log::warn!("no thread for a notification");
        }
    }
}
