//! The window: draws one snapshot at one instant and returns commands.
//!
//! Each screen has a state of its own and a function `show(ui, cx, state)`, which pushes commands and actions
//! to `cx`. Only this file and its parts (`apply`, `events`, `repaint`) know several screens. Nothing here
//! waits. The window holds no secret except one that the user has revealed or is typing.

mod account;
mod action;
mod apply;
mod cx;
mod dialogs;
mod events;
mod form;
mod labels;
mod notices;
mod pages;
mod palette;
mod quick_pick;
mod repaint;
mod settings;
mod shortcuts;
mod sidebar;
mod theme;
mod tray;
mod widgets;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use egui::{CentralPanel, Context, Frame, Id, Margin, Panel, ScrollArea, ViewportCommand, vec2};

use crate::domain::account::AccountId;
use crate::domain::provider::Preset;
use crate::messages::command::Command;
use crate::messages::remembered::Remembered;
use crate::messages::snapshot::{AccountView, Preferences, Snapshot};

use account::AccountPageState;
use action::{NewAccount, Target, UiAction};
use cx::{Cx, PageKind};
use dialogs::delete::DeleteDialog;
use dialogs::discard_form::DiscardFormDialog;
use dialogs::passphrase::PassphraseDialog;
use dialogs::quit::QuitDialog;
use dialogs::shortcuts::ShortcutsDialog;
use dialogs::unsaved_tokens::UnsavedTokensDialog;
use dialogs::{Dialogs, delete, discard_form, passphrase, quit, unsaved_tokens};
use form::draft::AccountFormState;
use notices::NoticesState;
use pages::by_address::AddressPageState;
use pages::crash::CrashPageState;
use pages::diagnostics::DiagnosticsState;
use pages::export::ExportPageState;
use pages::first_run::FirstRunState;
use pages::import::ImportPageState;
use pages::lock_screen::LockScreenState;
use pages::provider_picker::ProviderPickerState;
use pages::{
    by_address, crash, diagnostics, export, first_run, import, lock_screen, provider_picker, use_from,
};
use palette::PaletteState;
use quick_pick::QuickPick;
use settings::SettingsState;
use sidebar::list_order::ListOrder;
use sidebar::{SidebarState, vault_line};
use theme::Tokens;
use theme::icons::Icon;
use tray::TrayState;
use widgets::button::{Button, Weight};
use widgets::toast::{self, Toasts};

pub use account::sign_in::alerts::newly_needing_sign_in;
pub use tray::{TrayEntries, tray_menu};
pub use widgets::file_field::{FileAnswer, FileQuestion};

/// The smallest usable window, in logical points.
pub const MIN_SIZE: (f32, f32) = (640.0, 420.0);
/// The window's size at the first start, in logical points.
pub const FIRST_SIZE: (f32, f32) = (960.0, 640.0);
/// The size of the quick pick's window in points: the palette with eight rows.
pub const PICK_SIZE: (f32, f32) = (576.0, 468.0);

/// The height of a page's buttons in one row.
const BAR_HEIGHT: f32 = 56.0;

/// The window's own state: the selection, drafts, open dialogs. The snapshot has the facts about accounts.
#[derive(Default)]
pub struct Ui {
    selected: Option<AccountId>,
    /// With one pane: whether the page is shown instead of the list.
    detail_open: bool,
    page: Page,
    focus: Option<egui::Id>,
    sidebar: SidebarState,
    account: AccountPageState,
    crash: CrashPageState,
    first_run: FirstRunState,
    notices: NoticesState,
    lock_screen: LockScreenState,
    dialogs: Dialogs,
    file_question: Option<FileQuestion>,
    file_answer: Option<FileAnswer>,
    folder: std::path::PathBuf,
    passphrase: PassphraseDialog,
    delete: DeleteDialog,
    discard_form: DiscardFormDialog,
    shortcuts: ShortcutsDialog,
    palette: PaletteState,
    quick_pick: QuickPick,
    tray: TrayState,
    quit: QuitDialog,
    unsaved_tokens: UnsavedTokensDialog,
    toasts: Toasts,
    presets: Arc<Vec<Preset>>,
    applied: Option<Preferences>,
    still: bool,
}

#[derive(Default)]
enum Page {
    #[default]
    Account,
    ProviderPicker(ProviderPickerState),
    ByAddress(Box<AddressPageState>),
    Form(Box<AccountFormState>),
    Diagnostics(DiagnosticsState),
    UseFrom(AccountId),
    Settings(Box<SettingsState>),
    Import(Box<ImportPageState>),
    Export(Box<ExportPageState>),
}

impl Ui {
    /// Installs the fonts and themes. Call before the first frame.
    pub fn new(ctx: &Context) -> Self {
        theme::install(ctx);
        Self::default()
    }

    /// Applies the preferences for the look. Call before the first frame, so that none flashes.
    pub fn apply(&mut self, preferences: &Preferences, ctx: &Context) {
        if self.applied.as_ref() != Some(preferences) {
            theme::apply(preferences, self.still, ctx);
            self.applied = Some(preferences.clone());
        }
    }

    /// Sets whether the system prefers reduced motion, from the next frame on.
    pub fn set_still(&mut self, still: bool) {
        if self.still != still {
            self.still = still;
            self.applied = None;
        }
    }

    /// Sets the default folder of exports and imports.
    pub fn set_folder(&mut self, folder: std::path::PathBuf) {
        self.folder = folder;
    }

    /// Takes the pending question for the system's file dialog; its answer goes to [`Self::file_answer`].
    pub fn file_question(&mut self) -> Option<FileQuestion> {
        self.file_question.take()
    }

    /// Takes the answer of the system's file dialog.
    pub fn file_answer(&mut self, answer: FileAnswer) {
        self.file_answer = Some(answer);
    }

    /// Restores the position at the last quit.
    pub fn restore(&mut self, remembered: &Remembered) {
        let Remembered { selected, sort, group, filter, tray_explained } = remembered.clone();
        self.selected = selected;
        self.tray.set_explained(tray_explained);
        self.sidebar.order = ListOrder { sort, group, filter };
    }

    /// Shows that the last window crashed, and no account until the user chooses one.
    pub fn say_crashed(&mut self) {
        self.crash = CrashPageState::NothingShown;
    }

    /// The position to store.
    pub fn remembered(&self) -> Remembered {
        let ListOrder { sort, group, filter } = self.sidebar.order;
        let (selected, tray_explained) = (self.selected.clone(), self.tray.is_explained());
        Remembered { selected, sort, group, filter, tray_explained }
    }

    /// Keeps a closing window open if something would be lost. Call in every frame, also in one that draws
    /// nothing.
    pub fn watch_closing(&mut self, ctx: &Context, snapshot: &Snapshot) {
        self.watch_quick_pick(ctx, snapshot);
        let closes = ctx.input(|input| input.viewport().close_requested());
        if closes
            && !self.take_tray_quit()
            && self.quit != QuitDialog::Confirmed
            && self.unsaved_tokens != UnsavedTokensDialog::LossAccepted
        {
            if self.stays(ctx, snapshot) {
                return;
            }
            if self.has_unsaved_input() {
                quit::keep_open(ctx);
                ctx.send_viewport_cmd(ViewportCommand::Focus);
                self.discard_form.open(Target::Quit);
                return;
            }
            if quit::is_asked(snapshot) {
                quit::keep_open(ctx);
                self.quit = QuitDialog::Open;
            }
        }
        unsaved_tokens::watch(ctx, snapshot, &mut self.unsaved_tokens);
    }

    /// Says something that needs no answer.
    pub fn say(&mut self, text: String) {
        self.toasts.say(text);
    }

    /// Closes the window without a question.
    pub fn quit_unasked(&mut self, ctx: &Context) {
        self.unsaved_tokens = UnsavedTokensDialog::LossAccepted;
        self.quit.confirm(ctx);
    }

    /// Draws the snapshot as of `now` and returns the user's commands.
    pub fn show(
        &mut self,
        ui: &mut egui::Ui,
        snapshot: &Snapshot,
        now: DateTime<Utc>,
        commands: &mut Vec<Command>,
    ) {
        self.presets = Arc::clone(&snapshot.presets);
        if self.applied.as_ref() != Some(&snapshot.preferences) {
            self.apply(&snapshot.preferences, ui.ctx());
            let style = ui.ctx().style_of(ui.ctx().theme());
            ui.set_style(style);
        }
        let narrow = ui.available_width() < theme::NARROW_WIDTH;
        let mut cx = Cx::new(snapshot, now, Tokens::of(ui), narrow, commands);
        let cx = &mut cx;
        self.sidebar.list.hide();
        if ui.input(|input| input.events.contains(&egui::Event::WindowFocused(false))) {
            self.account.hide_token();
        }
        lock_screen::watch(ui, cx, &mut self.lock_screen);
        self.apply_actions(ui.ctx(), cx);
        if self.show_lock_screen(ui, cx) {
            return;
        }
        self.sync(ui.ctx(), cx);
        if self.show_quick_pick(ui, cx) {
            return;
        }
        let has_dialog = self.has_dialog();
        shortcuts::handle(ui, cx, &mut self.sidebar, has_dialog);
        self.apply_actions(ui.ctx(), cx);
        if snapshot.loaded && !self.has_dialog() {
            import::drop_file::watch(ui, cx);
            self.apply_actions(ui.ctx(), cx);
        }
        self.take_file(cx);
        if self.show_lock_screen(ui, cx) {
            return;
        }
        if let Some(id) = self.focus.take() {
            // Requested before it is drawn, so that focus scrolls it into view.
            ui.memory_mut(|memory| memory.request_focus(id));
        }
        let page = if self.has_dialog() {
            behind(ui, |ui| self.show_panes(ui, cx))
        } else {
            self.show_panes(ui, cx)
        };
        self.show_dialogs(ui, cx);
        toast::show(ui, cx, &mut self.toasts, page);
        self.apply_actions(ui.ctx(), cx);
        if self.focus.is_some() {
            ui.ctx().request_repaint();
        }
    }

    /// The window's title.
    pub fn title(&self, snapshot: &Snapshot, now: DateTime<Utc>) -> String {
        let selected = self.selected.as_ref().filter(|_| !snapshot.locked);
        account::window_title::of(selected.and_then(|id| snapshot.accounts.find(id)), now)
    }

    fn update_cx(&self, cx: &mut Cx<'_>) {
        cx.selected.clone_from(&self.selected);
        cx.page = match self.page {
            Page::Account => PageKind::Account,
            Page::ProviderPicker(_) => PageKind::ProviderPicker,
            Page::ByAddress(_) => PageKind::ByAddress,
            Page::Form(_) => PageKind::Form,
            Page::Diagnostics(_) => PageKind::Diagnostics,
            Page::UseFrom(_) => PageKind::UseFrom,
            Page::Settings(_) => PageKind::Settings,
            Page::Import(_) => PageKind::Import,
            Page::Export(_) => PageKind::Export,
        };
    }

    fn select(&mut self, id: AccountId) {
        if self.selected.as_ref() != Some(&id) {
            self.account.leave_account();
        }
        self.crash = CrashPageState::NoCrash;
        self.sidebar.list.scroll_to(id.clone());
        self.selected = Some(id);
        self.detail_open = true;
    }

    fn has_unsaved_input(&self) -> bool {
        match &self.page {
            Page::Form(form) => form.typed && !form.saving,
            Page::ByAddress(state) => state.has_unsaved_input(),
            _ => false,
        }
    }

    fn has_dialog(&self) -> bool {
        self.delete.is_open()
            || self.discard_form.is_open()
            || self.passphrase.is_open()
            || self.dialogs.is_open()
            || self.unsaved_tokens == UnsavedTokensDialog::Open
            || self.shortcuts == ShortcutsDialog::Open
            || self.quit == QuitDialog::Open
            || self.palette.is_open()
    }

    /// Leaves the page with what was typed there.
    fn close_page(&mut self, ctx: &Context) {
        match std::mem::take(&mut self.page) {
            Page::Form(draft) => form::forget(ctx, &draft),
            Page::ByAddress(_) => AddressPageState::forget(ctx),
            Page::Import(_) => ImportPageState::forget(ctx),
            Page::Export(_) => ExportPageState::forget(ctx),
            Page::Account
            | Page::ProviderPicker(_)
            | Page::Diagnostics(_)
            | Page::UseFrom(_)
            | Page::Settings(_) => {}
        }
        (self.file_question, self.file_answer) = (None, None);
    }

    fn take_file(&mut self, cx: &mut Cx<'_>) {
        let Some(answer) = self.file_answer.take() else { return };
        if self.dialogs.is_open() {
            return self.dialogs.take_file(answer);
        }
        match &mut self.page {
            Page::Import(state) => state.take_file(answer, cx),
            Page::Export(state) => state.take_file(answer),
            _ => {}
        }
    }

    fn recover(&mut self, cx: &mut Cx<'_>) {
        self.dialogs.recover(cx);
        if let Page::Settings(state) = &mut self.page {
            state.recovery = Some("Looking for accounts in the vault…");
        }
    }

    fn open_form(&mut self, state: AccountFormState) {
        self.page = Page::Form(Box::new(state));
    }

    fn open_new_form(&mut self, from: &NewAccount) {
        self.open_form(match from {
            NewAccount::Preset(preset) => AccountFormState::new(preset),
            NewAccount::Issuer => AccountFormState::by_issuer(),
        });
        self.focus = Some(form::name_id());
    }

    fn open_provider_picker(&mut self) {
        self.page = Page::ProviderPicker(ProviderPickerState::default());
        self.detail_open = true;
        self.focus = Some(provider_picker::search_id());
    }

    fn open_diagnostics(&mut self, cx: &mut Cx<'_>, account: Option<AccountId>) {
        self.page = Page::Diagnostics(DiagnosticsState::start(cx, account));
        self.detail_open = true;
    }

    /// Drops state that the snapshot no longer supports: a deleted account's selection, an ended reveal.
    fn sync(&mut self, ctx: &Context, cx: &mut Cx<'_>) {
        let snapshot = cx.snapshot;
        let is_gone = |id: &AccountId| snapshot.accounts.place(id).is_none();
        let mut was_at = None;
        if snapshot.loaded
            && let Some(gone) = self.selected.take_if(|id| is_gone(id))
        {
            was_at = self.sidebar.list.row(&gone);
            self.detail_open = false;
        }
        self.sidebar.sync(&snapshot.accounts, cx.now);
        if self.selected.is_none() && self.crash == CrashPageState::NoCrash {
            // The row that moved up to its position, or the last one.
            let list = &self.sidebar.list;
            let next = was_at.and_then(|row| list.get(row.min(list.len().saturating_sub(1))));
            self.selected = next.or(snapshot.accounts.first()).map(|account| account.id.clone());
        }
        self.delete.close_if(is_gone);
        self.account.sync(self.selected.as_ref(), snapshot, cx.now);
        let on_page = self.selected.as_ref().filter(|_| matches!(self.page, Page::Account));
        self.toasts.sync(cx.now, |account, problem| {
            let account = account.filter(|id| Some(*id) == on_page);
            let found = account.and_then(|id| snapshot.accounts.find(id));
            found.is_some_and(|view| view.problem.as_ref() == Some(problem))
        });
        let has_dialog = self.has_dialog();
        if let Some(text) = self.passphrase.sync(ctx, &snapshot.vault, has_dialog) {
            self.toasts.say(text);
        }
        self.update_cx(cx);
    }

    /// Covers a locked window; returns true if nothing else may be drawn.
    fn show_lock_screen(&mut self, ui: &mut egui::Ui, cx: &mut Cx<'_>) -> bool {
        let was_covered = self.lock_screen.is_covered();
        if !self.lock_screen.update(cx) {
            if was_covered {
                self.passphrase.close(ui.ctx());
            }
            return false;
        }
        self.drop_drafts(ui.ctx(), !was_covered);
        if cx.snapshot.locked {
            lock_screen::show(ui, cx, &mut self.passphrase);
        }
        unsaved_tokens::show(ui, cx, &mut self.unsaved_tokens);
        true
    }

    fn drop_drafts(&mut self, ctx: &Context, is_first: bool) {
        if is_first {
            self.first_run.note_lock();
            egui::Popup::close_all(ctx);
            self.passphrase.close(ctx);
            self.dialogs.close(ctx);
            self.account.forget_pasted(ctx);
        }
        self.close_page(ctx);
        self.shortcuts = ShortcutsDialog::Closed;
        self.palette = PaletteState::default();
        self.quit = QuitDialog::Closed;
        self.delete = DeleteDialog::default();
        self.discard_form = DiscardFormDialog::default();
        self.account.lock();
        self.focus = None;
        self.sidebar.search.clear();
        self.toasts = Toasts::default();
    }

    fn show_dialogs(&mut self, ui: &mut egui::Ui, cx: &mut Cx<'_>) {
        delete::show(ui, cx, &mut self.delete);
        let discard = &mut self.discard_form;
        match &self.page {
            Page::Form(form) => discard_form::show(ui, cx, discard, &form.name, form.editing.is_some()),
            Page::ByAddress(state) => discard_form::show(ui, cx, discard, state.name(), false),
            // The form was saved or closed in the meantime.
            _ => *discard = DiscardFormDialog::default(),
        }
        self.apply_actions(ui.ctx(), cx);
        // Only one dialog is visible; the other returns with its input.
        if !self.passphrase.is_open() {
            dialogs::show(ui, cx, &mut self.dialogs);
            self.apply_actions(ui.ctx(), cx);
        }
        passphrase::show(ui, cx, &mut self.passphrase);
        unsaved_tokens::show(ui, cx, &mut self.unsaved_tokens);
        dialogs::shortcuts::show(ui, cx, &mut self.shortcuts);
        let end = palette::show(ui, cx, &mut self.palette);
        self.note_palette_end(ui.ctx(), end);
        quit::show(ui, cx, &mut self.quit);
    }

    fn show_panes(&mut self, ui: &mut egui::Ui, cx: &mut Cx<'_>) -> egui::Rect {
        let whole = ui.available_rect_before_wrap();
        if !cx.snapshot.loaded {
            return whole;
        }
        let is_empty = cx.snapshot.accounts.is_empty();
        let without_list = self.crash == CrashPageState::NothingShown;
        if is_empty && !without_list && matches!(self.page, Page::Account) {
            first_run::show(ui, cx, &mut self.first_run, &mut self.notices);
            self.apply_actions(ui.ctx(), cx);
            return whole;
        }
        if !is_empty && !without_list && (!cx.narrow || !self.detail_open) {
            let frame = Frame::new().fill(cx.tokens.sidebar);
            if cx.narrow {
                CentralPanel::default().frame(frame).show(ui, |ui| self.show_list(ui, cx));
                return whole;
            }
            Panel::left("keyfob-list")
                .exact_size(theme::SIDEBAR_WIDTH)
                .resizable(false)
                .frame(frame)
                .show(ui, |ui| self.show_list(ui, cx));
        }
        self.show_page(ui, cx)
    }

    fn show_list(&mut self, ui: &mut egui::Ui, cx: &mut Cx<'_>) {
        if cx.narrow && notices::vault::is_needed(cx) {
            let margin = Margin { bottom: 0, ..Margin::same(12) };
            Frame::new().inner_margin(margin).show(ui, |ui| notices::vault::show(ui, cx));
        }
        sidebar::show(ui, cx, &mut self.sidebar);
        self.apply_actions(ui.ctx(), cx);
    }

    /// A page: a scrolling column with its buttons below it; returns its area without them.
    fn show_page(&mut self, ui: &mut egui::Ui, cx: &mut Cx<'_>) -> egui::Rect {
        if let Some(account) = self.shown_account(cx) {
            return self.show_account(ui, cx, account);
        }
        // The buttons come last in the focus order. A panel would have to be drawn first, so their area is
        // computed here.
        let (mut upper, mut lower) = (ui.available_rect_before_wrap(), egui::Rect::NOTHING);
        let with_buttons =
            matches!(self.page, Page::Form(_) | Page::ByAddress(_) | Page::Import(_) | Page::Export(_));
        let bar_height = Id::unique("keyfob-page-buttons");
        if with_buttons {
            let height = ui.data(|data| data.get_temp(bar_height)).unwrap_or(BAR_HEIGHT);
            (upper, lower) = upper.split_top_bottom_at_y(upper.bottom() - height);
        }
        let beside = beside_column(upper);
        let mut child = ui.new_child(egui::UiBuilder::new().max_rect(upper));
        // The window is cleared with this color; without a GPU, a second fill costs a fifth of a frame.
        CentralPanel::default().frame(Frame::new()).show(&mut child, |ui| {
            scrolled(ui, beside, 24, |ui| self.show_column(ui, cx));
        });
        if with_buttons {
            let margin = vec2(beside + if lower.width() < 400.0 { 12.0 } else { 24.0 }, 12.0);
            let mut child = ui.new_child(egui::UiBuilder::new().max_rect(lower.shrink2(margin)));
            child.spacing_mut().item_spacing.y = 8.0;
            self.show_buttons(&mut child, cx);
            let line = egui::Stroke::new(1.0, cx.tokens.line);
            ui.painter().hline(lower.x_range(), lower.top(), line);
            // They wrap, and a reason may be above them: known only after they were drawn.
            let height = child.min_rect().height() + 24.0;
            if (height - lower.height()).abs() > 0.5 {
                ui.data_mut(|data| data.insert_temp(bar_height, height));
                ui.ctx().request_discard("the buttons' height changed");
            }
        }
        self.apply_actions(ui.ctx(), cx);
        upper
    }

    /// The account on the page.
    fn shown_account<'a>(&self, cx: &Cx<'a>) -> Option<&'a AccountView> {
        let is_account = matches!(self.page, Page::Account) && self.crash == CrashPageState::NoCrash;
        cx.selected_account().filter(|_| is_account)
    }

    /// The account's page: its token stays above the scrolled part.
    fn show_account(&mut self, ui: &mut egui::Ui, cx: &mut Cx<'_>, account: &AccountView) -> egui::Rect {
        let page = ui.available_rect_before_wrap();
        let (whole, tabs) = account::columns(ui, account, page);
        let beside = beside_column(whole);
        let has_bar = account::has_bar(ui, account);
        let (side, top) = match (has_bar, account::has_back(ui, account)) {
            (true, _) => (12.0, 0.0),
            (false, true) => (24.0, 24.0),
            // All is scrolled.
            (false, false) => (24.0, 12.0),
        };
        let column = whole.shrink2(vec2(side + beside, 0.0)).with_min_y(whole.top() + top);
        let mut fixed = ui.new_child(egui::UiBuilder::new().max_rect(column));
        fixed.spacing_mut().item_spacing.y = 12.0;
        account::show_fixed(&mut fixed, cx, &mut self.account, account);
        let bottom = fixed.min_rect().bottom().max(column.top());
        let mut child = ui.new_child(egui::UiBuilder::new().max_rect(whole.with_min_y(bottom)));
        let is_scrolled = scrolled(&mut child, beside, 12, |ui| self.show_column(ui, cx));
        if is_scrolled || has_bar {
            ui.painter().hline(whole.x_range(), bottom, egui::Stroke::new(1.0, cx.tokens.line));
        }
        if let Some(tabs) = tabs {
            ui.painter().vline(tabs.left(), tabs.y_range(), egui::Stroke::new(1.0, cx.tokens.line));
            let mut child = ui.new_child(egui::UiBuilder::new().id_salt("keyfob-tabs").max_rect(tabs));
            scrolled(&mut child, beside_column(tabs), 24, |ui| {
                account::show_tabs(ui, cx, &mut self.account, account);
            });
        }
        self.apply_actions(ui.ctx(), cx);
        page
    }

    fn show_buttons(&mut self, ui: &mut egui::Ui, cx: &mut Cx<'_>) {
        match &mut self.page {
            Page::Form(state) => form::buttons(ui, cx, state),
            Page::ByAddress(state) => by_address::buttons(ui, cx, state),
            Page::Import(state) => import::buttons(ui, cx, state),
            Page::Export(state) => export::buttons(ui, cx, state),
            Page::Account
            | Page::ProviderPicker(_)
            | Page::Diagnostics(_)
            | Page::UseFrom(_)
            | Page::Settings(_) => {}
        }
    }

    fn show_column(&mut self, ui: &mut egui::Ui, cx: &mut Cx<'_>) {
        let has_back = self.shown_account(cx).is_some_and(|account| account::has_back(ui, account));
        let to_list = cx.narrow && !has_back && !cx.snapshot.accounts.is_empty();
        if to_list || matches!(self.page, Page::Settings(_)) {
            let back = Button::new(Weight::Text, labels::BACK).with_icon(Icon::Back).aligned_with_text();
            if back.show(ui) {
                cx.push(UiAction::Go(if to_list { Target::List } else { Target::Back }));
            }
        }
        if notices::vault::is_needed(cx) {
            notices::vault::show(ui, cx);
        }
        notices::show(ui, cx, &mut self.notices);
        if let Some(problem) = &cx.snapshot.problem {
            notices::app_problem::show(ui, cx, problem);
        }
        if matches!(self.page, Page::Account) && self.crash == CrashPageState::NoCrash {
            if let Some(account) = cx.selected_account() {
                account::show_scrolled_title(ui, cx, account);
            }
            first_run::show_steps(ui, cx, &mut self.first_run);
        }
        match &mut self.page {
            Page::ProviderPicker(state) => provider_picker::show(ui, cx, state),
            Page::ByAddress(state) => by_address::show(ui, cx, state),
            Page::Form(state) => form::show(ui, cx, state),
            Page::Diagnostics(state) => diagnostics::show(ui, cx, state),
            Page::UseFrom(account) => use_from::show(ui, cx, account),
            Page::Settings(state) => settings::show(ui, cx, state),
            Page::Import(state) => import::show(ui, cx, state),
            Page::Export(state) => export::show(ui, cx, state),
            Page::Account if self.crash != CrashPageState::NoCrash => crash::show(ui, cx, &mut self.crash),
            Page::Account => {
                if let Some(account) = cx.selected_account() {
                    account::show(ui, cx, &mut self.account, account);
                }
            }
        }
        if cx.snapshot.accounts.is_empty() {
            ui.add_space(theme::STEP);
            vault_line::show(ui, cx);
        }
    }
}

/// The space at each side of a column that is centered in a wide page, like its toasts.
fn beside_column(page: egui::Rect) -> f32 {
    ((page.width() - 48.0 - theme::COLUMN_WIDTH) / 2.0).max(0.0).floor()
}

/// A scrolled column; returns true if its start is scrolled away.
fn scrolled(ui: &mut egui::Ui, beside: f32, top: i8, contents: impl FnOnce(&mut egui::Ui)) -> bool {
    let shown = ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        let margin = Margin { top, ..Margin::same(24) };
        Frame::new().inner_margin(margin).show(ui, |ui| {
            let column = ui.available_rect_before_wrap().shrink2(vec2(beside, 0.0));
            let column = column.with_max_y(column.top());
            ui.scope_builder(egui::UiBuilder::new().max_rect(column), |ui| {
                ui.set_width(column.width());
                ui.spacing_mut().item_spacing.y = 12.0;
                contents(ui);
                ui.add_space(48.0);
            });
        });
    });
    widgets::name_scroll_bar(ui, shown.id, "Scroll page");
    shown.state.clamped_offset().y > 0.0
}

/// Draws the page behind a dialog: disabled, for assistive technologies, too.
fn behind<R>(ui: &mut egui::Ui, contents: impl FnOnce(&mut egui::Ui) -> R) -> R {
    ui.disable();
    contents(ui)
}
