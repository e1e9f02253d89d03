//! Tags: words to find and group accounts by.
//!
//! Invariant: tags are trimmed, visible, bounded in number and length, and unique ignoring case.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::base::sanitize::is_deceptive;

pub const MAX_TAGS: usize = 20;

/// The maximum length of a tag, in characters.
pub const MAX_TAG_CHARS: usize = 40;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TagError {
    /// More than [`MAX_TAGS`].
    #[error("there are more than 20 tags")]
    TooMany,
    /// A tag has more than [`MAX_TAG_CHARS`] characters.
    #[error("a tag is longer than 40 characters")]
    TooLong,
    #[error("a tag has a character that can't be seen")]
    Unseen,
    #[error("a tag has a comma")]
    Comma,
}

/// The tags of an account, in the user's order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Tags(Vec<String>);

impl Tags {
    /// Makes tags from a list: trimmed, without empty and repeated ones.
    pub fn new<T: AsRef<str>>(list: impl IntoIterator<Item = T>) -> Result<Self, TagError> {
        let mut tags: Vec<String> = Vec::new();
        for text in list {
            let text = text.as_ref().trim();
            if text.contains(',') {
                return Err(TagError::Comma);
            }
            if text.chars().count() > MAX_TAG_CHARS {
                return Err(TagError::TooLong);
            }
            if text.chars().any(is_deceptive) {
                return Err(TagError::Unseen);
            }
            let key = text.to_lowercase();
            if text.is_empty() || tags.iter().any(|tag| tag.to_lowercase() == key) {
                continue;
            }
            if tags.len() == MAX_TAGS {
                return Err(TagError::TooMany);
            }
            tags.push(text.to_owned());
        }
        Ok(Self(tags))
    }

    /// Parses typed tags, separated by commas.
    pub fn typed(text: &str) -> Result<Self, TagError> {
        Self::new(text.split(','))
    }

    pub fn text(&self) -> String {
        self.0.join(", ")
    }

    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<Vec<String>> for Tags {
    type Error = TagError;
    fn try_from(list: Vec<String>) -> Result<Self, TagError> {
        Self::new(list)
    }
}

impl From<Tags> for Vec<String> {
    fn from(tags: Tags) -> Self {
        tags.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_trimmed_and_each_is_there_once() {
        let tags = Tags::typed(" work,  Prod ,work, PROD,, 東京 ").unwrap();
        assert_eq!(tags.as_slice(), ["work", "Prod", "東京"]);
        assert_eq!(tags.text(), "work, Prod, 東京");
        assert_eq!(Tags::typed(&tags.text()), Ok(tags));
        assert!(Tags::typed(" , ").unwrap().is_empty());
    }

    #[test]
    fn d1_tags_are_bounded_and_can_be_seen() {
        assert_eq!(Tags::typed("a\u{202e}b"), Err(TagError::Unseen));
        assert_eq!(Tags::typed("a\u{1b}[31m"), Err(TagError::Unseen));
        assert_eq!(Tags::typed(&"é".repeat(41)), Err(TagError::TooLong));
        assert_eq!(Tags::new(["a,b"]), Err(TagError::Comma));
        let many: Vec<String> = (0..21).map(|number| number.to_string()).collect();
        assert_eq!(Tags::new(&many), Err(TagError::TooMany));
        assert!(Tags::new(&many[..20]).is_ok());
        assert!(serde_json::from_str::<Tags>(r#"["a\u202eb"]"#).is_err());
    }
}
