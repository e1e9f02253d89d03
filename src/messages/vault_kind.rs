//! The places where secrets can be kept.

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VaultKind {
    #[default]
    Keychain,
    File,
    /// Memory, until quit.
    Memory,
}

impl VaultKind {
    /// The word in arguments, in JSON output and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Keychain => "keychain",
            Self::File => "file",
            Self::Memory => "memory",
        }
    }

    /// The vault of a word; `None` for memory, which ends with its process, and for an unknown word.
    pub fn lasting(word: &str) -> Option<Self> {
        [Self::Keychain, Self::File].into_iter().find(|kind| kind.as_str() == word)
    }
}
