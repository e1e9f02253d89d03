//! Keyboard shortcuts.
//!
//! A key that text input needs is ignored while a text field has the focus. No shortcut except locking works
//! behind a dialog.

use egui::{Event, Key, Modifiers, Ui};

use crate::messages::command::{Command, CopyForm};
use crate::messages::preferences::{Preferences, ZOOMS_PERCENT};

use super::account::sign_in;
use super::account::token::token_commands::{can_copy, renewal};
use super::action::{DialogKind, Target, UiAction};
use super::cx::{Cx, PageKind};
use super::sidebar;
use super::sidebar::SidebarState;

const COMMAND_SHIFT: Modifiers = Modifiers { shift: true, ..Modifiers::COMMAND };

pub(super) fn handle(ui: &Ui, cx: &mut Cx<'_>, sidebar: &mut SidebarState, has_dialog: bool) {
    let pressed = |modifiers, key| ui.input_mut(|input| input.consume_key(modifiers, key));
    if pressed(Modifiers::COMMAND, Key::L) {
        cx.push(UiAction::Lock);
        return;
    }
    if pressed(Modifiers::COMMAND, Key::Q) {
        cx.push(UiAction::Go(Target::Quit));
        return;
    }
    if has_dialog {
        return;
    }
    if pressed(Modifiers::COMMAND, Key::K) && cx.snapshot.loaded {
        cx.push(UiAction::OpenPalette);
        return;
    }
    if pressed(Modifiers::COMMAND, Key::N) {
        cx.push(UiAction::Go(Target::ProviderPicker));
    }
    if pressed(Modifiers::COMMAND, Key::Comma) {
        cx.open(DialogKind::Settings);
    }
    zoom(ui, cx);
    if pressed(Modifiers::COMMAND, Key::F) {
        find(cx);
    }
    if pressed(Modifiers::NONE, Key::F1) {
        cx.open(DialogKind::Shortcuts);
    }
    sign_in::take_pasted(ui, cx);
    if sidebar::was_searching(ui) {
        // egui drops a field's focus by the same key.
        if pressed(Modifiers::NONE, Key::Escape) {
            sidebar.search.clear();
        }
        copy_keys(ui, cx, sidebar);
    }
    let typing = ui.text_edit_focused();
    if !typing && !egui::Popup::is_any_open(ui.ctx()) {
        if pressed(Modifiers::NONE, Key::Slash) {
            find(cx);
        }
        if pressed(Modifiers::NONE, Key::Escape) {
            let is_account = cx.page == PageKind::Account;
            cx.push(UiAction::Go(if is_account { Target::List } else { Target::Back }));
        }
        if pressed(Modifiers::COMMAND, Key::Z)
            && let Some(undo) = cx.snapshot.undo.last()
        {
            cx.send(Command::UndoDelete(undo.id.clone()));
        }
        on_account(ui, cx, sidebar);
    }
}

fn zoom(ui: &Ui, cx: &mut Cx<'_>) {
    let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, key));
    let closer = pressed(Key::Plus) | pressed(Key::Equals);
    let (farther, usual) = (pressed(Key::Minus), pressed(Key::Num0));
    let now = cx.snapshot.preferences.zoom_percent;
    let step = |zoom: Option<&u32>| zoom.copied().unwrap_or(now);
    let zoom_percent = match (closer, farther, usual) {
        (true, ..) => step(ZOOMS_PERCENT.iter().find(|zoom| **zoom > now)),
        (_, true, _) => step(ZOOMS_PERCENT.iter().rev().find(|zoom| **zoom < now)),
        (.., true) => Preferences::default().zoom_percent,
        _ => now,
    };
    if zoom_percent != now {
        cx.send(Command::SetPreferences(Preferences { zoom_percent, ..cx.snapshot.preferences.clone() }));
    }
}

fn find(cx: &mut Cx<'_>) {
    cx.push(UiAction::ShowList);
    cx.push(UiAction::Focus(sidebar::search_id()));
}

fn on_account(ui: &Ui, cx: &mut Cx<'_>, sidebar: &mut SidebarState) {
    if cx.page != PageKind::Account {
        return;
    }
    sidebar::arrows(ui, cx, sidebar);
    let Some(account) = cx.selected_account() else { return };
    let id = || account.id.clone();
    let pressed = |modifiers, key| ui.input_mut(|input| input.consume_key(modifiers, key));
    let nothing_focused = ui.memory(|memory| memory.focused().is_none());
    if nothing_focused && pressed(Modifiers::NONE, Key::Enter) {
        cx.push(UiAction::ShowPage);
    }
    copy_keys(ui, cx, sidebar);
    if pressed(Modifiers::COMMAND, Key::R) {
        cx.send(renewal(account));
    }
    if pressed(Modifiers::COMMAND, Key::E) {
        cx.send(Command::Edit(id()));
    }
    if pressed(Modifiers::COMMAND, Key::D) {
        cx.send(Command::Duplicate(id()));
    }
    if pressed(Modifiers::NONE, Key::Delete) {
        cx.open(DialogKind::Delete(id()));
    }
}

/// Copies the selected account's token if the page shows it, unless text is selected.
fn copy_keys(ui: &Ui, cx: &mut Cx<'_>, sidebar: &SidebarState) {
    let selected = cx.selected_account().filter(|_| cx.page == PageKind::Account);
    let Some(account) = selected.filter(|account| can_copy(account)) else { return };
    if ui.text_edit_focused() && (sidebar.list.row(&account.id).is_none() || sidebar::is_text_selected(ui)) {
        return;
    }
    // egui reports the system's copy key as a separate event.
    let form = if ui.input(|input| input.events.iter().any(|event| matches!(event, Event::Copy))) {
        CopyForm::Plain
    } else if ui.input_mut(|input| input.consume_key(COMMAND_SHIFT, Key::C)) {
        CopyForm::Header
    } else {
        return;
    };
    cx.send(Command::Copy { account: account.id.clone(), form });
}
