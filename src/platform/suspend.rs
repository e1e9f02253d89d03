//! Watches for the system's suspend.
//!
//! On Linux: logind's `PrepareForSleep` on the system bus. Invariants: the watch has its own thread, so
//! startup doesn't wait for it; without a system bus or logind, nothing is watched and nothing fails; suspend
//! is delayed only for the duration of the call, and never longer than logind allows (5 s by default).
//!
//! There is no watch on macOS and Windows, where it would need unsafe code or a window of its own. There, a
//! window that locks when idle notices at resume that the time is up.

/// Notifies before the system suspends.
pub trait Sleep: Send + Sync {
    /// Calls `before` each time, and lets the system suspend once it has returned. Returns at once.
    fn watch(&self, before: Box<dyn Fn() + Send>);
}

/// Never notifies.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSleep;

impl Sleep for NoSleep {
    fn watch(&self, _: Box<dyn Fn() + Send>) {}
}

/// The system's suspend signal.
#[derive(Debug, Clone, Default)]
pub struct SystemSleep {
    /// The address of the bus; `None` means the system bus.
    pub bus: Option<String>,
}

impl Sleep for SystemSleep {
    #[cfg(target_os = "linux")]
    fn watch(&self, before: Box<dyn Fn() + Send>) {
        let bus = self.bus.clone();
        let watch = move || {
            if let Err(error) = logind::watch(bus.as_deref(), before.as_ref()) {
                // The error may quote a bus address, and nothing else that is private.
                log::info!("suspend is not watched: {error}");
            }
        };
        if std::thread::Builder::new().name("sleep".to_owned()).spawn(watch).is_err() {
            log::warn!("suspend is not watched: no thread");
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
        let mut inhibitor = inhibit(&manager);
        for signal in signals {
            let is_before: bool = signal.body().deserialize()?;
            if is_before {
                before();
                inhibitor = None;
            } else if inhibitor.is_none() {
                inhibitor = inhibit(&manager);
            }
        }
        drop(inhibitor);
        Ok(())
    }

    /// Delays suspend while the descriptor is open. Without it the call may come after suspend, which is late
    /// but not a failure.
    fn inhibit(manager: &Proxy<'_>) -> Option<OwnedFd> {
        let why = ("sleep", "Keyfob", "To lock before the computer sleeps", "delay");
        manager.call("Inhibit", &why).ok()
    }
}
