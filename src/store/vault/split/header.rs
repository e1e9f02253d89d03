//! The header of a split record, and the names of its parts.
//!
//! Invariant: only a header begins with [`MARK`]; no record's name ends like a part's.

use crate::store::vault::VaultError;

/// The prefix of a header, before its version.
pub(in crate::store::vault::split) const MARK: &str = "keyfob-split/";

#[derive(Debug, PartialEq, Eq)]
pub(in crate::store::vault::split) struct Header {
    /// A count and eight random digits: `7-0123abcd`.
    pub(in crate::store::vault::split) generation: String,
    pub(in crate::store::vault::split) parts: usize,
    pub(in crate::store::vault::split) bytes: usize,
    /// The record's SHA-256, in hexadecimal.
    pub(in crate::store::vault::split) digest: String,
}

impl Header {
    pub(in crate::store::vault::split) fn line(&self) -> String {
        format!("{MARK}1 {} {} {} {}", self.generation, self.parts, self.bytes, self.digest)
    }

    /// Reads a header; `None` if the line isn't one.
    pub(in crate::store::vault::split) fn parse(line: &str) -> Result<Option<Self>, VaultError> {
        let Some(rest) = line.strip_prefix(MARK) else { return Ok(None) };
        let mut words = rest.split(' ');
        match words.next() {
            Some("1") => {}
            Some(version) if version.parse::<u32>().is_ok_and(|version| version > 1) => {
                return Err(VaultError::Newer);
            }
            _ => return Err(VaultError::Corrupt),
        }
        let header = (|| {
            let generation = words.next().filter(|text| is_generation(text))?.to_owned();
            let parts: usize = words.next()?.parse().ok().filter(|parts| *parts <= super::MAX_PARTS)?;
            let bytes: usize = words.next()?.parse().ok().filter(|bytes| *bytes <= 64 * 1024 * 1024)?;
            let digest = words.next()?.to_owned();
            words.next().is_none().then_some(Self { generation, parts, bytes, digest })
        })();
        header.map(Some).ok_or(VaultError::Corrupt)
    }

    pub(in crate::store::vault::split) fn part_names(&self, name: &str) -> impl Iterator<Item = String> {
        (0..self.parts).map(move |number| part_name(name, &self.generation, number))
    }

    pub(in crate::store::vault::split) fn count(&self) -> u64 {
        self.generation.split('-').next().and_then(|count| count.parse().ok()).unwrap_or_default()
    }
}

fn is_generation(text: &str) -> bool {
    text.split_once('-').is_some_and(|(count, random)| {
        is_number(count) && random.len() == 8 && random.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The name of a part; numbers start at 0.
pub(in crate::store::vault::split) fn part_name(name: &str, generation: &str, number: usize) -> String {
    format!("{name}#{generation}.{number}")
}

/// The record that a part belongs to; `None` if the name is not a part's.
pub(in crate::store::vault::split) fn parts_owner(name: &str) -> Option<&str> {
    let (owner, rest) = name.rsplit_once('#')?;
    let (generation, number) = rest.split_once('.')?;
    (is_generation(generation) && is_number(number)).then_some(owner)
}

pub(in crate::store::vault::split) fn is_part(name: &str) -> bool {
    parts_owner(name).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_as_it_was_written() {
        let header =
            Header { generation: "7-0123abcd".to_owned(), parts: 3, bytes: 6000, digest: "d".repeat(64) };
        assert_eq!(Header::parse(&header.line()), Ok(Some(header)));
        assert_eq!(Header::parse(r#"{"v":1}"#), Ok(None));
        assert_eq!(Header::parse(""), Ok(None));
        assert_eq!(Header::parse("keyfob-split/2 whatever"), Err(VaultError::Newer));
        for bad in
            ["keyfob-split/", "keyfob-split/1", "keyfob-split/1 7-0123abcd 99999 1 d", "keyfob-split/x 1"]
        {
            assert_eq!(Header::parse(bad), Err(VaultError::Corrupt), "{bad}");
        }
        let largest = Header {
            generation: format!("{}-ffffffff", u64::MAX),
            parts: usize::MAX,
            bytes: usize::MAX,
            digest: "d".repeat(64),
        };
        assert!(largest.line().len() <= super::super::HEADER_BYTES);
    }

    #[test]
    fn parts_are_told_from_records() {
        assert_eq!(parts_owner(&part_name("tokens/a", "7-0123abcd", 12)), Some("tokens/a"));
        for name in ["tokens/a", "tokens/a#1", "tokens/a#1-0123abcd", "tokens/a#1-0123abcd.", "tokens/a#x.1"]
        {
            assert!(!is_part(name), "{name}");
        }
    }
}
