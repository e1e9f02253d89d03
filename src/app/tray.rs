//! The window's process and the tray: the icon comes and goes with its setting, and its choices become
//! commands.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use chrono::{DateTime, Utc};
use eframe::egui;

use super::window_placement;
use crate::engine::EngineHandle;
use crate::messages::command::{Command, CopyForm};
use crate::messages::snapshot::Snapshot;
use crate::platform::notifications;
use crate::platform::tray::{Picture, TrayChoice, TrayIcon, TrayMenu};
use crate::ui::{self, Ui};

/// The labels count in minutes.
const UPDATE: Duration = Duration::from_mins(1);

pub(super) struct Tray {
    icon: Option<TrayIcon>,
    menu: TrayMenu,
    /// What the menu was made of: the snapshot, and the minute since 1970.
    made_of: Option<(Arc<Snapshot>, i64)>,
    choices: Receiver<TrayChoice>,
    chosen: Sender<TrayChoice>,
    wake: Arc<dyn Fn() + Send + Sync>,
    /// The window is to be hidden as soon as it is known whether there is a tray.
    hides: bool,
}

impl Tray {
    /// `wake` makes the window draw a frame.
    pub(super) fn new(wake: Arc<dyn Fn() + Send + Sync>, hides: bool) -> Self {
        let (chosen, choices) = channel();
        Self { icon: None, menu: TrayMenu::default(), made_of: None, choices, chosen, wake, hides }
    }

    /// Follows the setting and the snapshot, and carries out what was chosen. Call in every frame.
    pub(super) fn follow(
        &mut self,
        ui: &mut Ui,
        ctx: &egui::Context,
        snapshot: &Arc<Snapshot>,
        now: DateTime<Utc>,
        engine: &EngineHandle,
    ) {
        if !snapshot.loaded {
            return;
        }
        if snapshot.preferences.tray && !ui.is_quick_pick() {
            let icon = self.icon.get_or_insert_with(|| add(&self.chosen, &self.wake));
            let minute = now.timestamp() / 60;
            let is_made = |(of, at): &(Arc<Snapshot>, i64)| Arc::ptr_eq(of, snapshot) && *at == minute;
            if !self.made_of.as_ref().is_some_and(is_made) {
                self.made_of = Some((Arc::clone(snapshot), minute));
                let ui::TrayEntries { accounts, can_lock } = ui::tray_menu(snapshot, now);
                let menu = TrayMenu { accounts, can_lock };
                if self.menu != menu {
                    icon.set_menu(&menu);
                    self.menu = menu;
                }
            }
            ctx.request_repaint_after(UPDATE);
        } else {
            self.icon = None;
            self.menu = TrayMenu::default();
            self.made_of = None;
        }
        ui.set_tray(self.icon.as_ref().is_some_and(TrayIcon::is_shown), ctx);
        if self.hides {
            self.hides = false;
            ui.hide(ctx);
        }
        while let Ok(choice) = self.choices.try_recv() {
            carry_out(choice, ui, ctx, snapshot, engine);
        }
        if ui.take_explanation() {
            notifications::keeps_running();
        }
    }
}

fn add(chosen: &Sender<TrayChoice>, wake: &Arc<dyn Fn() + Send + Sync>) -> TrayIcon {
    let icon = window_placement::icon();
    let picture = Picture { side: icon.width, rgba: icon.rgba };
    let (chosen, wake) = (chosen.clone(), Arc::clone(wake));
    TrayIcon::add(picture, move |choice| {
        let _ = chosen.send(choice);
        wake();
    })
}

fn carry_out(
    choice: TrayChoice,
    ui: &mut Ui,
    ctx: &egui::Context,
    snapshot: &Snapshot,
    engine: &EngineHandle,
) {
    let command = match choice {
        TrayChoice::Open => return ui.come_forward(ctx),
        TrayChoice::Quit => return ui.quit_from_tray(ctx, snapshot),
        // The next frame knows.
        TrayChoice::Changed => return,
        TrayChoice::Lock => Command::Lock,
        TrayChoice::Copy(_) if snapshot.locked => return ui.come_forward(ctx),
        TrayChoice::Copy(account) => {
            ui.await_tray_copy();
            Command::Copy { account, form: CopyForm::Plain }
        }
    };
    if engine.send(command).is_err() {
        log::warn!("a choice in the tray was not taken");
        ui.come_forward(ctx);
    }
}
