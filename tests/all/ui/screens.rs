//! Every screen and dialog, and the keys that open each.

use std::sync::Arc;

use chrono::TimeDelta;
use egui::{Key, Modifiers};
use keyfob::base::secret::SecretText;
use keyfob::domain::account::tags::Tags;
use keyfob::domain::account::{AccountName, Client};
use keyfob::domain::http_log::record::{HttpLogEntry, Outcome, RequestKind, SentBody};
use keyfob::domain::import::{EnvNames, Mapping};
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::domain::token::claims::{Claim, ClaimValue};
use keyfob::messages::command::{AccountDraft, ImportDraft};
use keyfob::messages::diagnosis::{Cause, Check, Finding};
use keyfob::messages::event::{ApiAnswer, Event, ImportRead, Reply};
use keyfob::messages::preferences::ProxyChoice;
use keyfob::messages::problem::{ArchiveProblem, Problem, UntrustedText, VaultProblem};
use keyfob::messages::snapshot::{
    AccountView, Activity, Awaiting, ClipboardView, DeviceCodeView, Snapshot, UndoView, VaultHealth,
    VaultKind,
};

use super::fixtures::{account, id, now, snapshot, token};
use super::harness::Rig;
use super::response_mapper;
use super::walk::{close, ctrl, edit, first, form, import, key, press, reach, section, settings, tab};

pub(crate) struct Screen {
    /// Its name in a failure.
    pub(crate) name: &'static str,
    /// A text that only this screen has.
    pub(crate) mark: &'static str,
    /// Whether Escape leaves it.
    pub(crate) is_left: bool,
    pub(crate) snapshot: Snapshot,
    /// The keys that open it.
    pub(crate) way: fn(&mut Rig),
}

impl Screen {
    /// Opens it in a window of this size.
    pub(crate) fn open(&self, size: (f32, f32)) -> Rig {
        let mut rig = Rig::sized(self.snapshot.clone(), size);
        (self.way)(&mut rig);
        rig
    }

    pub(crate) fn is_shown(&self, rig: &Rig) -> bool {
        rig.tree().lines().any(|line| line == self.mark)
    }
}

fn imported(name: &str, provider: &str) -> ImportDraft {
    let view = account(9, name, provider, GrantType::ClientCredentials);
    let draft = AccountDraft {
        editing: None,
        name: name.to_owned(),
        settings: view.settings,
        client: Client::default(),
    };
    ImportDraft { draft, grant: None, incomplete: false, replace: false, move_secrets: false }
}

fn still(mut snapshot: Snapshot) -> Snapshot {
    // Without animation each press takes effect at once.
    snapshot.preferences.reduced_motion = true;
    snapshot
}

/// A few accounts with a tag each.
pub(crate) fn few() -> Snapshot {
    let view = |number: u8, name: &str, left: Option<i64>| -> AccountView {
        let mut view = account(number, name, "Smartcar", GrantType::AuthorizationCode);
        view.token = left.map(|left| token(7200, Some(left)));
        view.settings.tags = Tags::typed("work").unwrap();
        view
    };
    still(snapshot(vec![view(1, "alpha", Some(754)), view(2, "beta", Some(-5)), view(3, "gamma", None)]))
}

fn one(view: AccountView) -> Snapshot {
    still(snapshot(vec![view]))
}

fn changed(mut snapshot: Snapshot, change: impl FnOnce(&mut Snapshot)) -> Snapshot {
    change(&mut snapshot);
    snapshot
}

fn with_first(change: impl FnOnce(&mut AccountView)) -> Snapshot {
    let mut few = few();
    let mut view = AccountView::clone(&few.accounts[0]);
    change(&mut view);
    few.accounts[0] = Arc::new(view);
    few
}

fn custom(grant: GrantType) -> Snapshot {
    one(account(1, "one", "Custom", grant))
}

fn waiting() -> Snapshot {
    with_first(|view| {
        view.activity = Activity::AwaitingBrowser(Awaiting {
            address: "https://connect.smartcar.com/oauth/authorize?state=x".to_owned(),
            redirect_uri: "http://localhost:8910/callback".to_owned(),
            listening: true,
            since: now() - TimeDelta::seconds(30),
            deadline: now() + TimeDelta::minutes(4),
            browser_opened: true,
        });
    })
}

fn device() -> Snapshot {
    with_first(|view| {
        view.activity = Activity::AwaitingDevice(DeviceCodeView {
            user_code: UntrustedText::new("WDJB-MJHT"),
            verification_uri: "https://a.example/device".to_owned(),
            verification_uri_complete: None,
            expires_at: now() + TimeDelta::seconds(599),
        });
    })
}

fn exchanged() -> Snapshot {
    with_first(|view| {
        let entry = HttpLogEntry {
            kind: RequestKind::Refresh,
            sent_at: now() - TimeDelta::seconds(9),
            took_ms: 42,
            method: "POST".to_owned(),
            url: "https://a.example/token".to_owned(),
            headers: Vec::new(),
            body: SentBody::Form(Vec::new()),
            outcome: Outcome::Answered { status: 400, headers: Vec::new(), body: "{}".to_owned() },
        };
        view.http_log = Some(Arc::new(vec![entry]));
        view.can_check = true;
        view.can_revoke = true;
    })
}

fn copied() -> Snapshot {
    changed(few(), |snapshot| {
        let clears_at = Some(now() + TimeDelta::seconds(28));
        snapshot.clipboard = Some(ClipboardView { account: Some(id(1)), clears_at });
    })
}

fn in_file(health: VaultHealth) -> Snapshot {
    changed(few(), |snapshot| {
        snapshot.vault.kind = VaultKind::File;
        snapshot.vault.file_exists = true;
        snapshot.vault.health = health;
    })
}

/// All notices at the window's edges at once.
fn troubled() -> Snapshot {
    changed(few(), |snapshot| {
        snapshot.vault.health = VaultHealth::Failing(VaultProblem::Absent);
        snapshot.notice = Some(Problem::SetAside(UntrustedText::new("/home/me/keyfob.db.broken-1")));
        snapshot.clipboard =
            Some(ClipboardView { account: None, clears_at: Some(now() + TimeDelta::seconds(9)) });
        let name = AccountName::new("gone").unwrap();
        snapshot.undo.push(UndoView { id: id(99), name, until: now() + TimeDelta::seconds(9) });
    })
}

pub(crate) fn all() -> Vec<Screen> {
    [pages(), forms(), menus(), dialogs(), locked()].into_iter().flatten().collect()
}

/// A screen that Escape doesn't leave.
fn page(name: &'static str, mark: &'static str, snapshot: Snapshot, way: fn(&mut Rig)) -> Screen {
    Screen { name, mark, is_left: false, snapshot, way }
}

/// A screen that Escape leaves.
fn left(name: &'static str, mark: &'static str, snapshot: Snapshot, way: fn(&mut Rig)) -> Screen {
    Screen { is_left: true, ..page(name, mark, snapshot, way) }
}

fn pages() -> Vec<Screen> {
    let claimed = with_first(|view| {
        let claim = Claim { name: "iss".to_owned(), value: ClaimValue::Text("https://a.example".to_owned()) };
        view.token.as_mut().unwrap().claims = Some(Arc::new(vec![claim]));
    });
    let unread = with_first(|view| {
        view.token = Some(token(7200, None));
        view.answer = response_mapper::answered(true).answer;
    });
    let with_api = with_first(|view| {
        let overrides = Arc::make_mut(&mut view.settings.overrides);
        overrides.api.base_url = Some("https://api.example.com/v1/me".to_owned());
        "smartcar".clone_into(&mut view.settings.provider);
    });
    vec![
        page("first run", "Welcome to Keyfob", still(snapshot(Vec::new())), |_| {}),
        page("list", "alpha", few(), |_| {}),
        page("account", "Copy token", few(), first),
        page("copied", "Clear now", copied(), first),
        page("trouble", "Recover accounts", troubled(), first),
        page("signing in", "Waiting for you to sign in there", waiting(), first),
        page("device", "WDJB-MJHT", device(), first),
        page("claims", "https://a.example", claimed, |rig| tab(rig, "Claims")),
        page("scopes", "Scopes", few(), |rig| tab(rig, "Scopes")),
        page("trying a request", "HTTP 401 · 120 ms · 7 bytes", with_api, |rig| {
            tab(rig, "Try a request");
            let answer = ApiAnswer {
                status: 401,
                took_ms: 120,
                size_bytes: 7,
                headers: vec![("date".to_owned(), SecretText::new("today".to_owned()))],
                body: SecretText::new(r#"{"a":1}"#.to_owned()),
                is_too_large: false,
            };
            let account = id(1);
            rig.tell(Event::Done(Reply::ApiAnswered { account, answer: Box::new(Ok(answer)) }));
        }),
        page("entries", "Copy as cURL without secrets", exchanged(), |rig| {
            tab(rig, "Requests");
            reach(rig, "Copy redacted report");
            key(rig, Modifiers::NONE, Key::Tab);
            key(rig, Modifiers::NONE, Key::Enter);
        }),
        page("revoking", "Revoke tokens", exchanged(), |rig| {
            tab(rig, "More actions");
            press(rig, "Revoke");
        }),
        page("mapper", "Save mapping", unread, |rig| {
            tab(rig, "Requests");
            press(rig, "View response");
        }),
    ]
}

fn forms() -> Vec<Screen> {
    let (add, change) = ("Credentials", "Edit account");
    vec![
        left("picker", "Provider or address", few(), |rig| ctrl(rig, Key::N)),
        left("form of Smartcar", add, few(), |rig| form(rig, "Smartcar")),
        left("form of SmartConnect", add, few(), |rig| form(rig, "SmartConnect")),
        left("form of Connect", add, few(), |rig| form(rig, "Connect")),
        left("form by issuer", add, few(), |rig| form(rig, "By issuer URL")),
        left("form with tokens", add, few(), |rig| {
            form(rig, "SmartSense");
            press(rig, "I already have tokens");
        }),
        left("form, authorization code", change, custom(GrantType::AuthorizationCode), edit),
        left("form, client credentials", change, custom(GrantType::ClientCredentials), edit),
        left("form, password", change, custom(GrantType::Password), edit),
        left("form, device code", change, custom(GrantType::DeviceCode), edit),
        left("form, JWT bearer", change, custom(GrantType::JwtBearer), edit),
    ]
}

#[expect(clippy::too_many_lines, reason = "one entry a dialog")]
fn dialogs() -> Vec<Screen> {
    let proxied = changed(few(), |snapshot| {
        snapshot.preferences.proxy = ProxyChoice::at("http://proxy.example:3128").unwrap();
    });
    let unsaved = with_first(|view| {
        view.token.as_mut().unwrap().saved = false;
        view.problem = Some(Problem::NotSaved(VaultProblem::Locked));
    });
    vec![
        left("settings", "Reduced motion", few(), |rig| ctrl(rig, Key::Comma)),
        left("settings of tokens", "Clear the clipboard", few(), |rig| section(rig, "Tokens")),
        left("settings of sign-ins", "Redirect port", few(), |rig| section(rig, "Signing in")),
        left("settings of the network", "Proxy URL", proxied, |rig| section(rig, "Network")),
        left("settings of locking", "Lock after idle", few(), |rig| section(rig, "Locking and closing")),
        left("settings of a file", "Change passphrase", in_file(VaultHealth::Ready), |rig| {
            section(rig, "Secrets");
        }),
        left("settings of accounts", "Recover accounts", few(), |rig| section(rig, "All accounts")),
        left("delete", "Delete this account?", few(), |rig| {
            key(rig, Modifiers::NONE, Key::ArrowDown);
            key(rig, Modifiers::NONE, Key::Delete);
        }),
        left("leaving a form", "Discard what you typed?", few(), |rig| {
            form(rig, "SmartSense");
            rig.0.event(egui::Event::Text("a".to_owned()));
            rig.0.run();
            key(rig, Modifiers::NONE, Key::Escape);
        }),
        left("keys", "Keyboard shortcuts", few(), |rig| key(rig, Modifiers::NONE, Key::F1)),
        left("closing", "Quit Keyfob?", few(), |rig| ctrl(rig, Key::Q)),
        left("closing with a loss", "Quit and lose new tokens?", unsaved, close),
        left("import", "Import accounts", few(), |rig| settings(rig, "All accounts", "Import")),
        left("import, refused", "Import accounts", few(), |rig| {
            import(rig, "/tmp/accounts.toml");
            let problem =
                Problem::Archive(ArchiveProblem::Content(UntrustedText::new("line 3: \"name\" is missing")));
            rig.tell(Event::Problem { account: None, problem });
        }),
        left("import, sealed", "Passphrase of the file", few(), |rig| {
            import(rig, "/tmp/accounts.age");
            rig.tell(Event::Problem {
                account: None,
                problem: Problem::Archive(ArchiveProblem::PassphraseNeeded),
            });
        }),
        left("import, preview", "The file holds 10 accounts.", few(), |rig| {
            import(rig, "/tmp/accounts.toml");
            let mut drafts = vec![imported("alpha", "Smartcar")];
            drafts.extend((0..9).map(|number| imported(&format!("new {number}"), "SmartSense")));
            let taken = std::iter::once(true).chain(std::iter::repeat_n(false, 9)).collect();
            rig.tell(Event::ImportRead(ImportRead { drafts, taken, ..ImportRead::default() }));
        }),
        left("import, names", "Map variables", few(), |rig| {
            import(rig, "/tmp/.env");
            let mappings = vec![Mapping { names: std::collections::BTreeMap::new(), provider: None }];
            let names = Some(EnvNames { names: ["KEY", "TOP"].map(str::to_owned).into(), mappings });
            rig.tell(Event::ImportRead(ImportRead { names, ..ImportRead::default() }));
        }),
        left("export", "Export accounts", few(), |rig| settings(rig, "All accounts", "Export")),
        left("move to a file", "Move secrets to a file", few(), |rig| {
            settings(rig, "Secrets", "Move secrets to a passphrase-protected file");
        }),
        left("move to a file that is there", "Move secrets to a file", few(), |rig| {
            rig.change(|snapshot| snapshot.vault.file_exists = true);
            settings(rig, "Secrets", "Move secrets to a passphrase-protected file");
        }),
        left("move to the keychain", "Move", in_file(VaultHealth::Ready), |rig| {
            settings(rig, "Secrets", "Move secrets to the keychain");
        }),
        left("recovered", "Delete them", few(), |rig| {
            settings(rig, "All accounts", "Recover accounts");
            rig.tell(Event::Done(Reply::Recovered {
                added: vec!["car".to_owned()],
                unreadable: 0,
                orphans: 3,
            }));
        }),
        left("passphrase", "Passphrase", in_file(VaultHealth::Locked { exists: true }), |_| {}),
        left("choosing a passphrase", "New passphrase again", still(snapshot(Vec::new())), |rig| {
            press(rig, "Use a passphrase-protected file");
            rig.change(|snapshot| {
                snapshot.vault.kind = VaultKind::File;
                snapshot.vault.health = VaultHealth::Locked { exists: false };
            });
        }),
        left("changing the passphrase", "Current passphrase", in_file(VaultHealth::Ready), |rig| {
            settings(rig, "Secrets", "Change passphrase");
        }),
        left("using", "Use alpha from…", few(), |rig| {
            tab(rig, "More actions");
            press(rig, "Use it from…");
        }),
        left("checks", "Diagnostics for alpha", few(), |rig| {
            settings(rig, "All accounts", "Run diagnostics");
            let finding = |check, cause| Finding { check, about: "a.example".to_owned(), cause };
            let found = vec![finding(Check::Browser, Cause::Browser { is_there: None })];
            rig.tell(Event::Done(Reply::Diagnosed(found)));
        }),
    ]
}

fn menus() -> Vec<Screen> {
    vec![
        left("sorting", "Sort by", few(), |rig| press(rig, "Sort, group and filter")),
        left("ways to copy", "Copy as cURL", few(), |rig| {
            first(rig);
            press(rig, "More ways to copy");
        }),
        left("actions on a token", "Check with provider", exchanged(), |rig| tab(rig, "More actions")),
        left("choices", "Light", few(), |rig| settings(rig, "Appearance", "Theme")),
    ]
}

fn locked() -> Vec<Screen> {
    let lock = |snapshot: &mut Snapshot| snapshot.locked = true;
    let file = in_file(VaultHealth::Locked { exists: true });
    vec![
        page("locked", "Keyfob is locked", changed(few(), lock), |_| {}),
        page("locked file", "Keyfob is locked", changed(file, lock), |_| {}),
    ]
}
