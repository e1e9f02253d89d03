//! Records larger than a keychain's items, stored in parts.
//!
//! A split record has a header under the record's own name, and its parts beside it. Invariants: an
//! interrupted write leaves the old record readable; a record is complete or [`VaultError::Corrupt`], never
//! truncated; names show records only.
//!
//! Part names have a generation that no other write uses. The new parts are written and read back, then the
//! header is replaced, which makes the change effective, then the old parts are deleted. A deletion removes
//! the header last. A record that fits is stored without parts.

use sha2::{Digest as _, Sha256};

use super::{Vault, VaultError, check_line};
use crate::base::secret::SecretText;

mod header;

use header::{Header, MARK, is_part, part_name, parts_owner};

const HEADER_BYTES: usize = 160;

/// The maximum size of a record: an import file has at most 4 MiB and a token response 1 MiB, and JSON in
/// ASCII takes up to six bytes for one. A vault whose items hold this much never has parts.
const RECORD_MAX_BYTES: usize = 32 * 1024 * 1024;

const MAX_PARTS: usize = 1024;

/// How often a read starts again if another process has just replaced the record.
const READ_TRIES: usize = 5;

/// Extends a vault with a size limit to records of any size.
#[derive(Debug)]
pub struct SplitVault<V> {
    inner: V,
}

enum Stored {
    Nothing,
    Whole(SecretText),
    Split(Header),
}

impl<V: Vault> SplitVault<V> {
    /// Splits records that exceed the limit of `inner`.
    pub fn new(inner: V) -> Self {
        Self { inner }
    }

    fn stored(&mut self, name: &str) -> Result<Stored, VaultError> {
        match self.inner.read(name)? {
            None => Ok(Stored::Nothing),
            Some(line) => Ok(Header::parse(line.expose())?.map_or(Stored::Whole(line), Stored::Split)),
        }
    }

    /// The joined parts; `None` if they are not complete, or not the header's.
    fn joined(&mut self, name: &str, header: &Header) -> Result<Option<SecretText>, VaultError> {
        let mut text = String::with_capacity(header.bytes);
        for number in 0..header.parts {
            let part = self.inner.read(&part_name(name, &header.generation, number))?;
            match part {
                // Never beyond the reserved size: growing would leave an unwiped copy.
                Some(part) if text.len() + part.len_bytes() <= header.bytes => text.push_str(part.expose()),
                _ => {
                    drop(SecretText::new(text));
                    return Ok(None);
                }
            }
        }
        let line = SecretText::new(text);
        Ok(Some(line).filter(|line| line.len_bytes() == header.bytes && digest(line) == header.digest))
    }

    fn write_parts(
        &mut self,
        name: &str,
        line: &SecretText,
        limit: usize,
        after: u64,
    ) -> Result<Header, VaultError> {
        let size_bytes = line.len_bytes();
        let most = limit.saturating_mul(MAX_PARTS);
        if limit < HEADER_BYTES || size_bytes > most {
            return Err(VaultError::TooLarge { size_bytes, limit_bytes: most.min(limit) });
        }
        let header = Header {
            generation: new_generation(after)?,
            parts: size_bytes.div_ceil(limit).max(1),
            bytes: size_bytes,
            digest: digest(line),
        };
        let text = line.expose();
        for number in 0..header.parts {
            let end = size_bytes.min((number + 1) * limit);
            // The line is ASCII, so any position is a character boundary.
            let part = SecretText::new(text[number * limit..end].to_owned());
            self.inner.write(&part_name(name, &header.generation, number), &part).inspect_err(|_| {
                self.delete_parts(name, &header);
            })?;
        }
        match self.joined(name, &header) {
            Ok(Some(_)) => Ok(header),
            other => {
                self.delete_parts(name, &header);
                other.and(Err(VaultError::Failed("a record could not be read back as written")))
            }
        }
    }

    /// Deletes parts without a stored header; any that remain are orphans.
    fn delete_parts(&mut self, name: &str, header: &Header) {
        for part in header.part_names(name) {
            let _ = self.inner.delete(&part);
        }
    }

    /// Returns true if a write may have left parts without a header.
    fn may_leave_parts(&self) -> bool {
        self.inner.limit_bytes().is_some_and(|limit| limit < RECORD_MAX_BYTES)
    }

    /// The names of all parts of a record: those of its header, and those that interrupted writes left, which
    /// only a listing shows. Listed only if a record is split at all: listing takes gnome-keyring a call for
    /// each item, and Windows one for all of them.
    fn parts_of(&mut self, name: &str) -> Result<Vec<String>, VaultError> {
        if self.may_leave_parts() {
            let mut names = self.inner.names()?;
            names.retain(|part| parts_owner(part) == Some(name));
            return Ok(names);
        }
        match self.stored(name) {
            Ok(Stored::Split(header)) => Ok(header.part_names(name).collect()),
            Ok(_) | Err(VaultError::Corrupt | VaultError::Newer) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

impl<V: Vault> Vault for SplitVault<V> {
    fn read(&mut self, name: &str) -> Result<Option<SecretText>, VaultError> {
        let mut last: Option<Header> = None;
        for _ in 0..READ_TRIES {
            let header = match self.stored(name)? {
                Stored::Nothing => return Ok(None),
                Stored::Whole(line) => return Ok(Some(line)),
                Stored::Split(header) => header,
            };
            if let Some(line) = self.joined(name, &header)? {
                return Ok(Some(line));
            }
            // Its parts disappear when another process replaces the record; then the header differs.
            if last.is_some_and(|last| last.generation == header.generation) {
                break;
            }
            last = Some(header);
        }
        Err(VaultError::Corrupt)
    }

    fn write(&mut self, name: &str, line: &SecretText) -> Result<(), VaultError> {
        check_line(line)?;
        if is_part(name) {
            return Err(VaultError::Failed("a record can't have the name of a part"));
        }
        let before = match self.stored(name) {
            // It is written again; its remaining parts are deleted below.
            Err(VaultError::Corrupt) => None,
            stored => Some(stored?),
        };
        let after = if let Some(Stored::Split(header)) = &before { header.count() } else { 0 };
        let limit = self.inner.limit_bytes().unwrap_or(usize::MAX);
        if line.len_bytes() <= limit && !line.expose().starts_with(MARK) {
            self.inner.write(name, line)?;
        } else {
            let header = self.write_parts(name, line, limit, after)?;
            let written = self.inner.write(name, &SecretText::new(header.line()));
            written.inspect_err(|_| self.delete_parts(name, &header))?;
        }
        match before {
            Some(Stored::Split(header)) => self.delete_parts(name, &header),
            Some(_) => {}
            None => {
                for orphan in self.orphans().unwrap_or_default() {
                    if parts_owner(&orphan) == Some(name) {
                        let _ = self.inner.delete(&orphan);
                    }
                }
            }
        }
        Ok(())
    }

    fn delete(&mut self, name: &str) -> Result<(), VaultError> {
        if is_part(name) {
            let is_orphan = self.orphans()?.iter().any(|orphan| orphan == name);
            return if is_orphan { self.inner.delete(name) } else { Ok(()) };
        }
        for part in self.parts_of(name)? {
            self.inner.delete(&part)?;
        }
        self.inner.delete(name)
    }

    fn names(&mut self) -> Result<Vec<String>, VaultError> {
        let mut names = self.inner.names()?;
        names.retain(|name| !is_part(name));
        Ok(names)
    }

    fn probe(&mut self) -> Result<(), VaultError> {
        self.inner.probe()
    }

    fn orphans(&mut self) -> Result<Vec<String>, VaultError> {
        let mut orphans = self.inner.orphans()?;
        let mut known: Option<(String, Option<Header>)> = None;
        for part in self.inner.names()? {
            let Some(owner) = parts_owner(&part) else { continue };
            // Names are sorted, so a record's parts are adjacent.
            if known.as_ref().is_none_or(|(name, _)| name != owner) {
                let header = match self.stored(owner) {
                    Ok(Stored::Split(header)) => Some(header),
                    Ok(_) => None,
                    // Its parts may be all that is left of it.
                    Err(VaultError::Corrupt | VaultError::Newer) => continue,
                    Err(error) => return Err(error),
                };
                known = Some((owner.to_owned(), header));
            }
            let is_used = known
                .as_ref()
                .and_then(|(_, header)| header.as_ref())
                .is_some_and(|header| header.part_names(owner).any(|name| name == part));
            if !is_used {
                orphans.push(part);
            }
        }
        Ok(orphans)
    }
}

/// A generation after `after` that no other process makes at the same time.
fn new_generation(after: u64) -> Result<String, VaultError> {
    let mut random = [0; 4];
    getrandom::fill(&mut random).map_err(|_| VaultError::Failed("the system returned no random bytes"))?;
    Ok(format!("{}-{:08x}", after.saturating_add(1), u32::from_le_bytes(random)))
}

fn digest(line: &SecretText) -> String {
    hex::encode(Sha256::digest(line.expose().as_bytes()))
}

#[cfg(test)]
mod tests;
