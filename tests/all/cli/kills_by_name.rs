//! Kills the program while `--vault file` names another vault than the stored choice. The interrupted work is
//! finished in that vault, and runs with the chosen vault neither lose it nor wait for it.

use super::kills::{Deed, Over, World, at_every_step};
use super::rotating::{BOT, CAR};
use crate::support::desktop::{Bus, Keyring};

#[test]
fn r6_an_import_into_a_vault_by_name_killed_at_every_step() {
    at_every_step(&Deed::Import, Over::FileByName, 8);
}

#[test]
fn r6_a_refresh_over_a_vault_by_name_killed_at_every_step() {
    at_every_step(&Deed::Refresh, Over::FileByName, 5);
}

#[test]
fn z1_a_removal_from_a_vault_by_name_killed_at_every_step() {
    at_every_step(&Deed::Remove, Over::FileByName, 3);
}

/// Runs a function with the chosen vault, the keychain, and then returns to the file.
fn with_the_other<'bus, R>(world: &mut World<'bus>, work: impl FnOnce(&World<'bus>) -> R) -> R {
    let by_name = std::mem::take(&mut world.place.before);
    let done = work(world);
    world.place.before = by_name;
    done
}

#[test]
fn z1_a_run_with_the_chosen_vault_leaves_what_is_half_made_in_the_other_and_needs_no_name_of_it() {
    let bus = Bus::start();
    let keyring = Keyring::lasting(&bus);
    let mut was_named = false;
    for step in 1.. {
        let mut world = World::new(&bus, step, Over::FileByName);
        let Some(name) = world.killed_at(&Deed::Import, step) else { break };
        let when = format!("step {step}, {name}");
        let whole = with_the_other(&mut world, World::names);
        for name in &whole {
            // It is complete, and its secrets are in a vault that this run can't read.
            let told =
                with_the_other(&mut world, |world| world.place.run(&["remove", name, "--yes"]).failed(1));
            assert!(told.contains("--vault file"), "{when}: {told}");
            world.place.run(&["remove", name, "--yes"]).ok();
        }
        if whole.is_empty() {
            was_named = true;
            with_the_other(&mut world, |world| {
                world.place.run(&["import", &world.file]).ok();
                assert!(world.place.run(&["token", BOT]).ok().starts_with("bot-"), "{when}");
            });
            // A run that opens the file deletes what the other one couldn't.
            let recovered = world.place.run(&["recover"]).ok();
            assert!(!recovered.contains(CAR) && !recovered.contains(BOT), "{when}: {recovered}");
            assert_eq!(world.kept(&keyring).len(), 3, "{when}: two accounts and a token");
            with_the_other(&mut world, |world| {
                for name in [CAR, BOT] {
                    world.place.run(&["remove", name, "--yes"]).ok();
                }
            });
        } else {
            // The rest of the file is completed or deleted.
            world.place.run(&["recover"]).ok();
            for name in world.names() {
                world.place.run(&["remove", &name, "--yes"]).ok();
            }
        }
        assert_eq!(world.kept(&keyring), [""; 0], "{when}: nothing is left behind");
        assert!(!super::place::holds(&world.place.home, CAR), "{when}");
        world.nothing_lies_open(&when);
    }
    assert!(was_named, "no kill left a name half taken");
}
