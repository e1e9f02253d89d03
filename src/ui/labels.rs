//! Labels of buttons and fields.
//!
//! Accessible names are exactly these texts. Texts about problems are in [`crate::messages::explain`].

use egui::os::OperatingSystem;

use crate::domain::account::environment::Environment;
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::oauth::response_mapping::ReadAs;
use crate::domain::passphrase_strength::Strength;
use crate::domain::provider::spec::ClientAuth;
use crate::domain::provider::{EndpointKind, Group};
use crate::messages::explain::{capitalized, label_of};
use crate::messages::snapshot::{VaultHealth, VaultKind, VaultView};

pub(super) const KEY: &str = "Key";
pub(super) const ADD_ACCOUNT: &str = "Add account";
pub(super) const TRY_THE_DEMO: &str = "Try the demo";
pub(super) const SHOW_ACCOUNTS: &str = "Show accounts";
pub(super) const SETTINGS: &str = "Settings";
pub(super) const SEARCH: &str = "Search accounts";
pub(super) const CLEAR_SEARCH: &str = "Clear filters";
pub(super) const NOTHING_FOUND: &str = "No accounts match.";
pub(super) const SORT: &str = "Sort, group and filter";
pub(super) const ALL: &str = "All";
pub(super) const NEEDS_ATTENTION: &str = "Needs attention";
pub(super) const NO_ATTENTION_NEEDED: &str = "No account needs attention.";
pub(super) const ANY_STATUS: &str = "Any status";
pub(super) const HELP: &str = "Help";
pub(super) const NO_TAG: &str = "No tag";
pub(super) const NO_ENVIRONMENT: &str = "No environment";
pub(super) const BACK: &str = "Back";

pub(super) const USE_FROM: &str = "Use it from…";
pub(super) const TRY_A_REQUEST: &str = "Try a request";
pub(super) const SEND: &str = "Send";
pub(super) const REFRESH_AND_SEND: &str = "Refresh and send again";
pub(super) const COPY_AS_CURL: &str = "Copy as cURL";
pub(super) const COPY_ANSWER: &str = "Copy the answer";

pub(super) const SIGN_IN: &str = "Sign in";
pub(super) const SIGN_IN_AGAIN: &str = "Sign in again";
pub(super) const GET_TOKEN: &str = "Get token";
pub(super) const TEAM_VAULT: &str = "Team vault";
pub(super) const CONNECT_TEAM: &str = "Connect to a team vault";
pub(super) const SIGN_IN_TEAM: &str = "Sign in to the team vault";
pub(super) const DISCONNECT_TEAM: &str = "Disconnect";
pub(super) const CONNECT: &str = "Connect";
pub(super) const MOVE_TO_TEAM: &str = "Move to team vault";
pub(super) const MOVE_TO_OWN: &str = "Move to your own vault";
pub(super) const CANCEL: &str = "Cancel";
pub(super) const COPY_ADDRESS: &str = "Copy sign-in link";
pub(super) const OPEN_BROWSER_AGAIN: &str = "Open browser again";
pub(super) const ISSUER: &str = "Issuer URL";
pub(super) const BY_ISSUER: &str = "By issuer URL";
pub(super) const BY_ISSUER_SUMMARY: &str = "Any server with OpenID or OAuth discovery";
pub(super) const PROVIDER_OR_ADDRESS: &str = "Provider or address";
pub(super) const BY_ADDRESS: &str = "By address";
pub(super) const BY_ADDRESS_SUMMARY: &str = "An API that says where to sign in, such as an MCP server";
pub(super) const LOOK_UP_ADDRESS: &str = "Look up this address";
pub(super) const ADD_AND_SIGN_IN: &str = "Add and sign in";
pub(super) const DISCOVER: &str = "Discover";
pub(super) const DISCOVER_AGAIN: &str = "Discover again";
pub(super) const OPEN_HERE: &str = "Open on this computer";
pub(super) const COPY_CODE: &str = "Copy code";
pub(super) const QR_ADDRESS: &str = "QR code of the sign-in link";
pub(super) const QR_WITH_CODE: &str = "QR code of the sign-in link, with the code in it";
pub(super) const MORE_MINUTES: &str = "5 more minutes";
pub(super) const PASTE: &str = "Paste the redirect URL";
pub(super) const USE_PASTED: &str = "Finish sign-in";
pub(super) const OPEN_REGISTER_PAGE: &str = "Open the registration page";
pub(super) const OPEN_DOCUMENTATION: &str = "Open the documentation";
pub(super) const COPY_REDIRECT: &str = "Copy redirect URI";

pub(super) const COPY_TOKEN: &str = "Copy token";
pub(super) const COPY_HEADER: &str = "Copy as header";
pub(super) const COPY_MORE: &str = "More ways to copy";
pub(super) const COPY_CURL: &str = "Copy as cURL";
pub(super) const COPY_ENV: &str = "Copy as shell export";
pub(super) const COPY_POWER_SHELL: &str = "Copy as PowerShell variable";
pub(super) const COPY_ID_TOKEN: &str = "Copy ID token";
pub(super) const COPY_FACTS: &str = "Copy facts";
pub(super) const MORE_ACTIONS: &str = "More actions";
pub(super) const REVEAL: &str = "Reveal";
pub(super) const HIDE: &str = "Hide";
pub(super) const REFRESH: &str = "Refresh";
pub(super) const CHECK: &str = "Check with provider";
pub(super) const REVOKE: &str = "Revoke";
pub(super) const FORGET_HERE: &str = "Forget tokens…";
pub(super) const REVOKED: &str = "Tokens revoked.";
pub(super) const FORGOTTEN: &str = "Tokens removed from Keyfob. They still work until they expire.";
pub(super) const REVOKE_TOKENS: &str = "Revoke tokens";
pub(super) const FORGET_TOKENS: &str = "Forget tokens";
pub(super) const OPEN_MAPPER: &str = "View response";
pub(super) const SAVE_READING: &str = "Save mapping";

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

pub(super) const COPY_REPORT: &str = "Copy redacted report";
pub(super) const COPY_REQUEST: &str = "Copy as cURL without secrets";
pub(super) const CLEAR_NOW: &str = "Clear now";

pub(super) const CLAIMS: &str = "Claims";
pub(super) const SHOW_CLAIMS: &str = "Show claims";
pub(super) const SCOPES: &str = "Scopes";
pub(super) const HTTP_LOG: &str = "Requests";

pub(super) const EDIT: &str = "Edit";
pub(super) const EDIT_ACCOUNT: &str = "Edit account";
pub(super) const DUPLICATE: &str = "Duplicate";
pub(super) const DELETE: &str = "Delete";
pub(super) const UNDO: &str = "Undo";
pub(super) const SAVE: &str = "Save";
pub(super) const SAVE_AND_GET: &str = "Save and get token";
pub(super) const HAVE_TOKENS: &str = "I already have tokens";
pub(super) const TRY_AGAIN: &str = "Try again";
pub(super) const USE_MEMORY: &str = "Keep secrets in memory until quit";
pub(super) const USE_FILE: &str = "Use a passphrase-protected file";
pub(super) const USE_KEYCHAIN: &str = "Keep secrets in the keychain";
pub(super) const ENTER_PASSPHRASE: &str = "Enter passphrase";
pub(super) const CHOOSE_PASSPHRASE: &str = "Choose a passphrase";
pub(super) const USE_PASSPHRASE: &str = "Use this passphrase";
pub(super) const CHANGE_PASSPHRASE: &str = "Change passphrase";
pub(super) const LOCK: &str = "Lock";
pub(super) const UNLOCK: &str = "Unlock";
pub(super) const CHECK_EVERYTHING: &str = "Run diagnostics";
pub(super) const CHECK_AGAIN: &str = "Check again";
pub(super) const SHOW_DETAILS: &str = "Show details";
pub(super) const HIDE_DETAILS: &str = "Hide details";
pub(super) const QUIT: &str = "Quit";
pub(super) const MINIMISE: &str = "Keep running, minimised";
pub(super) const KEYS: &str = "Keyboard shortcuts";
pub(super) const OPEN_SETTINGS: &str = "Open settings";
pub(super) const USE_THESE_SETTINGS: &str = "Use these settings";
pub(super) const DISMISS: &str = "Dismiss";

pub(super) const PRESET_MISTAKES: &str = "Some of your own presets can't be used";
pub(super) const PRESETS_ARE_READ_AT_START: &str =
    "Fix these files, then restart Keyfob. Other presets still work.";
pub(super) const ANY_PROVIDER: &str = "Any other provider";
pub(super) const NO_PROVIDER_FOUND: &str = "No match. Add another provider:";

pub(super) const IMPORT: &str = "Import";
pub(super) const EXPORT: &str = "Export";
pub(super) const BROWSE: &str = "Browse…";
pub(super) const LOOK_UP: &str = "Look up endpoints";
pub(super) const LOOK_UP_AGAIN: &str = "Look up again";
pub(super) const READ_FILE: &str = "Read file";
pub(super) const OPEN_FILE: &str = "Open file";
pub(super) const MOVE_TO_FILE: &str = "Move secrets to a passphrase-protected file";
pub(super) const MOVE_TO_KEYCHAIN: &str = "Move secrets to the keychain";
pub(super) const MOVE: &str = "Move";
pub(super) const FINISH_MOVE: &str = "Finish the move";
pub(super) const RECOVER: &str = "Recover accounts";
pub(super) const REMOVE_ORPHANS: &str = "Delete them";
pub(super) const KEEP_ORPHANS: &str = "Keep them";
pub(super) const QUIT_ANYWAY: &str = "Quit anyway";
pub(super) const KEEP_EDITING: &str = "Keep editing";
pub(super) const DISCARD: &str = "Discard";
pub(super) const CLOSE: &str = "Close";

pub(super) const ALL_PROVIDERS: &str = "All providers";

pub(super) fn group(group: Group) -> &'static str {
    match group {
        Group::Own => "Your own",
        Group::Vendor => "Vendors",
        Group::Popular => "Popular providers",
        Group::Work => "Work and documents",
        Group::Customers => "Sales and support",
        Group::Finance => "Shops and accounting",
        Group::Developer => "Clouds and data",
        Group::Social => "Social and media",
        Group::Identity => "Identity servers",
        Group::Keys => "API keys",
    }
}

pub(super) fn environment(environment: Environment) -> &'static str {
    match environment {
        Environment::Production => "Production",
        Environment::Staging => "Staging",
        Environment::Development => "Development",
    }
}

pub(super) fn environment_in_short(environment: Environment) -> &'static str {
    match environment {
        Environment::Production => "Prod",
        Environment::Staging => "Staging",
        Environment::Development => "Dev",
    }
}

pub(super) fn grant(grant: GrantType) -> &'static str {
    match grant {
        GrantType::AuthorizationCode => "Authorization code (browser)",
        GrantType::ClientCredentials => "Client credentials",
        GrantType::Password => "User name and password",
        GrantType::DeviceCode => "Device code (another device)",
        GrantType::JwtBearer => "Signed assertion (JWT bearer)",
        GrantType::ApiKey => "API key",
        GrantType::Basic => "User name and password in each call (HTTP Basic)",
        GrantType::Login => "Login request with user name and password",
    }
}

pub(super) fn how_to_sign_in(grant: GrantType) -> &'static str {
    match grant {
        GrantType::DeviceCode => {
            "Sign in on any device: Keyfob shows a code, waits for you and keeps the token fresh."
        }
        _ => "Sign in with your browser. Keyfob waits for you and keeps the token fresh.",
    }
}

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

pub(super) fn use_port(port: u16) -> String {
    format!("Use port {port}")
}

/// Where secrets are stored, as a sentence; `any` is whether there are secrets yet.
pub(super) fn vault(vault: &VaultView, any: bool) -> &'static str {
    match (vault.kind, &vault.health) {
        (VaultKind::Keychain, VaultHealth::Untried) if any => "Secrets are kept in this computer's keychain.",
        (VaultKind::Keychain, VaultHealth::Ready) if any => {
            "Secrets are kept in this computer's keychain, which is ready."
        }
        (VaultKind::Memory, _) => "Secrets are kept in memory and are gone when you quit.",
        (VaultKind::Team, _) => "Secrets are kept in the team vault.",
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

pub(super) fn vault_in_short(vault: &VaultView) -> &'static str {
    use crate::messages::problem::VaultProblem;
    match (vault.kind, &vault.health) {
        (VaultKind::Memory, _) => "Secrets in memory until quit",
        (VaultKind::Team, _) => "Secrets in team vault",
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

/// The action for a vault that needs its passphrase.
pub(super) fn passphrase_action(vault: &VaultView) -> Option<&'static str> {
    match (vault.kind, &vault.health) {
        (VaultKind::File, VaultHealth::Locked { exists: false }) => Some(CHOOSE_PASSPHRASE),
        (VaultKind::File, VaultHealth::Locked { exists: true } | VaultHealth::Failing(_)) => {
            Some(ENTER_PASSPHRASE)
        }
        _ => None,
    }
}

pub(super) fn endpoint(kind: EndpointKind) -> String {
    capitalized(label_of(kind.key()))
}

/// A shortcut in the system's notation; `⌘` stands for Ctrl.
pub(super) fn shortcut(keys: &str, os: OperatingSystem) -> String {
    if os == OperatingSystem::Mac {
        keys.to_owned()
    } else {
        keys.replace('⌘', "Ctrl+").replace('⇧', "Shift+")
    }
}

pub(super) fn strength(strength: Strength) -> &'static str {
    match strength {
        Strength::Empty => "Long beats complicated: four or more words that don't belong together.",
        Strength::VeryWeak => "Very weak: could be guessed in a moment. Make it longer.",
        Strength::Weak => "Weak: someone with the file could guess it in hours. Make it longer.",
        Strength::Fair => "Fair: hard to guess.",
        Strength::Strong => "Strong: impractical to guess.",
    }
}

/// `1 account`, `2 accounts`.
pub(super) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// `1 account was`, `2 accounts were`.
pub(super) fn counted_were(count: usize, what: &str) -> String {
    format!("{} {}", counted(count, what), if count == 1 { "was" } else { "were" })
}
