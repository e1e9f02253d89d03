//! The list of keyboard shortcuts, which matches [`super::shortcuts`].

use egui::os::OperatingSystem;
use egui::{Id, Ui};

use super::view_state::ViewState;
use super::widgets::button::{Button, Weight};
use super::widgets::dialog;
use super::{labels, theme, widgets};

/// Every shortcut and its effect; `⌘` stands for Ctrl.
const KEYS: [(&str, &str); 20] = [
    ("⌘N", "Add an account"),
    ("⌘F or /", "Search"),
    ("↑ ↓", "Move along the list"),
    ("Enter", "Open the account"),
    ("⌘C", "Copy the token"),
    ("⌘⇧C", "Copy the request header"),
    ("⌘R", "Refresh"),
    ("⌘E", "Edit"),
    ("⌘D", "Duplicate"),
    ("Del", "Delete"),
    ("⌘Z", "Undo a deletion"),
    ("⌘Enter", "Save the form"),
    ("⌘V", "Finish a sign-in with the URL you copied"),
    ("⌘L", "Lock"),
    ("⌘,", "Settings"),
    ("⌘+ ⌘−", "Zoom"),
    ("⌘0", "Reset zoom"),
    ("⌘Q", "Quit"),
    ("F1", "This list"),
    ("Esc", "Back"),
];

/// Shortcuts in the system's notation.
pub(super) fn written(keys: &str, mac: bool) -> String {
    if mac { keys.to_owned() } else { keys.replace('⌘', "Ctrl+").replace('⇧', "Shift+") }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum KeysPage {
    #[default]
    Closed,
    Open,
}

pub(super) fn show(ui: &mut Ui, state: &mut ViewState) {
    if state.keys_page == KeysPage::Closed {
        return;
    }
    let mac = ui.ctx().os() == OperatingSystem::Mac;
    let mut close = false;
    let ((), left) = dialog::show(ui, Id::unique("keyfob-keys"), 400.0, |ui| {
        widgets::heading(ui, labels::KEYS);
        dialog::body(ui, |ui| {
            // Set before a row, whose height is that of a control otherwise.
            ui.spacing_mut().interact_size.y = 20.0;
            ui.spacing_mut().item_spacing.y = 4.0;
            for (keys, what) in KEYS {
                row(ui, &written(keys, mac), what);
            }
        });
        let button = ui.add(Button::new(Weight::Quiet, labels::CLOSE));
        dialog::focus_first(ui, &button);
        close = button.clicked();
    });
    if close || left {
        state.keys_page = KeysPage::Closed;
    }
}

fn row(ui: &mut Ui, keys: &str, what: &str) {
    let tokens = theme::Tokens::of(ui);
    ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(egui::vec2(136.0, 20.0), egui::Sense::hover());
        let mut place = ui.new_child(egui::UiBuilder::new().max_rect(rect));
        place.label(egui::RichText::new(keys).font(theme::mono(13.0)).color(tokens.weak));
        ui.add(egui::Label::new(what).wrap());
    });
}
