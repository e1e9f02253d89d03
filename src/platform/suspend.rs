//! Word that the system is about to sleep.
//!
//! Owns the watch for it: logind's `PrepareForSleep` on the system bus. Invariants: it has a thread of
//! its own, so that no start waits for it; where there is no system bus, or nobody on it who knows of
//! sleep, nothing is watched and nothing fails; the system is held back only for as long as the call
//! takes, and never longer than logind allows (5 s, unless it is told otherwise).
//!
//! On macOS and Windows there is no watch: the ways there want code that is not safe, or a window of
//! one's own. A window that is locked after idle finds that the time is up when the system wakes.

/// Knows when the system is about to sleep.
pub trait Sleep: Send + Sync {
    /// Calls `before` each time, and lets the system sleep once that has returned. Returns at once.
    fn watch(&self, before: Box<dyn Fn() + Send>);
}

/// Knows of no sleep.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSleep;

impl Sleep for NoSleep {
    fn watch(&self, _: Box<dyn Fn() + Send>) {}
}

/// What this system says.
#[derive(Debug, Clone, Default)]
pub struct SystemSleep {
    /// The address of the system bus; `None` takes the system's.
    pub bus: Option<String>,
}

impl Sleep for SystemSleep {
    #[cfg(target_os = "linux")]
    fn watch(&self, before: Box<dyn Fn() + Send>) {
        let bus = self.bus.clone();
        let watch = move || {
            if let Err(error) = logind::watch(bus.as_deref(), before.as_ref()) {
                // Its text may hold an address of the bus, and nothing else that is anybody's.
                log::info!("the system's sleep is not watched: {error}");
            }
        };
        if std::thread::Builder::new().name("sleep".to_owned()).spawn(watch).is_err() {
            log::warn!("the system's sleep is not watched: there is no thread for it");
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn watch(&self, _: Box<dyn Fn() + Send>) {}
}

#[cfg(target_os = "linux")]
mod logind {
    use zbus::blocking::{Connection, Proxy, connection};
    use zbus::zvariant::OwnedFd;

    const NAME: &str = "org.freedesktop.login1";
    const PATH: &str = "/org/freedesktop/login1";
    const MANAGER: &str = "org.freedesktop.login1.Manager";

    /// Watches until the bus is gone.
    pub(crate) fn watch(bus: Option<&str>, before: &dyn Fn()) -> zbus::Result<()> {
        let connection = match bus {
            Some(address) => connection::Builder::address(address)?.build()?,
            None => Connection::system()?,
        };
        let manager = Proxy::new(&connection, NAME, PATH, MANAGER)?;
        let signals = manager.receive_signal("PrepareForSleep")?;
        let mut held = hold_back(&manager);
        for signal in signals {
            let is_before: bool = signal.body().deserialize()?;
            if is_before {
                before();
                held = None;
            } else if held.is_none() {
                held = hold_back(&manager);
            }
        }
        drop(held);
        Ok(())
    }

    /// Has the system wait for us before it sleeps, for as long as the descriptor is open. Without it
    /// the call may come after the sleep, which is late and no failure.
    fn hold_back(manager: &Proxy<'_>) -> Option<OwnedFd> {
        let why = ("sleep", "Keyfob", "To lock before the computer sleeps", "delay");
        manager.call("Inhibit", &why).ok()
    }
}
