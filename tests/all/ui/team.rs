//! The team vault in the window: its part of the settings, and its accounts in the list.

use chrono::TimeDelta;
use egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::domain::team::{AuthMethod, Change, Connection, Role as Member, TeamError};
use keyfob::messages::command::{Command, TeamCredentials};
use keyfob::messages::event::Event;
use keyfob::messages::problem::{Problem, VaultProblem};
use keyfob::messages::snapshot::{TeamView, VaultKind};

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
    assert!(tree.contains("https://vault.example:8200/ as ana-laptop with the role renew."), "{tree}");
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
