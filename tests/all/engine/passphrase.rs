//! The passphrase vault from outside: the contract, several processes, and the standard tool.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use keyfob::base::secret::{Passphrase, SecretText};
use keyfob::domain::account::{Account, AccountId, Revision};
use keyfob::domain::import;
use keyfob::store::account_export;
use keyfob::store::account_export::Exported;
use keyfob::store::home::Home;
use keyfob::store::vault::Vault as _;
use keyfob::store::vault::memory::MemoryVault;
use keyfob::store::vault::passphrase::PassphraseVault;
use keyfob::store::vault::split::SplitVault;

use crate::support::vault_contract;

/// The home whose vault the child uses, and the child's number.
const CHILD: &str = "KEYFOB_TEST_FILE_VAULT_CHILD";
const PASSPHRASE: &str = "CANARY correct horse";
const EDITS: usize = 8;

fn pass() -> Passphrase {
    Passphrase::new(PASSPHRASE.to_owned())
}

fn created(folder: &Path) -> (Home, PassphraseVault) {
    let home = Home::at(folder.join("home"));
    let vault = PassphraseVault::create_with_work_factor(&home, &pass(), 1).expect("a new vault");
    (home, vault)
}

#[test]
fn the_passphrase_vault_keeps_the_contract() {
    let dir = tempfile::tempdir().expect("a folder");
    let (home, mut vault) = created(dir.path());
    vault_contract::check(&mut vault);
    vault_contract::check(&mut PassphraseVault::open(&home, &pass()).expect("it opens again"));
}

#[test]
fn k6_a_split_vault_keeps_the_contract_over_any_limit() {
    for limit in [None, Some(2_560), Some(200)] {
        let memory = MemoryVault::new();
        memory.set_limit_bytes(limit);
        let mut vault = SplitVault::new(memory.clone());
        vault_contract::check(&mut vault);
        assert_eq!(memory.stored_names(), Vec::<String>::new(), "no part is left behind");
        // It has no size limit.
        let long = SecretText::new("x".repeat(65_536));
        vault.write("tokens/a", &long).expect("a long record");
        assert_eq!(vault.read("tokens/a").expect("a record").expect("one").expose(), long.expose());
    }
}

/// Not a test by itself: the process that the next test starts.
#[test]
fn the_other_writer() {
    let Ok(child) = std::env::var(CHILD) else { return };
    let (number, home) = child.split_once(' ').expect("a number and a home");
    let mut vault = PassphraseVault::open(&Home::at(home), &pass()).expect("it opens");
    for edit in 0..EDITS {
        vault.write(&format!("{number}.{edit}"), &SecretText::new("there".to_owned())).expect("a write");
        vault.read(&format!("{number}.{edit}")).expect("a read").expect("what was written");
    }
}

#[test]
fn f4_edits_of_several_processes_all_arrive() {
    let dir = tempfile::tempdir().expect("a folder");
    let (home, mut vault) = created(dir.path());
    let program = std::env::current_exe().expect("this program");
    let mut children: Vec<_> = (0..3)
        .map(|number| {
            Command::new(&program)
                .args(["--exact", "engine::passphrase::the_other_writer"])
                .env(CHILD, format!("{number} {}", home.path().display()))
                .stdout(Stdio::null())
                .spawn()
                .expect("this program once more")
        })
        .collect();
    for child in &mut children {
        assert!(child.wait().expect("its end").success());
    }
    assert_eq!(vault.names().expect("the names").len(), 3 * EDITS);
}

/// Runs the standard tool on a terminal, where it prompts for the passphrase, and returns its output.
fn age(folder: &Path, arguments: &str) -> Vec<u8> {
    let out = folder.join("out");
    let _ = std::fs::remove_file(&out);
    let mut script = Command::new("script")
        .args(["-qec", &format!("age -o {} {arguments}", out.display()), "/dev/null"])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("script, of the package bsdutils");
    // The tool reads it at its prompt, twice to encrypt; the pipe stays open until then.
    let mut input = script.stdin.take().expect("its input");
    write!(input, "{PASSPHRASE}\n{PASSPHRASE}\n").expect("it listens");
    assert!(script.wait().expect("its end").success(), "age {arguments}");
    std::fs::read(&out).expect("what it wrote")
}

#[test]
fn the_standard_tool_opens_both_files() {
    let dir = tempfile::tempdir().expect("a folder");
    let (home, mut vault) = created(dir.path());
    vault.write("tokens/a", &SecretText::new(r#"{"v":1,"t":"CANARY-1"}"#.to_owned())).expect("a write");
    let key = age(home.path(), "-d key.age");
    assert!(String::from_utf8_lossy(&key).contains("\nAGE-SECRET-KEY-1"));
    // The tool accepts the encrypted key file as an identity file.
    let data = age(home.path(), "-d -i key.age vault.age");
    let data: serde_json::Value = serde_json::from_slice(&data).expect("JSON");
    assert_eq!(data["records"]["tokens/a"], r#"{"v":1,"t":"CANARY-1"}"#);
}

#[test]
fn the_standard_tool_and_an_export_open_each_others_files() {
    let dir = tempfile::tempdir().expect("a folder");
    let presets = keyfob::domain::provider::presets::built_in();
    let text = "[[account]]\nname = \"a\"\nprovider = \"smartsense\"\nclient_id = \"i\"\nclient_secret = \"CANARY-2\"\n";
    std::fs::write(dir.path().join("in.toml"), text).expect("a file");
    let armored = age(dir.path(), "-p -a in.toml");
    assert!(account_export::is_sealed(&armored));
    let imported = account_export::open(&armored, &pass(), &presets).expect("it opens").remove(0);
    let settings = imported.settings;
    let account = Account {
        id: AccountId::from_random([1; 16]),
        revision: Revision::default(),
        name: imported.name,
        settings,
    };
    let exported = [Exported { account, client: imported.client, grant: None }];
    let sealed = account_export::seal_with_work_factor(&exported, &pass(), 10).expect("an export");
    std::fs::write(dir.path().join("export.age"), sealed).expect("a file");
    let opened = String::from_utf8(age(dir.path(), "-d export.age")).expect("text");
    let again = import::read(&opened, &presets).expect("an import file").remove(0);
    assert_eq!(again.client.client_secret.expect("its secret").expose(), "CANARY-2");
}
