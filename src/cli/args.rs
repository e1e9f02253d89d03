//! The arguments. None of them takes a secret.

use std::ffi::OsString;
use std::path::PathBuf;

use chrono::TimeDelta;
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::completion::{account_names, variables};
use super::passphrase::VaultOptions;
use crate::domain::api::api_request;
use crate::domain::api::proxy_rule::ProxyRule;
use crate::domain::api::token_reference::TokenReference;
use crate::domain::import::EnvField;
use crate::domain::oauth::token_syntax::is_header_name;
use crate::domain::provider::spec::ClientAuth;
use crate::domain::team::{AuthMethod, DEFAULT_MOUNT, DEFAULT_PREFIX, Role};
use crate::messages::snapshot::VaultKind;

/// The longest span, in seconds: a hundred years.
const SPAN_MAX_SECS: i64 = 100 * 366 * 86_400;

const EXIT_CODES: &str = "\
Exit codes: 0 done; 1 refused, unknown account or bad file; 2 wrong usage; 3 a person must sign in; \
4 the vault is locked or missing.
KEYFOB_HOME=DIR stores all files under DIR, and keeps keychain items of its own.
KEYFOB_LOG=info (or error, warn, debug, trace) writes log lines to standard error.";

const MAP_HELP: &str = "\
Map a field to a variable of a .env file, such as CLIENT_ID=ACME_KEY; repeatable. Fields: CLIENT_ID, CLIENT_SECRET, \
TOKEN_URL, AUTHORIZE_URL, REDIRECT_URI, SCOPES, USERNAME, PASSWORD";

const CREDENTIALS_HELP: &str = "\
Credentials for the accounts of an OpenAPI document: a TOML file with a table for each security scheme, which has \
client_id and client_secret, username and password, or key";

const RUN_HELP: &str = "\
Forms: token (the default), header (the whole line), client-id, expires-at (RFC 3339 in UTC), claim.NAME. The command's \
environment can be read by other programs of the same user; with --proxy it holds no token.";

const RUN_PROXY_HELP: &str = "\
Serve the account's API through a proxy while the command runs, which gets KEYFOB_PROXY_URL and KEYFOB_PROXY_KEY instead \
of a token; repeatable";

const PROXY_HELP: &str = "\
Clients use KEYFOB_PROXY_URL/NAME/PATH with KEYFOB_PROXY_KEY as bearer token, or KEYFOB_PROXY_URL/KEY/NAME/PATH if they \
can set no header. In a rule, * stands for any text, slashes included.";

const STATUS_WORDS: &str = "\
Status: valid; expiring (in the last tenth of its life, or its last five minutes); expired (it can be refreshed); \
unknown (the server gave no expiry); signed_out (there is no token); needs_sign_in (a person must sign in).";

/// Gets, keeps and refreshes API tokens. Without a command, opens the window.
#[derive(Debug, Parser)]
#[command(name = "keyfob", version, disable_help_subcommand = true, after_help = EXIT_CODES)]
pub(super) struct Arguments {
    /// Vault for this run [default: last one moved to, else keychain]
    #[arg(long, global = true, value_enum)]
    vault: Option<Vault>,
    /// File whose first line is the vault's passphrase, or a descriptor such as fd:3 [default: ask]
    #[arg(long, global = true, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

impl Arguments {
    pub(super) fn vault(&self) -> VaultOptions {
        let kind = self.vault.map(|vault| match vault {
            Vault::Keychain => VaultKind::Keychain,
            Vault::File => VaultKind::File,
            Vault::Memory => VaultKind::Memory,
            Vault::Team => VaultKind::Team,
        });
        VaultOptions { kind, file: self.passphrase_file.clone() }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Vault {
    /// The operating system's keychain.
    Keychain,
    /// A file protected by a passphrase.
    File,
    /// Memory, until the command ends.
    Memory,
    /// The team vault that keyfob team connect has connected.
    Team,
}

/// A place that outlives a run.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Lasting {
    /// The operating system's keychain.
    Keychain,
    /// A file protected by a passphrase.
    File,
}

impl Lasting {
    pub(super) fn kind(self) -> VaultKind {
        match self {
            Self::Keychain => VaultKind::Keychain,
            Self::File => VaultKind::File,
        }
    }
}

/// A place for single accounts.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum MoveTarget {
    /// The team vault.
    Team,
    /// The operating system's keychain.
    Keychain,
    /// A file protected by a passphrase.
    File,
}

impl MoveTarget {
    pub(super) fn kind(self) -> VaultKind {
        match self {
            Self::Team => VaultKind::Team,
            Self::Keychain => VaultKind::Keychain,
            Self::File => VaultKind::File,
        }
    }
}

/// How to sign in to a team vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum TeamAuth {
    /// A token of the vault.
    Token,
    /// User name and password.
    Userpass,
    /// An `AppRole`, for machines.
    Approle,
    /// `OpenID` Connect in the browser.
    Oidc,
}

impl TeamAuth {
    pub(super) fn method(self) -> AuthMethod {
        match self {
            Self::Token => AuthMethod::Token,
            Self::Userpass => AuthMethod::Userpass,
            Self::Approle => AuthMethod::Approle,
            Self::Oidc => AuthMethod::Oidc,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum TeamRole {
    /// List accounts and use their access tokens.
    Use,
    /// Also refresh tokens and sign in.
    Renew,
    /// Also add, change and remove accounts.
    Manage,
}

impl TeamRole {
    pub(super) fn role(self) -> Role {
        match self {
            Self::Use => Role::Use,
            Self::Renew => Role::Renew,
            Self::Manage => Role::Manage,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct ConnectOptions {
    /// The address, such as <https://vault.example:8200>.
    #[arg(value_name = "ADDR")]
    pub(super) address: String,
    /// How to sign in.
    #[arg(long, value_enum, value_name = "METHOD")]
    pub(super) auth: TeamAuth,
    /// Mount of a KV version 2 secrets engine.
    #[arg(long, default_value = DEFAULT_MOUNT)]
    pub(super) mount: String,
    /// Path of Keyfob's records in that mount.
    #[arg(long, default_value = DEFAULT_PREFIX)]
    pub(super) prefix: String,
    /// Namespace.
    #[arg(long, value_name = "NS")]
    pub(super) namespace: Option<String>,
    /// PEM file with root certificates to trust beside the system's.
    #[arg(long, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
    /// Name that others see beside this machine's changes [default: this computer's name]
    #[arg(long = "as", value_name = "MACHINE")]
    pub(super) machine: Option<String>,
    /// File whose first line is the token, or a descriptor such as fd:3 [default: ask]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["username", "password_file", "role_id_file", "secret_id_file"])]
    pub(super) token_file: Option<PathBuf>,
    /// User name for userpass.
    #[arg(long, value_name = "NAME", required_if_eq("auth", "userpass"))]
    pub(super) username: Option<String>,
    /// File whose first line is the password, or a descriptor such as fd:3 [default: ask]
    #[arg(long, value_name = "FILE", requires = "username")]
    pub(super) password_file: Option<PathBuf>,
    /// File whose first line is the role ID. It is read again when the vault's token expires.
    #[arg(long, value_name = "FILE", required_if_eq("auth", "approle"))]
    pub(super) role_id_file: Option<PathBuf>,
    /// File whose first line is the secret ID.
    #[arg(long, value_name = "FILE", required_if_eq("auth", "approle"))]
    pub(super) secret_id_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum TeamCommand {
    /// Connect to a team vault. Its token is kept with your own secrets.
    Connect(Box<ConnectOptions>),
    /// Forget the connection. The team's accounts stay in the team vault.
    Disconnect,
    /// Print the policy of a role, in HCL.
    Policy {
        /// The role.
        #[arg(value_enum)]
        role: TeamRole,
        /// Mount of the secrets engine.
        #[arg(long, default_value = DEFAULT_MOUNT)]
        mount: String,
        /// Path of Keyfob's records in that mount.
        #[arg(long, default_value = DEFAULT_PREFIX)]
        prefix: String,
    },
    /// Show the connection, your role and the end of the vault's token.
    Status {
        /// Print a JSON object.
        #[arg(long)]
        json: bool,
    },
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Add accounts from a file: an import file, an OpenAPI document, an export of Google, Postman, Insomnia or Bruno, or
    /// a .env file.
    Import {
        /// The file, or - for standard input.
        file: PathBuf,
        /// Replace accounts that have the same name.
        #[arg(long)]
        replace: bool,
        /// Allow stored secrets that are not in the file to go to the new URLs of replaced accounts. Without this,
        /// Keyfob refuses a file that would send them elsewhere.
        #[arg(long, requires = "replace")]
        move_secrets: bool,
        /// Show what is in the file and which URLs differ from the presets'. Saves nothing and contacts no server.
        #[arg(long)]
        dry_run: bool,
        /// Print the accounts of an OpenAPI document as a JSON object, with what is left out and why.
        #[arg(long, requires = "dry_run")]
        json: bool,
        /// Credentials for the accounts of an OpenAPI document.
        #[arg(long, value_name = "FILE", help = CREDENTIALS_HELP)]
        credentials: Option<PathBuf>,
        /// Map a field to a variable of a .env file.
        #[arg(long = "map", value_name = "FIELD=NAME", value_parser = mapped, help = MAP_HELP)]
        mapped: Vec<(EnvField, String)>,
        /// Preset ID of a .env file's provider, if the file has no token endpoint.
        #[arg(long, value_name = "ID")]
        provider: Option<String>,
        /// File whose first line is the imported file's passphrase, or a descriptor such as fd:4 [default: ask]
        #[arg(long, value_name = "FILE")]
        export_passphrase_file: Option<PathBuf>,
    },
    /// Add an account by the address of an API, such as an MCP server's, or of an authorization server, then sign
    /// in.
    Add(Box<Add>),
    /// Write accounts to a new file, for another computer or a colleague.
    Export {
        /// The accounts [default: all of this vault]
        #[arg(add = account_names())]
        names: Vec<String>,
        /// The file, which must not exist.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        /// Include secrets, and encrypt the file with a passphrase. The age tool can decrypt it.
        #[arg(long)]
        with_secrets: bool,
        /// Include tokens. Many servers reject a refresh token that is used on two computers.
        #[arg(long, requires = "with_secrets")]
        with_tokens: bool,
        /// File whose first line is the exported file's passphrase, or a descriptor such as fd:4 [default: ask]
        #[arg(long, value_name = "FILE", requires = "with_secrets")]
        export_passphrase_file: Option<PathBuf>,
    },
    /// Diagnose why an account can't get a token. Sends no secrets.
    Doctor {
        /// The account.
        #[arg(add = account_names())]
        name: Option<String>,
        /// Print an array of JSON objects.
        #[arg(long)]
        json: bool,
    },
    /// List the accounts.
    #[command(after_help = STATUS_WORDS)]
    List {
        /// Print an array of JSON objects.
        #[arg(long)]
        json: bool,
    },
    /// Sign in, in the browser if the grant needs one.
    SignIn {
        /// The account.
        #[arg(add = account_names())]
        name: String,
        /// Print the sign-in link on standard output instead of opening it.
        #[arg(long)]
        no_browser: bool,
        /// Send the client's credentials another way. If that gets a token, the account keeps it.
        #[arg(long, value_enum, value_name = "WAY")]
        client_auth: Option<Auth>,
    },
    /// Print a valid token; refresh it first if needed.
    Token {
        /// The account.
        #[arg(add = account_names())]
        name: String,
        /// Output format.
        #[arg(long = "as", value_enum, value_name = "FORM", default_value_t = Form::Plain)]
        form: Form,
        /// How long it must stay valid, such as 60s, 5m or 1h [default: the account's margin]
        #[arg(long, value_name = "SPAN", value_parser = span)]
        min_valid: Option<TimeDelta>,
    },
    /// Run a command with tokens in its environment.
    #[command(after_help = RUN_HELP)]
    Run {
        /// Set a variable to a token, or to the part of it that a form names; repeatable.
        #[arg(short = 'e', long = "env", value_name = "VAR=NAME[:FORM]", value_parser = variable, add = variables())]
        variables: Vec<(String, TokenReference)>,
        /// File of variables, in which references such as API_TOKEN=keyfob://car-dev/token stand for tokens.
        #[arg(long, value_name = "FILE")]
        env_file: Option<PathBuf>,
        #[arg(long, value_name = "NAME", help = RUN_PROXY_HELP, add = account_names())]
        proxy: Vec<String>,
        /// The command and its arguments.
        #[arg(required = true, last = true, value_name = "COMMAND")]
        command: Vec<OsString>,
    },
    /// Give tokens to other programs, in their own protocols.
    Helper {
        #[command(subcommand)]
        kind: Helper,
    },
    /// Send one request with an account's token to its API.
    Request {
        /// The account.
        #[arg(add = account_names())]
        name: String,
        /// The method, if the path follows [default: GET, with --data POST]; or the path.
        #[arg(value_name = "METHOD")]
        first: String,
        /// The path on the API's host, or a URL there.
        #[arg(value_name = "PATH")]
        second: Option<String>,
        /// File that is sent as the body, or - for standard input.
        #[arg(long, value_name = "FILE")]
        data: Option<PathBuf>,
        /// A header, such as 'Accept: text/csv'; repeatable.
        #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header)]
        headers: Vec<(String, String)>,
        /// Print the status and the headers before the body.
        #[arg(long)]
        include: bool,
    },
    /// Serve accounts' APIs on this computer, adding their tokens.
    #[command(after_help = PROXY_HELP)]
    Proxy {
        /// The accounts.
        #[arg(required = true, add = account_names())]
        names: Vec<String>,
        /// The port on 127.0.0.1 [default: a free one]
        #[arg(long, default_value_t = 0, hide_default_value = true)]
        port: u16,
        /// Allow only these methods and paths, such as 'GET /v1/*'; repeatable.
        #[arg(long = "rule", value_name = "METHOD PATH", value_parser = ProxyRule::parse)]
        rules: Vec<ProxyRule>,
    },
    /// Show an account's settings and its token's details, without secrets.
    #[command(after_help = STATUS_WORDS)]
    Show {
        /// The account.
        #[arg(add = account_names())]
        name: String,
        /// Print a JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Show an account's last requests and responses, redacted: safe for a support ticket.
    Log {
        /// The account.
        #[arg(add = account_names())]
        name: String,
        /// Print an array of JSON objects.
        #[arg(long)]
        json: bool,
    },
    /// Get a new token now.
    Refresh {
        /// The account.
        #[arg(add = account_names())]
        name: String,
    },
    /// Check an account's token with its provider.
    Check {
        /// The account.
        #[arg(add = account_names())]
        name: String,
        /// Print a JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Revoke an account's tokens, then forget them.
    Revoke {
        /// The account.
        #[arg(add = account_names())]
        name: String,
        /// Only forget them on this computer. They stay valid until they expire.
        #[arg(long)]
        here: bool,
    },
    /// Delete an account with all its secrets.
    Remove {
        /// The account.
        #[arg(add = account_names())]
        name: String,
        /// Don't ask for confirmation.
        #[arg(long)]
        yes: bool,
    },
    /// Change the passphrase of the file with your secrets.
    Passphrase {
        /// File whose first line is the new passphrase, or a descriptor such as fd:4 [default: ask]
        #[arg(long, value_name = "FILE")]
        new_passphrase_file: Option<PathBuf>,
    },
    /// Move all secrets to another vault and use it from now on. If interrupted, run it again.
    MoveVault {
        /// The new vault.
        #[arg(value_enum)]
        to: Lasting,
    },
    /// Move accounts to another vault. Each is verified there before it is deleted here. If interrupted, run it again.
    Move {
        /// The accounts.
        #[arg(required = true)]
        names: Vec<String>,
        /// The other vault.
        #[arg(long, value_enum)]
        to: MoveTarget,
    },
    /// Share accounts with other machines and people in a team vault.
    Team {
        #[command(subcommand)]
        command: TeamCommand,
    },
    /// Restore accounts that were lost with the database, from what is stored with their secrets.
    Recover {
        /// Delete records that belong to no account.
        #[arg(long)]
        remove_orphans: bool,
        /// Don't ask for confirmation.
        #[arg(long)]
        yes: bool,
    },
    /// Find an account by a few letters and copy its token, in a small window for a desktop shortcut.
    #[command(after_long_help = BINDING)]
    Pick,
    /// Open the window hidden in the tray, or minimised where there is no tray, as at a login.
    Background,
    /// Try Keyfob with a built-in server and a demo account.
    Demo {
        /// Stay in the terminal, and print the sign-in link on standard output instead of opening it.
        #[arg(long)]
        no_browser: bool,
    },
}

/// How a key of the desktop opens the quick pick.
const BINDING: &str = "\
Bind a key to it:
  GNOME    Settings > Keyboard > Keyboard Shortcuts > Custom Shortcuts: command \"keyfob pick\".
  KDE      System Settings > Keyboard > Shortcuts > Add New > Command: \"keyfob pick\".
  Windows  Create a shortcut to \"keyfob-window.exe pick\", then set its Shortcut key under Properties.
  macOS    Shortcuts app: a shortcut with Run Shell Script \"keyfob pick\", then Add Keyboard Shortcut.";

/// The arguments of `add`.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "one a flag")]
pub(super) struct Add {
    /// The address: of an API, an issuer, its metadata document, or a token endpoint.
    #[arg(value_name = "URL")]
    pub(in crate::cli) address: String,
    /// The account's name.
    #[arg(long, value_name = "N", required_unless_present = "dry_run")]
    pub(in crate::cli) name: Option<String>,
    /// A scope to ask for; repeatable [default: those that the address asks for, else up to 20 supported ones]
    #[arg(long = "scope", value_name = "S")]
    pub(in crate::cli) scopes: Vec<String>,
    /// The authorization server, by its issuer, if the address has several.
    #[arg(long, value_name = "URL")]
    pub(in crate::cli) issuer: Option<String>,
    /// The ID of a client that you have registered.
    #[arg(long, value_name = "ID", conflicts_with_all = ["client_id_document", "registration_token_file"])]
    pub(in crate::cli) client_id: Option<String>,
    /// File whose first line is the client's secret, or a descriptor such as fd:4.
    #[arg(long, value_name = "FILE", requires = "client_id")]
    pub(in crate::cli) client_secret_file: Option<PathBuf>,
    /// URL of a client ID metadata document, which is then the client ID.
    #[arg(long, value_name = "URL", conflicts_with = "registration_token_file")]
    pub(in crate::cli) client_id_document: Option<String>,
    /// File whose first line is an initial access token, for a server that registers no client without one.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) registration_token_file: Option<PathBuf>,
    /// The redirect URI [default: one on 127.0.0.1]
    #[arg(long, value_name = "URI")]
    pub(in crate::cli) redirect_uri: Option<String>,
    /// Allow a public address to lead to this computer and to private networks.
    #[arg(long)]
    pub(in crate::cli) allow_private: bool,
    /// Replace an account that has the same name.
    #[arg(long)]
    pub(in crate::cli) replace: bool,
    /// Print the sign-in link on standard output instead of opening it.
    #[arg(long)]
    pub(in crate::cli) no_browser: bool,
    /// Don't ask for confirmation.
    #[arg(long)]
    pub(in crate::cli) yes: bool,
    /// Show what is found. Registers and saves nothing.
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
    /// With --dry-run, print a JSON object.
    #[arg(long, requires = "dry_run")]
    pub(in crate::cli) json: bool,
}

/// A program's protocol.
#[derive(Debug, Subcommand)]
pub(super) enum Helper {
    /// Git's credential helper: username and password, or a bearer token.
    Git {
        /// The account.
        #[arg(add = account_names())]
        name: String,
        /// Answer for this host, with its port if it has one; repeatable [default: the API's host and its parent
        /// domain]
        #[arg(long = "host", value_name = "HOST")]
        hosts: Vec<String>,
        /// What Git appends: get, store or erase.
        operation: String,
    },
    /// kubectl's exec credential plugin.
    Kubectl {
        /// The account.
        #[arg(add = account_names())]
        name: String,
        /// Give the ID token in the place of the access token.
        #[arg(long)]
        id_token: bool,
    },
    /// Docker's credential helper; as docker-credential-keyfob, for the account whose API host the registry is.
    Docker {
        /// The account.
        #[arg(add = account_names())]
        name: String,
        /// Answer for this registry; repeatable [default: the API's host and its parent domain]
        #[arg(long = "host", value_name = "HOST")]
        hosts: Vec<String>,
        /// What Docker appends: get, list, store or erase.
        operation: String,
    },
    /// Cargo's credential provider; as cargo-credential-keyfob, for the account whose API host the registry is.
    Cargo {
        /// The account.
        #[arg(add = account_names())]
        name: String,
        /// Answer for registries on this host only; repeatable.
        #[arg(long = "host", value_name = "HOST")]
        hosts: Vec<String>,
    },
    /// The executable of Google's external accounts: the ID token.
    Google {
        /// The account.
        #[arg(add = account_names())]
        name: String,
    },
    /// A JSON object of headers, as MCP clients and API clients take it.
    Headers {
        /// The account.
        #[arg(add = account_names())]
        name: String,
    },
}

/// How the client's credentials are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(super) enum Auth {
    /// HTTP Basic, ID and secret form-encoded.
    Basic,
    /// HTTP Basic, ID and secret unencoded.
    BasicRaw,
    /// Request body.
    Body,
}

impl Auth {
    /// The corresponding client authentication.
    pub(super) fn client_auth(self) -> ClientAuth {
        match self {
            Self::Basic => ClientAuth::Basic,
            Self::BasicRaw => ClientAuth::BasicRaw,
            Self::Body => ClientAuth::Body,
        }
    }
}

/// How a token is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// The token.
    Plain,
    /// The request header that the provider's APIs expect.
    Header,
    /// A cURL command line.
    Curl,
    /// A line for `curl --config -`, which keeps the token out of the arguments.
    CurlConfig,
    /// A shell export, safe for eval.
    Env,
    /// The token and its details, as JSON.
    Json,
    /// The ID token, which says who signed in; not for calls of APIs.
    IdToken,
}

/// Parses a variable mapping: `CLIENT_ID=ACME_KEY`.
fn mapped(text: &str) -> Result<(EnvField, String), String> {
    let known = || EnvField::ALL.map(EnvField::as_str).join(", ");
    let (field, name) = text.split_once('=').ok_or("write FIELD=NAME, such as CLIENT_ID=ACME_KEY")?;
    let field = EnvField::ALL.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(field.trim()));
    let field = field.ok_or_else(|| format!("the field must be one of {}", known()))?;
    Ok((field, name.trim().to_owned()))
}

/// Parses a variable of a command: `API_TOKEN=car-dev:header`.
fn variable(text: &str) -> Result<(String, TokenReference), String> {
    let (name, reference) = text.split_once('=').ok_or("write VAR=NAME, such as API_TOKEN=car-dev")?;
    if name.is_empty() || reference.is_empty() {
        return Err("write VAR=NAME, such as API_TOKEN=car-dev".to_owned());
    }
    Ok((name.to_owned(), TokenReference::parse(reference)))
}

/// Parses a header: `Accept: text/csv`.
fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("write NAME: VALUE, such as 'Accept: text/csv'")?;
    if let Some(why) = api_request::refusal_of_header(name.trim()) {
        return Err(why);
    }
    let fits = is_header_name(name.trim()) && !value.chars().any(char::is_control);
    fits.then(|| (name.trim().to_owned(), value.trim().to_owned()))
        .ok_or_else(|| "a header has a name and a value of one line".to_owned())
}

/// Parses a span: seconds, or a number with `s`, `m` or `h`.
fn span(text: &str) -> Result<TimeDelta, String> {
    let wrong = || "a span is a number of seconds, or a number with s, m or h, such as 60s".to_owned();
    let (number, unit_secs) = match text.as_bytes().last() {
        Some(b's') => (&text[..text.len() - 1], 1),
        Some(b'm') => (&text[..text.len() - 1], 60),
        Some(b'h') => (&text[..text.len() - 1], 3600),
        _ => (text, 1),
    };
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    let secs = number.parse::<i64>().ok().and_then(|number| number.checked_mul(unit_secs));
    let secs =
        secs.filter(|secs| *secs <= SPAN_MAX_SECS).ok_or_else(|| "that span is too long".to_owned())?;
    TimeDelta::try_seconds(secs).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_arguments_are_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_span_is_a_number_with_or_without_a_unit() {
        for (text, secs) in [("60", 60), ("60s", 60), ("5m", 300), ("1h", 3600), ("0", 0)] {
            assert_eq!(span(text), Ok(TimeDelta::seconds(secs)), "{text}");
        }
        for text in
            ["", "s", "-1", "+1", "1.5m", "1d", "60 s", "é", "99999999999999999999", "9223372036854775807h"]
        {
            assert!(span(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_vault_can_be_named_on_either_side_of_the_command() {
        for words in [["keyfob", "--vault", "memory", "list"], ["keyfob", "list", "--vault", "memory"]] {
            let arguments = Arguments::try_parse_from(words).unwrap();
            assert_eq!(arguments.vault().kind, Some(VaultKind::Memory));
        }
        assert_eq!(Arguments::try_parse_from(["keyfob"]).unwrap().vault().kind, None);
    }
}
