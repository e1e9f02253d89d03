//! Labels of the window.
//!
//! Owns the words on buttons and fields; what is said about problems is in
//! [`crate::messages::explain`]. Invariant: an accessible name is exactly the word here.

use crate::domain::oauth::grant_type::GrantType;
use crate::domain::oauth::response_mapping::ReadAs;
use crate::domain::passphrase_strength::Strength;
use crate::domain::provider::Group;
use crate::domain::provider::spec::ClientAuth;
use crate::messages::snapshot::{VaultHealth, VaultKind, VaultView};

/// Adds an account.
pub(super) const ADD_ACCOUNT: &str = "Add account";
/// Starts the demo.
pub(super) const TRY_THE_DEMO: &str = "Try the demo";
/// After a crash: shows the list again.
pub(super) const SHOW_ACCOUNTS: &str = "Show accounts";
/// Opens the settings.
pub(super) const SETTINGS: &str = "Settings";
/// The search field.
pub(super) const SEARCH: &str = "Search accounts";
/// Empties the search field.
pub(super) const CLEAR_SEARCH: &str = "Clear filters";
/// The search found nothing.
pub(super) const NOTHING_FOUND: &str = "No accounts match.";
/// Opens the menu of the list's order.
pub(super) const SORT: &str = "Sort and group";
/// The heading over accounts without a tag.
pub(super) const NO_TAG: &str = "No tag";
/// Back to the list.
pub(super) const BACK: &str = "Back";

/// Signs in for the first time.
pub(super) const SIGN_IN: &str = "Sign in";
/// Signs in once more.
pub(super) const SIGN_IN_AGAIN: &str = "Sign in again";
/// Gets a token where that needs no person.
pub(super) const GET_TOKEN: &str = "Get token";
/// Gives up.
pub(super) const CANCEL: &str = "Cancel";
/// Copies the sign-in address.
pub(super) const COPY_ADDRESS: &str = "Copy sign-in link";
/// Opens the browser once more.
pub(super) const OPEN_BROWSER_AGAIN: &str = "Open browser again";
/// The issuer's field.
pub(super) const ISSUER: &str = "Issuer URL";
/// A provider that is known by its issuer alone.
pub(super) const BY_ISSUER: &str = "By issuer URL";
/// What that is.
pub(super) const BY_ISSUER_SUMMARY: &str = "Any server with OpenID or OAuth discovery";
/// Asks the issuer for its addresses.
pub(super) const DISCOVER: &str = "Discover";
/// Asks once more.
pub(super) const DISCOVER_AGAIN: &str = "Discover again";
/// Opens the address at which a device's code is entered.
pub(super) const OPEN_HERE: &str = "Open on this computer";
/// Copies a device's code.
pub(super) const COPY_CODE: &str = "Copy code";
/// The picture of an address.
pub(super) const QR_ADDRESS: &str = "QR code of the sign-in link";
/// The picture of an address with the code in it.
pub(super) const QR_WITH_CODE: &str = "QR code of the sign-in link, with the code in it";
/// Extends the wait.
pub(super) const MORE_MINUTES: &str = "5 more minutes";
/// The paste field.
pub(super) const PASTE: &str = "Paste the redirect URL";
/// Takes what was pasted.
pub(super) const USE_PASTED: &str = "Finish sign-in";
/// Opens the page on which an app is registered.
pub(super) const OPEN_REGISTER_PAGE: &str = "Open the registration page";
/// Opens the provider's documentation.
pub(super) const OPEN_DOCUMENTATION: &str = "Open the documentation";
/// Copies the redirect address.
pub(super) const COPY_REDIRECT: &str = "Copy redirect URI";

/// Copies the token.
pub(super) const COPY_TOKEN: &str = "Copy token";
/// Copies the request header.
pub(super) const COPY_HEADER: &str = "Copy as header";
/// Other forms of copying.
pub(super) const COPY_MORE: &str = "More ways to copy";
/// Copies a cURL line.
pub(super) const COPY_CURL: &str = "Copy as cURL";
/// Copies a shell's export.
pub(super) const COPY_ENV: &str = "Copy as shell export";
/// Copies a PowerShell variable.
pub(super) const COPY_POWER_SHELL: &str = "Copy as PowerShell variable";
/// Shows the token.
pub(super) const REVEAL: &str = "Reveal";
/// Hides it.
pub(super) const HIDE: &str = "Hide";
/// A new token now.
pub(super) const REFRESH: &str = "Refresh";
/// Asks the server what the token is worth.
pub(super) const CHECK: &str = "Check with provider";
/// Has the tokens revoked.
pub(super) const REVOKE: &str = "Revoke";
/// Drops the tokens here.
pub(super) const FORGET_HERE: &str = "Forget tokens…";
/// They are.
pub(super) const REVOKED: &str = "Tokens revoked.";
/// So are these.
pub(super) const FORGOTTEN: &str = "Tokens removed from Keyfob. They still work until they expire.";
/// Confirms it.
pub(super) const REVOKE_TOKENS: &str = "Revoke tokens";
/// Confirms that.
pub(super) const FORGET_TOKENS: &str = "Forget tokens";
/// Opens the response mapper.
pub(super) const OPEN_MAPPER: &str = "View response";
/// Keeps what was chosen in it.
pub(super) const SAVE_READING: &str = "Save mapping";

/// What a value of an answer is read as.
pub(super) fn read_as(read_as: Option<ReadAs>) -> &'static str {
    match read_as {
        None => "Nothing",
        Some(ReadAs::AccessToken) => "Access token",
        Some(ReadAs::RefreshToken) => "Refresh token",
        Some(ReadAs::Life) => "Lifetime (seconds)",
        Some(ReadAs::Expiry) => "Expiry (Unix time or date)",
        Some(ReadAs::Scope) => "Granted scopes",
    }
}

/// Copies a report for a support ticket.
pub(super) const COPY_REPORT: &str = "Copy redacted report";
/// Copies a request as cURL.
pub(super) const COPY_REQUEST: &str = "Copy as cURL without secrets";
/// Empties the clipboard.
pub(super) const CLEAR_NOW: &str = "Clear now";

/// What the token says.
pub(super) const CLAIMS: &str = "Claims";
/// What was asked for and granted.
pub(super) const SCOPES: &str = "Scopes";
/// What went over the wire.
pub(super) const EXCHANGES: &str = "Requests";

/// Opens the form.
pub(super) const EDIT: &str = "Edit";
/// Opens the form, from beside a problem.
pub(super) const EDIT_ACCOUNT: &str = "Edit account";
/// Makes a copy.
pub(super) const DUPLICATE: &str = "Duplicate";
/// Deletes.
pub(super) const DELETE: &str = "Delete";
/// Takes a deletion back.
pub(super) const UNDO: &str = "Undo";
/// Saves.
pub(super) const SAVE: &str = "Save";
/// Saves and gets a token.
pub(super) const SAVE_AND_GET: &str = "Save and get token";
/// Opens the fields for tokens that are pasted.
pub(super) const HAVE_TOKENS: &str = "I already have tokens";
/// Does it once more.
pub(super) const TRY_AGAIN: &str = "Try again";
/// Keeps secrets in memory.
pub(super) const USE_MEMORY: &str = "Keep secrets in memory until quit";
/// Keeps secrets in the file vault.
pub(super) const USE_FILE: &str = "Use a passphrase-protected file";
/// Keeps secrets in the keychain.
pub(super) const USE_KEYCHAIN: &str = "Keep secrets in the keychain";
/// Opens the dialog that asks for the passphrase.
pub(super) const ENTER_PASSPHRASE: &str = "Enter passphrase";
/// Opens the dialog in which a passphrase is chosen.
pub(super) const CHOOSE_PASSPHRASE: &str = "Choose a passphrase";
/// Makes the file vault.
pub(super) const USE_PASSPHRASE: &str = "Use this passphrase";
/// Gives the file vault another passphrase.
pub(super) const CHANGE_PASSPHRASE: &str = "Change passphrase";
/// Locks.
pub(super) const LOCK: &str = "Lock";
/// Unlocks.
pub(super) const UNLOCK: &str = "Unlock";
/// Checks all that stands between an account and its token.
pub(super) const CHECK_EVERYTHING: &str = "Run diagnostics";
/// Checks once more.
pub(super) const CHECK_AGAIN: &str = "Check again";
/// Shows what the other side said.
pub(super) const SHOW_DETAILS: &str = "Show details";
/// Hides it.
pub(super) const HIDE_DETAILS: &str = "Hide details";
/// Ends Keyfob.
pub(super) const QUIT: &str = "Quit";
/// Keeps Keyfob running out of sight.
pub(super) const MINIMISE: &str = "Keep running, minimised";
/// The list of keys.
pub(super) const KEYS: &str = "Keyboard shortcuts";
/// Removes a short message.
pub(super) const OPEN_SETTINGS: &str = "Open settings";
pub(super) const USE_THESE_SETTINGS: &str = "Use these settings";
pub(super) const DISMISS: &str = "Dismiss";

/// Presets of the user's own that could not be read.
pub(super) const PRESET_MISTAKES: &str = "Some of your own presets can't be used";
/// When they are read.
pub(super) const PRESETS_ARE_READ_AT_START: &str =
    "Fix these files, then restart Keyfob. Other presets still work.";
/// Above the providers that have no preset.
pub(super) const ANY_PROVIDER: &str = "Any other provider";
/// The same, where the search found nothing.
pub(super) const NO_PROVIDER_FOUND: &str = "No match. Add another provider:";

/// Brings accounts in from a file.
pub(super) const IMPORT: &str = "Import";
/// Writes accounts to a file.
pub(super) const EXPORT: &str = "Export";
/// Opens the system's dialog for files.
pub(super) const BROWSE: &str = "Browse…";
/// Asks issuers for the addresses of accounts that are being imported.
pub(super) const LOOK_UP: &str = "Look up endpoints";
/// Asks one of them once more.
pub(super) const LOOK_UP_AGAIN: &str = "Look up again";
/// Reads the file that is named.
pub(super) const READ_FILE: &str = "Read file";
/// Opens a sealed file.
pub(super) const OPEN_FILE: &str = "Open file";
/// Moves secrets to the file vault.
pub(super) const MOVE_TO_FILE: &str = "Move secrets to a passphrase-protected file";
/// Moves secrets to the keychain.
pub(super) const MOVE_TO_KEYCHAIN: &str = "Move secrets to the keychain";
/// Does the move.
pub(super) const MOVE: &str = "Move";
/// Ends a move that was cut short.
pub(super) const FINISH_MOVE: &str = "Finish the move";
/// Lists accounts again that only the vault knows.
pub(super) const RECOVER: &str = "Recover accounts";
/// Deletes from the vault what belongs to no account.
pub(super) const REMOVE_ORPHANS: &str = "Delete them";
/// Leaves it there.
pub(super) const KEEP_ORPHANS: &str = "Keep them";
/// Quits and loses what is not saved.
pub(super) const QUIT_ANYWAY: &str = "Quit anyway";
/// Goes on with the form.
pub(super) const KEEP_EDITING: &str = "Keep editing";
/// Drops what was typed into it.
pub(super) const DISCARD: &str = "Discard";
/// Closes what has been read.
pub(super) const CLOSE: &str = "Close";

/// A group of presets, for people.
pub(super) fn group(group: Group) -> &'static str {
    match group {
        Group::Own => "Your own",
        Group::Vendor => "Vendors",
        Group::Popular => "Popular providers",
        Group::Identity => "Identity servers",
    }
}

/// A grant, for people.
pub(super) fn grant(grant: GrantType) -> &'static str {
    match grant {
        GrantType::AuthorizationCode => "Authorization code (browser)",
        GrantType::ClientCredentials => "Client credentials",
        GrantType::Password => "User name and password",
        GrantType::DeviceCode => "Device code (another device)",
        GrantType::JwtBearer => "Signed assertion (JWT bearer)",
    }
}

/// What a first sign-in by a person is like.
pub(super) fn how_to_sign_in(grant: GrantType) -> &'static str {
    match grant {
        GrantType::DeviceCode => {
            "Sign in on any device: Keyfob shows a code, waits for you and keeps the token fresh."
        }
        _ => "Sign in with your browser. Keyfob waits for you and keeps the token fresh.",
    }
}

/// A way of client authentication, for people.
pub(super) fn client_auth(auth: ClientAuth) -> &'static str {
    match auth {
        ClientAuth::Basic => "HTTP Basic",
        ClientAuth::BasicRaw => "HTTP Basic, not encoded",
        ClientAuth::Body => "In the request body",
        ClientAuth::None => "No secret",
        ClientAuth::PrivateKeyJwt => "JWT signed with private key",
        ClientAuth::ClientSecretJwt => "JWT signed with client secret",
    }
}

/// Sends the same credentials in another way, once.
pub(super) fn try_client_auth(auth: ClientAuth) -> &'static str {
    match auth {
        ClientAuth::Basic => "Try encoded Basic",
        ClientAuth::BasicRaw => "Try raw Basic",
        ClientAuth::Body => "Try in the body",
        ClientAuth::None => "Try without the secret",
        ClientAuth::PrivateKeyJwt => "Try JWT signed with key",
        ClientAuth::ClientSecretJwt => "Try JWT signed with secret",
    }
}

/// Has the browser return to another port.
pub(super) fn use_port(port: u16) -> String {
    format!("Use port {port}")
}

/// Where secrets are kept, in a sentence; whether there are `any` yet.
pub(super) fn vault(vault: &VaultView, any: bool) -> &'static str {
    match (vault.kind, &vault.health) {
        (VaultKind::Keychain, VaultHealth::Untried) if any => "Secrets are kept in this computer's keychain.",
        (VaultKind::Keychain, VaultHealth::Ready) if any => {
            "Secrets are kept in this computer's keychain, which is ready."
        }
        (VaultKind::Memory, _) => "Secrets are kept in memory and are gone when you quit.",
        (VaultKind::File, VaultHealth::Locked { exists: false }) => {
            "Secrets will be kept in a file protected by a passphrase, which you choose first."
        }
        (VaultKind::File, VaultHealth::Locked { exists: true }) => {
            "Secrets are kept in a file protected by a passphrase. Enter it to open them."
        }
        (VaultKind::File, VaultHealth::Failing(_)) => {
            "The file with your secrets can't be used at the moment."
        }
        (VaultKind::File, VaultHealth::Waiting) => "The file with your secrets is being opened.",
        (VaultKind::File, _) => "Secrets are kept in a file protected by a passphrase.",
        (VaultKind::Keychain, VaultHealth::Untried) => "Secrets will be kept in this computer's keychain.",
        (VaultKind::Keychain, VaultHealth::Waiting) => "Waiting for the keychain. Look for its prompt.",
        (VaultKind::Keychain, VaultHealth::Ready) => {
            "Secrets will be kept in this computer's keychain, which is ready."
        }
        (VaultKind::Keychain, VaultHealth::Failing(_) | VaultHealth::Locked { .. }) => {
            "The keychain can't be used at the moment."
        }
    }
}

/// Where secrets are kept and whether it is locked, in a few words.
pub(super) fn vault_in_short(vault: &VaultView) -> &'static str {
    use crate::messages::problem::VaultProblem;
    match (vault.kind, &vault.health) {
        (VaultKind::Memory, _) => "Secrets in memory until quit",
        (VaultKind::File, VaultHealth::Locked { exists: false }) => "No passphrase yet",
        (VaultKind::File, VaultHealth::Locked { exists: true }) => "Secrets file locked",
        (VaultKind::File, VaultHealth::Waiting) => "Opening secrets file…",
        (VaultKind::File, VaultHealth::Failing(_)) => "Secrets file not usable",
        (VaultKind::File, VaultHealth::Ready | VaultHealth::Untried) => "Secrets file unlocked",
        (VaultKind::Keychain, VaultHealth::Ready) => "Keychain unlocked",
        (VaultKind::Keychain, VaultHealth::Untried) => "Secrets in keychain",
        (VaultKind::Keychain, VaultHealth::Waiting) => "Waiting for keychain",
        (
            VaultKind::Keychain,
            VaultHealth::Locked { .. } | VaultHealth::Failing(VaultProblem::Locked | VaultProblem::Denied),
        ) => "Keychain locked",
        (VaultKind::Keychain, VaultHealth::Failing(_)) => "Keychain not usable",
    }
}

/// How well a passphrase stands up to guessing, and what to do about it.
pub(super) fn strength(strength: Strength) -> &'static str {
    match strength {
        Strength::Empty => "Long beats complicated: four or more words that don't belong together.",
        Strength::VeryWeak => "Very weak: could be guessed in a moment. Make it longer.",
        Strength::Weak => "Weak: someone with the file could guess it in hours. Make it longer.",
        Strength::Fair => "Fair: hard to guess.",
        Strength::Strong => "Strong: impractical to guess.",
    }
}

/// So many of them: `1 account`, `2 accounts`.
pub(super) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// So many of them, and what was done to them follows: `1 account was`, `2 accounts were`.
pub(super) fn counted_were(count: usize, what: &str) -> String {
    format!("{} {}", counted(count, what), if count == 1 { "was" } else { "were" })
}
