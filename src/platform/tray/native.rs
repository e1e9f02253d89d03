//! The tray on Windows (notification area) and macOS (menu bar).

use std::cell::RefCell;

use tray_icon::menu::{Menu, MenuEvent, MenuItem, PredefinedMenuItem};
use tray_icon::{TrayIconBuilder, TrayIconEvent};

use super::{Picture, TrayChoice, TrayMenu};
use crate::domain::account::AccountId;

const OPEN: &str = "open";
const LOCK: &str = "lock";
const QUIT: &str = "quit";
/// Before an account's identifier.
const COPY: &str = "copy ";

pub(super) struct Icon {
    icon: Option<tray_icon::TrayIcon>,
    /// Kept as long as its menu is shown.
    menu: RefCell<Option<Menu>>,
}

impl Icon {
    pub(super) fn add(picture: Picture, choose: impl Fn(TrayChoice) + Send + Sync + 'static) -> Self {
        MenuEvent::set_event_handler(Some(move |event: MenuEvent| {
            if let Some(choice) = choice(event.id().as_ref()) {
                choose(choice);
            }
        }));
        // Without a handler, the clicks themselves collect in a queue.
        TrayIconEvent::set_event_handler(Some(|_| ()));
        let Picture { side, rgba } = picture;
        let image = tray_icon::Icon::from_rgba(rgba, side, side);
        let icon = image.map_err(|error| error.to_string()).and_then(|image| {
            let builder = TrayIconBuilder::new().with_tooltip("Keyfob");
            // The menu bar's icons follow its color.
            #[cfg(target_os = "macos")]
            let builder = builder.with_icon_templated(image);
            #[cfg(not(target_os = "macos"))]
            let builder = builder.with_icon(image);
            builder.build().map_err(|error| error.to_string())
        });
        if let Err(error) = &icon {
            log::warn!("no icon in the tray: {error}");
        }
        Self { icon: icon.ok(), menu: RefCell::default() }
    }

    pub(super) fn is_shown(&self) -> bool {
        self.icon.is_some()
    }

    pub(super) fn set_menu(&self, entries: &TrayMenu) {
        let Some(icon) = &self.icon else { return };
        let menu = Menu::new();
        let add = |id: &str, label: &str| {
            // An ampersand marks an access key.
            menu.append(&MenuItem::with_id(id, label.replace('&', "&&"), true, None)).is_ok()
        };
        let mut complete = true;
        for (id, label) in &entries.accounts {
            complete &= add(&format!("{COPY}{}", id.as_str()), label);
        }
        if !entries.accounts.is_empty() {
            complete &= menu.append(&PredefinedMenuItem::separator()).is_ok();
        }
        complete &= add(OPEN, "Open");
        complete &= !entries.can_lock || add(LOCK, "Lock");
        complete &= add(QUIT, "Quit");
        if !complete {
            log::warn!("the menu in the tray is not complete");
        }
        icon.set_menu(Some(Box::new(menu.clone())));
        self.menu.replace(Some(menu));
    }
}

fn choice(entry: &str) -> Option<TrayChoice> {
    match entry {
        OPEN => Some(TrayChoice::Open),
        LOCK => Some(TrayChoice::Lock),
        QUIT => Some(TrayChoice::Quit),
        copy => AccountId::try_from(copy.strip_prefix(COPY)?.to_owned()).ok().map(TrayChoice::Copy),
    }
}
