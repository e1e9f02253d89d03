//! The list of keyboard shortcuts, which matches [`crate::ui::shortcuts`].

use egui::{Id, Ui};

use crate::ui::cx::Cx;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::{actions, dialog};
use crate::ui::{labels, theme, widgets};

const SHORTCUTS: [(&str, &str); 22] = [
    ("⌘K", "Find an account or an action"),
    ("⌘N", "Add an account"),
    ("⌘F or /", "Search"),
    ("↑ ↓", "Move along the list"),
    ("Home End", "Go to the first or last account"),
    ("Enter", "Open the account"),
    ("⌘C", "Copy the token"),
    ("⌘⇧C", "Copy the request header"),
    ("⌘R", "Refresh"),
    ("⌘E", "Edit"),
    ("⌘D", "Duplicate"),
    ("Del", "Delete"),
    ("⌘Z", "Undo a deletion"),
    ("⌘Enter", "Save the form"),
    ("⌘V", "Paste the redirect URL"),
    ("⌘L", "Lock"),
    ("⌘,", "Settings"),
    ("⌘+ ⌘−", "Zoom"),
    ("⌘0", "Reset zoom"),
    ("⌘Q", "Quit"),
    ("F1", "This list"),
    ("Esc", "Back"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::ui) enum ShortcutsDialog {
    #[default]
    Closed,
    Open,
}

pub(in crate::ui) fn show(ui: &mut Ui, cx: &Cx<'_>, state: &mut ShortcutsDialog) {
    if *state == ShortcutsDialog::Closed {
        return;
    }
    let os = ui.ctx().os();
    let mut close = false;
    let (width, columns) = if cx.narrow { (400.0, 1) } else { (640.0, 2) };
    let ((), dismissed) = dialog::show(ui, Id::unique("keyfob-keys"), width, |ui| {
        widgets::heading(ui, labels::KEYS);
        dialog::body(ui, |ui| {
            ui.columns(columns, |columns| {
                let rows = SHORTCUTS.len().div_ceil(columns.len());
                for (ui, shortcuts) in columns.iter_mut().zip(SHORTCUTS.chunks(rows)) {
                    // Set before a row, whose height is that of a control otherwise.
                    ui.spacing_mut().interact_size.y = 20.0;
                    ui.spacing_mut().item_spacing.y = 4.0;
                    for (keys, what) in shortcuts {
                        row(ui, cx, &labels::shortcut(keys, os), what);
                    }
                }
            });
        });
        let [button] = actions::show(ui, [Button::new(Weight::Secondary, labels::CLOSE)]);
        dialog::focus_first(ui, &button);
        close = button.clicked();
    });
    if close || dismissed {
        *state = ShortcutsDialog::Closed;
    }
}

fn row(ui: &mut Ui, cx: &Cx<'_>, keys: &str, what: &str) {
    ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(egui::vec2(112.0, 20.0), egui::Sense::hover());
        let mut child = ui.new_child(egui::UiBuilder::new().max_rect(rect));
        child.label(egui::RichText::new(keys).font(theme::mono(13.0)).color(cx.tokens.weak));
        ui.add(egui::Label::new(what).wrap());
    });
}
