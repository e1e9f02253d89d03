//! Watches for the system's suspend.
//!
//! On Linux: logind's `PrepareForSleep` on the system bus. Invariants: the watch has its own thread, so
//! startup doesn't wait for it; without a system bus or logind, nothing is watched and nothing fails; suspend
//! is delayed only for the duration of the call, and never longer than logind allows (5 s by default).
//!
//! On macOS and Windows a signal would need unsafe code or a window of its own. There, a thread notices by the
//! clock, within seconds of the resume, that the system was suspended. A clock that is set forward has the same
//! effect.

/// Notifies of the system's suspend: before it on Linux, after it elsewhere.
pub trait Sleep: Send + Sync {
    /// Calls `before` each time; on Linux the system suspends once it has returned. Returns at once.
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
    fn watch(&self, before: Box<dyn Fn() + Send>) {
        let watch = move || {
            let pause = crate::base::failpoint::patience(by_clock::PAUSE);
            let pauses = std::iter::repeat_with(|| std::thread::sleep(pause));
            by_clock::watch(&crate::base::clock::SystemClock, pause, pauses, before.as_ref());
        };
        if std::thread::Builder::new().name("sleep".to_owned()).spawn(watch).is_err() {
            log::warn!("suspend is not watched: no thread");
        }
    }
}

#[cfg(any(not(target_os = "linux"), test))]
mod by_clock {
    use std::time::Duration;

    use crate::base::clock::Clock;

    /// How often the clock is read.
    #[cfg(not(target_os = "linux"))]
    pub(crate) const PAUSE: Duration = Duration::from_secs(5);
    /// A pause that takes so many times its length was a suspend, and no busy computer.
    const TIMES: u32 = 6;

    /// Calls `suspended` after each pause that took too long.
    pub(crate) fn watch(
        clock: &dyn Clock,
        pause: Duration,
        pauses: impl Iterator<Item = ()>,
        suspended: &dyn Fn(),
    ) {
        let mut last = clock.now();
        for () in pauses {
            let now = clock.now();
            if (now - last).to_std().is_ok_and(|took| took > pause * TIMES) {
                suspended();
            }
            last = now;
        }
    }
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    use chrono::{DateTime, TimeDelta};

    use super::by_clock::watch;
    use crate::base::clock::ManualClock;

    #[test]
    fn a_pause_that_took_too_long_was_a_suspend() {
        let clock = ManualClock::new(DateTime::UNIX_EPOCH);
        let counts = [5, 30, 31, -3600, 5, 3600].map(|took_secs| {
            let count = Cell::new(0);
            let pauses =
                [5, took_secs, 5].map(TimeDelta::seconds).into_iter().map(|took| clock.advance(took));
            watch(&clock, Duration::from_secs(5), pauses, &|| count.set(count.get() + 1));
            count.get()
        });
        assert_eq!(counts, [0, 0, 1, 0, 0, 1]);
    }
}
