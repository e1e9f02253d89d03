//! The tray on Linux: a `StatusNotifierItem` on the session bus.
//!
//! A thread of its own talks to the bus, so a desktop that doesn't respond never delays the window.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use ksni::blocking::TrayMethods as _;
use ksni::menu::StandardItem;
use ksni::{MenuItem, OfflineReason, ToolTip};

use super::{Picture, TrayChoice, TrayMenu};
use crate::domain::account::AccountId;

pub(super) struct Icon {
    menus: Sender<TrayMenu>,
    shown: Shown,
}

/// Whether the item is on the bus, and whether a host for it is there.
#[derive(Clone, Default)]
struct Shown {
    is_on_bus: Arc<AtomicBool>,
    has_host: Arc<AtomicBool>,
}

impl Icon {
    pub(super) fn add(picture: Picture, choose: impl Fn(TrayChoice) + Send + Sync + 'static) -> Self {
        let (menus, changes) = channel();
        let shown = Shown::default();
        shown.has_host.store(true, Ordering::SeqCst);
        let item = Item {
            picture: ksni_icon(picture),
            menu: TrayMenu::default(),
            shown: shown.clone(),
            choose: Arc::new(choose),
        };
        let serve = move || serve(item, &changes);
        if thread::Builder::new().name("tray".to_owned()).spawn(serve).is_err() {
            log::warn!("no thread for the tray");
        }
        Self { menus, shown }
    }

    pub(super) fn is_shown(&self) -> bool {
        self.shown.is_on_bus.load(Ordering::SeqCst) && self.shown.has_host.load(Ordering::SeqCst)
    }

    pub(super) fn set_menu(&self, menu: &TrayMenu) {
        // Without a thread, nothing is shown either.
        let _ = self.menus.send(menu.clone());
    }
}

/// Serves the item until the [`Icon`] is dropped.
fn serve(item: Item, changes: &Receiver<TrayMenu>) {
    let (shown, choose) = (item.shown.clone(), Arc::clone(&item.choose));
    // A host may start later than Keyfob, at a login.
    let Ok(handle) = item.assume_sni_available(true).spawn() else {
        return log::info!("there is no session bus for the tray");
    };
    shown.is_on_bus.store(true, Ordering::SeqCst);
    choose(TrayChoice::Changed);
    while let Ok(menu) = changes.recv() {
        handle.update(|item| item.menu = menu);
    }
    handle.shutdown().wait();
}

struct Item {
    picture: ksni::Icon,
    menu: TrayMenu,
    shown: Shown,
    choose: Arc<dyn Fn(TrayChoice) + Send + Sync>,
}

impl Item {
    /// An entry; underscores would mark access keys.
    fn entry(label: &str, choice: TrayChoice) -> MenuItem<Self> {
        let activate = Box::new(move |item: &mut Self| (item.choose)(choice.clone()));
        StandardItem { label: label.replace('_', "__"), activate, ..StandardItem::default() }.into()
    }

    fn set_host(&self, is_there: bool) {
        self.shown.has_host.store(is_there, Ordering::SeqCst);
        (self.choose)(TrayChoice::Changed);
    }
}

impl ksni::Tray for Item {
    fn id(&self) -> String {
        "keyfob".to_owned()
    }

    fn title(&self) -> String {
        "Keyfob".to_owned()
    }

    fn icon_name(&self) -> String {
        "keyfob".to_owned()
    }

    fn icon_pixmap(&self) -> Vec<ksni::Icon> {
        vec![self.picture.clone()]
    }

    fn tool_tip(&self) -> ToolTip {
        ToolTip { title: self.title(), ..ToolTip::default() }
    }

    fn activate(&mut self, _: i32, _: i32) {
        (self.choose)(TrayChoice::Open);
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        let copy = |(id, label): &(AccountId, String)| Self::entry(label, TrayChoice::Copy(id.clone()));
        let mut menu: Vec<_> = self.menu.accounts.iter().map(copy).collect();
        if !menu.is_empty() {
            menu.push(MenuItem::Separator);
        }
        menu.push(Self::entry("Open", TrayChoice::Open));
        if self.menu.can_lock {
            menu.push(Self::entry("Lock", TrayChoice::Lock));
        }
        menu.push(Self::entry("Quit", TrayChoice::Quit));
        menu
    }

    fn watcher_online(&self) {
        self.set_host(true);
    }

    fn watcher_offline(&self, _: OfflineReason) -> bool {
        self.set_host(false);
        true
    }
}

/// The bytes of each pixel in the order of the bus: alpha, red, green, blue.
fn ksni_icon(Picture { side, mut rgba }: Picture) -> ksni::Icon {
    for pixel in rgba.chunks_exact_mut(4) {
        pixel.rotate_right(1);
    }
    let side = i32::try_from(side).unwrap_or_default();
    ksni::Icon { width: side, height: side, data: rgba }
}
