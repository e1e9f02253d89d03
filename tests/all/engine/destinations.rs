//! Secrets only go where the user has sent them, whatever changes the database, edits a preset or replaces an
//! account, also while other work waits.

use std::sync::Arc;

use keyfob::base::secret::Passphrase;
use keyfob::domain::import;
use keyfob::domain::provider::destinations::Destination;
use keyfob::messages::command::{AccountDraft, Command, CopyForm, ImportDraft};
use keyfob::messages::event::{Event, Reply, Revocation};
use keyfob::messages::problem::Problem;
use keyfob::messages::snapshot::{AccountView, VaultKind};
use keyfob::store::database::Accounts;
use keyfob::store::vault::VaultError;
use keyfob::store::vault::passphrase::PassphraseVault;

use crate::support::account_toml::AccountToml;
use crate::support::engine::{Place, Rig, come_back, return_address};
use crate::support::server::{Response, ScriptedServer};

const PASSPHRASE: &str = "p";

/// An account at a server; `more` has further keys.
fn account(name: &str, server: &ScriptedServer, more: &str) -> String {
    AccountToml::new(name, "authorization_code")
        .lines(more)
        .on(server, &["authorize", "token", "revoke"])
        .at("userinfo", &server.url("/me"))
        .to_string()
}

const SECRET: &str = "client_secret = \"CANARY-secret\"";
const WITHOUT: &str = "incomplete = true";

fn answer(number: usize) -> Response {
    let tokens = format!(r#""access_token":"CANARY-at-{number}","refresh_token":"CANARY-rt-{number}""#);
    Response::json(200, format!(r#"{{{tokens},"expires_in":3600}}"#))
}

/// An account “car”, signed in at the server.
fn signed_in(rig: &Rig, server: &ScriptedServer) {
    rig.import(&account("car", server, SECRET)).unwrap();
    server.script("/token", answer(1));
    rig.sign_in("car", "a-code").unwrap();
}

/// Replaces accounts by those of a file.
fn replace(rig: &Rig, text: &str, move_secrets: bool) -> Result<Reply, Problem> {
    let drafts = import::read(text, &rig.snapshot().presets).unwrap().into_iter();
    let drafts = drafts.map(|it| ImportDraft { replace: true, move_secrets, ..ImportDraft::from(it) });
    rig.ask(Command::Import(drafts.collect()))
}

fn edit(rig: &mut Rig, name: &str, change: impl FnOnce(&mut AccountDraft)) -> Result<Reply, Problem> {
    rig.ask(Command::Edit(rig.id(name))).unwrap();
    let event = rig.wait_for_event("the form", |event| matches!(event, Event::DraftReady { .. }));
    let Event::DraftReady { mut draft, .. } = event else { unreachable!() };
    change(&mut draft);
    rig.ask(Command::Save { draft, sign_in: false })
}

/// Writes another token endpoint to an account's row, as any program of the user could.
fn edit_row(place: &Place, token: &str) {
    let mut accounts = Accounts::open(&place.home()).unwrap();
    let mut row = accounts.load().unwrap().accounts.remove(0).account;
    row.settings.overrides_mut().endpoints.token = Some(token.to_owned());
    accounts.update(&row, None).unwrap();
}

fn place_over(kind: Option<VaultKind>) -> Place {
    let mut place = Place::new();
    if kind == Some(VaultKind::File) {
        let passphrase = Passphrase::new(PASSPHRASE.to_owned());
        PassphraseVault::create_with_work_factor(&place.home(), &passphrase, 1).unwrap();
    }
    place.kind = kind;
    place
}

fn opened(place: &Place) -> Rig {
    let rig = place.command_line();
    if place.kind == Some(VaultKind::File) {
        let passphrase = Passphrase::new(PASSPHRASE.to_owned());
        rig.ask(Command::UnlockVault { passphrase, create: false }).unwrap();
    }
    rig
}

fn uses(rig: &Rig, place: &Place) -> Vec<Command> {
    let account = || rig.id("car");
    let export = Command::Export {
        accounts: Vec::new(),
        path: place.folder.path().join("out.age"),
        passphrase: Some(Passphrase::new("a long passphrase".to_owned())),
        with_tokens: true,
    };
    vec![
        Command::Token { account: account(), min_valid: None },
        Command::Refresh(account()),
        Command::SignIn { account: account(), open_browser: false },
        Command::Check(account()),
        Command::Revoke(account()),
        Command::Reveal(account()),
        Command::ReadMask(account()),
        Command::Duplicate(account()),
        Command::TakePort { account: account(), port: 8910 },
        export,
    ]
}

#[test]
fn f6_a_row_edited_by_hand_is_not_used_until_recovered() {
    for kind in [None, Some(VaultKind::File)] {
        let (ours, evil, place) = (ScriptedServer::start(), ScriptedServer::start(), place_over(kind));
        let rig = opened(&place);
        signed_in(&rig, &ours);
        drop(rig);
        edit_row(&place, &evil.url("/token"));
        let sent = ours.requests().len();

        let mut rig = opened(&place);
        for command in uses(&rig, &place) {
            let said = format!("{command:?}");
            let Err(Problem::OtherDestination(problem)) = rig.ask(command) else { panic!("{said}") };
            let moved = &problem.moved[0];
            assert_eq!(moved.destination, Destination::Token);
            assert_eq!(moved.old.as_ref().unwrap().as_str(), ours.url("/token"));
            assert_eq!((moved.new.as_str(), problem.row_differs), (&*evil.url("/token"), true), "{said}");
        }
        assert!(matches!(rig.view("car").problem, Some(Problem::OtherDestination(_))), "the account says so");
        rig.handle.send(Command::Copy { account: rig.id("car"), form: CopyForm::Curl }).unwrap();
        rig.wait_for_event("its end", |event| matches!(event, Event::Problem { .. }));
        assert_eq!((ours.requests().len(), evil.connections(), rig.board.text()), (sent, 0, None));

        let Ok(Reply::Recovered { added, .. }) = rig.ask(Command::RecoverAccounts) else { panic!() };
        assert_eq!(added, ["car"]);
        let restored = rig.wait_until("the row", |snapshot| snapshot.accounts[0].problem.is_none());
        let restored = restored.accounts[0].settings.overrides.endpoints.token.clone();
        assert_eq!(restored, Some(ours.url("/token")));
        assert_eq!(rig.token("car").unwrap().access_token.expose(), "CANARY-at-1");
        ours.script("/token", answer(2));
        rig.ask(Command::Refresh(rig.id("car"))).unwrap();
        assert_eq!(evil.connections(), 0);
    }
}

#[test]
fn f6_settings_changed_behind_keyfob_are_not_used() {
    let (ours, place) = (ScriptedServer::start(), Place::new());
    let mut rig = place.command_line();
    signed_in(&rig, &ours);
    drop(rig);
    let mut accounts = Accounts::open(&place.home()).unwrap();
    let mut row = accounts.load().unwrap().accounts.remove(0).account;
    row.settings.overrides_mut().pkce = Some(false);
    accounts.update(&row, None).unwrap();
    drop(accounts);
    rig = place.command_line();
    let Err(Problem::OtherDestination(problem)) = rig.token("car").map(drop) else { panic!("it was used") };
    assert_eq!((problem.moved.len(), problem.row_differs), (0, true));
    // The form shows the vault's values; saving it ends the disagreement.
    edit(&mut rig, "car", |draft| assert_eq!(draft.settings.overrides.pkce, None)).unwrap();
    assert_eq!(rig.token("car").unwrap().access_token.expose(), "CANARY-at-1");
}

#[test]
fn f6_a_deletion_sends_no_token_to_an_edited_row() {
    let (ours, evil, place) = (ScriptedServer::start(), ScriptedServer::start(), Place::new());
    let rig = place.command_line();
    signed_in(&rig, &ours);
    drop(rig);
    let mut accounts = Accounts::open(&place.home()).unwrap();
    let mut row = accounts.load().unwrap().accounts.remove(0).account;
    row.settings.overrides_mut().endpoints.revoke = Some(evil.url("/revoke"));
    accounts.update(&row, None).unwrap();
    drop(accounts);
    let rig = place.command_line();
    let Ok(Reply::Removed { revocation: Revocation::Failed(why), .. }) =
        rig.ask(Command::Remove(rig.id("car")))
    else {
        panic!()
    };
    assert!(matches!(*why, Problem::OtherDestination(_)), "{why:?}");
    assert_eq!((evil.connections(), place.vault.stored_names()), (0, Vec::<String>::new()));
}

#[cfg(unix)]
#[test]
fn f6_an_edited_own_preset_is_used_only_once_confirmed() {
    use std::os::unix::fs::DirBuilderExt as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let (ours, other, place) = (ScriptedServer::start(), ScriptedServer::start(), Place::new());
    let folder = place.home().presets_path();
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).unwrap();
    let write = |server: &ScriptedServer| {
        let text = format!(
            "id = \"acme\"\nname = \"Acme\"\nsummary = \"S\"\ngrants = [\"client_credentials\"]\n\
             [endpoints]\ntoken = \"{}\"\n",
            server.url("/token")
        );
        let mut options = std::fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(folder.join("acme.toml"))
            .unwrap();
        std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
    };
    write(&ours);
    let rig = place.command_line();
    let bot =
        "[[account]]\nname = \"bot\"\nprovider = \"acme\"\nclient_id = \"i\"\nclient_secret = \"CANARY-s\"\n";
    rig.import(bot).unwrap();
    ours.script("/token", answer(1));
    rig.token("bot").unwrap();
    drop(rig);
    write(&other);
    let mut rig = place.command_line();
    let Err(Problem::OtherDestination(problem)) = rig.token("bot").map(drop) else { panic!("it was used") };
    assert_eq!((problem.moved[0].new.as_str(), problem.row_differs), (&*other.url("/token"), false));
    rig.ask(Command::Refresh(rig.id("bot"))).unwrap_err();
    assert_eq!(other.connections(), 0);
    edit(&mut rig, "bot", |_| {}).unwrap();
    other.script("/token", answer(2));
    assert_eq!(rig.token("bot").unwrap().access_token.expose(), "CANARY-at-2");
    assert_eq!(ours.requests().len(), 1, "the first server's token went with the edit");
}

#[test]
fn f7_a_job_that_began_before_a_replacement_sends_nothing() {
    let (one, two, place) = (ScriptedServer::start(), ScriptedServer::start(), Place::new());
    // Neither reads the other's changes.
    let (old, new) = (place.command_line(), place.command_line());
    signed_in(&old, &one);
    let new_rig = place.command_line();
    drop(new);
    replace(&new_rig, &account("car", &two, "client_secret = \"CANARY-other\""), false).unwrap();
    two.script("/token", answer(7));
    new_rig.sign_in("car", "a-code").unwrap();
    let (sent_one, sent_two) = (one.requests().len(), two.requests().len());
    for command in [
        Command::Refresh(old.id("car")),
        Command::Check(old.id("car")),
        Command::Revoke(old.id("car")),
        Command::Token { account: old.id("car"), min_valid: None },
    ] {
        let said = format!("{command:?}");
        assert_eq!(old.ask(command).map(drop), Err(Problem::Outdated), "{said}");
    }
    assert_eq!((one.requests().len(), two.requests().len()), (sent_one, sent_two));
    assert_eq!(new_rig.token("car").unwrap().access_token.expose(), "CANARY-at-7");
}

#[test]
fn f7_an_open_sign_ins_code_goes_to_no_other_server() {
    let (one, two, place) = (ScriptedServer::start(), ScriptedServer::start(), Place::new());
    let rig = place.window();
    rig.import(&account("car", &one, SECRET)).unwrap();
    let (address, mut answers) = rig.start_sign_in("car").unwrap();
    // Another process replaces the account, and the window reads that.
    let other = account("car", &two, "client_secret = \"CANARY-other\"");
    replace(&place.command_line(), &other, false).unwrap();
    wait_for_host(&rig, &two);
    come_back(&address, &[("code", "CANARY-code")]);
    assert_eq!(answers.wait().map(drop), Err(Problem::Outdated));
    assert_eq!((one.connections(), two.connections()), (0, 0));
    // A sign-in of a replaced account is cancelled.
    let (address, mut answers) = rig.start_sign_in("car").unwrap();
    replace(&rig, &account("car", &one, SECRET), false).unwrap();
    assert!(answers.wait().is_err());
    let back = return_address(&address, &[("code", "CANARY-code")]);
    assert!(rig.paste("car", back.as_str()).is_err());
    assert_eq!((one.connections(), two.connections()), (0, 0));
}

/// Waits until the list shows that its first account is at this server.
fn wait_for_host(rig: &Rig, server: &ScriptedServer) {
    let token = Some(server.url("/token"));
    rig.wait_until("the other server", |it| it.accounts[0].settings.overrides.endpoints.token == token);
}

#[test]
fn f7_a_device_code_goes_to_no_other_server() {
    let (one, two, place) = (ScriptedServer::start(), ScriptedServer::start(), Place::new());
    let rig = place.window();
    let tv = |server: &ScriptedServer, secret: &str| {
        AccountToml::new("tv", "device_code").secret(secret).on(server, &["device", "token"]).to_string()
    };
    rig.import(&tv(&one, "CANARY-1")).unwrap();
    let given = r#"{"device_code":"CANARY-device","user_code":"A","verification_uri":"https://a.example/d",
        "expires_in":600,"interval":5}"#;
    one.script("/device", Response::json(200, given));
    let command = Command::SignIn { account: rig.id("tv"), open_browser: false };
    let mut answers = rig.handle.ask(command).unwrap();
    assert!(matches!(answers.wait(), Ok(Reply::CodeGiven(_))));
    replace(&place.command_line(), &tv(&two, "CANARY-2"), false).unwrap();
    wait_for_host(&rig, &two);
    rig.advance(6);
    assert_eq!(answers.wait().map(drop), Err(Problem::Outdated));
    assert_eq!((one.requests_to("/token").len(), two.connections()), (0, 0));
}

#[test]
fn f7_tokens_go_with_every_destination_that_changes_or_ends() {
    let (ours, place) = (ScriptedServer::start(), Place::new());
    let mut rig = place.command_line();
    rig.import(&account("car", &ours, SECRET)).unwrap();
    let mut number = 0;
    for url in [Some("https://b.example/x".to_owned()), Some("https://c.example/x".to_owned()), None] {
        for key in ["device", "par", "revoke", "introspect", "userinfo", "jwks", "issuer", "api"] {
            number += 1;
            ours.script("/token", answer(number));
            rig.sign_in("car", "a-code").unwrap();
            let tokens = format!("tokens/{}", rig.id("car"));
            assert!(place.vault.stored(&tokens).is_some());
            edit(&mut rig, "car", |draft| {
                let over = draft.settings.overrides_mut();
                let endpoints = &mut over.endpoints;
                *match key {
                    "device" => &mut endpoints.device,
                    "par" => &mut endpoints.par,
                    "revoke" => &mut endpoints.revoke,
                    "introspect" => &mut endpoints.introspect,
                    "userinfo" => &mut endpoints.userinfo,
                    "jwks" => &mut endpoints.jwks,
                    "issuer" => &mut over.issuer,
                    _ => &mut over.api.base_url,
                } = url.clone();
            })
            .unwrap();
            assert!(place.vault.stored(&tokens).is_none(), "{key} to {url:?}");
            assert!(rig.view("car").token.is_none());
        }
    }
    // A change that sends nothing elsewhere costs no token.
    ours.script("/token", answer(99));
    rig.sign_in("car", "a-code").unwrap();
    edit(&mut rig, "car", |draft| draft.settings.overrides_mut().scopes = Some(vec!["a".to_owned()]))
        .unwrap();
    assert_eq!(rig.token("car").unwrap().access_token.expose(), "CANARY-at-99");
}

#[test]
fn i2_a_replacing_import_that_moves_secrets_is_refused() {
    let (ours, place) = (ScriptedServer::start(), Place::new());
    let rig = place.command_line();
    signed_in(&rig, &ours);
    let client = format!("client/{}", rig.id("car"));
    let before = || place.vault.stored(&client).unwrap().expose().to_owned();
    let (stored, names) = (before(), place.vault.stored_names());
    let plain = account("car", &ours, WITHOUT);
    let evil = "https://evil.example/x";
    let moved: [(Destination, String); 10] = [
        (Destination::Token, plain.replace(&ours.url("/token"), evil)),
        (Destination::Authorize, plain.replace(&ours.url("/authorize"), evil)),
        (Destination::Revoke, plain.replace(&ours.url("/revoke"), evil)),
        (Destination::Userinfo, plain.replace(&ours.url("/me"), evil)),
        (Destination::Device, format!("{plain}device = \"{evil}\"\n")),
        (Destination::Par, format!("{plain}par = \"{evil}\"\n")),
        (Destination::Introspect, format!("{plain}introspect = \"{evil}\"\n")),
        (Destination::Jwks, format!("{plain}jwks = \"{evil}\"\n")),
        (Destination::Issuer, plain.replace(WITHOUT, &format!("{WITHOUT}\nissuer = \"{evil}\""))),
        (Destination::ApiBaseUrl, format!("{plain}[account.api]\nbase_url = \"{evil}\"\n")),
    ];
    for (destination, text) in &moved {
        // Nothing of the file is saved, including the account before it.
        let file = format!("{}{text}", account("new", &ours, SECRET));
        let Err(Problem::SecretsWouldMove(problem)) = replace(&rig, &file, false) else {
            panic!("{destination:?}")
        };
        assert_eq!(problem.account.as_str(), "car");
        assert_eq!((problem.moved.len(), problem.moved[0].destination), (1, *destination));
        assert_eq!(problem.moved[0].new.as_str(), evil);
        assert_eq!(
            (before(), place.vault.stored_names()),
            (stored.clone(), names.clone()),
            "{destination:?}"
        );
    }
    assert_eq!(rig.token("car").unwrap().access_token.expose(), "CANARY-at-1", "the token stays, too");
    // Unchanged destinations, and a removed one, move no secret.
    replace(&rig, &plain, false).unwrap();
    rig.token("car").unwrap();
    let fewer = plain.replace(&format!("revoke = \"{}\"\n", ours.url("/revoke")), "");
    replace(&rig, &fewer, false).unwrap();
    // With consent the secret moves, and the tokens don't.
    replace(&rig, &moved[0].1, true).unwrap();
    let stored = before();
    assert!(stored.contains("CANARY-secret") && stored.contains(evil), "{stored}");
    assert_eq!(place.vault.stored_names().len(), 1);
}

#[test]
fn i2_secrets_in_the_file_go_where_the_file_says() {
    let (one, two, place) = (ScriptedServer::start(), ScriptedServer::start(), Place::new());
    let rig = place.command_line();
    let headers = "client_secret = \"CANARY-1\"\nheaders = { X-Key = \"CANARY-2\" }";
    rig.import(&account("car", &one, headers)).unwrap();
    // A file with all secrets moves nothing.
    let whole = account("car", &two, "client_secret = \"CANARY-3\"");
    replace(&rig, &whole, false).unwrap();
    let headers = headers.replace("CANARY", "CANARY-new");
    replace(&rig, &account("car", &one, &headers), false).unwrap();
    // A file with some of them keeps the others.
    let some = account("car", &two, &format!("{WITHOUT}\nclient_secret = \"CANARY-4\""));
    assert!(matches!(replace(&rig, &some, false), Err(Problem::SecretsWouldMove(_))));
    let all = format!("{WITHOUT}\n{}", headers.replace("CANARY-new", "CANARY-5"));
    replace(&rig, &account("car", &two, &all), false).unwrap();
}

#[test]
fn i2_a_variable_moves_secrets_and_a_new_account_is_free() {
    let place = Place::new();
    let rig = place.command_line();
    let gitlab = |more: &str| {
        format!("[[account]]\nname = \"lab\"\nprovider = \"gitlab\"\nclient_id = \"i\"\n{more}\n")
    };
    rig.import(&gitlab("client_secret = \"CANARY-1\"")).unwrap();
    let moved = gitlab(&format!("{WITHOUT}\nvariables = {{ host = \"evil.example\" }}"));
    let Err(Problem::SecretsWouldMove(problem)) = replace(&rig, &moved, false) else { panic!("it moved") };
    let token = problem.moved.iter().find(|moved| moved.destination == Destination::Token).unwrap();
    assert_eq!(token.old.as_ref().unwrap().as_str(), "https://gitlab.com/oauth/token");
    assert_eq!(token.new.as_str(), "https://evil.example/oauth/token");
    rig.import(&moved.replace("\"lab\"", "\"another\"")).unwrap();
}

#[test]
fn i4_accounts_that_share_a_lock_are_replaced_together() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = place.command_line();
    let file = |secret: &str, count: usize| {
        (0..count).map(|number| account(&format!("a{number}"), &server, secret)).collect::<String>()
    };
    // Of 80 accounts some share one of the 256 lock files, but for one run in 200,000.
    rig.import(&file(SECRET, 80)).unwrap();
    // 10 new ones beside them.
    replace(&rig, &file("client_secret = \"CANARY-other\"", 90), false).unwrap();
}

#[test]
fn i4_what_was_replaced_comes_back_where_a_later_one_fails() {
    let (one, two, place) = (ScriptedServer::start(), ScriptedServer::start(), Place::new());
    let rig = place.command_line();
    signed_in(&rig, &one);
    rig.import(&account("second", &one, SECRET)).unwrap();
    one.script("/token", answer(2));
    rig.sign_in("second", "a-code").unwrap();
    let records = || {
        let stored = |name: String| (name.clone(), place.vault.stored(&name).unwrap().expose().to_owned());
        place.vault.stored_names().into_iter().map(stored).collect::<Vec<_>>()
    };
    let rows = || {
        let rows = Accounts::open(&place.home()).unwrap().load().unwrap().accounts;
        let mut rows: Vec<_> =
            rows.into_iter().map(|row| (row.account.name, row.account.settings, row.facts)).collect();
        rows.sort_by(|a, b| a.0.key().cmp(b.0.key()));
        rows
    };
    let before = (records(), rows());
    let other = "client_secret = \"CANARY-other\"";
    let file = ["new", "car", "third", "second"].map(|name| account(name, &two, other)).concat();
    // The first write fails, the second, and so on, until none does.
    let mut failed = 0;
    for writes in 0.. {
        let rig = place.command_line();
        place.vault.fail_write_after(writes, &VaultError::Locked);
        let done = replace(&rig, &file, false);
        if done.is_ok() {
            break;
        }
        failed += 1;
        assert_eq!((records(), rows()), before, "after {writes} writes");
        // The list is read again, with the accounts unchanged.
        let url = Some(one.url("/token"));
        let is_back = |it: &Arc<AccountView>| it.settings.overrides.endpoints.token == url;
        rig.wait_until("the list", |it| it.accounts.len() == 2 && it.accounts.iter().all(is_back));
        for (name, token) in [("car", "CANARY-at-1"), ("second", "CANARY-at-2")] {
            assert_eq!(rig.token(name).unwrap().access_token.expose(), token);
        }
    }
    assert!(failed >= 6, "{failed}");
    assert_eq!((records().len(), two.connections()), (4, 0));
}

#[test]
fn f7_a_change_that_a_dead_vault_cuts_short_sends_nothing_wrong() {
    let mut cuts = 0;
    for writes in 0.. {
        let (one, two, place) = (ScriptedServer::start(), ScriptedServer::start(), Place::new());
        let rig = place.command_line();
        signed_in(&rig, &one);
        place.vault.fuse_writes(Some((writes, VaultError::Locked)));
        let done = replace(&rig, &account("car", &two, "client_secret = \"CANARY-other\""), false);
        place.vault.fuse_writes(None);
        drop(rig);
        for server in [&one, &two] {
            server.always("/token", answer(9));
        }
        let rig = place.command_line();
        let _ = rig.token("car");
        let _ = rig.ask(Command::Refresh(rig.id("car")));
        let has = |server: &ScriptedServer, canary: &str| {
            server.requests().iter().any(|request| request.whole().contains(canary))
        };
        assert!(!has(&two, "CANARY-secret") && !has(&two, "CANARY-rt-1"), "after {writes} writes");
        assert!(!has(&one, "CANARY-other"), "after {writes} writes");
        if done.is_ok() {
            break;
        }
        cuts += 1;
    }
    assert!(cuts >= 2);
}
