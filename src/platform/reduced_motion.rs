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
                log::info!("the desktop doesn't say whether it wants less motion");
            }
        };
        if std::thread::Builder::new().name("motion".to_owned()).spawn(watch).is_err() {
            log::warn!("the desktop is not asked for its motion: there is no thread for it");
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

    /// Reads 1 for reduced motion, or whether animation is on; the portal wraps the value twice.
    fn is_less(value: &Value<'_>) -> bool {
        match value {
            Value::Value(inner) => is_less(inner),
            Value::U32(wish) => *wish == 1,
            Value::Bool(moves) => !moves,
            _ => false,
        }
    }
}
