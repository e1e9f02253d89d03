//! The team vault in the window: its part of the settings, and its accounts in the list.

use chrono::TimeDelta;
use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::domain::refusal::transport::{Unreachable, UnreachableKind};
use keyfob::domain::team::{AuthMethod, Change, Connection, Role as Member, TeamError};
use keyfob::messages::command::{Command, TeamCredentials};
use keyfob::messages::event::Event;
use keyfob::messages::problem::{Problem, VaultProblem};
use keyfob::messages::snapshot::{TeamView, VaultKind};
use keyfob::ui::FileAnswer;

use super::fixtures::{account, now, snapshot};
use super::harness::Rig;

fn team() -> TeamView {
    TeamView {
        connection: Connection {
            address: "https://vault.example:8200".parse().unwrap(),
            mount: "secret".to_owned(),
            prefix: "keyfob".to_owned(),
            namespace: None,
            ca: None,
            auth: AuthMethod::Oidc,
            machine: "ana-laptop".to_owned(),
        },
        reachable: true,
        sealed: Some(false),
        role: Some(Member::Renew),
        token_expires_at: Some(now() + TimeDelta::hours(5)),
        problem: None,
    }
}

fn rig() -> Rig {
    let own = account(1, "own", "Smartcar", GrantType::AuthorizationCode);
    let mut shared = account(2, "shared", "Smartcar", GrantType::AuthorizationCode);
    shared.vault = VaultKind::Team;
    shared.change = Some(Change { by: "ben".to_owned(), at: now() - TimeDelta::minutes(2) });
    let mut seen = snapshot(vec![own, shared]);
    seen.team_kept_in = Some(VaultKind::Keychain);
    seen.team = Some(team());
    Rig::new(seen)
}

#[test]
fn the_settings_show_the_team_vault_and_the_end_of_its_token() {
    let mut rig = rig();
    rig.open_settings("Secrets");
    let tree = rig.tree();
    assert!(tree.contains("https://vault.example:8200 as ana-laptop with the role renew."), "{tree}");
    assert!(tree.contains("It responds.") && tree.contains("Its token expires in 5 h"), "{tree}");
    rig.change(|snapshot| {
        let team = snapshot.team.as_mut().unwrap();
        team.problem = Some(TeamError::Sealed);
        team.token_expires_at = Some(now());
    });
    let tree = rig.tree();
    assert!(tree.contains("The team vault is sealed") && tree.contains("Its token has expired."), "{tree}");
    rig.press("Disconnect");
    assert!(matches!(rig.command(), Command::DisconnectTeam));
}

#[test]
fn a_team_vault_is_connected_in_the_settings() {
    let mut rig = Rig::new(snapshot(Vec::new()));
    rig.open_settings("Secrets");
    rig.press("Connect to a team vault");
    assert!(!rig.can_press("Connect"));
    rig.fill("Address", "http://vault.example:8200");
    rig.fill("Name of this computer", "ana-laptop");
    rig.choose("Sign in with", "Token");
    rig.fill("Token of the team vault", "CANARY-token");
    rig.press("Connect");
    assert!(rig.commands().is_empty() && rig.tree().contains("must begin with https://"), "{}", rig.tree());
    rig.refill("Address", "https://vault.example:8200");
    rig.press("Connect");
    let Command::ConnectTeam(sign_in) = rig.command() else { panic!("no connection") };
    assert_eq!(sign_in.connection.machine, "ana-laptop");
    let TeamCredentials::Token(token) = &sign_in.credentials else { panic!("no token") };
    assert_eq!(token.expose(), "CANARY-token");
    let refused = Problem::Vault(VaultProblem::Team(TeamError::SignInRefused));
    rig.tell(Event::Problem { account: None, problem: refused });
    assert!(rig.tree().contains("refused the sign-in") && !rig.tree().contains("CANARY"), "{}", rig.tree());
}

/// A dialog with an address, a machine's name and this sign-in.
fn dialog(sign_in: &str) -> Rig {
    let mut rig = Rig::new(snapshot(Vec::new()));
    rig.open_settings("Secrets");
    rig.press("Connect to a team vault");
    rig.fill("Address", "https://vault.example:8200");
    rig.choose("Sign in with", sign_in);
    rig.fill("Name of this computer", "ana-laptop");
    rig
}

fn refuse(rig: &mut Rig, error: TeamError) {
    rig.tell(Event::Problem { account: None, problem: Problem::Vault(VaultProblem::Team(error)) });
}

#[test]
fn an_approle_with_a_namespace_and_a_certificate_connects() {
    let mut rig = dialog("AppRole");
    assert!(!rig.can_press("Connect"), "the files are missing");
    rig.fill("File with the role ID", "/run/role-id");
    rig.press("Browse… (File with the secret ID)");
    assert_eq!(rig.file_question().unwrap().title, "File with the secret ID");
    rig.answer(FileAnswer::Chosen("/run/secret-id".into()));
    rig.fill("Namespace", "team/a");
    rig.fill("Certificate of the vault's authority", "ca.pem");
    rig.press("Connect");
    assert!(rig.commands().is_empty() && rig.tree().contains("Enter the full path"), "{}", rig.tree());
    rig.refill("Certificate of the vault's authority", "/etc/ca.pem");
    rig.press("Connect");
    let Command::ConnectTeam(sign_in) = rig.command() else { panic!("no connection") };
    let Connection { namespace, ca, auth, .. } = sign_in.connection;
    assert_eq!((namespace.as_deref(), auth), (Some("team/a"), AuthMethod::Approle));
    assert_eq!(ca.unwrap().to_str(), Some("/etc/ca.pem"));
    let TeamCredentials::AppRole { role_id_file, secret_id_file } = sign_in.credentials else {
        panic!("other credentials")
    };
    assert_eq!(
        (role_id_file.to_str(), secret_id_file.to_str()),
        (Some("/run/role-id"), Some("/run/secret-id"))
    );
}

#[test]
fn a_refusal_is_shown_beside_its_field_which_has_the_focus() {
    let unreachable = |kind| {
        TeamError::Unreachable(Unreachable {
            host: "vault.example".to_owned(),
            kind,
            may_have_been_sent: false,
        })
    };
    for (error, field) in [
        (TeamError::SignInRefused, "File with the secret ID"),
        (TeamError::CredentialsFile("/run/role-id".to_owned()), "File with the role ID"),
        (TeamError::WrongMount("secret".to_owned()), "Mount"),
        (TeamError::KvVersion1("secret".to_owned()), "Mount"),
        (unreachable(UnreachableKind::Certificate), "Certificate of the vault's authority"),
        (unreachable(UnreachableKind::BadRootCertificate), "Certificate of the vault's authority"),
        (unreachable(UnreachableKind::Connect), "Address"),
    ] {
        let mut rig = dialog("AppRole");
        rig.fill("File with the role ID", "/run/role-id");
        rig.fill("File with the secret ID", "/run/secret-id");
        rig.press("Connect");
        refuse(&mut rig, error.clone());
        let node = rig.field(field);
        assert!(node.is_focused(), "{error:?}: {}", rig.tree());
        let said = node.accesskit_node().description();
        assert!(said.is_some_and(|said| !said.is_empty()), "{error:?}: {}", rig.tree());
    }
}

#[test]
fn signing_in_again_begins_with_the_connection_as_it_is() {
    let mut rig = rig();
    rig.change(|snapshot| {
        let connection = &mut snapshot.team.as_mut().unwrap().connection;
        (connection.namespace, connection.ca) = (Some("team".to_owned()), Some("/etc/ca.pem".into()));
    });
    rig.open_settings("Secrets");
    rig.press("Sign in to the team vault");
    rig.press("Connect");
    let sign_in = rig.commands().into_iter().find_map(|command| match command {
        Command::ConnectTeam(sign_in) => Some(sign_in),
        _ => None,
    });
    let Connection { namespace, ca, machine, .. } = sign_in.expect("a connection").connection;
    assert_eq!((namespace.as_deref(), machine.as_str()), (Some("team"), "ana-laptop"));
    assert_eq!(ca.unwrap().to_str(), Some("/etc/ca.pem"));
}

#[test]
fn an_export_leaves_the_teams_accounts_out_unless_they_are_chosen() {
    for (chosen, count) in [(false, 1), (true, 2)] {
        let mut rig = rig();
        rig.open_settings("All accounts");
        rig.press("Export");
        if chosen {
            rig.tick("All 2 accounts");
        }
        rig.choose("What goes into the file", "Settings without secrets, as plain text");
        rig.commands();
        rig.0.get_all_by_role_and_label(Role::Button, "Export").last().unwrap().click_accesskit();
        rig.0.run();
        let exported = rig.commands().into_iter().find_map(|command| match command {
            Command::Export { accounts, .. } => Some(accounts.len()),
            _ => None,
        });
        assert_eq!(exported, Some(count), "{}", rig.tree());
    }
}

#[test]
fn a_team_account_says_who_changed_it_and_when() {
    let mut rig = rig();
    rig.press("shared");
    assert!(rig.tree().contains("Team vault · changed by ben at"), "{}", rig.tree());
}

#[test]
fn an_account_moves_by_its_menu() {
    for (name, item, to) in [
        ("own", "Move to team vault", VaultKind::Team),
        ("shared", "Move to your own vault", VaultKind::Keychain),
    ] {
        let mut rig = rig();
        rig.0.get_by_role_and_label(Role::Button, name).click_secondary();
        rig.0.run();
        rig.press(item);
        let moved = rig.commands().into_iter().find_map(|command| match command {
            Command::MoveAccounts { accounts, to } => Some((accounts.len(), to)),
            _ => None,
        });
        assert_eq!(moved, Some((1, to)), "{name}");
    }
}
