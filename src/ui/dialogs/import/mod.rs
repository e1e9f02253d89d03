//! The import dialog.
//!
//! Nothing is saved before it was shown. An existing account is replaced only if selected. The accounts read
//! from the file, with their secrets, are dropped with the dialog.

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
use crate::messages::snapshot::VaultView;

use super::modal::{self, DiscoveryResult, Modal, ModalRequest};
use crate::ui::cx::Cx;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::fields;
use crate::ui::widgets::fields::{Extras, SecretText};
use crate::ui::widgets::file_field::{FileAnswer, FileField};
use crate::ui::widgets::{changed_destinations, checkbox};
use crate::ui::{labels, widgets};
use env_names::EnvNamesState;
use issuers::{EndpointSource, Issuers};
use moved_destinations::MovedDestinations;

const ROWS: u8 = 5;

/// The most accounts with their own destinations that are named.
const DIFFERING_MAX: usize = 50;

/// Visible rows of the list of omissions.
const LEFT_OUT_MAX: usize = 5;

#[derive(Clone, Copy, PartialEq, Eq)]
enum ImportStep {
    Choosing,
    Reading,
    /// The file needs its passphrase.
    Encrypted,
    Preview,
    Saving,
}

struct PreviewedAccount {
    draft: ImportDraft,
    /// Whether an account has its name.
    taken: bool,
    ticked: bool,
    /// The source of its endpoints.
    source: EndpointSource,
    /// Its provider and the destinations that differ from the preset's; `None` until computed.
    named: Option<NamedDestinations>,
    /// The change of destinations for stored secrets.
    moves: MovedDestinations,
}

pub(in crate::ui) struct ImportDialog {
    step: ImportStep,
    file: FileField,
    path: PathBuf,
    passphrase: SecretText,
    error: Option<String>,
    found: Vec<PreviewedAccount>,
    issuers: Issuers,
    /// Omissions, a sentence each.
    left_out: Vec<String>,
    /// The variable names of a `.env` file and their meanings.
    names: Option<EnvNamesState>,
    /// The number of accounts being saved.
    saving: usize,
}

fn file_id() -> Id {
    Id::unique("keyfob-import-file")
}

fn passphrase_id() -> Id {
    Id::unique("keyfob-import-passphrase")
}

impl ImportDialog {
    /// Asks for a file, starting in this folder.
    pub(in crate::ui) fn within(folder: &Path) -> Self {
        Self::new(FileField::within(folder))
    }

    pub(in crate::ui) fn of_file(cx: &mut Cx<'_>, path: PathBuf) -> Self {
        let mut dialog = Self::new(FileField::at(&path));
        dialog.read(cx, path);
        dialog
    }

    fn new(file: FileField) -> Self {
        Self {
            step: ImportStep::Choosing,
            file,
            path: PathBuf::new(),
            passphrase: SecretText::default(),
            error: None,
            found: Vec::new(),
            issuers: Issuers::default(),
            left_out: Vec::new(),
            names: None,
            saving: 0,
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
            std::mem::take(&mut self.found).into_iter().partition(|found| found.ticked);
        drop(rest);
        self.saving = chosen.len();
        self.error = None;
        self.step = ImportStep::Saving;
        let drafts =
            chosen.into_iter().map(|PreviewedAccount { mut draft, taken, source, moves, .. }| {
                self.issuers.complete(&source, &mut draft.draft.settings);
                ImportDraft { replace: taken, move_secrets: moves.is_agreed(), ..draft }
            });
        cx.send(Command::Import(drafts.collect()));
    }

    fn choosing(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> Option<ModalRequest> {
        widgets::text(
            ui,
            "A Keyfob export, accounts in TOML or JSON, Google's client secret file, a Postman, Insomnia or Bruno \
             export, or a .env file. Keyfob shows the contents before it saves anything.",
        );
        let note = "Or drop the file on this window.";
        let (browse, entered) = self.file.show(ui, file_id(), "File", self.error.as_deref(), note);
        if entered {
            self.read_typed(cx);
        }
        browse.then(|| ModalRequest::File(self.file.question(self.title(), false)))
    }

    fn ask_passphrase(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let name = sanitized(&name, 60);
        widgets::text(ui, &format!("“{name}” is encrypted. Enter the passphrase it was exported with."));
        let extras = Extras { error: self.error.as_deref(), ..Extras::default() };
        let field =
            fields::secret(ui, passphrase_id(), "Passphrase of the file", &mut self.passphrase, extras);
        if fields::is_entered(ui, &field) && !self.passphrase.is_empty() {
            self.decrypt(ui.ctx(), cx);
        }
    }

    fn preview(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> Option<ModalRequest> {
        let taken = self.found.iter().filter(|found| found.taken).count();
        let holds = match (&self.names, self.found.len()) {
            (Some(_), 0) => "The file has variables. Map them below.".to_owned(),
            (_, count) => format!("The file holds {}.", labels::counted(count, "account")),
        };
        widgets::text(ui, &holds);
        if taken > 0 {
            let said = match taken {
                1 => "1 already exists. Select it if you want to replace it.".to_owned(),
                _ => {
                    format!("{taken} already exist. Select any you want to replace.")
                }
            };
            widgets::text(ui, &said);
        }
        let presets = &cx.snapshot.presets;
        for found in &mut self.found {
            found.source.sync(presets, &found.draft.draft.settings);
            found.sync_named(&self.issuers, presets);
        }
        let (count, all, issuers) = (self.found.len(), &mut self.found, &self.issuers);
        ui.scope(|ui| {
            checkbox::list(ui, "keyfob-import-rows", count, ROWS, |ui, number| {
                let found = &mut all[number];
                let note = note(found, issuers);
                checkbox::tick(ui, &mut found.ticked, &found.draft.draft.name, &note)
            });
        });
        let ticked = self.found.iter().filter(|found| found.ticked);
        let ticked = ticked.map(|found| (found.draft.draft.name.as_str(), &found.source)).collect::<Vec<_>>();
        self.issuers.show(ui, cx, &ticked);
        self.destinations(ui);
        self.show_moves(ui, cx);
        for said in self.left_out.iter().take(LEFT_OUT_MAX) {
            widgets::weak(ui, &sanitized(said, 300));
        }
        if self.left_out.len() > LEFT_OUT_MAX {
            widgets::weak(ui, &format!("{} more were left out.", self.left_out.len() - LEFT_OUT_MAX));
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
        modal::needs_passphrase(ui, cx)
    }

    /// Lists the destinations of the selected accounts that differ from their presets', changed ones first.
    fn destinations(&self, ui: &mut Ui) {
        let (changed, others): (Vec<_>, Vec<_>) = self.differing().partition(|(_, named)| named.is_changed);
        let (shown, count) =
            (changed.iter().chain(&others).take(DIFFERING_MAX), changed.len() + others.len());
        for (name, named) in shown {
            changed_destinations::of_import(ui, name, named);
        }
        if count > DIFFERING_MAX {
            let more = labels::counted(count - DIFFERING_MAX, "more account");
            let said =
                format!("{more} with other hosts. On the command line, keyfob import --dry-run lists them.");
            widgets::weak(ui, &said);
        }
    }

    fn differing(&self) -> impl Iterator<Item = (&str, &NamedDestinations)> {
        let ticked = self.found.iter().filter(|found| found.ticked);
        let named = ticked.filter_map(|found| Some((found.draft.draft.name.as_str(), found.named.as_ref()?)));
        named.filter(|(_, named)| !named.rest.is_empty())
    }

    /// Asks about the stored secrets of each replaced account whose endpoints are known.
    fn show_moves(&mut self, ui: &mut Ui, cx: &Cx<'_>) {
        for found in self.found.iter_mut().filter(|found| found.taken && found.ticked) {
            if self.issuers.blocked(std::iter::once(&found.source)).is_none() {
                let mut settings = found.draft.draft.settings.clone();
                self.issuers.complete(&found.source, &mut settings);
                found.moves.sync(cx.snapshot, &found.draft, &settings);
                found.moves.show(ui, &found.draft.draft.name);
            }
        }
    }

    fn blocked(&self, cx: &Cx<'_>) -> Option<&'static str> {
        match self.step {
            ImportStep::Encrypted if self.passphrase.is_empty() => Some("Enter the passphrase first."),
            ImportStep::Choosing | ImportStep::Encrypted => None,
            ImportStep::Preview if !self.found.iter().any(|found| found.ticked) => {
                Some("Select an account first.")
            }
            ImportStep::Preview
                if self.differing().filter(|(_, named)| named.is_changed).count() > DIFFERING_MAX =>
            {
                Some("Deselect some accounts: more are changed than can be shown at once.")
            }
            ImportStep::Preview => {
                let ticked = self.found.iter().filter(|found| found.ticked).map(|found| &found.source);
                let is_open = |found: &PreviewedAccount| found.taken && found.ticked && found.moves.is_open();
                let moves = || self.found.iter().any(is_open).then_some(moved_destinations::BLOCKED);
                self.issuers.blocked(ticked).or_else(moves).or_else(|| modal::vault_blocked(cx))
            }
            ImportStep::Reading | ImportStep::Saving => Some("One moment."),
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

/// The text beside an account's name.
fn note(found: &PreviewedAccount, issuers: &Issuers) -> String {
    let provider = found.named.as_ref().map_or("", |named| named.provider.as_str());
    let mut note = format!("{provider} · {}", labels::grant(found.draft.draft.settings.grant));
    if let Some(said) = issuers.note(&found.source) {
        note.push_str(" · ");
        note.push_str(said);
    }
    if found.draft.grant.is_some() {
        note.push_str(" · with its token");
    }
    if found.draft.incomplete && !found.draft.draft.client.has_secret() {
        note.push_str(" · without secrets");
    }
    if found.taken {
        note.insert_str(0, if found.ticked { "Replaces the existing one · " } else { "Already exists · " });
    }
    note
}

impl Modal for ImportDialog {
    fn title(&self) -> &'static str {
        "Import accounts"
    }

    fn contents(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> Option<ModalRequest> {
        match self.step {
            ImportStep::Choosing => return self.choosing(ui, cx),
            ImportStep::Encrypted => self.ask_passphrase(ui, cx),
            ImportStep::Preview => return self.preview(ui, cx),
            ImportStep::Reading => {
                widgets::text(ui, "Reading the file…");
            }
            ImportStep::Saving => {
                widgets::text(ui, "Saving the accounts…");
            }
        }
        None
    }

    fn buttons(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> Option<ModalRequest> {
        let label = match self.step {
            ImportStep::Choosing => labels::READ_FILE,
            ImportStep::Encrypted => labels::OPEN_FILE,
            ImportStep::Reading | ImportStep::Preview | ImportStep::Saving => labels::IMPORT,
        };
        if Button::new(Weight::Primary, label).blocked(self.blocked(cx)).show(ui) {
            match self.step {
                ImportStep::Choosing => self.read_typed(cx),
                ImportStep::Encrypted => self.decrypt(ui.ctx(), cx),
                ImportStep::Preview => self.save(cx),
                ImportStep::Reading | ImportStep::Saving => {}
            }
        }
        Button::new(Weight::Bare, labels::CANCEL).show(ui).then_some(ModalRequest::Close)
    }

    fn first_field(&self, _: &VaultView) -> Option<Id> {
        match self.step {
            ImportStep::Choosing => Some(file_id()),
            ImportStep::Encrypted => Some(passphrase_id()),
            ImportStep::Reading | ImportStep::Preview | ImportStep::Saving => None,
        }
    }

    fn forget(&self, ctx: &Context) {
        fields::forget(ctx, passphrase_id());
    }

    fn take_file(&mut self, answer: FileAnswer, cx: &mut Cx<'_>) {
        if self.step == ImportStep::Choosing && self.file.take(answer) {
            self.read_typed(cx);
        }
    }

    fn take_problem(&mut self, problem: &Problem) -> bool {
        match (self.step, problem) {
            (ImportStep::Reading, Problem::Archive(ArchiveProblem::PassphraseNeeded)) => {
                self.step = ImportStep::Encrypted;
            }
            (ImportStep::Reading, Problem::Archive(ArchiveProblem::WrongPassphrase)) => {
                self.step = ImportStep::Encrypted;
                self.error = Some(modal::in_words(problem));
            }
            // After a failed save the file is read again, since the command consumed the drafts.
            (ImportStep::Reading | ImportStep::Saving, _) => {
                self.step = ImportStep::Choosing;
                self.error = Some(modal::in_words(problem));
            }
            _ => return false,
        }
        true
    }

    fn take_import(&mut self, read: ImportRead) {
        // With other variable names, the preview stays until the file was read again.
        let again = self.step == ImportStep::Preview && self.names.is_some();
        if self.step != ImportStep::Reading && !again {
            return;
        }
        let taken = read.taken.into_iter().chain(std::iter::repeat(false));
        let found = read.drafts.into_iter().zip(taken);
        self.found = found
            .map(|(draft, taken)| {
                let (ticked, source) = (!taken, EndpointSource::Unknown);
                PreviewedAccount {
                    draft,
                    taken,
                    ticked,
                    source,
                    named: None,
                    moves: MovedDestinations::default(),
                }
            })
            .collect();
        self.left_out = read.left_out;
        if !again {
            self.names = read.names.map(|names| EnvNamesState::new(names, !self.found.is_empty()));
        }
        self.step = ImportStep::Preview;
    }

    fn take_discovered(&mut self, issuer: &str, found: DiscoveryResult) -> Option<DiscoveryResult> {
        // Endpoints from discovery are destinations, too.
        self.found.iter_mut().for_each(|found| found.named = None);
        self.issuers.take(issuer, found)
    }

    fn take_saved(&self) -> Option<String> {
        let imported = || format!("{} imported.", labels::counted_were(self.saving, "account"));
        (self.step == ImportStep::Saving).then(imported)
    }
}
