//! The import page.
//!
//! Nothing is saved before it was shown. An existing account is replaced only if selected. The accounts read
//! from the file, with their secrets, are dropped with the page.

pub(crate) mod drop_file;
pub(crate) mod env_names;
pub(crate) mod issuers;
pub(crate) mod moved_destinations;

use std::path::{Path, PathBuf};

use egui::{Context, Id, Ui};

use crate::base::sanitize::sanitized;
use crate::domain::provider::Preset;
use crate::messages::command::{Command, ImportDraft};
use crate::messages::event::ImportRead;
use crate::messages::explain::{NamedDestinations, changed_destinations};
use crate::messages::problem::{ArchiveProblem, Problem};

use super::FirstField;
use crate::ui::action::{Target, UiAction};
use crate::ui::cx::Cx;
use crate::ui::dialogs::modal;
use crate::ui::settings::section::Section;
use crate::ui::widgets::actions::{self, Reason};
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::fields;
use crate::ui::widgets::fields::{FieldOptions, SecretInput};
use crate::ui::widgets::file_field::{FileAnswer, FileField};
use crate::ui::widgets::{changed_destinations, checkbox};
use crate::ui::{labels, widgets};
use env_names::EnvNamesState;
use issuers::{DiscoveryResult, EndpointSource, Issuers};
use moved_destinations::MovedDestinations;

const TITLE: &str = "Import accounts";

const MAX_DIFFERING: usize = 50;

const MAX_OMISSIONS: usize = 5;

#[derive(Clone, Copy, PartialEq, Eq)]
enum ImportStep {
    Choosing,
    Reading,
    Encrypted,
    Preview,
    Saving,
}

struct PreviewedAccount {
    draft: ImportDraft,
    exists: bool,
    selected: bool,
    source: EndpointSource,
    /// Its provider and the destinations that differ from the preset's; `None` until computed.
    named: Option<NamedDestinations>,
    moves: MovedDestinations,
}

pub(in crate::ui) struct ImportPageState {
    step: ImportStep,
    file: FileField,
    path: PathBuf,
    passphrase: SecretInput,
    error: Option<String>,
    accounts: Vec<PreviewedAccount>,
    issuers: Issuers,
    omissions: Vec<String>,
    names: Option<EnvNamesState>,
    saving_count: usize,
    first_field: FirstField,
    /// Where *Cancel* leads, if not to the account.
    back_to: Option<Section>,
}

fn file_id() -> Id {
    Id::unique("keyfob-import-file")
}

fn passphrase_id() -> Id {
    Id::unique("keyfob-import-passphrase")
}

impl ImportPageState {
    pub(in crate::ui) fn within(folder: &Path, back_to: Option<Section>) -> Self {
        Self { back_to, ..Self::new(FileField::within(folder)) }
    }

    pub(in crate::ui) fn of_file(cx: &mut Cx<'_>, path: PathBuf) -> Self {
        let mut page = Self::new(FileField::at(&path));
        page.read(cx, path);
        page
    }

    fn new(file: FileField) -> Self {
        Self {
            step: ImportStep::Choosing,
            file,
            path: PathBuf::new(),
            passphrase: SecretInput::default(),
            error: None,
            accounts: Vec::new(),
            issuers: Issuers::default(),
            omissions: Vec::new(),
            names: None,
            saving_count: 0,
            first_field: FirstField::default(),
            back_to: None,
        }
    }

    fn read(&mut self, cx: &mut Cx<'_>, path: PathBuf) {
        self.path.clone_from(&path);
        self.error = None;
        self.step = ImportStep::Reading;
        cx.send(Command::ReadImport { path, passphrase: None, mapping: None });
    }

    fn read_typed(&mut self, cx: &mut Cx<'_>) {
        match self.file.path() {
            Ok(path) => self.read(cx, path),
            Err(error) => self.error = Some(error.to_owned()),
        }
    }

    fn decrypt(&mut self, ctx: &Context, cx: &mut Cx<'_>) {
        let passphrase = Some(self.passphrase.take_passphrase());
        fields::forget(ctx, passphrase_id());
        self.error = None;
        self.step = ImportStep::Reading;
        cx.send(Command::ReadImport { path: self.path.clone(), passphrase, mapping: None });
    }

    fn save(&mut self, cx: &mut Cx<'_>) {
        let (chosen, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.accounts).into_iter().partition(|account| account.selected);
        drop(rest);
        self.saving_count = chosen.len();
        self.error = None;
        self.step = ImportStep::Saving;
        let drafts =
            chosen.into_iter().map(|PreviewedAccount { mut draft, exists, source, moves, .. }| {
                self.issuers.complete(&source, &mut draft.draft.settings);
                ImportDraft { replace: exists, move_secrets: moves.is_agreed(), ..draft }
            });
        cx.send(Command::Import(drafts.collect()));
    }

    fn choosing(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        widgets::text(
            ui,
            "A Keyfob export, accounts in TOML or JSON, an OpenAPI document, Google's client secret file, a Postman, \
             Insomnia or Bruno export, or a .env file. Keyfob shows the contents before it saves anything.",
        );
        let note = "Or drop the file on this window.";
        let (browse, entered) = self.file.show(ui, file_id(), "File", self.error.as_deref(), note);
        if entered {
            self.read_typed(cx);
        }
        if browse {
            cx.push(UiAction::AskFile(self.file.question(TITLE, false)));
        }
    }

    fn ask_passphrase(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let name = sanitized(&name, 60);
        widgets::text(ui, &format!("“{name}” is encrypted. Enter the passphrase it was exported with."));
        let options = FieldOptions { error: self.error.as_deref(), ..FieldOptions::default() };
        let field =
            fields::secret(ui, passphrase_id(), "Passphrase of the file", &mut self.passphrase, options);
        if fields::is_entered(ui, &field) && !self.passphrase.is_empty() {
            self.decrypt(ui.ctx(), cx);
        }
    }

    fn preview(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let exists = self.accounts.iter().filter(|account| account.exists).count();
        let holds = match (&self.names, self.accounts.len()) {
            (Some(_), 0) => "The file has variables. Map them below.".to_owned(),
            (_, count) => format!("The file holds {}.", labels::counted(count, "account")),
        };
        widgets::text(ui, &holds);
        if exists > 0 {
            let text = match exists {
                1 => "1 already exists. Select it if you want to replace it.".to_owned(),
                _ => {
                    format!("{exists} already exist. Select any you want to replace.")
                }
            };
            widgets::text(ui, &text);
        }
        let presets = &cx.snapshot.presets;
        for account in &mut self.accounts {
            account.source.sync(presets, &account.draft.draft.settings);
            account.sync_named(&self.issuers, presets);
        }
        let (count, all, issuers) = (self.accounts.len(), &mut self.accounts, &self.issuers);
        ui.scope(|ui| {
            checkbox::list(ui, count, |ui, number| {
                let account = &mut all[number];
                let note = note(account, issuers);
                checkbox::row(ui, &mut account.selected, &account.draft.draft.name, &note);
            });
        });
        let selected = self.accounts.iter().filter(|account| account.selected);
        let selected =
            selected.map(|account| (account.draft.draft.name.as_str(), &account.source)).collect::<Vec<_>>();
        self.issuers.show(ui, cx, &selected);
        self.destinations(ui);
        self.show_moves(ui, cx);
        for omission in self.omissions.iter().take(MAX_OMISSIONS) {
            widgets::weak(ui, &sanitized(omission, 300));
        }
        if self.omissions.len() > MAX_OMISSIONS {
            widgets::weak(ui, &format!("{} more were left out.", self.omissions.len() - MAX_OMISSIONS));
        }
        if let Some(names) = &mut self.names
            && let Some(mapping) = names.show(ui, presets)
        {
            let path = self.path.clone();
            cx.send(Command::ReadImport { path, passphrase: None, mapping: Some(mapping) });
        }
        if let Some(error) = &self.error {
            widgets::problem(ui, error);
        }
        modal::offer_passphrase(ui, cx);
    }

    /// Lists the destinations of the selected accounts that differ from their presets', changed ones first.
    fn destinations(&self, ui: &mut Ui) {
        let (changed, others): (Vec<_>, Vec<_>) = self.differing().partition(|(_, named)| named.is_changed);
        let (shown, count) =
            (changed.iter().chain(&others).take(MAX_DIFFERING), changed.len() + others.len());
        for (name, named) in shown {
            changed_destinations::of_import(ui, name, named);
        }
        if count > MAX_DIFFERING {
            let more = labels::counted(count - MAX_DIFFERING, "more account");
            let text =
                format!("{more} with other hosts. On the command line, keyfob import --dry-run lists them.");
            widgets::weak(ui, &text);
        }
    }

    fn differing(&self) -> impl Iterator<Item = (&str, &NamedDestinations)> {
        let selected = self.accounts.iter().filter(|account| account.selected);
        let named =
            selected.filter_map(|account| Some((account.draft.draft.name.as_str(), account.named.as_ref()?)));
        named.filter(|(_, named)| !named.rest.is_empty())
    }

    /// Asks about the stored secrets of each replaced account whose endpoints are known.
    fn show_moves(&mut self, ui: &mut Ui, cx: &Cx<'_>) {
        for account in self.accounts.iter_mut().filter(|account| account.exists && account.selected) {
            if self.issuers.blocked(std::iter::once(&account.source)).is_none() {
                let mut settings = account.draft.draft.settings.clone();
                self.issuers.complete(&account.source, &mut settings);
                account.moves.sync(cx.snapshot, &account.draft, &settings);
                account.moves.show(ui, &account.draft.draft.name);
            }
        }
    }

    fn blocked(&self, cx: &Cx<'_>) -> Option<Reason<'static>> {
        let plain = |text| Some(Reason::new(text, None));
        match self.step {
            ImportStep::Encrypted if self.passphrase.is_empty() => {
                Some(Reason::new("Enter the passphrase first.", Some(passphrase_id())))
            }
            ImportStep::Choosing | ImportStep::Encrypted => None,
            ImportStep::Preview if self.accounts.is_empty() && self.names.is_some() => {
                plain("Map the variables first.")
            }
            ImportStep::Preview if !self.accounts.iter().any(|account| account.selected) => {
                plain("Select an account first.")
            }
            ImportStep::Preview
                if self.differing().filter(|(_, named)| named.is_changed).count() > MAX_DIFFERING =>
            {
                plain("Deselect some accounts: more are changed than can be shown at once.")
            }
            ImportStep::Preview => {
                let selected = || self.accounts.iter().filter(|account| account.selected);
                let mut moves = selected().filter(|account| account.exists);
                self.issuers
                    .blocked(selected().map(|account| &account.source))
                    .or_else(|| moves.find_map(|account| account.moves.blocked()))
                    .or_else(|| modal::vault_blocked(cx).and_then(plain))
            }
            ImportStep::Reading | ImportStep::Saving => plain("One moment."),
        }
    }
}

impl PreviewedAccount {
    /// Names its destinations, with the endpoints from discovery.
    fn sync_named(&mut self, issuers: &Issuers, presets: &[Preset]) {
        if self.named.is_some() {
            return;
        }
        let mut settings = self.draft.draft.settings.clone();
        issuers.complete(&self.source, &mut settings);
        self.named = Some(changed_destinations(presets, &settings));
    }
}

fn note(account: &PreviewedAccount, issuers: &Issuers) -> String {
    let provider = account.named.as_ref().map_or("", |named| named.provider.as_str());
    let mut note = format!("{provider} · {}", labels::grant(account.draft.draft.settings.grant));
    if let Some(text) = issuers.note(&account.source) {
        note.push_str(" · ");
        note.push_str(text);
    }
    if account.draft.grant.is_some() {
        note.push_str(" · with its token");
    }
    if account.draft.incomplete && !account.draft.draft.client.has_secret() {
        note.push_str(" · without secrets");
    }
    if account.exists {
        note.insert_str(
            0,
            if account.selected { "Replaces the existing one · " } else { "Already exists · " },
        );
    }
    note
}

pub(in crate::ui) fn show(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut ImportPageState) {
    widgets::heading(ui, TITLE);
    match state.step {
        ImportStep::Choosing => state.choosing(ui, cx),
        ImportStep::Encrypted => state.ask_passphrase(ui, cx),
        ImportStep::Preview => state.preview(ui, cx),
        ImportStep::Reading => {
            widgets::text(ui, "Reading the file…");
        }
        ImportStep::Saving => {
            widgets::text(ui, "Saving the accounts…");
        }
    }
    let first = match state.step {
        ImportStep::Choosing => Some(file_id()),
        ImportStep::Encrypted => Some(passphrase_id()),
        ImportStep::Reading | ImportStep::Preview | ImportStep::Saving => None,
    };
    state.first_field.focus(cx, first);
}

/// The buttons, which stay visible.
pub(in crate::ui) fn buttons(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut ImportPageState) {
    let label = match state.step {
        ImportStep::Choosing => labels::READ_FILE,
        ImportStep::Encrypted => labels::OPEN_FILE,
        ImportStep::Reading | ImportStep::Preview | ImportStep::Saving => labels::IMPORT,
    };
    let reason = state.blocked(cx);
    let action = Button::new(Weight::Primary, label).blocked(reason.map(|reason| reason.text));
    let cancel = Button::new(Weight::Secondary, labels::CANCEL);
    let ([cancel, action], field) = actions::show_with_reason(ui, reason, [cancel, action]);
    if let Some(field) = field {
        cx.push(UiAction::Focus(field));
    }
    if action.clicked() {
        match state.step {
            ImportStep::Choosing => state.read_typed(cx),
            ImportStep::Encrypted => state.decrypt(ui.ctx(), cx),
            ImportStep::Preview => state.save(cx),
            ImportStep::Reading | ImportStep::Saving => {}
        }
    } else if cancel.clicked() {
        cx.push(UiAction::Leave(state.back_to.map_or(Target::Back, Target::Settings)));
    }
}

impl ImportPageState {
    pub(in crate::ui) fn forget(ctx: &Context) {
        fields::forget(ctx, passphrase_id());
    }

    pub(in crate::ui) fn is_saving(&self) -> bool {
        self.step == ImportStep::Saving
    }

    pub(in crate::ui) fn take_file(&mut self, answer: FileAnswer, cx: &mut Cx<'_>) {
        if self.step == ImportStep::Choosing && self.file.take(answer) {
            self.read_typed(cx);
        }
    }

    /// Takes a problem; returns false if the page waits for nothing.
    pub(in crate::ui) fn take_problem(&mut self, problem: &Problem) -> bool {
        match (self.step, problem) {
            (ImportStep::Reading, Problem::Archive(ArchiveProblem::PassphraseNeeded)) => {
                self.step = ImportStep::Encrypted;
            }
            (ImportStep::Reading, Problem::Archive(ArchiveProblem::WrongPassphrase)) => {
                self.step = ImportStep::Encrypted;
                self.error = Some(modal::problem_text(problem));
            }
            // After a failed save the file is read again, since the command consumed the drafts.
            (ImportStep::Reading | ImportStep::Saving, _) => {
                self.step = ImportStep::Choosing;
                self.error = Some(modal::problem_text(problem));
            }
            _ => return false,
        }
        self.first_field = FirstField::default();
        true
    }

    pub(in crate::ui) fn take_import(&mut self, read: ImportRead) {
        // With other variable names, the preview stays until the file was read again.
        let again = self.step == ImportStep::Preview && self.names.is_some();
        if self.step != ImportStep::Reading && !again {
            return;
        }
        let exists = read.taken.into_iter().chain(std::iter::repeat(false));
        let drafts = read.drafts.into_iter().zip(exists);
        self.accounts = drafts
            .map(|(draft, exists)| {
                let (selected, source) = (!exists, EndpointSource::Unknown);
                PreviewedAccount {
                    draft,
                    exists,
                    selected,
                    source,
                    named: None,
                    moves: MovedDestinations::default(),
                }
            })
            .collect();
        // New ones first, each group in the file's order.
        self.accounts.sort_by_key(|account| account.exists);
        self.omissions = read.left_out;
        if !again {
            self.names = read.names.map(|names| EnvNamesState::new(names, !self.accounts.is_empty()));
        }
        self.step = ImportStep::Preview;
    }

    /// Takes the result of a discovery that the page requested.
    pub(in crate::ui) fn take_discovered(&mut self, issuer: &str, result: DiscoveryResult) {
        // Endpoints from discovery are destinations, too.
        self.accounts.iter_mut().for_each(|account| account.named = None);
        self.issuers.take(issuer, result);
    }

    /// The text of a toast about the saved accounts.
    pub(in crate::ui) fn saved(&self) -> String {
        format!("{} imported.", labels::counted_were(self.saving_count, "account"))
    }
}
