//! Vaults: the contract for each of them, and the keychain when it is absent, locked, or restarted.
//!
//! A process reads the keychain's bus from the environment once. So each test starts this test program again
//! with the environment of its own private bus, and sends it one call after the other.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use keyfob::base::secret::SecretText;
use keyfob::store::vault::keychain::Keychain;
use keyfob::store::vault::memory::MemoryVault;
use keyfob::store::vault::{Vault, VaultError};

use crate::support::desktop::{Bus, Keyring};
use crate::support::vault_contract;

/// The service name of the keychain that the child uses.
const CHILD: &str = "KEYFOB_TEST_VAULT_CHILD";
/// Precedes each reply, since the test harness writes on the same line.
const ANSWER: &str = "\u{1}";
const SERVICE: &str = "keyfob-test";
const SECRET: &str = "CANARY-5e1f";

/// Another process with a keychain of its own.
struct Peer {
    child: Child,
    input: ChildStdin,
    answers: Receiver<String>,
}

impl Peer {
    fn on(bus: &Bus) -> Self {
        let program = std::env::current_exe().expect("this program");
        Self::start(&mut bus.command(&program.to_string_lossy()))
    }

    fn start(command: &mut Command) -> Self {
        command.args(["--exact", "engine::vault::the_other_process", "--nocapture", "--test-threads=1"]);
        command.env(CHILD, SERVICE).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("this program once more");
        let input = child.stdin.take().expect("its input");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        let (tell, answers) = sync_channel(1);
        std::thread::Builder::new()
            .name("answers".to_owned())
            .spawn(move || {
                for line in output.lines().map_while(Result::ok) {
                    if let Some((_, answer)) = line.split_once(ANSWER)
                        && tell.send(answer.to_owned()).is_err()
                    {
                        break;
                    }
                }
            })
            .expect("a thread");
        Self { child, input, answers }
    }

    fn begin(&mut self, call: &str) {
        writeln!(self.input, "{call}").expect("the other process listens");
    }

    fn answer(&mut self, patience: Duration) -> Result<String, RecvTimeoutError> {
        self.answers.recv_timeout(patience)
    }

    /// Makes one call; the reply is `ok`, `none`, `text …`, `names …` or an error's text.
    fn ask(&mut self, call: &str) -> String {
        self.begin(call);
        self.answer(Duration::from_secs(20)).unwrap_or_else(|error| panic!("{call}: {error}"))
    }

    /// Makes every kind of call, each of which must fail with this error.
    fn expect_all(&mut self, error: &VaultError) {
        for call in [
            "read client/a",
            "read client/none",
            "write client/a CANARY-new",
            "delete client/a",
            "names",
            "probe",
        ] {
            assert_eq!(self.ask(call), error.to_string(), "{call}");
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Not a test by itself: the process that the others start.
#[test]
fn the_other_process() {
    let Ok(service) = std::env::var(CHILD) else { return };
    let mut keychain = Keychain::new(service);
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{ANSWER}{}", dispatch(&mut keychain, &line));
    }
}

fn dispatch(keychain: &mut Keychain, line: &str) -> String {
    let mut words = line.splitn(3, ' ');
    let (call, name) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let done = |done: Result<(), VaultError>| done.map(|()| "ok".to_owned());
    let answer = match call {
        "read" => keychain
            .read(name)
            .map(|found| found.map_or("none".to_owned(), |line| format!("text {}", line.expose()))),
        "write" => done(keychain.write(name, &SecretText::new(words.next().unwrap_or_default().to_owned()))),
        "delete" => done(keychain.delete(name)),
        "names" => keychain.names().map(|names| format!("names {}", names.join(" ")).trim_end().to_owned()),
        "probe" => done(keychain.probe()),
        "contract" => {
            vault_contract::check(keychain);
            Ok("ok".to_owned())
        }
        "time" => Ok(timed(keychain)),
        _ => panic!("{call} is no call"),
    };
    answer.unwrap_or_else(|error| error.to_string())
}

/// Measures the duration of a call.
fn timed(keychain: &mut Keychain) -> String {
    use std::fmt::Write as _;
    let line = SecretText::new("x".repeat(2000));
    let mut told = String::new();
    let mut note = |what: &str, start: Instant| {
        let _ = write!(told, "{what} {:.1} ms, ", start.elapsed().as_secs_f64() * 1000.0);
    };
    let start = Instant::now();
    keychain.write("client/t", &line).expect("a write");
    note("connect and write", start);
    for _ in 0..3 {
        let start = Instant::now();
        keychain.write("client/t", &line).expect("a write");
        note("write", start);
        let start = Instant::now();
        keychain.read("client/t").expect("a read");
        note("read", start);
    }
    let start = Instant::now();
    keychain.read("client/missing").expect("a read");
    note("read of nothing", start);
    let start = Instant::now();
    keychain.delete("client/t").expect("a deletion");
    note("delete", start);
    told
}

fn contains(folder: &Path, needle: &str) -> bool {
    let mut entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.any(|entry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => contains(&entry.path(), needle),
        Ok(kind) if kind.is_file() => {
            let bytes = std::fs::read(entry.path()).unwrap_or_default();
            bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
        }
        _ => false,
    })
}

#[test]
fn the_memory_vault_keeps_the_contract() {
    vault_contract::check(&mut MemoryVault::new());
    let limited = MemoryVault::new();
    limited.set_limit_bytes(Some(2_560));
    vault_contract::check(&mut limited.clone());
}

#[test]
fn the_keychain_keeps_the_contract() {
    let bus = Bus::start();
    let keyring = Keyring::unlocked(&bus);
    let mut peer = Peer::on(&bus);
    assert_eq!(peer.ask("contract"), "ok");
    assert_eq!(keyring.items(), Vec::<String>::new());
    println!("{}", peer.ask("time"));
    // A keychain manager shows the items, never their contents.
    assert_eq!(peer.ask(&format!("write client/a {SECRET}")), "ok");
    let items = keyring.items();
    assert!(items.len() == 1 && items[0].contains("Keyfob: client/a"), "{items:?}");
    assert!(items[0].contains(SERVICE) && !items[0].contains(SECRET), "{items:?}");
}

#[test]
fn homes_do_not_see_each_others_items() {
    let bus = Bus::start();
    let keyring = Keyring::unlocked(&bus);
    keyring.store("another home's", &["service", "keyfob", "username", "client/a"], "other");
    let mut peer = Peer::on(&bus);
    assert_eq!(peer.ask("read client/a"), "none");
    assert_eq!(peer.ask("names"), "names");
    assert_eq!(peer.ask("delete client/a"), "ok");
    assert_eq!(keyring.items().len(), 1);
}

#[test]
fn k1_without_a_keychain_there_is_a_clear_error_and_no_secret_on_disk() {
    // A bus without a Secret Service.
    let bus = Bus::start();
    let mut peer = Peer::on(&bus);
    peer.expect_all(&VaultError::Absent);
    assert!(!contains(bus.root(), "CANARY"));

    // No bus: an address without a listener, and no address.
    let program = std::env::current_exe().expect("this program");
    let mut command = bus.command(&program.to_string_lossy());
    command.env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", bus.path("nowhere").display()));
    Peer::start(&mut command).expect_all(&VaultError::Absent);
    let mut command = bus.command(&program.to_string_lossy());
    command.env_remove("DBUS_SESSION_BUS_ADDRESS");
    Peer::start(&mut command).expect_all(&VaultError::Absent);
    assert!(!contains(bus.root(), "CANARY"));
}

#[test]
fn k1_a_keychain_without_a_place_for_anything_is_no_keychain() {
    let bus = Bus::start();
    let mut keyring = Keyring::unlocked(&bus);
    keyring.kill();
    std::fs::remove_dir_all(bus.path("data/keyrings")).expect("the collections");
    keyring.restart_locked();
    Peer::on(&bus).expect_all(&VaultError::Absent);
    assert!(!contains(bus.root(), "CANARY-new"));
}

#[test]
fn k2_a_keychain_that_appears_later_works() {
    let bus = Bus::start();
    let mut peer = Peer::on(&bus);
    assert_eq!(peer.ask("probe"), VaultError::Absent.to_string());
    let _keyring = Keyring::unlocked(&bus);
    assert_eq!(peer.ask("probe"), "ok");
}

#[test]
fn k3_locked_is_never_no_entry_and_deletes_nothing() {
    let bus = Bus::start();
    let mut keyring = Keyring::unlocked(&bus);
    let mut peer = Peer::on(&bus);
    assert_eq!(peer.ask(&format!("write client/a {SECRET}")), "ok");

    // Locked while a connection was open, without a prompter.
    keyring.lock();
    peer.expect_all(&VaultError::Locked);
    // Locked from the start.
    keyring.restart_locked();
    peer.expect_all(&VaultError::Locked);
    Peer::on(&bus).expect_all(&VaultError::Locked);
    assert_eq!(keyring.items().len(), 1);

    keyring.unlock();
    assert_eq!(peer.ask("read client/a"), format!("text {SECRET}"));
    assert_eq!(peer.ask("names"), "names client/a");
}

#[test]
fn k3_a_dismissed_prompt_is_denied_and_deletes_nothing() {
    let bus = Bus::start();
    let mut keyring = Keyring::unlocked(&bus);
    let program = std::env::current_exe().expect("this program");
    // The prompt is another program's window; the code only checks for a display.
    let mut peer = Peer::start(bus.command(&program.to_string_lossy()).env("DISPLAY", ":99"));
    assert_eq!(peer.ask(&format!("write client/a {SECRET}")), "ok");
    keyring.lock();
    keyring.prompts_are_dismissed();
    peer.expect_all(&VaultError::Denied);
    assert_eq!(keyring.items().len(), 1);
    keyring.unlock();
    assert_eq!(peer.ask("read client/a"), format!("text {SECRET}"));
}

#[test]
fn k3_a_call_waits_while_the_prompt_stands_open() {
    let bus = Bus::start();
    let mut keyring = Keyring::unlocked(&bus);
    let mut peer = Peer::on(&bus);
    assert_eq!(peer.ask(&format!("write client/a {SECRET}")), "ok");
    keyring.lock();
    keyring.prompts_hang();
    peer.begin("read client/a");
    assert_eq!(peer.answer(Duration::from_millis(1500)), Err(RecvTimeoutError::Timeout));
    assert_eq!(keyring.items().len(), 1);
}

#[test]
fn k4_a_call_to_a_hung_keychain_waits_and_ends_well_once_it_goes_on() {
    let bus = Bus::start();
    let keyring = Keyring::unlocked(&bus);
    let mut peer = Peer::on(&bus);
    assert_eq!(peer.ask(&format!("write client/a {SECRET}")), "ok");
    for (call, answer) in [
        ("read client/a", format!("text {SECRET}")),
        ("names", "names client/a".to_owned()),
        ("write client/a second", "ok".to_owned()),
        ("delete client/none", "ok".to_owned()),
    ] {
        keyring.hangs();
        peer.begin(call);
        assert_eq!(peer.answer(Duration::from_millis(700)), Err(RecvTimeoutError::Timeout), "{call}");
        keyring.goes_on();
        assert_eq!(peer.answer(Duration::from_secs(20)), Ok(answer), "{call}");
    }
    assert_eq!(keyring.items().len(), 1);
    assert_eq!(peer.ask("read client/a"), "text second");
}

#[test]
fn k4_a_keychain_that_hung_and_was_ended_is_absent_and_has_lost_nothing() {
    let bus = Bus::start();
    let mut keyring = Keyring::unlocked(&bus);
    let mut peer = Peer::on(&bus);
    assert_eq!(peer.ask(&format!("write client/a {SECRET}")), "ok");
    keyring.hangs();
    peer.begin("delete client/a");
    assert_eq!(peer.answer(Duration::from_millis(700)), Err(RecvTimeoutError::Timeout));
    keyring.kill();
    let said = peer.answer(Duration::from_secs(20)).expect("an answer");
    assert_eq!(said, VaultError::Absent.to_string(), "what was not done is not said to be");
    keyring.restart();
    assert_eq!(peer.ask("read client/a"), format!("text {SECRET}"));
}

#[test]
fn k5_a_restarted_keychain_is_reconnected_to() {
    let bus = Bus::start();
    let mut keyring = Keyring::unlocked(&bus);
    let mut peer = Peer::on(&bus);
    assert_eq!(peer.ask(&format!("write client/a {SECRET}")), "ok");
    keyring.restart();
    assert_eq!(peer.ask("read client/a"), format!("text {SECRET}"));
    keyring.restart();
    assert_eq!(peer.ask("write client/a second"), "ok");
    keyring.restart();
    assert_eq!(peer.ask("names"), "names client/a");
    keyring.restart();
    assert_eq!(peer.ask("delete client/a"), "ok");
    keyring.kill();
    peer.expect_all(&VaultError::Absent);
    keyring.restart();
    assert_eq!(peer.ask("read client/a"), "none");
}

#[test]
fn k5_a_keychain_that_ends_while_it_is_connected_to_is_asked_once_more() {
    // Nothing restarts it: it is absent.
    let bus = Bus::start();
    let _leaving = Keyring::leaving(&bus);
    assert_eq!(Peer::on(&bus).ask("probe"), VaultError::Absent.to_string());
    // The bus does.
    for (call, answer) in [("probe", "ok"), ("read client/a", "none"), ("names", "names")] {
        let bus = Bus::start();
        let leaving = Keyring::leaving(&bus);
        leaving.is_started_by_the_bus();
        assert_eq!(Peer::on(&bus).ask(call), answer, "{call}");
    }
}

#[test]
fn k5_a_keychain_that_ends_while_its_lock_is_looked_at_is_asked_again() {
    // It is gone, so nothing is known about the item.
    let bus = Bus::start();
    let _leaving = Keyring::leaving_later(&bus);
    assert_eq!(Peer::on(&bus).ask("read client/none"), VaultError::Absent.to_string());
    // The bus restarts it.
    for (call, answer) in [("read client/none", "none"), ("delete client/none", "ok"), ("names", "names")] {
        let bus = Bus::start();
        let leaving = Keyring::leaving_later(&bus);
        leaving.is_started_by_the_bus();
        assert_eq!(Peer::on(&bus).ask(call), answer, "{call}");
    }
}

#[test]
fn k8_duplicates_are_settled_the_same_way_every_time() {
    let bus = Bus::start();
    let keyring = Keyring::unlocked(&bus);
    let mut peer = Peer::on(&bus);
    let plant = |mark: &str, secret: &str| {
        let attributes = ["service", SERVICE, "username", "client/a", "mark", mark];
        keyring.store("planted", &attributes, secret);
    };
    for number in 1..=11 {
        plant(&number.to_string(), &format!("number {number}"));
    }
    for _ in 0..3 {
        assert_eq!(peer.ask("read client/a"), "text number 11", "the newest");
        assert_eq!(Peer::on(&bus).ask("read client/a"), "text number 11", "for everybody");
    }
    assert_eq!(peer.ask("names"), "names client/a");
    assert_eq!(peer.ask(&format!("write client/a {SECRET}")), "ok");
    assert_eq!(keyring.items().len(), 1, "the next write leaves one");
    assert_eq!(peer.ask("read client/a"), format!("text {SECRET}"));
    plant("12", "number 12");
    assert_eq!(peer.ask("delete client/a"), "ok");
    assert_eq!(keyring.items(), Vec::<String>::new(), "a deletion leaves none");
}

#[test]
fn k10_items_that_others_delete_meanwhile_are_gone_and_no_failure() {
    let bus = Bus::start();
    let keyring = Keyring::unlocked(&bus);
    let mut peers: Vec<Peer> = (0..6).map(|_| Peer::on(&bus)).collect();
    // All of them connect before the first round.
    for peer in &mut peers {
        assert_eq!(peer.ask("read client/none"), "none");
    }
    assert_eq!(peers[0].ask("write client/stays x"), "ok");
    let mut listed_less = 0;
    for round in 0..100 {
        // One item that all delete, and one of each peer's own.
        assert_eq!(peers[0].ask("write client/shared x"), "ok");
        for (number, peer) in peers.iter_mut().enumerate() {
            assert_eq!(peer.ask(&format!("write client/{number} x")), "ok");
        }
        for (number, peer) in peers.iter_mut().enumerate() {
            peer.begin(&match number {
                0 => "names".to_owned(),
                1 | 2 => format!("delete client/{number}"),
                3 => "read client/shared".to_owned(),
                _ => "delete client/shared".to_owned(),
            });
        }
        for (number, peer) in peers.iter_mut().enumerate() {
            let told = peer.answer(Duration::from_secs(20)).expect("an answer");
            let is_right = match number {
                0 => told.contains(" client/stays") && told.contains("client/0 "),
                3 => told == "text x" || told == "none",
                _ => told == "ok",
            };
            assert!(is_right, "round {round}, {number}: {told}");
            listed_less += usize::from(number == 0 && !told.contains("client/shared"));
        }
        assert_eq!(
            peers[3].ask("names"),
            "names client/0 client/3 client/4 client/5 client/stays",
            "{round}"
        );
        // A peer that writes a record while others delete it has either written it, or it was deleted
        // afterwards.
        for (number, peer) in peers.iter_mut().enumerate() {
            peer.begin(if number % 2 == 0 { "write client/3 y" } else { "delete client/3" });
        }
        for peer in &mut peers {
            assert_eq!(peer.answer(Duration::from_secs(20)).as_deref(), Ok("ok"), "round {round}");
        }
    }
    println!("{listed_less} of 100 lists were made after a deletion");
    assert!(keyring.items().iter().any(|item| item.contains("client/stays")));
}
