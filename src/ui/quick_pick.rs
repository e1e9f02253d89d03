//! The quick pick: only the palette, from a key of the desktop to a copied token.
//!
//! A window of its own hides once the token is copied, and ends once the clipboard is cleared: the process holds
//! what it has copied. In a window that is open already, the palette comes forward, and the window goes back to
//! where it was.

use egui::{CentralPanel, Context, Frame, Margin, ViewportCommand, WindowLevel};

use crate::domain::account::AccountId;
use crate::messages::snapshot::Snapshot;

use super::cx::Cx;
use super::palette::{self, PaletteEnd, PaletteState};
use super::{FIRST_SIZE, MIN_SIZE, Ui, widgets};

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum QuickPick {
    #[default]
    Off,
    /// In a window of its own.
    Alone(Progress),
    /// In the window with the accounts, which is minimised at the end if nobody looked at it before.
    Inside { minimise: bool },
    /// A token is being copied for the tray's menu, without the palette.
    FromTray,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    Choosing,
    /// The token may have to be renewed first.
    Copying,
    /// The window is hidden.
    Copied,
}

impl Ui {
    /// Shows only the palette. Call before the first frame of a window of that size.
    pub fn start_quick_pick(&mut self) {
        self.quick_pick = QuickPick::Alone(Progress::Choosing);
        self.palette.open_recent();
    }

    /// Whether only the palette is shown.
    pub fn is_quick_pick(&self) -> bool {
        matches!(self.quick_pick, QuickPick::Alone(_))
    }

    /// Shows the palette for a later start.
    pub fn pick(&mut self, ctx: &Context) {
        let is_looked_at = ctx.input(|input| input.viewport().focused.unwrap_or(false));
        match self.quick_pick {
            QuickPick::Alone(Progress::Copied) => {
                ctx.send_viewport_cmd(ViewportCommand::Visible(true));
                self.start_quick_pick();
            }
            // It is at work on a token.
            QuickPick::Alone(_) => {}
            // A question or what was typed comes first.
            _ if self.has_dialog() => {}
            _ => {
                self.palette.open_recent();
                self.quick_pick = QuickPick::Inside { minimise: !is_looked_at };
            }
        }
        self.show_window(ctx);
    }

    /// Raises the window with the accounts.
    pub fn come_forward(&mut self, ctx: &Context) {
        if self.is_quick_pick() {
            self.leave_quick_pick(ctx);
        }
        self.show_window(ctx);
    }

    /// Draws only the palette; returns false if the whole window is to be drawn.
    pub(super) fn show_quick_pick(&mut self, ui: &mut egui::Ui, cx: &mut Cx<'_>) -> bool {
        let QuickPick::Alone(progress) = self.quick_pick else { return false };
        if !cx.snapshot.loaded || progress == Progress::Copied {
            return true;
        }
        if cx.snapshot.accounts.is_empty() {
            self.leave_quick_pick(ui.ctx());
            return false;
        }
        let frame = Frame::new().inner_margin(Margin::same(8));
        let palette = &mut self.palette;
        let end = CentralPanel::default().frame(frame).show(ui, |ui| match progress {
            Progress::Choosing => palette::show_alone(ui, cx, palette),
            Progress::Copying | Progress::Copied => {
                widgets::weak(ui, "Getting the token…");
                PaletteEnd::Open
            }
        });
        match end.inner {
            PaletteEnd::Open => {}
            PaletteEnd::Copying => self.quick_pick = QuickPick::Alone(Progress::Copying),
            PaletteEnd::Closed => self.quit_unasked(ui.ctx()),
            PaletteEnd::Left => {
                self.leave_quick_pick(ui.ctx());
                self.apply_actions(ui.ctx(), cx);
            }
        }
        true
    }

    /// Notes what became of the palette in the window with the accounts.
    pub(super) fn note_palette_end(&mut self, ctx: &Context, end: PaletteEnd) {
        if let QuickPick::Inside { minimise } = self.quick_pick {
            match end {
                PaletteEnd::Open | PaletteEnd::Copying => {}
                PaletteEnd::Closed => self.go_back(ctx, minimise),
                PaletteEnd::Left => self.quick_pick = QuickPick::Off,
            }
        }
    }

    pub(super) fn note_copied(&mut self, ctx: &Context) {
        match self.quick_pick {
            QuickPick::Off => {}
            QuickPick::FromTray => self.quick_pick = QuickPick::Off,
            QuickPick::Alone(_) => {
                self.quick_pick = QuickPick::Alone(Progress::Copied);
                ctx.send_viewport_cmd(ViewportCommand::Visible(false));
            }
            QuickPick::Inside { minimise } => self.go_back(ctx, minimise),
        }
    }

    /// Shows the account with the problem, in the whole window.
    pub(super) fn note_problem(&mut self, ctx: &Context, account: Option<&AccountId>) {
        let from_tray = self.quick_pick == QuickPick::FromTray;
        if from_tray {
            self.come_forward(ctx);
        }
        if self.is_quick_pick() {
            self.leave_quick_pick(ctx);
        } else if !from_tray || self.has_unsaved_input() {
            return self.quick_pick = QuickPick::Off;
        }
        if let Some(id) = account {
            self.select(id.clone());
        }
        self.quick_pick = QuickPick::Off;
    }

    /// Ends the hidden process once the clipboard is cleared.
    pub(super) fn watch_quick_pick(&mut self, ctx: &Context, snapshot: &Snapshot) {
        let is_done = self.quick_pick == QuickPick::Alone(Progress::Copied);
        if is_done && snapshot.clipboard.is_none() {
            self.quit_unasked(ctx);
        }
    }

    fn go_back(&mut self, ctx: &Context, minimise: bool) {
        self.quick_pick = QuickPick::Off;
        if minimise {
            ctx.send_viewport_cmd(ViewportCommand::Minimized(true));
        }
    }

    /// Becomes the window with the accounts.
    fn leave_quick_pick(&mut self, ctx: &Context) {
        self.quick_pick = QuickPick::Off;
        self.palette = PaletteState::default();
        for command in [
            ViewportCommand::Visible(true),
            ViewportCommand::Decorations(true),
            ViewportCommand::WindowLevel(WindowLevel::Normal),
            ViewportCommand::MinInnerSize(MIN_SIZE.into()),
            ViewportCommand::InnerSize(FIRST_SIZE.into()),
        ] {
            ctx.send_viewport_cmd(command);
        }
        ctx.request_repaint();
    }
}
