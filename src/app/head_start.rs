//! A head start for the graphics driver.
//!
//! Owns nothing. Loading Mesa takes a fifth of a start, and the toolkit begins it only once it is
//! connected to the screen and has read the keyboard's tables; here it is done beside that, by a
//! thread of its own. A process loads one library at a time, so the keyboard's are loaded first: the
//! toolkit would wait for the driver to come to them. Invariant: what is loaded is what the toolkit
//! loads anyway; where something is missing or another driver is in use, nothing happens.

#[cfg(not(target_os = "linux"))]
pub(super) fn take() {}

/// Starts to load the driver, as soon as that keeps nobody waiting.
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
    /// Where the system's locales are. They are read once the toolkit has its connection, just before the table of
    /// composed keys, which is long.
    const LOCALES: &str = "/locale/";
    /// From the last library to that, where the locale is the built-in one.
    const UNTIL_LOCALE: Duration = Duration::from_millis(3);
    /// How long the library is waited for: on Wayland it never comes.
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
        // Whatever the card, Mesa's drivers are one file under many names. Newer versions have it as a part of EGL.
        for name in ["libEGL.so.1".to_owned(), "libEGL_mesa.so.0".to_owned()].into_iter().chain(driver) {
            match Library::open(&name) {
                // It stays loaded: the toolkit is about to ask for it.
                Ok(library) => std::mem::forget(library),
                Err(_) => return,
            }
        }
    }

    /// Waits until a file is mapped. A process loads one library at a time, so an earlier start would only make the
    /// toolkit wait for it.
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
