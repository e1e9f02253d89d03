//! A vault in memory, until quit.
//!
//! For users who choose to store nothing, and for tests, which can inject faults. Invariant: nothing in it
//! reaches a disk; a clone is another handle to the same records.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::{Vault, VaultError, check_line};
use crate::base::secret::SecretText;

/// A vault that ends with the process, with injectable faults.
#[derive(Debug, Clone, Default)]
pub struct MemoryVault {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    inner: Mutex<Inner>,
    resumed: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    records: BTreeMap<String, SecretText>,
    failing: Option<VaultError>,
    read_faults: VecDeque<VaultError>,
    write_faults: VecDeque<Option<VaultError>>,
    write_fuse: Option<(usize, VaultError)>,
    limit_bytes: Option<usize>,
    paused: bool,
    calls: usize,
}

impl MemoryVault {
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes every call fail; `None` ends that.
    pub fn fail_all(&self, error: Option<VaultError>) {
        self.inner().failing = error;
    }

    /// Makes the next `count` reads fail.
    pub fn fail_reads(&self, count: usize, error: &VaultError) {
        self.inner().read_faults.extend(std::iter::repeat_n(error.clone(), count));
    }

    /// Makes the next `count` writes fail, including deletions.
    pub fn fail_writes(&self, count: usize, error: &VaultError) {
        self.inner().write_faults.extend(std::iter::repeat_n(Some(error.clone()), count));
    }

    /// Lets `count` writes succeed, including deletions, and makes the next one fail.
    pub fn fail_write_after(&self, count: usize, error: &VaultError) {
        self.inner().write_faults = std::iter::repeat_n(None, count).chain([Some(error.clone())]).collect();
    }

    /// Lets a number of writes succeed, including deletions, and makes every later one fail, as after a
    /// crash. `None` ends that. Returns whether a write has failed.
    pub fn fuse_writes(&self, fuse: Option<(usize, VaultError)>) -> bool {
        let before = std::mem::replace(&mut self.inner().write_fuse, fuse);
        before.is_some_and(|(left, _)| left == 0)
    }

    /// Rejects records larger than this, in bytes; `None` accepts any.
    pub fn set_limit_bytes(&self, limit: Option<usize>) {
        self.inner().limit_bytes = limit;
    }

    /// Makes calls wait, as for an unlock prompt, until [`Self::resume`].
    pub fn pause(&self) {
        self.inner().paused = true;
    }

    pub fn resume(&self) {
        self.inner().paused = false;
        self.shared.resumed.notify_all();
    }

    pub fn calls(&self) -> usize {
        self.inner().calls
    }

    /// What is stored under a name, ignoring faults.
    pub fn stored(&self, name: &str) -> Option<SecretText> {
        self.inner().records.get(name).map(SecretText::duplicate)
    }

    /// Stores a line under a name, ignoring faults and checks.
    pub fn plant(&self, name: &str, line: SecretText) {
        self.inner().records.insert(name.to_owned(), line);
    }

    pub fn stored_names(&self) -> Vec<String> {
        self.inner().records.keys().cloned().collect()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.shared.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a call: waits while paused, and fails if a fault is set.
    fn begin(&self) -> Result<MutexGuard<'_, Inner>, VaultError> {
        let mut inner = self.inner();
        inner.calls += 1;
        let inner = self
            .shared
            .resumed
            .wait_while(inner, |inner| inner.paused)
            .unwrap_or_else(PoisonError::into_inner);
        inner.failing.clone().map_or(Ok(inner), Err)
    }

    fn begin_read(&self) -> Result<MutexGuard<'_, Inner>, VaultError> {
        let mut inner = self.begin()?;
        inner.read_faults.pop_front().map_or(Ok(inner), Err)
    }

    fn begin_write(&self) -> Result<MutexGuard<'_, Inner>, VaultError> {
        let mut inner = self.begin()?;
        if let Some((left, error)) = &mut inner.write_fuse {
            match left.checked_sub(1) {
                Some(less) => *left = less,
                None => return Err(error.clone()),
            }
        }
        inner.write_faults.pop_front().flatten().map_or(Ok(inner), Err)
    }
}

impl Vault for MemoryVault {
    fn read(&mut self, name: &str) -> Result<Option<SecretText>, VaultError> {
        Ok(self.begin_read()?.records.get(name).map(SecretText::duplicate))
    }

    fn write(&mut self, name: &str, line: &SecretText) -> Result<(), VaultError> {
        check_line(line)?;
        let mut inner = self.begin_write()?;
        if let Some(limit_bytes) = inner.limit_bytes.filter(|limit| line.len_bytes() > *limit) {
            return Err(VaultError::TooLarge { size_bytes: line.len_bytes(), limit_bytes });
        }
        inner.records.insert(name.to_owned(), line.duplicate());
        Ok(())
    }

    fn delete(&mut self, name: &str) -> Result<(), VaultError> {
        self.begin_write()?.records.remove(name);
        Ok(())
    }

    fn names(&mut self) -> Result<Vec<String>, VaultError> {
        Ok(self.begin_read()?.records.keys().cloned().collect())
    }

    fn probe(&mut self) -> Result<(), VaultError> {
        self.begin_write().map(drop)
    }

    fn limit_bytes(&self) -> Option<usize> {
        self.inner().limit_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> SecretText {
        SecretText::new(text.to_owned())
    }

    #[test]
    fn faults_come_as_ordered_and_spare_what_was_there() {
        let handle = MemoryVault::new();
        let mut vault = handle.clone();
        vault.write("a", &line("one")).unwrap();
        handle.fail_writes(2, &VaultError::Locked);
        assert_eq!(vault.write("a", &line("two")), Err(VaultError::Locked));
        assert_eq!(vault.delete("a"), Err(VaultError::Locked));
        assert_eq!(handle.stored("a").unwrap().expose(), "one");
        vault.write("a", &line("two")).unwrap();
        handle.fail_reads(1, &VaultError::Denied);
        assert_eq!(vault.read("a").err(), Some(VaultError::Denied));
        assert_eq!(vault.read("a").unwrap().unwrap().expose(), "two");
        handle.fail_all(Some(VaultError::Absent));
        assert_eq!(vault.probe(), Err(VaultError::Absent));
        handle.fail_all(None);
        handle.set_limit_bytes(Some(3));
        assert_eq!(
            vault.write("a", &line("four")),
            Err(VaultError::TooLarge { size_bytes: 4, limit_bytes: 3 })
        );
        assert_eq!(handle.stored("a").unwrap().expose(), "two");
    }

    #[test]
    fn a_paused_call_waits() {
        let handle = MemoryVault::new();
        handle.pause();
        let mut vault = handle.clone();
        let (done, is_done) = std::sync::mpsc::sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("paused".to_owned())
            .spawn(move || {
                let names = vault.names();
                done.send(()).unwrap();
                names
            })
            .unwrap();
        assert!(is_done.recv_timeout(std::time::Duration::from_millis(50)).is_err());
        handle.resume();
        assert_eq!(thread.join().unwrap(), Ok(Vec::new()));
    }
}
