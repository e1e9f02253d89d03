//! The encrypted content of `vault.age`: every record by its name, as JSON with a version.
//!
//! Invariant: reading returns what was written; a line passes only through buffers that are wiped.

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::base::secret::SecretText;
use crate::store::encryption;
use crate::store::encryption::{Key, SealError};

const VERSION: u32 = 1;

#[derive(Debug, Default)]
pub(in crate::store::vault::passphrase) struct Contents {
    generation: u64,
    pub(in crate::store::vault::passphrase) records: BTreeMap<String, SecretText>,
}

#[derive(Serialize)]
struct Out<'a> {
    v: u32,
    generation: u64,
    #[serde(serialize_with = "lines")]
    records: &'a BTreeMap<String, SecretText>,
}

#[derive(Deserialize)]
struct Version {
    v: u32,
}

#[derive(Deserialize)]
struct In<'a> {
    generation: u64,
    #[serde(borrow)]
    records: BTreeMap<String, &'a RawValue>,
}

fn lines<S: Serializer>(records: &BTreeMap<String, SecretText>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(records.iter().map(|(name, line)| (name, line.expose())))
}

impl Contents {
    pub(in crate::store::vault::passphrase) fn open(key: &Key, bytes: &[u8]) -> Result<Self, SealError> {
        let plain = key.open(bytes)?;
        match serde_json::from_slice::<Version>(&plain).map_err(|_| SealError::Damaged)?.v {
            0 => return Err(SealError::Damaged),
            VERSION => {}
            _ => return Err(SealError::Newer),
        }
        let read: In = serde_json::from_slice(&plain).map_err(|_| SealError::Damaged)?;
        let mut contents = Self { generation: read.generation, records: BTreeMap::new() };
        for (name, raw) in read.records {
            contents.records.insert(name, line(raw.get()).ok_or(SealError::Damaged)?);
        }
        Ok(contents)
    }

    pub(in crate::store::vault::passphrase) fn seal(&self, keys: &[&Key]) -> Result<Vec<u8>, SealError> {
        encryption::seal(keys, |to| {
            let out = Out { v: VERSION, generation: self.generation, records: &self.records };
            serde_json::to_writer(to, &out).map_err(io::Error::from)
        })
    }

    pub(in crate::store::vault::passphrase) fn count_up(&mut self) {
        self.generation += 1;
    }

    pub(in crate::store::vault::passphrase) fn is_same(&self, other: &Self) -> bool {
        self.generation == other.generation
            && self.records.len() == other.records.len()
            && self.records.iter().zip(&other.records).all(|((name, line), (other_name, other_line))| {
                name == other_name && line.expose() == other_line.expose()
            })
    }
}

/// The text of a JSON string. The parser would collect it in a buffer that it does not wipe. A line is
/// printable ASCII, in which only `"` and `\` are escaped.
fn line(raw: &str) -> Option<SecretText> {
    let escaped = raw.strip_prefix('"')?.strip_suffix('"')?;
    let mut text = String::with_capacity(escaped.len());
    let mut chars = escaped.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.push(chars.next().filter(|c| matches!(c, '"' | '\\' | '/'))?),
            c => text.push(c),
        }
    }
    Some(SecretText::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_is_opened() {
        let key = Key::generate();
        let mut contents = Contents { generation: 7, records: BTreeMap::new() };
        for (name, text) in [("a", ""), ("b", r#"{"v":1,"t":"\u2028 \\ \" / CANARY"}"#), ("c", "~ plain")] {
            contents.records.insert(name.to_owned(), SecretText::new(text.to_owned()));
        }
        let other = Key::generate();
        let bytes = contents.seal(&[&other, &key]).unwrap();
        assert!(Contents::open(&key, &bytes).unwrap().is_same(&contents));
        assert!(Contents::open(&other, &bytes).unwrap().is_same(&contents));
        assert_eq!(encryption::keys_of(&bytes), 2);
        assert_eq!(Contents::open(&Key::generate(), &bytes).unwrap_err(), SealError::WrongKey);
        contents.count_up();
        assert!(!Contents::open(&key, &bytes).unwrap().is_same(&contents));
    }

    #[test]
    fn newer_and_damaged_contents_are_told_apart() {
        let key = Key::generate();
        let opened = |text: &str| {
            let bytes = encryption::seal(&[&key], |to| to.write_all(text.as_bytes())).unwrap();
            Contents::open(&key, &bytes).map(drop)
        };
        assert_eq!(opened(r#"{"v":1,"generation":1,"records":{"a":"x"}}"#), Ok(()));
        assert_eq!(opened(r#"{"v":2,"sealed":{"a":"CANARY"}}"#), Err(SealError::Newer));
        for damaged in [
            "",
            "{}",
            r#"{"v":0}"#,
            r#"{"v":1,"generation":1}"#,
            r#"{"v":1,"generation":1,"records":{"a":1}}"#,
            r#"{"v":1,"generation":1,"records":{"a":"\n"}}"#,
            r#"{"v":1,"generation":1,"records":{"a":"x"}"#,
        ] {
            assert_eq!(opened(damaged), Err(SealError::Damaged), "{damaged}");
        }
    }
}
