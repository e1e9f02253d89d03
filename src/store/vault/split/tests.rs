use std::fmt::Write as _;

use super::*;
use crate::store::vault::memory::MemoryVault;

const LIMIT: usize = 2560;
const NAME: &str = "tokens/a";

fn limited(limit: usize) -> (MemoryVault, SplitVault<MemoryVault>) {
    let memory = MemoryVault::new();
    memory.set_limit_bytes(Some(limit));
    (memory.clone(), SplitVault::new(memory))
}

fn line(text: &str) -> SecretText {
    SecretText::new(text.to_owned())
}

/// A line of this many bytes without repetition.
fn long(mark: &str, bytes: usize) -> SecretText {
    let mut text = String::from("CANARY-");
    while text.len() < bytes {
        let _ = write!(text, "{mark}{} ", text.len());
    }
    text.truncate(bytes);
    SecretText::new(text)
}

fn text(vault: &mut impl Vault, name: &str) -> Option<String> {
    vault.read(name).unwrap().map(|line| line.expose().to_owned())
}

#[test]
fn k6_every_size_is_kept_and_no_item_is_over_the_limit() {
    for size in [1, 2_559, 2_560, 2_561, 5_120, 5_121, 64 * 1024] {
        let (memory, mut vault) = limited(LIMIT);
        let record = long("a", size);
        vault.write(NAME, &record).unwrap();
        assert_eq!(text(&mut vault, NAME).as_deref(), Some(record.expose()), "{size}");
        assert_eq!(vault.names().unwrap(), [NAME]);
        assert_eq!(vault.orphans().unwrap(), Vec::<String>::new());
        let items = memory.stored_names();
        assert!(items.iter().all(|name| memory.stored(name).unwrap().len_bytes() <= LIMIT));
        let parts = if size <= LIMIT { 0 } else { size.div_ceil(LIMIT) };
        assert_eq!(items.len(), 1 + parts, "{size}");
        vault.delete(NAME).unwrap();
        assert!(memory.stored_names().is_empty(), "a deletion leaves nothing behind");
    }
}

#[test]
fn k6_what_cannot_be_split_is_refused_before_anything_is_written() {
    let (memory, mut vault) = limited(HEADER_BYTES - 1);
    vault.write(NAME, &line("old")).unwrap();
    assert!(matches!(vault.write(NAME, &long("a", 200)), Err(VaultError::TooLarge { size_bytes: 200, .. })));
    memory.set_limit_bytes(Some(200));
    assert!(matches!(vault.write(NAME, &long("a", 200 * MAX_PARTS + 1)), Err(VaultError::TooLarge { .. })));
    assert_eq!(memory.stored_names(), [NAME]);
    assert_eq!(text(&mut vault, NAME).as_deref(), Some("old"));
}

#[test]
fn k7_a_write_cut_short_leaves_the_old_record_or_the_new() {
    let sizes = [10, 3 * LIMIT, 5 * LIMIT + 1];
    for (old, new) in sizes.into_iter().flat_map(|old| sizes.map(|new| (old, new))) {
        let (old, new) = (long("old", old), long("new", new));
        let (mut olds, mut news) = (0, 0);
        for writes in 0.. {
            let (memory, mut vault) = limited(LIMIT);
            vault.write(NAME, &old).unwrap();
            memory.fuse_writes(Some((writes, VaultError::Locked)));
            let done = vault.write(NAME, &new);
            let was_cut = memory.fuse_writes(None);
            let mut vault = SplitVault::new(memory.clone());
            let now = text(&mut vault, NAME).unwrap();
            assert_eq!(now == new.expose(), done.is_ok(), "done is done, and refused is not: {writes}");
            if now == new.expose() {
                news += 1;
            } else {
                olds += 1;
            }
            assert!(now == new.expose() || now == old.expose(), "{writes}");
            assert_eq!(vault.names().unwrap(), [NAME], "orphans are no records");

            // The remains are found, can be deleted, and nothing else is.
            for orphan in vault.orphans().unwrap() {
                vault.delete(&orphan).unwrap();
            }
            assert_eq!(text(&mut vault, NAME).unwrap(), now);
            let parts = if now.len() <= LIMIT { 0 } else { now.len().div_ceil(LIMIT) };
            assert_eq!(memory.stored_names().len(), 1 + parts);
            // A part in use is not an orphan.
            for name in memory.stored_names().iter().filter(|name| is_part(name)) {
                vault.delete(name).unwrap();
            }
            assert_eq!(text(&mut vault, NAME).unwrap(), now);
            if !was_cut {
                break;
            }
        }
        assert!(news > 0 && olds > 0);
    }
}

#[test]
fn k7_one_refused_part_spends_nothing_and_leaves_nothing() {
    for write in 0..5 {
        let (memory, mut vault) = limited(LIMIT);
        vault.write(NAME, &long("old", 2 * LIMIT)).unwrap();
        let before = memory.stored_names();
        let mut faulty = SplitVault::new(Faulty { inner: memory.clone(), writes: 0, bad: write });
        let done = faulty.write(NAME, &long("new", 4 * LIMIT));
        assert_eq!(done, Err(VaultError::Denied), "write {write}: four parts and the header");
        assert_eq!(memory.stored_names(), before);
        assert_eq!(text(&mut vault, NAME).as_deref(), Some(long("old", 2 * LIMIT).expose()));
    }
}

struct Faulty {
    inner: MemoryVault,
    writes: usize,
    bad: usize,
}

impl Vault for Faulty {
    fn read(&mut self, name: &str) -> Result<Option<SecretText>, VaultError> {
        self.inner.read(name)
    }
    fn write(&mut self, name: &str, line: &SecretText) -> Result<(), VaultError> {
        self.writes += 1;
        if self.writes == self.bad + 1 { Err(VaultError::Denied) } else { self.inner.write(name, line) }
    }
    fn delete(&mut self, name: &str) -> Result<(), VaultError> {
        self.inner.delete(name)
    }
    fn names(&mut self) -> Result<Vec<String>, VaultError> {
        self.inner.names()
    }
    fn probe(&mut self) -> Result<(), VaultError> {
        self.inner.probe()
    }
    fn limit_bytes(&self) -> Option<usize> {
        Some(LIMIT)
    }
}

#[test]
fn k7_a_deletion_cut_short_can_be_made_again() {
    for writes in 0.. {
        let (memory, mut vault) = limited(LIMIT);
        vault.write(NAME, &long("a", 3 * LIMIT)).unwrap();
        memory.fuse_writes(Some((writes, VaultError::Locked)));
        let done = vault.delete(NAME);
        if memory.fuse_writes(None) && done.is_err() {
            assert_eq!(vault.names().unwrap(), [NAME], "the header goes last");
            if writes > 0 {
                assert_eq!(vault.read(NAME).err(), Some(VaultError::Corrupt));
            }
            vault.delete(NAME).unwrap();
        }
        assert!(memory.stored_names().is_empty(), "{writes}");
        if done.is_ok() {
            assert_eq!(writes, 4);
            return;
        }
    }
}

#[test]
fn k3_a_failing_vault_is_never_read_as_missing_or_damaged() {
    let (memory, mut vault) = limited(LIMIT);
    vault.write(NAME, &long("a", 3 * LIMIT)).unwrap();
    for reads in 0..4 {
        // The header, then each part.
        let mut flaky = SplitVault::new(Flaky { inner: memory.clone(), reads: 0, bad: reads });
        assert_eq!(flaky.read(NAME).err(), Some(VaultError::Locked), "{reads}");
    }
    memory.fail_all(Some(VaultError::Denied));
    assert_eq!(vault.names().err(), Some(VaultError::Denied));
    assert_eq!(vault.orphans().err(), Some(VaultError::Denied));
    assert_eq!(vault.delete(NAME).err(), Some(VaultError::Denied));
    assert_eq!(vault.write(NAME, &line("x")).err(), Some(VaultError::Denied));
}

struct Flaky {
    inner: MemoryVault,
    reads: usize,
    bad: usize,
}

impl Vault for Flaky {
    fn read(&mut self, name: &str) -> Result<Option<SecretText>, VaultError> {
        self.reads += 1;
        if self.reads == self.bad + 1 { Err(VaultError::Locked) } else { self.inner.read(name) }
    }
    fn write(&mut self, name: &str, line: &SecretText) -> Result<(), VaultError> {
        self.inner.write(name, line)
    }
    fn delete(&mut self, name: &str) -> Result<(), VaultError> {
        self.inner.delete(name)
    }
    fn names(&mut self) -> Result<Vec<String>, VaultError> {
        self.inner.names()
    }
    fn probe(&mut self) -> Result<(), VaultError> {
        self.inner.probe()
    }
}

#[test]
fn what_was_written_unsplit_is_read_and_damage_is_seen() {
    let (memory, mut vault) = limited(LIMIT);
    memory.plant(NAME, long("a", 9000));
    assert_eq!(text(&mut vault, NAME).as_deref(), Some(long("a", 9000).expose()));
    vault.write(NAME, &long("b", 9000)).unwrap();
    // A record that begins like a header is not a header.
    let tricky = format!("{MARK}1 7-0123abcd 1 1 x");
    vault.write("client/a", &line(&tricky)).unwrap();
    assert_eq!(text(&mut vault, "client/a"), Some(tricky));
    vault.write("client/a", &line("short")).unwrap();
    assert_eq!(memory.stored("client/a").unwrap().expose(), "short");

    let part = memory.stored_names().into_iter().find(|name| is_part(name)).unwrap();
    let whole = memory.stored(&part).unwrap();
    for damaged in ["", &whole.expose()[1..], &whole.expose().replace('b', "c")] {
        memory.plant(&part, line(damaged));
        assert_eq!(vault.read(NAME).err(), Some(VaultError::Corrupt));
    }
    memory.plant(NAME, line("keyfob-split/2 later"));
    assert_eq!(vault.read(NAME).err(), Some(VaultError::Newer));
    assert_eq!(vault.write(NAME, &line("x")), Err(VaultError::Newer), "a newer record is not overwritten");
    assert_eq!(vault.orphans().unwrap(), Vec::<String>::new(), "nor are its parts offered for removal");
    memory.plant(NAME, line("keyfob-split/1 nonsense"));
    assert_eq!(vault.read(NAME).err(), Some(VaultError::Corrupt));
    vault.write(NAME, &line("entered again")).unwrap();
    assert_eq!(memory.stored_names(), ["client/a", NAME], "the damaged one's parts are gone");
    assert!(matches!(vault.write(&part, &line("x")), Err(VaultError::Failed(_))));
}

#[test]
fn two_writers_at_once_leave_one_whole_record() {
    let (memory, _) = limited(LIMIT);
    let threads: Vec<_> = ["a", "b", "c"]
        .into_iter()
        .map(|mark| {
            let mut vault = SplitVault::new(memory.clone());
            std::thread::Builder::new()
                .name(mark.to_owned())
                .spawn(move || {
                    for _ in 0..50 {
                        vault.write(NAME, &long(mark, 4 * LIMIT)).unwrap();
                        let now = vault.read(NAME);
                        assert!(matches!(now, Ok(Some(_)) | Err(VaultError::Corrupt)), "{now:?}");
                    }
                })
                .unwrap()
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let mut vault = SplitVault::new(memory);
    let now = text(&mut vault, NAME).unwrap();
    assert!(["a", "b", "c"].iter().any(|mark| now == long(mark, 4 * LIMIT).expose()));
}

/// Accepts a record of any size, and can't list.
struct Unlisted(MemoryVault);

impl Vault for Unlisted {
    fn read(&mut self, name: &str) -> Result<Option<SecretText>, VaultError> {
        self.0.read(name)
    }
    fn write(&mut self, name: &str, line: &SecretText) -> Result<(), VaultError> {
        self.0.write(name, line)
    }
    fn delete(&mut self, name: &str) -> Result<(), VaultError> {
        self.0.delete(name)
    }
    fn names(&mut self) -> Result<Vec<String>, VaultError> {
        Err(VaultError::Failed("listed"))
    }
    fn probe(&mut self) -> Result<(), VaultError> {
        self.0.probe()
    }
    fn limit_bytes(&self) -> Option<usize> {
        Some(RECORD_MAX_BYTES)
    }
}

#[test]
fn k10_nothing_is_listed_where_no_record_is_split() {
    let (memory, mut limited) = limited(LIMIT);
    let mut vault = SplitVault::new(Unlisted(memory.clone()));
    memory.set_limit_bytes(None);
    for record in [long("a", 10), long("b", 5 * LIMIT)] {
        vault.write(NAME, &record).unwrap();
        assert_eq!(text(&mut vault, NAME).as_deref(), Some(record.expose()));
    }
    memory.plant("client/a", line("keyfob-split/1 nonsense"));
    for name in [NAME, "client/a", "client/none"] {
        vault.delete(name).unwrap();
    }
    assert_eq!(memory.stored_names(), Vec::<String>::new());
    // A record that is split anyway is deleted with the parts of its header.
    memory.set_limit_bytes(Some(LIMIT));
    limited.write(NAME, &long("c", 5 * LIMIT)).unwrap();
    assert_eq!(memory.stored_names().len(), 6);
    vault.delete(NAME).unwrap();
    assert_eq!(memory.stored_names(), Vec::<String>::new());
}
