//! The system's preference for reduced motion reaches the window at the start and on each change.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keyfob::platform::reduced_motion::SystemMotion;
use zbus::blocking::{Connection, connection};
use zbus::zvariant::{OwnedValue, Value};

use crate::support::desktop::Bus;
use crate::ui::fixtures::snapshot;
use crate::ui::harness::Rig;

const PATIENCE: Duration = Duration::from_secs(20);
const APPEARANCE: &str = "org.freedesktop.appearance";
const GNOME: &str = "org.gnome.desktop.interface";

type Held = Arc<Mutex<BTreeMap<(String, String), OwnedValue>>>;

/// Plays the desktop's portal.
struct Settings(Held);

#[zbus::interface(name = "org.freedesktop.portal.Settings")]
impl Settings {
    fn read(&self, namespace: String, key: String) -> zbus::fdo::Result<OwnedValue> {
        let held = self.0.lock().unwrap();
        let value =
            held.get(&(namespace, key)).ok_or(zbus::fdo::Error::Failed("no such setting".to_owned()))?;
        // Wrapped twice, as the portal does it.
        Ok(OwnedValue::try_from(Value::Value(Box::new(value.try_clone().unwrap().into()))).unwrap())
    }
}

struct Portal {
    connection: Connection,
    held: Held,
}

impl Portal {
    fn on(bus: &Bus) -> Self {
        let held = Held::default();
        let connection = connection::Builder::address(bus.address().as_str()).unwrap();
        let path = "/org/freedesktop/portal/desktop";
        let connection = connection.serve_at(path, Settings(Arc::clone(&held))).unwrap();
        let connection = connection.name("org.freedesktop.portal.Desktop").unwrap().build().unwrap();
        Self { connection, held }
    }

    fn set(&self, namespace: &str, key: &str, value: &Value<'_>) {
        let value = value.try_to_owned().unwrap();
        self.held.lock().unwrap().insert((namespace.to_owned(), key.to_owned()), value.try_clone().unwrap());
        let path = "/org/freedesktop/portal/desktop";
        let interface = "org.freedesktop.portal.Settings";
        let change = (namespace, key, Value::from(value));
        self.connection.emit_signal(None::<&str>, path, interface, "SettingChanged", &change).unwrap();
    }
}

fn watched(bus: &Bus) -> Receiver<bool> {
    let (tell, told) = sync_channel(8);
    SystemMotion { bus: Some(bus.address()) }.watch(move |less| {
        let _ = tell.send(less);
    });
    told
}

#[test]
fn less_motion_is_told_at_once_and_when_it_changes() {
    let bus = Bus::start();
    let portal = Portal::on(&bus);
    let told = watched(&bus);
    let next = || told.recv_timeout(PATIENCE).expect("word of it");
    assert!(!next(), "nobody asked for it");
    portal.set(APPEARANCE, "color-scheme", &Value::U32(1));
    portal.set(APPEARANCE, "reduced-motion", &Value::U32(1));
    assert!(next());
    portal.set(APPEARANCE, "reduced-motion", &Value::U32(0));
    assert!(!next());
    portal.set(GNOME, "enable-animations", &Value::Bool(false));
    assert!(next());
    assert!(watched(&bus).recv_timeout(PATIENCE).unwrap(), "as it begins");
}

#[test]
fn without_a_portal_nothing_is_told() {
    let bus = Bus::start();
    // Without a portal the thread ends, and the channel with it.
    for told in [watched(&bus), watched_nowhere()] {
        assert!(told.recv_timeout(PATIENCE).is_ok_and(|less| !less) || told.recv().is_err());
    }
}

fn watched_nowhere() -> Receiver<bool> {
    let (tell, told) = sync_channel(8);
    SystemMotion { bus: Some("no address".to_owned()) }.watch(move |less| tell.send(less).unwrap());
    told
}

#[test]
fn nothing_glides_where_the_system_or_the_user_wants_that() {
    let mut rig = Rig::new(snapshot(Vec::new()));
    let glides = |rig: &Rig| rig.0.ctx.style_of(rig.0.ctx.theme()).animation_time > 0.0;
    rig.set_still(true);
    assert!(!glides(&rig));
    rig.set_still(false);
    assert!(glides(&rig));
    rig.change(|snapshot| snapshot.preferences.reduced_motion = true);
    assert!(!glides(&rig), "the user's wish stands whatever the system says");
}
