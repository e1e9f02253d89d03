//! Kills the program at every step of a renewal and of a move.

use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use super::bao::{Bao, ROOT};
use super::rotation::{CAR, Rotation};
use super::{connect, machine, member, sign_in};
use crate::cli::place::{Place, holds};
use crate::support::desktop::Bus;

/// Runs a command and kills it at a step; the step's name, or `None` if it ended earlier.
fn killed(place: &Place<'_>, words: &[&str], step: usize) -> Option<String> {
    let mut command = place.command(words);
    let output = command.env("KEYFOB_KILL_AT", step.to_string()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.signal().is_none() {
        assert!(output.status.success(), "{said}");
        return None;
    }
    said.lines().find_map(|line| line.strip_prefix("killed at ")).map(str::to_owned)
}

#[test]
fn m7_a_kill_at_any_step_of_a_renewal_loses_no_account() {
    let (bus, server) = (Bus::start(), Rotation::start());
    let bao = Bao::dev(&bus);
    let (ana, ben) = (member(&bus, &bao, ROOT, "ana"), member(&bus, &bao, ROOT, "ben"));
    ana.run_with(&["import", "-"], &server.account()).ok();
    sign_in(&ana, CAR);
    let mut steps = Vec::new();
    for step in 1.. {
        let Some(at) = killed(&ana, &["refresh", CAR], step) else { break };
        // Another machine, first: it has a valid token in any case, and spends no refresh token twice.
        ben.run(&["token", CAR]).ok();
        let next = ana.run(&["refresh", CAR]);
        if next.code == 3 {
            // Between the note that it is being sent and the answer in the journal, the answer is lost.
            let seen = |step: &str| steps.iter().any(|at: &String| at == step);
            assert!(seen("team: claimed") && !seen("team: answer in the journal"), "{at}: {next:?}");
            assert!(next.err.contains("sign in"), "{at}: {next:?}");
            sign_in(&ana, CAR);
        } else {
            assert_eq!(next.code, 0, "{at}: {next:?}");
        }
        assert!(!server.is_revoked(), "{at}: the family was revoked");
        ben.run(&["refresh", CAR]).ok();
        assert!(!holds(&ana.home, &server.canary), "{at}");
        steps.push(at);
    }
    for step in [
        "team: journal begun",
        "team: claimed",
        "team: answer in the journal",
        "team: grant written",
        "team: token stored",
    ] {
        assert!(steps.iter().any(|at| at == step), "{step} is not among {steps:?}");
    }
}

#[test]
fn m7_within_the_grace_a_killed_renewal_is_finished_by_its_machine() {
    let (bus, server) = (Bus::start(), Rotation::with_grace(Duration::from_mins(5)));
    let bao = Bao::dev(&bus);
    let ana = member(&bus, &bao, ROOT, "ana");
    ana.run_with(&["import", "-"], &server.account()).ok();
    sign_in(&ana, CAR);
    for step in 1.. {
        let Some(at) = killed(&ana, &["refresh", CAR], step) else { break };
        let next = ana.run(&["refresh", CAR]);
        assert_eq!(next.code, 0, "{at}: {next:?}");
        assert!(!server.is_revoked(), "{at}");
    }
}

#[test]
fn m8_a_kill_at_any_step_of_a_move_loses_no_account() {
    let (bus, server) = (Bus::start(), Rotation::start());
    let bao = Bao::dev(&bus);
    let ana = machine(&bus, "ana");
    connect(&ana, &bao.address, ROOT, "ana").ok();
    ana.run_with(&["import", "-"], &server.account()).ok();
    sign_in(&ana, CAR);
    for to in ["team", "file"] {
        let back = if to == "team" { "file" } else { "team" };
        for step in 1.. {
            let Some(at) = killed(&ana, &["move", CAR, "--to", to], step) else { break };
            let listed = ana.run(&["list", "--json"]).json();
            assert_eq!(listed.as_array().unwrap().len(), 1, "{to}, {at}: {listed}");
            let again = ana.run(&["move", CAR, "--to", to]);
            assert_eq!(again.code, 0, "{to}, {at}: {again:?}");
            assert_eq!(ana.run(&["list", "--json"]).json()[0]["vault"], to, "{at}");
            let refreshed = ana.run(&["refresh", CAR]);
            assert_eq!(refreshed.code, 0, "{to}, {at}: {refreshed:?}");
            assert!(!server.is_revoked(), "{to}, {at}");
            ana.run(&["move", CAR, "--to", back]).ok();
        }
        assert_eq!(ana.run(&["list", "--json"]).json()[0]["vault"], to);
    }
}
