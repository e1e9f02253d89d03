//! Estimates how easily a passphrase is guessed.
//!
//! Invariant: an estimate holds nothing of the passphrase. The library's working copies are not wiped; they
//! last as long as the estimate takes.

use crate::base::secret::Passphrase;

/// The strength of a passphrase against someone who has the file and guesses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    Empty,
    /// Guessed at once: a word, a name, a keyboard row.
    VeryWeak,
    /// Guessed in hours.
    Weak,
    /// Takes many guesses.
    Fair,
    /// Impractical to guess.
    Strong,
}

impl Strength {
    /// Returns true if Keyfob advises against it.
    pub fn is_weak(self) -> bool {
        self < Self::Fair
    }

    /// The number of filled segments in a bar of four.
    pub fn bars(self) -> u8 {
        self as u8
    }
}

/// Estimates a passphrase. Only its first 100 characters count, which bounds the time.
pub fn strength(passphrase: &Passphrase) -> Strength {
    if passphrase.is_empty() {
        return Strength::Empty;
    }
    // Powers of ten of guesses. A guess costs a second here, and a thousandth of that on many machines.
    match zxcvbn::zxcvbn(passphrase.expose(), &["keyfob"]).guesses_log10() {
        guesses if guesses < 6.0 => Strength::VeryWeak,
        guesses if guesses < 9.0 => Strength::Weak,
        guesses if guesses < 12.0 => Strength::Fair,
        _ => Strength::Strong,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Strength {
        strength(&Passphrase::new(text.to_owned()))
    }

    #[test]
    fn common_passphrases_are_weak_and_long_unlikely_ones_are_not() {
        assert_eq!(of(""), Strength::Empty);
        for text in ["password", "qwertz123", "Keyfob1", "19840101", "aaaaaaaaaaaaaaaa", "P@ssw0rd!"] {
            assert!(of(text).is_weak(), "{text}");
        }
        for text in ["correct horse battery staple", "tK9#vQ2!mZ7p", "Blaue Ente jongliert 7 Kürbisse"] {
            assert!(!of(text).is_weak(), "{text}");
        }
        assert!(of("tK9#vQ2!mZ7p") > of("tK9#vQ") && of("tK9#vQ") > of("tK9"));
        assert_eq!((of("").bars(), of("password").bars(), Strength::Strong.bars()), (0, 1, 4));
    }

    #[test]
    fn a_long_passphrase_is_estimated_in_bounded_time() {
        assert_eq!(of(&"v7 🔑 Q".repeat(100_000)), of(&"v7 🔑 Q".repeat(1000)));
    }
}
