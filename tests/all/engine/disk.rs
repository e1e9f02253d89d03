//! Full or read-only disks: nothing is lost, and the error is reported.
//!
//! Each test starts this program again in its own mount namespace and mounts a small disk there, which ends
//! with the process. That needs root, or a system on which users may create namespaces.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::{DateTime, Utc};
use keyfob::base::secret::{Passphrase, SecretText};
use keyfob::domain::account::key_dates::KeyDates;
use keyfob::domain::account::tags::Tags;
use keyfob::domain::account::{Account, AccountId, AccountName, Revision, Settings};
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::store::database::{Accounts, DiskError};
use keyfob::store::home::Home;
use keyfob::store::vault::passphrase::PassphraseVault;
use keyfob::store::vault::{Vault as _, VaultError};

/// The folder on which the child may mount a disk.
const CHILD: &str = "KEYFOB_TEST_DISK_CHILD";

/// The files of a home with a passphrase vault.
const WHOLE: [&str; 4] = ["key.age", "locks", "vault.age", "vault.lock"];

/// Runs a test's body where it may mount.
fn with_own_mounts(test: &str, body: impl FnOnce(&Disk)) {
    if let Some(folder) = std::env::var_os(CHILD) {
        return body(&Disk::mount(PathBuf::from(folder)));
    }
    let dir = tempfile::tempdir().expect("a folder");
    let unshare = |flags: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(flags);
        command
    };
    // As root, or as a user who is root in a namespace of their own.
    let flags = [&["--mount"][..], &["--mount", "--user", "--map-root-user"]].into_iter().find(|flags| {
        let tried = unshare(flags).args(["mount", "-t", "tmpfs", "none"]).arg(dir.path()).output();
        tried.is_ok_and(|output| output.status.success())
    });
    let flags = flags.expect("a small disk can't be mounted here: run the tests as root");
    let mut child = unshare(flags);
    child.arg(std::env::current_exe().expect("this program")).args(["--exact", test, "--nocapture"]);
    let output = child.env(CHILD, dir.path()).output().expect("this program once more");
    let told =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
}

/// A disk of 512 KiB.
struct Disk {
    path: PathBuf,
}

impl Disk {
    fn mount(path: PathBuf) -> Self {
        run(Command::new("mount").args(["-t", "tmpfs", "-o", "size=512k", "none"]).arg(&path));
        Self { path }
    }

    fn home(&self) -> Home {
        Home::at(self.path.join("home"))
    }

    fn fill(&self, free_bytes: u64) {
        let filler = self.path.join("filler");
        let mut file = fs::OpenOptions::new().create(true).append(true).open(&filler).expect("a file");
        while file.write_all(&[1; 512]).is_ok() {}
        let full = file.metadata().expect("its size").len();
        file.set_len(full.saturating_sub(free_bytes)).expect("a shorter file");
    }

    fn empty(&self) {
        fs::remove_file(self.path.join("filler")).expect("the filler goes");
    }

    fn remount(&self, how: &str) {
        run(Command::new("mount").args(["-o", how]).arg(&self.path));
    }
}

fn run(command: &mut Command) {
    let output = command.output().expect("a command");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn account(byte: u8) -> Account {
    let settings = Settings {
        provider: "custom".to_owned(),
        grant: GrantType::ClientCredentials,
        variables: [("x".to_owned(), "y".repeat(3000))].into(),
        overrides: keyfob::domain::provider::spec::ProviderSpec::default().into(),
        background_refresh: None,
        client_secret_expires: None,
        key_dates: KeyDates::default(),
        tags: Tags::default(),
        environment: None,
    };
    let name = AccountName::new(&format!("name {byte}")).expect("a name");
    Account { id: AccountId::from_random([byte; 16]), revision: Revision(0), name, settings }
}

fn line(text: &str) -> SecretText {
    SecretText::new(text.to_owned())
}

fn pass(text: &str) -> Passphrase {
    Passphrase::new(text.to_owned())
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").file_name()).collect();
    names.sort();
    names.into_iter().map(|name| name.to_string_lossy().into_owned()).collect()
}

#[test]
fn f3_a_full_disk_loses_no_account() {
    with_own_mounts("engine::disk::f3_a_full_disk_loses_no_account", |disk| {
        let mut accounts = Accounts::open(&disk.home()).expect("a database");
        for byte in 0..5 {
            accounts
                .insert_pending(&account(byte), "keychain", DateTime::<Utc>::UNIX_EPOCH)
                .expect("there is room");
        }
        let mut refused = 0;
        for free_bytes in (0..48 * 1024).step_by(4096) {
            disk.fill(free_bytes);
            let added = (5..9)
                .map(|byte| accounts.insert_pending(&account(byte), "keychain", DateTime::<Utc>::UNIX_EPOCH))
                .take_while(|done| match done {
                    Ok(()) => true,
                    Err(error) => {
                        assert!(matches!(error, DiskError::Full), "{error}");
                        refused += 1;
                        false
                    }
                })
                .count();
            // Started again while the disk is still full.
            let (mut again, aside) = Accounts::open_or_set_aside(&disk.home()).expect("it opens");
            assert_eq!(aside, None);
            assert_eq!(again.load().expect("the accounts").accounts.len(), 5 + added, "{free_bytes} free");
            disk.empty();
            for byte in 5..9 {
                accounts.remove(&account(byte).id).expect("there is room again");
            }
        }
        assert!(refused > 3, "{refused}");
    });
}

#[test]
fn f3_a_full_disk_loses_no_secret() {
    with_own_mounts("engine::disk::f3_a_full_disk_loses_no_secret", |disk| {
        let home = disk.home();
        let mut vault = PassphraseVault::create_with_work_factor(&home, &pass("p"), 1).expect("a vault");
        vault.write("tokens/a", &line(&"CANARY-1".repeat(500))).expect("there is room");
        let (mut refused, mut taken) = (0, 0);
        for free_bytes in (0..24 * 1024).step_by(4096) {
            disk.fill(free_bytes);
            let written = vault.write("tokens/b", &line(&"CANARY-2".repeat(900)));
            match &written {
                Ok(()) => taken += 1,
                Err(error) => {
                    assert_eq!(*error, VaultError::Failed("the disk is full"));
                    assert_eq!(files(home.path()), WHOLE, "what did not fit is gone at once");
                    refused += 1;
                }
            }
            let mut again = PassphraseVault::open(&home, &pass("p")).expect("it opens on a full disk");
            let one = again.read("tokens/a").expect("a readable record").expect("the record");
            assert_eq!(one.expose(), "CANARY-1".repeat(500));
            assert_eq!(again.read("tokens/b").expect("a readable vault").is_some(), written.is_ok());
            disk.empty();
            assert_eq!(files(home.path()), WHOLE);
            vault.delete("tokens/b").expect("there is room again");
        }
        assert!(refused > 0 && taken > 0, "{refused} {taken}");

        disk.fill(0);
        assert_eq!(vault.change_passphrase(&pass("q")), Err(VaultError::Failed("the disk is full")));
        disk.empty();
        let again = PassphraseVault::open(&home, &pass("p")).expect("the old passphrase is still the one");
        drop(again);
    });
}

#[test]
fn f3_a_read_only_disk_is_read_and_named() {
    with_own_mounts("engine::disk::f3_a_read_only_disk_is_read_and_named", |disk| {
        let home = disk.home();
        let mut vault = PassphraseVault::create_with_work_factor(&home, &pass("p"), 1).expect("a vault");
        vault.write("tokens/a", &line("CANARY-1")).expect("a write");
        let mut accounts = Accounts::open(&home).expect("a database");
        accounts.insert_pending(&account(1), "keychain", DateTime::<Utc>::UNIX_EPOCH).expect("an account");
        drop(accounts);
        disk.remount("remount,ro");

        let (mut accounts, aside) = Accounts::open_or_set_aside(&home).expect("it opens");
        assert_eq!((accounts.load().expect("the accounts").accounts.len(), aside), (1, None));
        let refused = accounts.insert_pending(&account(2), "keychain", DateTime::<Utc>::UNIX_EPOCH);
        assert!(matches!(refused, Err(DiskError::ReadOnly)), "{refused:?}");
        let mut vault = PassphraseVault::open(&home, &pass("p")).expect("it opens");
        assert_eq!(vault.read("tokens/a").expect("readable").expect("there").expose(), "CANARY-1");
        let read_only = Err(VaultError::Failed("the disk is read-only"));
        assert_eq!(vault.write("tokens/a", &line("x")), read_only);
        assert_eq!(vault.delete("tokens/a"), read_only);
        assert_eq!(vault.probe(), read_only);
        assert_eq!(vault.change_passphrase(&pass("q")), read_only);

        disk.remount("remount,rw");
        vault.write("tokens/a", &line("CANARY-2")).expect("it may be written again");
        accounts.insert_pending(&account(2), "keychain", DateTime::<Utc>::UNIX_EPOCH).map_or_else(
            // A connection opened read-only stays so.
            |error| assert!(matches!(error, DiskError::ReadOnly), "{error}"),
            drop,
        );
        let mut again = Accounts::open(&home).expect("it opens");
        again
            .insert_pending(&account(3), "keychain", DateTime::<Utc>::UNIX_EPOCH)
            .expect("it takes accounts again");
    });
}
