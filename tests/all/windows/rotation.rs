//! One rotating account in several processes, and in processes that are killed.

use std::process::{Child, Stdio};

use crate::cli::kills::{Deed, Over, World};
use crate::cli::kills_at_random::kill_at_random;
use crate::cli::rotating::CAR;
use crate::support::wine::Wine;

#[test]
#[ignore = "tests/windows.sh runs it"]
fn r2_processes_at_once_never_spend_a_refresh_token_twice() {
    let wine = Wine::start();
    for over in [Over::Keychain, Over::File] {
        let world = World::new(&wine, over as usize, over);
        world.prepare(&Deed::Refresh);
        for round in 1..=2 {
            let start = |number| {
                let words: &[&str] =
                    if number % 2 == 0 { &["refresh", CAR] } else { &["token", CAR, "--min-valid", "2h"] };
                world.place.command(words).stdin(Stdio::null()).spawn().unwrap()
            };
            let children: Vec<Child> = (0..4).map(start).collect();
            for child in children {
                let ended = child.wait_with_output().unwrap();
                assert!(ended.status.success(), "round {round}: {ended:?}");
            }
            assert!(!world.is_revoked(), "round {round}: the family was revoked");
        }
        assert!(world.has_rotated());
        world.must_be_usable("after all");
    }
}

#[test]
#[ignore = "tests/windows.sh runs it"]
fn r6_kills_at_random_moments() {
    kill_at_random((&Wine::start()).into(), 16);
}
