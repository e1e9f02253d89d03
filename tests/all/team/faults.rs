//! A team vault that can't be used: each case has its message, and nothing is lost.

use std::time::Duration;

use serde_json::json;

use super::bao::{Bao, Fault, Proxy, ROOT};
use super::rotation::{CAR, Rotation};
use super::{connect, machine, member, member_at, sign_in};
use crate::cli::place::Place;
use crate::support::certificates::Authority;
use crate::support::desktop::Bus;
use crate::support::server::ScriptedServer;

fn port_of(bao: &Bao<'_>) -> u16 {
    bao.address.rsplit(':').next().unwrap().parse().unwrap()
}

#[test]
fn m4_each_state_of_the_vault_has_its_message() {
    let (bus, server) = (Bus::start(), Rotation::start());
    let bao = Bao::dev(&bus);
    let ana = member(&bus, &bao, ROOT, "ana");
    ana.run_with(&["import", "-"], &server.account()).ok();
    let place = machine(&bus, "ben");
    let refused = |token: &str, more: &[&str], words: &[&str]| {
        let file = place.file("a-token", token);
        let connect = ["team", "connect", &bao.address, "--auth", "token", "--token-file", &file];
        let said = place.run(&connect.iter().chain(more).copied().collect::<Vec<_>>()).failed(4);
        for word in words {
            assert!(said.contains(word), "{word}: {said}");
        }
        assert!(!said.contains("CANARY"), "{said}");
    };
    refused(ROOT, &["--mount", "nowhere"], &["mount", "nowhere"]);
    bao.run(&["secrets", "enable", "-path=old", "-version=1", "kv"]);
    refused(ROOT, &["--mount", "old"], &["old", "version 1"]);
    let nobody = bao.run(&["token", "create", "-policy=default", "-field=token"]);
    refused(nobody.trim(), &[], &["permission"]);
    refused("CANARY-wrong", &[], &["refused"]);

    let brief = bao.run(&["token", "create", "-ttl=2s", "-field=token"]);
    connect(&place, &bao.address, brief.trim(), "ben").ok();
    std::thread::sleep(Duration::from_millis(2500));
    let said = place.run(&["--vault", "team", "list"]).failed(4);
    assert!(said.contains("expired"), "{said}");
    bao.run(&["operator", "seal"]);
    assert!(ana.run(&["list"]).failed(4).contains("sealed"));
    let status = ana.run(&["team", "status", "--json"]).json();
    assert_eq!((&status["reachable"], &status["sealed"]), (&json!(true), &json!(true)));
}

#[test]
fn m4_an_untrusted_certificate_and_an_absent_server_are_told_apart() {
    let bus = Bus::start();
    let server = ScriptedServer::start_tls(Authority::new().server("localhost", 2090));
    let place = machine(&bus, "ana");
    let said = connect(&place, &format!("https://localhost:{}", server.port()), "CANARY-x", "ana").failed(4);
    assert!(said.contains("certificate") && said.contains("--ca"), "{said}");
    let absent = super::bao::free_port();
    let said = connect(&place, &format!("http://127.0.0.1:{absent}"), "CANARY-x", "ana").failed(4);
    assert!(said.contains("unreachable"), "{said}");
}

#[test]
fn m5_a_lost_answer_to_a_write_is_settled_by_reading() {
    let (bus, server) = (Bus::start(), Rotation::start());
    let bao = Bao::dev(&bus);
    let proxy = Proxy::to(vec![port_of(&bao)]);
    let ana = member_at(&bus, &proxy.address(), ROOT, "ana");
    ana.run_with(&["import", "-"], &server.account()).ok();
    sign_in(&ana, CAR);
    // Every first answer to a write is lost; the server has carried it out.
    for (round, word) in
        ["\"claim\":{", "\"refresh_token\":\"rt-", "\"access_token\":\"at-"].into_iter().enumerate()
    {
        let before = proxy.cuts.load(std::sync::atomic::Ordering::SeqCst);
        proxy.set(Fault::CutAfter(word));
        ana.run(&["refresh", CAR]).ok();
        proxy.set(Fault::None);
        assert!(proxy.cuts.load(std::sync::atomic::Ordering::SeqCst) > before, "{word} was cut");
        assert_eq!(server.refreshes(), round + 1, "{word}");
        assert!(!server.is_revoked(), "{word}");
    }
    assert!(ana.run(&["token", CAR]).ok().starts_with("at-4-"));
}

#[test]
fn m5_a_slow_vault_loses_nothing() {
    let (bus, server) = (Bus::start(), Rotation::start());
    let bao = Bao::dev(&bus);
    let proxy = Proxy::to(vec![port_of(&bao)]);
    let ana = member_at(&bus, &proxy.address(), ROOT, "ana");
    ana.run_with(&["import", "-"], &server.account()).ok();
    sign_in(&ana, CAR);
    proxy.set(Fault::Latency(Duration::from_secs(5)));
    ana.run(&["refresh", CAR]).ok();
    proxy.set(Fault::Refuse);
    let said = ana.run(&["refresh", CAR]).failed(4);
    assert!(said.contains("unreachable"), "{said}");
    proxy.set(Fault::None);
    ana.run(&["refresh", CAR]).ok();
    assert!(!server.is_revoked());
    assert_eq!(server.refreshes(), 2, "nothing was renewed while the vault was away");
}

/// A member whose account another machine has claimed at this time by its own clock.
fn claimed_by_otto<'bus>(bus: &'bus Bus, server: &Rotation, bao: &Bao<'_>, at: &str) -> Place<'bus> {
    let ana = member(bus, bao, ROOT, "ana");
    ana.run_with(&["import", "-"], &server.account()).ok();
    sign_in(&ana, CAR);
    let path = format!("secret/keyfob/accounts/{}/grant", bao.id_of(CAR));
    let mut grant = bao.record(&path);
    grant["claim"] = json!({ "by": "otto", "nonce": "another", "at": at });
    bao.put(&path, &grant);
    ana
}

#[test]
fn m6_a_claim_is_waited_for_named_and_never_sent_again_after_its_grace() {
    let (bus, server) = (Bus::start(), Rotation::start());
    let bao = Bao::dev(&bus);
    // A clock that is off decides nothing: the server's does.
    let ana = claimed_by_otto(&bus, &server, &bao, "2020-01-01T00:00:00Z");
    let run = |words: &[&str]| {
        let output = ana.command(words).env("KEYFOB_PATIENCE_MS", "3000").output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    };
    let (code, _, said) = run(&["refresh", CAR]);
    assert!(code == 1 && said.contains("otto"), "{code} {said}");
    let (code, token, said) = run(&["token", CAR, "--min-valid", "2h"]);
    assert!(code == 0 && token.starts_with("at-1-") && said.contains("otto"), "{code} {said}");
    std::thread::sleep(Duration::from_secs(3));
    let (code, _, said) = run(&["refresh", CAR]);
    assert!(code == 3 && said.contains("otto") && said.contains("sign in"), "{code} {said}");
    assert_eq!(server.refreshes(), 0);
    sign_in(&ana, CAR);
    ana.run(&["refresh", CAR]).ok();
    assert!(!server.is_revoked());
}

#[test]
fn m6_a_claim_is_taken_over_within_the_providers_grace() {
    let (bus, server) = (Bus::start(), Rotation::with_grace(Duration::from_mins(2)));
    let bao = Bao::dev(&bus);
    let ana = claimed_by_otto(&bus, &server, &bao, "2036-01-01T00:00:00Z");
    std::thread::sleep(Duration::from_millis(4100));
    let output = ana.command(&["refresh", CAR]).env("KEYFOB_PATIENCE_MS", "1500").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!((server.refreshes(), server.is_revoked()), (1, false));
}
