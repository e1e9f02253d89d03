#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;
use crate::store::step::cut_after;

const CANARY: &str = "CANARY-9d21";

fn home() -> (tempfile::TempDir, Home) {
    let dir = tempfile::tempdir().unwrap();
    let home = Home::at(dir.path().join("home"));
    (dir, home)
}

fn pass(text: &str) -> Passphrase {
    Passphrase::new(text.to_owned())
}

fn line(text: &str) -> SecretText {
    SecretText::new(text.to_owned())
}

fn created(home: &Home, passphrase: &str) -> PassphraseVault {
    PassphraseVault::create_with_work_factor(home, &pass(passphrase), 1).unwrap()
}

fn opened(home: &Home, passphrase: &str) -> Result<PassphraseVault, VaultError> {
    PassphraseVault::open(home, &pass(passphrase))
}

fn text(vault: &mut PassphraseVault, name: &str) -> Option<String> {
    vault.read(name).unwrap().map(|line| line.expose().to_owned())
}

fn files(home: &Home) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(home.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.retain(|name| name != "locks" && name != "vault.lock");
    names.sort();
    names
}

fn assert_no_canary(home: &Home) {
    for name in files(home) {
        let bytes = fs::read(home.path().join(&name)).unwrap();
        assert!(!bytes.windows(6).any(|window| window == b"CANARY"), "in {name}");
    }
}

#[test]
fn records_outlive_the_process_and_a_lock_asks_again() {
    let (_dir, home) = home();
    assert!(!PassphraseVault::exists(&home));
    assert_eq!(opened(&home, "p").err(), Some(VaultError::Absent));
    let mut vault = created(&home, "CANARY pass é 🔑");
    assert!(PassphraseVault::exists(&home) && !vault.is_locked());
    assert!(matches!(PassphraseVault::create(&home, &pass("x")), Err(VaultError::Failed(_))));
    vault.write("tokens/a", &line(CANARY)).unwrap();
    assert_eq!(opened(&home, "CANARY pass é").err(), Some(VaultError::WrongPassphrase));
    let mut other = opened(&home, "CANARY pass é 🔑").unwrap();
    assert_eq!(text(&mut other, "tokens/a").as_deref(), Some(CANARY));

    // Every handle is locked at once, and no read reports a missing record.
    let mut handle = other.clone();
    other.lock();
    assert!(handle.is_locked());
    assert_eq!(handle.read("tokens/a").err(), Some(VaultError::Locked));
    assert_eq!(handle.names().err(), Some(VaultError::Locked));
    assert_eq!(handle.write("tokens/a", &line("x")), Err(VaultError::Locked));
    assert_eq!(handle.delete("tokens/a"), Err(VaultError::Locked));
    assert_eq!(handle.probe(), Err(VaultError::Locked));
    assert_eq!(other.unlock(&pass("wrong")), Err(VaultError::WrongPassphrase));
    assert!(other.is_locked());
    other.unlock(&pass("CANARY pass é 🔑")).unwrap();
    assert_eq!(text(&mut handle, "tokens/a").as_deref(), Some(CANARY));
    assert!(!format!("{vault:?} {other:?}").contains("CANARY"));
    assert_no_canary(&home);
    assert_eq!(files(&home), ["key.age", "vault.age"]);
}

#[test]
fn f1_a_creation_cut_short_can_be_made_again() {
    for steps in 0..60 {
        let (_dir, home) = home();
        let (made, was_cut) =
            cut_after(steps, || PassphraseVault::create_with_work_factor(&home, &pass("p"), 1).map(drop));
        let mut vault =
            if PassphraseVault::exists(&home) { opened(&home, "p").unwrap() } else { created(&home, "p") };
        assert_eq!(vault.names(), Ok(vec![]));
        vault.write("a", &line(CANARY)).unwrap();
        assert_eq!(text(&mut opened(&home, "p").unwrap(), "a").as_deref(), Some(CANARY));
        if !was_cut {
            assert_eq!(made, Ok(()));
            return;
        }
    }
    panic!("there are more steps");
}

#[test]
fn f1_an_edit_cut_short_leaves_the_old_state_or_the_new() {
    type Edit = fn(&mut PassphraseVault) -> Result<(), VaultError>;
    let edits: [(Edit, Option<&str>); 3] = [
        (|vault| vault.write("a", &line("CANARY-new")), Some("CANARY-new")),
        (|vault| vault.delete("a"), None),
        (PassphraseVault::probe, Some("CANARY-old")),
    ];
    for (edit, after) in edits {
        for steps in 0.. {
            assert!(steps < 40, "there are more steps");
            let (_dir, home) = home();
            let mut vault = created(&home, "p");
            vault.write("a", &line("CANARY-old")).unwrap();
            vault.write("b", &line("CANARY-other")).unwrap();
            let (done, was_cut) = cut_after(steps, || edit(&mut vault));
            let mut vault = opened(&home, "p").unwrap();
            let now = text(&mut vault, "a");
            let is_new = now.as_deref() == after;
            assert!(is_new || now.as_deref() == Some("CANARY-old"), "{steps}");
            assert!(is_new || done.is_err(), "what was reported as done is done");
            assert_eq!(text(&mut vault, "b").as_deref(), Some("CANARY-other"));
            assert_eq!(files(&home), ["key.age", "vault.age"], "nothing is left behind at {steps}");
            vault.write("b", &line("again")).unwrap();
            assert_no_canary(&home);
            if !was_cut {
                assert_eq!((done, is_new), (Ok(()), true));
                break;
            }
        }
    }
}

#[test]
fn f1_a_change_of_passphrase_cut_short_leaves_one_that_opens_everything() {
    let (mut old_ones, mut new_ones) = (0, 0);
    for steps in 0.. {
        assert!(steps < 80, "there are more steps");
        let (_dir, home) = home();
        let mut vault = created(&home, "old");
        vault.write("a", &line(CANARY)).unwrap();
        let (done, was_cut) = cut_after(steps, || vault.change_passphrase(&pass("new")));
        let (right, wrong) = if opened(&home, "old").is_ok() { ("old", "new") } else { ("new", "old") };
        assert_eq!(opened(&home, wrong).err(), Some(VaultError::WrongPassphrase), "{steps}");
        let mut again = opened(&home, right).unwrap();
        assert_eq!(text(&mut again, "a").as_deref(), Some(CANARY), "{steps}");
        assert!(right == "new" || done.is_err(), "what was reported as done is done");
        // A handle from before never writes what the passphrase can't decrypt.
        let _ = vault.write("b", &line("later"));
        again.write("c", &line("last")).unwrap();
        let mut last = opened(&home, right).unwrap();
        assert_eq!(text(&mut last, "a").as_deref(), Some(CANARY));
        assert_eq!(text(&mut last, "c").as_deref(), Some("last"));
        assert_eq!(
            encryption::keys_of(&fs::read(home.vault_path()).unwrap()),
            1,
            "the other key is shut out"
        );
        assert_eq!(files(&home), ["key.age", "vault.age"], "nothing is left behind at {steps}");
        if right == "old" {
            old_ones += 1;
        } else {
            new_ones += 1;
        }
        if !was_cut {
            assert_eq!((done, right), (Ok(()), "new"));
            break;
        }
    }
    assert!(old_ones > 10 && new_ones > 10, "{old_ones} {new_ones}");
}

#[test]
fn f1_a_change_of_passphrase_elsewhere_locks_this_one() {
    let (_dir, home) = home();
    let mut here = created(&home, "old");
    here.write("a", &line(CANARY)).unwrap();
    let there = opened(&home, "old").unwrap();
    PassphraseVault {
        shared: Arc::new(Shared {
            home: home.clone(),
            work_factor: 1,
            opened: Mutex::new(there.slot().clone()),
        }),
    }
    .change_passphrase(&pass("new"))
    .unwrap();
    assert_eq!(here.write("a", &line("x")), Err(VaultError::Locked));
    assert!(here.is_locked());
    assert_eq!(here.read("a").err(), Some(VaultError::Locked));
    assert_eq!(here.unlock(&pass("old")), Err(VaultError::WrongPassphrase));
    here.unlock(&pass("new")).unwrap();
    assert_eq!(text(&mut here, "a").as_deref(), Some(CANARY));
    let mut there = there;
    assert_eq!(there.read("a").err(), Some(VaultError::Locked));
}

#[test]
fn i5_a_key_that_asks_for_2_to_the_21_rounds_is_refused() {
    let (_dir, home) = home();
    created(&home, "p").write("a", &line(CANARY)).unwrap();
    let key = fs::read(home.key_path()).unwrap();
    let costly = encryption::tests::with_work_factor(&key, 21);
    fs::write(home.key_path(), &costly).unwrap();
    assert_eq!(opened(&home, "p").err(), Some(VaultError::TooMuchWork));
    assert_eq!(fs::read(home.key_path()).unwrap(), costly, "it is left as it is");
}

#[test]
fn f2_what_cannot_be_opened_is_an_error_and_stays() {
    let (_dir, home) = home();
    let mut vault = created(&home, "p");
    vault.write("a", &line(&CANARY.repeat(20))).unwrap();
    let (key, data) = (fs::read(home.key_path()).unwrap(), fs::read(home.vault_path()).unwrap());
    let (_other_dir, other) = self::home();
    created(&other, "p").write("a", &line("another's")).unwrap();
    let swapped = fs::read(other.vault_path()).unwrap();
    let newer = |bytes: &[u8]| [b"age-encryption.org/v2".as_slice(), &bytes[21..]].concat();

    let mut bad_data: Vec<_> =
        (0..data.len()).step_by(3).map(|end| (data[..end].to_vec(), VaultError::Damaged)).collect();
    bad_data.extend((0..data.len()).step_by(7).map(|at| {
        let mut flipped = data.clone();
        flipped[at] ^= 1;
        (flipped, VaultError::Damaged)
    }));
    bad_data.push((vec![0; data.len()], VaultError::Damaged));
    bad_data.push((swapped, VaultError::Damaged));
    bad_data.push(([data.as_slice(), b"x"].concat(), VaultError::Damaged));
    bad_data.push((newer(&data), VaultError::Newer));
    for (number, (bytes, error)) in bad_data.into_iter().enumerate() {
        fs::write(home.vault_path(), &bytes).unwrap();
        let is = |result: Option<VaultError>| match result {
            // A flipped digit of the version looks like a newer version.
            Some(VaultError::Newer) => bytes.len() == data.len(),
            result => result == Some(error.clone()),
        };
        // Opening takes long in an unoptimised build.
        if number % 20 == 0 {
            assert!(is(opened(&home, "p").err()), "{} bytes", bytes.len());
        }
        assert!(is(vault.read("a").err()));
        assert!(is(vault.names().err()));
        assert!(is(vault.write("a", &line("x")).err()));
        assert!(is(vault.delete("a").err()));
        assert_eq!(fs::read(home.vault_path()).unwrap(), bytes, "it is left as it is");
    }
    fs::remove_file(home.vault_path()).unwrap();
    assert_eq!(vault.read("a").err(), Some(VaultError::Damaged), "gone is not empty");
    assert_eq!(opened(&home, "p").err(), Some(VaultError::Damaged));
    fs::write(home.vault_path(), &data).unwrap();

    for end in (0..key.len()).step_by(5) {
        fs::write(home.key_path(), &key[..end]).unwrap();
        assert_eq!(opened(&home, "p").err(), Some(VaultError::Damaged), "cut at {end}");
    }
    fs::write(home.key_path(), newer(&key)).unwrap();
    assert_eq!(opened(&home, "p").err(), Some(VaultError::Newer));
    fs::write(home.key_path(), fs::read(other.key_path()).unwrap()).unwrap();
    assert_eq!(opened(&home, "p").err(), Some(VaultError::Damaged), "another vault's key");
    let text = String::from_utf8_lossy(&key[..60]).into_owned();
    let at = text.lines().nth(1).unwrap().len() + text.lines().next().unwrap().len();
    assert_eq!(key[at], b'1', "the work factor");
    let greedy = [&key[..at], b"23", &key[at + 1..]].concat();
    fs::write(home.key_path(), greedy).unwrap();
    assert_eq!(opened(&home, "p").err(), Some(VaultError::TooMuchWork));

    fs::write(home.key_path(), &key).unwrap();
    assert_eq!(text_of(&home), CANARY.repeat(20));
    assert_eq!(files(&home), ["key.age", "vault.age"]);
}

fn text_of(home: &Home) -> String {
    text(&mut opened(home, "p").unwrap(), "a").unwrap()
}

#[test]
fn f2_a_broken_file_gives_way_to_its_backup() {
    let (_dir, home) = home();
    let mut vault = created(&home, "p");
    vault.write("a", &line(CANARY)).unwrap();
    for path in [home.vault_path(), home.key_path()] {
        fs::rename(&path, private_files::with_suffix(&path, ".old")).unwrap();
        fs::write(&path, [0; 100]).unwrap();
        assert_eq!(text_of(&home), CANARY);
        assert_eq!(fs::read(private_files::with_suffix(&path, ".broken-1")).unwrap(), [0; 100]);
        fs::rename(&path, private_files::with_suffix(&path, ".old")).unwrap();
        assert!(PassphraseVault::exists(&home));
        assert_eq!(text_of(&home), CANARY);
    }
}

#[test]
fn f4_edits_of_several_processes_all_arrive() {
    const EDITS: usize = 10;
    let (_dir, home) = home();
    drop(created(&home, "p"));
    let threads: Vec<_> = (0..4)
        .map(|number| {
            // Locks belong to an open file, so a handle of its own acts like another process.
            let mut vault = opened(&home, "p").unwrap();
            std::thread::Builder::new()
                .name(format!("editor {number}"))
                .spawn(move || {
                    for edit in 0..EDITS {
                        vault.write(&format!("{number}.{edit}"), &line("there")).unwrap();
                        vault.write(&format!("{number}.gone"), &line("there")).unwrap();
                        vault.delete(&format!("{number}.gone")).unwrap();
                    }
                })
                .unwrap()
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(opened(&home, "p").unwrap().names().unwrap().len(), 4 * EDITS);
}

#[test]
fn f5_the_files_are_private_and_links_are_not_followed() {
    let (dir, home) = home();
    let mut vault = created(&home, "p");
    vault.write("a", &line(CANARY)).unwrap();
    vault.change_passphrase(&pass("q")).unwrap();
    for path in [home.key_path(), home.vault_path(), home.vault_lock_path()] {
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let target = dir.path().join("target");
        fs::rename(&path, &target).unwrap();
        let before = fs::read(&target).unwrap();
        symlink(&target, &path).unwrap();
        assert!(matches!(vault.write("a", &line("x")), Err(VaultError::Failed(_))));
        assert_eq!(fs::read(&target).unwrap(), before);
        fs::rename(&target, &path).unwrap();
    }
    assert_eq!(text(&mut vault, "a").as_deref(), Some(CANARY));
}

#[test]
fn an_empty_vault_can_be_removed() {
    let (_dir, home) = home();
    let mut vault = created(&home, "p");
    vault.write("a", &line(CANARY)).unwrap();
    assert_eq!(vault.remove_if_empty(), Ok(false));
    vault.delete("a").unwrap();
    assert_eq!(vault.remove_if_empty(), Ok(true));
    assert!(vault.is_locked() && !PassphraseVault::exists(&home));
    assert_eq!(files(&home), Vec::<String>::new());
}

#[test]
fn the_real_work_factor_is_the_one_promised() {
    let (_dir, home) = home();
    PassphraseVault::create(&home, &pass("p")).unwrap();
    let key = fs::read(home.key_path()).unwrap();
    let head = String::from_utf8_lossy(&key[..80]).into_owned();
    assert!(head.lines().nth(1).unwrap().ends_with(" 18"), "{head}");
    opened(&home, "p").unwrap();
}
