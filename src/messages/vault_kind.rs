//! The places where secrets can be kept.

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VaultKind {
    #[default]
    Keychain,
    File,
    /// Memory, until quit.
    Memory,
    /// A KV secrets engine that several machines share.
    Team,
}

impl VaultKind {
    /// The word in arguments, in JSON output and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Keychain => "keychain",
            Self::File => "file",
            Self::Memory => "memory",
            Self::Team => "team",
        }
    }

    /// Whether it is this user's alone and outlives the process, so that it can be the stored choice.
    pub fn is_personal(self) -> bool {
        matches!(self, Self::Keychain | Self::File)
    }

    /// The vault of a word; `None` for memory, which ends with its process, and for an unknown word.
    pub fn lasting(word: &str) -> Option<Self> {
        [Self::Keychain, Self::File, Self::Team].into_iter().find(|kind| kind.as_str() == word)
    }
}
