//! The environment that an account belongs to, as its owner notes it.
//!
//! Invariant: the note decides nothing; it changes no request and no destination.

use serde::{Deserialize, Serialize};

/// The environments, the most critical first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    Production,
    Staging,
    Development,
}

impl Environment {
    pub const ALL: [Self; 3] = [Self::Production, Self::Staging, Self::Development];

    /// Its word in files and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Staging => "staging",
            Self::Development => "development",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stored_word_is_the_shown_one() {
        for environment in Environment::ALL {
            let stored = serde_json::to_value(environment).unwrap();
            assert_eq!(stored, environment.as_str());
            assert_eq!(serde_json::from_value::<Environment>(stored).unwrap(), environment);
        }
    }
}
