//! `keyfob import`.
//!
//! All accounts of a file are saved or none. No error repeats a value of the file.

use std::io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::export;
use super::import_document;
use super::import_names::{EnvOptions, NotRead};
use crate::cli::failure::Failure;
use crate::cli::format::{quoted, shown};
use crate::cli::input;
use crate::cli::input::ReadError;
use crate::cli::output;
use crate::cli::passphrase::{self, VaultOptions};
use crate::cli::session::{CliSession, with_engine};
use crate::domain::import::{self, ImportError, Imported};
use crate::domain::oauth::discovery;
use crate::domain::oauth::discovery::{DiscoveredServer, Wanted};
use crate::domain::provider::destinations;
use crate::domain::provider::destinations::Destination;
use crate::domain::provider::provider_name::provider_name;
use crate::domain::provider::spec::Endpoints;
use crate::domain::provider::{CUSTOM, EndpointKind, Preset};
use crate::messages::command::{Command, ImportDraft};
use crate::messages::event::Reply;
use crate::messages::explain::{changed_destinations, label_of};
use crate::messages::problem::{ArchiveProblem, Problem};
use crate::messages::snapshot::VaultKind;
use crate::store::account_export;
use crate::store::account_export::ArchiveError;

const FILE_MAX_BYTES: usize = 4 << 20;

/// How accounts with the name of an existing one are treated.
#[derive(Clone, Copy)]
pub(in crate::cli) struct ReplaceOptions {
    pub(in crate::cli) replace: bool,
    /// Stored secrets that the file lacks may go to other destinations.
    pub(in crate::cli) move_secrets: bool,
}

/// How the file is read and shown.
pub(in crate::cli) struct ImportOptions {
    pub(in crate::cli) replacing: ReplaceOptions,
    pub(in crate::cli) dry_run: bool,
    /// Print an `OpenAPI` document's accounts as JSON.
    pub(in crate::cli) json: bool,
    /// The file with an `OpenAPI` document's credentials.
    pub(in crate::cli) credentials: Option<PathBuf>,
    pub(in crate::cli) env: EnvOptions,
    pub(in crate::cli) passphrase_file: Option<PathBuf>,
}

/// The accounts of a file.
struct Found {
    accounts: Vec<Imported>,
    is_sealed: bool,
    /// They are from an `OpenAPI` document, so an issuer that can't be read leaves an account incomplete.
    is_document: bool,
}

/// Adds the accounts of a file; with `dry_run`, only lists them.
pub(in crate::cli) fn run(vault: &VaultOptions, file: &Path, options: ImportOptions) -> Result<(), Failure> {
    let bytes = input::read(file, FILE_MAX_BYTES).map_err(|error| unreadable(file, &error))?;
    with_engine(vault, |session| {
        let presets = &session.snapshot.presets;
        let ImportOptions { replacing, dry_run, .. } = options;
        let Some(found) = found(presets, bytes, file, options)? else { return Ok(()) };
        refuse_taken(session, &found.accounts, replacing.replace, file)?;
        if dry_run {
            let accounts = found.accounts.iter();
            let lines: Vec<String> = accounts.map(|account| previewed(session, account)).collect();
            return output::data(&lines.join("\n"));
        }
        save(session, found, replacing, file)?;
        if session.snapshot.vault.kind == VaultKind::Memory {
            output::say("Their secrets were kept in memory only, and end with this command.");
        }
        Ok(())
    })
}

/// Reads the file; `None` if its preview is printed already.
fn found(
    presets: &[Preset],
    bytes: Zeroizing<Vec<u8>>,
    file: &Path,
    options: ImportOptions,
) -> Result<Option<Found>, Failure> {
    let only_documents = || {
        let words = "--json and --credentials are for OpenAPI documents. Nothing was saved.";
        Err(Failure::refused(words.to_owned()).within(&source(file)))
    };
    let needs_document = options.json || options.credentials.is_some();
    if account_export::is_sealed(&bytes) {
        if needs_document {
            return only_documents();
        }
        let prompt = "Passphrase of the imported file: ";
        let passphrase = passphrase::existing(options.passphrase_file.as_deref(), export::OPTION, prompt)?;
        let opened = account_export::open(&bytes, &passphrase, presets);
        let accounts = opened.map_err(|error| not_opened(file, error))?;
        return Ok(Some(Found { accounts, is_sealed: true, is_document: false }));
    }
    let text = input::text_of(bytes).map_err(|error| unreadable(file, &error))?;
    let document =
        if needs_document || options.env.is_empty() { import::api_document(&text) } else { Ok(None) };
    match document.map_err(|error| not_taken(file, &error))? {
        Some(mut document) => {
            if let Some(credentials) = &options.credentials {
                import_document::complete(&mut document, credentials)?;
            }
            if options.json {
                output::data(&import_document::preview(&document)?)?;
                return Ok(None);
            }
            let left_out: Vec<String> = document.left_out.iter().map(ToString::to_string).collect();
            if document.accounts.is_empty() {
                return Err(not_taken(file, &ImportError::AllLeftOut(left_out)));
            }
            for said in &left_out {
                output::say(said);
            }
            let accounts = document.accounts.into_iter().map(|(imported, _)| imported).collect();
            Ok(Some(Found { accounts, is_sealed: false, is_document: true }))
        }
        None if needs_document => only_documents(),
        None => {
            let found = options.env.read(&text, presets).map_err(|error| match error {
                NotRead::File(error) => not_taken(file, &error),
                NotRead::Options(failure) => failure.within(&source(file)),
            })?;
            found.left_out.iter().for_each(|said| output::say(said));
            Ok(Some(Found { accounts: found.accounts, is_sealed: false, is_document: false }))
        }
    }
}

fn not_taken(file: &Path, error: &ImportError) -> Failure {
    let mistake = error.to_string();
    // Full sentences already end with a punctuation mark.
    let end = if mistake.ends_with(['?', '.']) { "" } else { "." };
    Failure::refused(format!("{}: {mistake}{end} Nothing was saved.", source(file)))
}

fn not_opened(file: &Path, error: ArchiveError) -> Failure {
    match error {
        ArchiveError::Import(error) => not_taken(file, &error),
        ArchiveError::WrongPassphrase => {
            Failure::of(&Problem::Archive(ArchiveProblem::WrongPassphrase)).within(&source(file))
        }
        error => Failure::refused(format!("{}: {error}. Nothing was saved.", source(file))),
    }
}

fn refuse_taken(
    session: &CliSession,
    accounts: &[Imported],
    replace: bool,
    file: &Path,
) -> Result<(), Failure> {
    let taken = accounts.iter().find(|account| !replace && session.listed(account.name.as_str()).is_some());
    match taken {
        Some(account) => Err(Failure::refused(format!(
            "{}: account {}: another account already has this name. Nothing was saved. To replace it, use --replace.",
            source(file),
            quoted(account.name.as_str())
        ))),
        None => Ok(()),
    }
}

fn previewed(session: &CliSession, account: &Imported) -> String {
    let Imported { name, settings, grant, incomplete, .. } = account;
    let presets = &session.snapshot.presets;
    let would = if session.listed(name.as_str()).is_some() { "Would replace" } else { "Would add" };
    let preset = presets.iter().find(|preset| preset.id == settings.provider);
    let changed = destinations::changed(presets, settings).unwrap_or_default();
    let provider =
        preset.map_or_else(|| "custom provider".to_owned(), |preset| provider_name(preset, &changed));
    let mut line =
        format!("{would} {}: {}, {}", shown(name.as_str()), shown(&provider), settings.grant.as_str());
    if discovery::is_wanted_by(presets, settings)
        && let Ok(wanted) = Wanted::of(presets, settings)
    {
        line.push_str(", endpoints from ");
        line.push_str(&shown(wanted.issuer.as_str()));
    }
    if grant.is_some() {
        line.push_str(", with its token");
    }
    if *incomplete && !account.has_secret() {
        line.push_str(", without secrets");
    }
    destination_lines(presets, account).into_iter().fold(line, |text, line| text + "\n" + &line)
}

/// One line per destination that differs from the preset's.
fn destination_lines(presets: &[Preset], account: &Imported) -> Vec<String> {
    let Imported { name, settings, .. } = account;
    // A custom provider's issuer is shown with the endpoints from discovery.
    let is_asked = settings.provider == CUSTOM && discovery::is_wanted_by(presets, settings);
    let named = changed_destinations(presets, settings).each.into_iter();
    let named = named.filter(|(label, _)| !is_asked || *label != Destination::Issuer.label());
    named.map(|(label, text)| format!("{}: {label} {text}", shown(name.as_str()))).collect()
}

fn save(
    session: &mut CliSession,
    Found { mut accounts, is_sealed, is_document }: Found,
    ReplaceOptions { replace, move_secrets }: ReplaceOptions,
    file: &Path,
) -> Result<(), Failure> {
    let lines: Vec<String> = accounts.iter().map(|account| line(session, account)).collect();
    let lacking = accounts.iter().filter(|account| account.incomplete && !account.has_secret());
    let (kept, lacking): (Vec<&str>, Vec<&str>) =
        lacking.map(|account| account.name.as_str()).partition(|name| session.listed(name).is_some());
    let quoted_all = |names: Vec<&str>| names.into_iter().map(quoted).collect::<Vec<_>>().join(", ");
    let (kept, lacking) = (quoted_all(kept), quoted_all(lacking));
    for line in accounts.iter().flat_map(|account| destination_lines(&session.snapshot.presets, account)) {
        output::say(&line);
    }
    look_up(session, &mut accounts, is_document).map_err(|failure| failure.within(&source(file)))?;
    let drafts = accounts.into_iter().map(|account| ImportDraft {
        replace,
        move_secrets,
        ..ImportDraft::from(account)
    });
    session.unlock(true)?;
    let saved = session.ask(Command::Import(drafts.collect()))?.wait();
    saved.map_err(|problem| Failure::of(&problem).within(&source(file)))?;
    output::data(&lines.join("\n"))?;
    if !kept.is_empty() {
        output::say(&format!("No secrets came with {kept}: the stored ones stay."));
    }
    if !lacking.is_empty() {
        output::say(&format!("No secrets came with {lacking}: enter them in the window if they need any."));
    }
    if !kept.is_empty() || !lacking.is_empty() {
        return Ok(());
    }
    // A pipe can't be read twice.
    if !is_sealed && file.is_file() {
        output::say(&format!(
            "{} still holds the secrets; delete it if you don't need it any more.",
            source(file)
        ));
    }
    Ok(())
}

/// Runs discovery for accounts without endpoints and prints the results before anything is saved. Queries
/// each issuer once for all accounts with the same request. An account of a document is saved without them if that
/// fails.
fn look_up(session: &CliSession, accounts: &mut [Imported], is_document: bool) -> Result<(), Failure> {
    let presets = &session.snapshot.presets;
    let mut known: Vec<(Wanted, Box<DiscoveredServer>)> = Vec::new();
    for Imported { name, settings, .. } in accounts {
        if !discovery::is_wanted_by(presets, settings) {
            continue;
        }
        let of = |problem| Failure::of(&problem);
        let wanted = Wanted::of(presets, settings).map_err(Problem::Settings).map_err(of)?;
        let place = match known.iter().position(|(issuer, _)| *issuer == wanted) {
            Some(place) => place,
            None => match session.ask(Command::Discover(Box::new(settings.clone())))?.wait() {
                Ok(Reply::Discovered(found)) => {
                    known.push((wanted, found));
                    known.len() - 1
                }
                // The account is incomplete anyway.
                Err(problem) if is_document => {
                    output::say(&format!("{}: {}", shown(name.as_str()), of(problem).words()));
                    continue;
                }
                Err(problem) => return Err(of(problem)),
                Ok(_) => return Err(Failure::of(&Problem::Stopped)),
            },
        };
        output::say(&addresses(name.as_str(), &settings.overrides.endpoints, &known[place].1.endpoints));
        known[place].1.complete(settings);
    }
    Ok(())
}

/// The endpoints from discovery that the file lacks.
fn addresses(name: &str, own: &Endpoints, found: &Endpoints) -> String {
    let found = EndpointKind::ALL.into_iter().filter(|kind| own.get(*kind).is_none()).filter_map(|kind| {
        let address = found.get(kind)?;
        Some(format!("\n  {}: {}", label_of(kind.key()), shown(address)))
    });
    format!("{}: found at its issuer:{}", shown(name), found.collect::<String>())
}

fn line(session: &CliSession, account: &Imported) -> String {
    let is_there = session.listed(account.name.as_str()).is_some();
    format!("{} {}", if is_there { "Replaced" } else { "Added" }, shown(account.name.as_str()))
}

fn unreadable(file: &Path, error: &ReadError) -> Failure {
    let source = source(file);
    Failure::refused(match error {
        ReadError::TooLarge => format!("{source} is larger than 4 MiB. Nothing was saved."),
        ReadError::NotText { line } => {
            format!("{source}, line {line}: this is not UTF-8 text. Nothing was saved.")
        }
        ReadError::Io(error) => match error.kind() {
            io::ErrorKind::NotFound => format!("There is no file {source}. Check its path."),
            io::ErrorKind::PermissionDenied => {
                format!("{source} can't be read. Check its permissions.")
            }
            io::ErrorKind::IsADirectory => format!("{source} is a folder. Give the path of a file."),
            _ => format!("{source} could not be read: {error}. Nothing was saved."),
        },
    })
}

fn source(file: &Path) -> String {
    if file == Path::new("-") { "Standard input".to_owned() } else { quoted(&file.display().to_string()) }
}
