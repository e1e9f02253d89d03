//! The system's reduced-motion setting.
//!
//! Read from the desktop's portal. Invariants: the watch has its own thread, so no frame waits for it;
//! without a portal, nothing is reported and nothing fails.
//!
//! There is no watch on macOS and Windows, where it would need unsafe code. The app's own setting works
//! everywhere.

/// The source of the system's setting.
#[derive(Debug, Clone, Default)]
pub struct SystemMotion {
    /// The address of the bus; `None` means the session bus.
    pub bus: Option<String>,
}

impl SystemMotion {
    /// Reports whether reduced motion is set: once known, and each time it may have changed. Returns at once.
    #[cfg(target_os = "linux")]
    pub fn watch(self, tell: impl Fn(bool) + Send + 'static) {
        let watch = move || {
            if portal::watch(self.bus.as_deref(), &tell).is_err() {
                log::info!("the desktop doesn't report reduced motion");
            }
        };
        if std::thread::Builder::new().name("motion".to_owned()).spawn(watch).is_err() {
            log::warn!("reduced motion is not watched: no thread");
        }
    }

    /// Reports nothing on this system.
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

    /// The setting shared by all desktops, and GNOME's older one.
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
        // The portal inspects its caller once, at the first call.
        let open = OpenToPortals::new();
        let reduced = is_reduced(&settings);
        drop(open);
        tell(reduced);
        for change in changes {
            let (namespace, key, _): (String, String, OwnedValue) = change.body().deserialize()?;
            if KEYS.contains(&(&namespace, &key)) {
                tell(is_reduced(&settings));
            }
        }
        Ok(())
    }

    fn is_reduced(settings: &Proxy<'_>) -> bool {
        KEYS.into_iter()
            .filter_map(|key| settings.call::<_, _, OwnedValue>("Read", &key).ok())
            .any(|value| means_reduced(&value))
    }

    /// Reads 1 for reduced motion, or whether animation is on; the portal wraps the value twice.
    fn means_reduced(value: &Value<'_>) -> bool {
        match value {
            Value::Value(inner) => means_reduced(inner),
            Value::U32(preference) => *preference == 1,
            Value::Bool(is_animated) => !is_animated,
            _ => false,
        }
    }
}
