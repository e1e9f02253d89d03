//! Ten processes as ten machines, three nodes with Raft, and kills of everything.
//!
//! `just team` makes it a thousand renewals.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::bao::{Cluster, Proxy};
use super::rotation::{CAR, Rotation};
use super::{member_at, sign_in};
use crate::cli::place::Place;
use crate::support::desktop::{Bus, wait_until};

const MACHINES: usize = 10;
/// How often the leader is killed.
const LEADER_LIVES: Duration = Duration::from_secs(20);

/// How a command ended.
#[derive(Debug, Default)]
struct Ends {
    tokens: AtomicUsize,
    named: AtomicUsize,
    killed: AtomicUsize,
    away: AtomicUsize,
}

fn run_one(place: &Place<'_>, number: usize, round: usize, ends: &Ends) {
    let words: &[&str] =
        if round.is_multiple_of(3) { &["token", CAR, "--min-valid", "2h"] } else { &["refresh", CAR] };
    let mut child = place.command(words).spawn().unwrap();
    // One in seven is killed at some moment.
    let mut seed = [0; 2];
    getrandom::fill(&mut seed).unwrap();
    if seed[0].is_multiple_of(7) {
        thread::sleep(Duration::from_millis(u64::from(seed[1]) * 4));
        let _ = child.kill();
    }
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let end = match output.status.code() {
        None => &ends.killed,
        Some(0) => &ends.tokens,
        Some(1 | 3) if said.contains("machine-") => &ends.named,
        // While the cluster elects a leader.
        Some(4) if said.contains("unreachable") || said.contains("HTTP 5") || said.contains("HTTP 307") => {
            &ends.away
        }
        code => panic!("machine {number}, round {round}: {code:?} {said}"),
    };
    end.fetch_add(1, Ordering::Relaxed);
}

#[test]
fn m9_ten_machines_renew_while_leaders_and_processes_are_killed() {
    let wanted = std::env::var("KEYFOB_TEAM_RENEWALS").ok().and_then(|text| text.parse().ok()).unwrap_or(300);
    let (bus, server) = (Bus::start(), Rotation::with_grace(Duration::from_mins(10)));
    let cluster = Cluster::start(&bus);
    // Each machine prefers another node.
    let proxies: Vec<_> = (0..MACHINES)
        .map(|number| {
            let mut ports = cluster.ports().to_vec();
            ports.rotate_left(number % 3);
            Proxy::to(ports)
        })
        .collect();
    let places: Vec<_> = proxies
        .iter()
        .enumerate()
        .map(|(number, proxy)| {
            member_at(&bus, &proxy.address(), &cluster.token, &format!("machine-{number}"))
        })
        .collect();
    places[0].run_with(&["import", "-"], &server.account()).ok();
    sign_in(&places[0], CAR);
    let (is_over, ends, started) = (AtomicBool::new(false), Ends::default(), Instant::now());
    let limit = Duration::from_secs(120 + 2 * wanted as u64);
    thread::scope(|scope| {
        for (number, place) in places.iter().enumerate() {
            let (is_over, ends) = (&is_over, &ends);
            scope.spawn(move || {
                for round in 0_usize.. {
                    if is_over.load(Ordering::Relaxed) {
                        break;
                    }
                    run_one(place, number, round, ends);
                }
            });
        }
        // On this thread, since a server dies with the thread that starts it.
        let mut last = Instant::now();
        while server.refreshes() < wanted && started.elapsed() < limit && !server.is_revoked() {
            thread::sleep(Duration::from_millis(100));
            if last.elapsed() > LEADER_LIVES {
                if let Some(leader) = cluster.leader() {
                    cluster.restart_node(leader, Duration::from_secs(3));
                }
                last = Instant::now();
            }
        }
        is_over.store(true, Ordering::Relaxed);
    });
    println!("{} renewals in {:?}: {ends:?}", server.refreshes(), started.elapsed());
    assert!(!server.is_revoked(), "the family was revoked");
    assert!(server.refreshes() >= wanted, "{} renewals only", server.refreshes());
    // Everyone has the account, with the same token; a claim of the last kill may have to age.
    let deadline = Instant::now() + Duration::from_mins(2);
    while places[0].run(&["refresh", CAR]).code != 0 {
        assert!(Instant::now() < deadline, "no machine can refresh any more");
        thread::sleep(Duration::from_secs(1));
    }
    let token = places[0].run(&["token", CAR]).ok();
    for place in &places {
        // A node that was just restarted may serve an older state for a moment.
        wait_until(Duration::from_secs(30), "the same token", || {
            (place.run(&["token", CAR]).ok() == token).then_some(())
        });
    }
}
