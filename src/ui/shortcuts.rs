//! Keyboard shortcuts.
//!
//! A key that text input needs is ignored while a text field has the focus. No shortcut except locking works
//! behind a dialog.

use egui::{Event, Key, Modifiers, Ui};

use crate::messages::command::{Command, CopyForm};
use crate::messages::preferences::{Preferences, ZOOMS_PERCENT};
use crate::messages::snapshot::AccountView;

use super::account::sign_in;
use super::cx::Cx;
use super::navigation;
use super::navigation::To;
use super::shortcuts_page::KeysPage;
use super::view_state::{Page, SettingsDraft, ViewState};
use super::{account, lock_screen, sidebar};

const COMMAND_SHIFT: Modifiers = Modifiers { shift: true, ..Modifiers::COMMAND };

pub(super) fn act(ui: &Ui, cx: &mut Cx<'_>, state: &mut ViewState) {
    let pressed = |modifiers, key| ui.input_mut(|input| input.consume_key(modifiers, key));
    if pressed(Modifiers::COMMAND, Key::L) {
        lock_screen::lock(ui, cx, state);
        return;
    }
    if pressed(Modifiers::COMMAND, Key::Q) {
        navigation::quit(ui.ctx(), cx, state);
    }
    if state.has_dialog() {
        return;
    }
    if pressed(Modifiers::COMMAND, Key::N) {
        navigation::go(ui.ctx(), cx, state, To::Picker);
    }
    if pressed(Modifiers::COMMAND, Key::Comma) {
        state.settings = Some(SettingsDraft::of(&cx.snapshot.preferences));
    }
    zoom(ui, cx);
    if pressed(Modifiers::COMMAND, Key::F) {
        find(state);
    }
    if pressed(Modifiers::NONE, Key::F1) {
        state.keys_page = KeysPage::Open;
    }
    sign_in::take_pasted(ui, cx);
    if sidebar::was_searching(ui) {
        // egui drops a field's focus by the same key.
        if pressed(Modifiers::NONE, Key::Escape) {
            state.search.clear();
        }
        copy_keys(ui, cx, state);
    }
    let typing = ui.text_edit_focused();
    if !typing && !egui::Popup::is_any_open(ui.ctx()) {
        if pressed(Modifiers::NONE, Key::Slash) {
            find(state);
        }
        if pressed(Modifiers::NONE, Key::Escape) {
            back(ui, cx, state);
        }
        if pressed(Modifiers::COMMAND, Key::Z)
            && let Some(undo) = cx.snapshot.undo.last()
        {
            cx.send(Command::UndoDelete(undo.id.clone()));
        }
        on_account(ui, cx, state);
    }
}

/// Zooms by a step, or back to the default.
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

fn find(state: &mut ViewState) {
    state.detail_open = false;
    state.focus = Some(sidebar::search_id());
}

fn back(ui: &Ui, cx: &mut Cx<'_>, state: &mut ViewState) {
    let to = if matches!(state.page, Page::Account) { To::List } else { To::Back };
    navigation::go(ui.ctx(), cx, state, to);
}

fn on_account(ui: &Ui, cx: &mut Cx<'_>, state: &mut ViewState) {
    if !matches!(state.page, Page::Account) {
        return;
    }
    sidebar::arrows(ui, state);
    let account = state.selected.as_ref().and_then(|id| cx.account(id));
    let Some(account) = account else { return };
    let id = || account.id.clone();
    let pressed = |modifiers, key| ui.input_mut(|input| input.consume_key(modifiers, key));
    let nothing_focused = ui.memory(|memory| memory.focused().is_none());
    if nothing_focused && pressed(Modifiers::NONE, Key::Enter) {
        state.detail_open = true;
    }
    copy_keys(ui, cx, state);
    if pressed(Modifiers::COMMAND, Key::R) {
        cx.send(account::renewal(account));
    }
    if pressed(Modifiers::COMMAND, Key::E) {
        cx.send(Command::Edit(id()));
    }
    if pressed(Modifiers::COMMAND, Key::D) {
        cx.send(Command::Duplicate(id()));
    }
    if pressed(Modifiers::NONE, Key::Delete) {
        state.deleting = Some(id());
    }
}

/// Whether there is a token to copy, or one is obtained without the user.
pub(super) fn can_copy(account: &AccountView) -> bool {
    account.token.is_some() || account.grant.is_repeatable()
}

/// Copies the selected account's token if the page shows it, unless text is selected.
fn copy_keys(ui: &Ui, cx: &mut Cx<'_>, state: &ViewState) {
    let chosen = state.selected.as_ref().filter(|_| matches!(state.page, Page::Account));
    let Some(account) = chosen.and_then(|id| cx.account(id)).filter(|account| can_copy(account)) else {
        return;
    };
    if ui.text_edit_focused() && (state.list.row(&account.id).is_none() || sidebar::is_text_selected(ui)) {
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
