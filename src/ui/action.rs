//! What a screen asks the window to do.
//!
//! No screen knows another. A screen pushes actions to [`super::cx::Cx`], and `apply.rs` carries them out.

use std::path::PathBuf;

use crate::domain::account::AccountId;
use crate::domain::provider::Preset;
use crate::messages::snapshot::VaultKind;

use super::settings::section::Section;
use super::widgets::file_field::FileQuestion;

pub(super) enum UiAction {
    /// Leaves the page, after a question if typed input would be lost.
    Go(Target),
    /// Leaves the page and discards typed input.
    Leave(Target),
    /// Selects an account. With one pane, the visible pane stays.
    Select(AccountId),
    /// With one pane: shows the page.
    ShowPage,
    ShowList,
    OpenForm(NewAccount),
    /// Opens the page of an account from an address, with what was typed so far.
    OpenByAddress(String),
    OpenDialog(DialogKind),
    OpenPalette,
    Focus(egui::Id),
    /// Asks with the system's file dialog; the page that is shown gets the answer.
    AskFile(FileQuestion),
    Toast(String),
    Lock,
}

/// Where to go from a page.
pub(super) enum Target {
    Account(AccountId),
    Form(AccountId),
    /// The choice of a provider for a new account.
    ProviderPicker,
    /// Diagnostics of an account, or general ones.
    Diagnostics(Option<AccountId>),
    /// Ready-made lines for other programs.
    UseFrom(AccountId),
    Settings(Section),
    /// The import of a file, or of one to choose.
    Import(Option<PathBuf>),
    Export,
    /// The page of the selected account.
    Back,
    List,
    Quit,
}

pub(super) enum NewAccount {
    Preset(Box<Preset>),
    /// Discovery at an issuer that the user enters.
    Issuer,
}

/// What is opened over the page, or in its place.
pub(super) enum DialogKind {
    Delete(AccountId),
    Settings,
    SettingsOfSecrets,
    Shortcuts,
    EnterPassphrase,
    ChangePassphrase,
    /// Switches to the passphrase-protected file and asks for its passphrase.
    UseFileVault,
    MoveVault(VaultKind),
    ConnectTeam,
    Recover,
}
