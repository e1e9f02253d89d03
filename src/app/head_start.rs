//! Loads the graphics driver early.
//!
//! Loading Mesa takes a fifth of a start, and the toolkit begins it only after it has connected to the screen
//! and read the keyboard tables. A thread loads it in parallel. A process loads one library at a time, so the
//! keyboard's libraries go first; otherwise the toolkit would wait for the driver before it reaches them.
//! Everything loaded here is loaded by the toolkit anyway. If a file is missing or another driver is in use,
//! nothing happens.

#[cfg(not(target_os = "linux"))]
pub(super) fn take() {}

/// Starts to load the driver as soon as that delays nothing else.
#[cfg(target_os = "linux")]
pub(super) fn take() {
    let thread = std::thread::Builder::new().name("head start".to_owned()).spawn(linux::load);
    if thread.is_err() {
        log::info!("no thread for the driver; the toolkit will load it");
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::path::Path;
    use std::time::Duration;
    use std::{fs, thread};

    use dlopen2::raw::Library;

    /// The last library that the toolkit loads before it connects to an X server.
    const LAST_BEFORE_X: &str = "/libXi.so";
    /// The system's locales. The toolkit reads them after it has connected, just before the compose table,
    /// which is long.
    const LOCALES: &str = "/locale/";
    /// The time from the last library to that point with the built-in locale.
    const UNTIL_LOCALE: Duration = Duration::from_millis(3);
    /// Timeout for the library: on Wayland it is never loaded.
    const PATIENCE: Duration = Duration::from_millis(200);
    const STEP: Duration = Duration::from_micros(500);

    pub(super) fn load() {
        if Path::new("/proc/driver/nvidia/version").exists() || !comes(LAST_BEFORE_X, PATIENCE) {
            return;
        }
        let _ = (xkbcommon_dl::xkbcommon_option(), xkbcommon_dl::xkbcommon_compose_option());
        let _ = xkbcommon_dl::x11::xkbcommon_x11_option();
        comes(LOCALES, UNTIL_LOCALE);
        let arch = std::env::consts::ARCH;
        let driver = [format!("/usr/lib/{arch}-linux-gnu"), "/usr/lib64".to_owned(), "/usr/lib".to_owned()]
            .map(|folder| format!("{folder}/dri/swrast_dri.so"))
            .into_iter()
            .find(|path| Path::new(path).exists());
        // Mesa's drivers are one file under many names, for every card. Newer versions have it in EGL.
        for name in ["libEGL.so.1".to_owned(), "libEGL_mesa.so.0".to_owned()].into_iter().chain(driver) {
            match Library::open(&name) {
                // It stays loaded, since the toolkit needs it next.
                Ok(library) => std::mem::forget(library),
                Err(_) => return,
            }
        }
    }

    /// Waits until a file is mapped. A process loads one library at a time, so an earlier start would only
    /// delay the toolkit.
    fn comes(file: &str, patience: Duration) -> bool {
        let mut left = patience;
        while !fs::read_to_string("/proc/self/maps").is_ok_and(|maps| maps.contains(file)) {
            left = left.saturating_sub(STEP);
            if left.is_zero() {
                return false;
            }
            thread::sleep(STEP);
        }
        true
    }
}
