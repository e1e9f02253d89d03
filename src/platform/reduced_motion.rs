//! Word that the system asks for less motion.
//!
//! Owns the watch for it: the settings that the desktop's portal hands out. Invariants: it has a thread
//! of its own, so that no frame waits for it; where nobody answers, nothing is said and nothing fails.
//!
//! On macOS and Windows there is no watch: the ways there want code that is not safe. The setting of the
//! app's own stands everywhere.

/// Where the system's wish is asked.
#[derive(Debug, Clone, Default)]
pub struct SystemMotion {
    /// The address of the session bus; `None` takes the session's.
    pub bus: Option<String>,
}

impl SystemMotion {
    /// Tells whether less motion is wanted: once it is known, and each time it may have changed. Returns
    /// at once.
    #[cfg(target_os = "linux")]
    pub fn watch(self, tell: impl Fn(bool) + Send + 'static) {
        let watch = move || {
            if portal::watch(self.bus.as_deref(), &tell).is_err() {
                log::info!("the desktop doesn't say whether it wants less motion");
            }
        };
        if std::thread::Builder::new().name("motion".to_owned()).spawn(watch).is_err() {
            log::warn!("the desktop is not asked for its motion: there is no thread for it");
        }
    }

    /// Tells nothing: nobody is asked on this system.
    #[cfg(not(target_os = "linux"))]
    pub fn watch(self, _: impl Fn(bool) + Send + 'static) {}
}

#[cfg(target_os = "linux")]
mod portal {
    use zbus::blocking::{Connection, Proxy, connection};
    use zbus::zvariant::{OwnedValue, Value};

    use crate::base::hardening::OpenToPortals;

    const NAME: &str = "org.freedesktop.portal.Desktop";
    const PATH: &str = "/org/freedesktop/portal/desktop";
    const SETTINGS: &str = "org.freedesktop.portal.Settings";

    /// The setting that all desktops share, and GNOME's of older days.
    const KEYS: [(&str, &str); 2] = [
        ("org.freedesktop.appearance", "reduced-motion"),
        ("org.gnome.desktop.interface", "enable-animations"),
    ];

    /// Watches until the bus is gone.
    pub(crate) fn watch(bus: Option<&str>, tell: &dyn Fn(bool)) -> zbus::Result<()> {
        let connection = match bus {
            Some(address) => connection::Builder::address(address)?.build()?,
            None => Connection::session()?,
        };
        let settings = Proxy::new(&connection, NAME, PATH, SETTINGS)?;
        let changes = settings.receive_signal("SettingChanged")?;
        // The portal looks at who asks once, at the first call.
        let open = OpenToPortals::new();
        let less = wants_less(&settings);
        drop(open);
        tell(less);
        for change in changes {
            let (namespace, key, _): (String, String, OwnedValue) = change.body().deserialize()?;
            if KEYS.contains(&(&namespace, &key)) {
                tell(wants_less(&settings));
            }
        }
        Ok(())
    }

    fn wants_less(settings: &Proxy<'_>) -> bool {
        KEYS.into_iter()
            .filter_map(|key| settings.call::<_, _, OwnedValue>("Read", &key).ok())
            .any(|value| is_less(&value))
    }

    /// Reads 1 for less motion, or whether things move; the portal wraps the value twice.
    fn is_less(value: &Value<'_>) -> bool {
        match value {
            Value::Value(inner) => is_less(inner),
            Value::U32(wish) => *wish == 1,
            Value::Bool(moves) => !moves,
            _ => false,
        }
    }
}
