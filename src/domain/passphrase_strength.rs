//! How easily a passphrase is guessed.
//!
//! Owns the estimate and the line below which a passphrase is advised against. Invariant: an
//! estimate holds nothing of the passphrase.
//!
//! The library works on copies that it does not wipe; they last as long as the estimate takes.

use crate::base::secret::Passphrase;

/// How well a passphrase stands up to who has the file and guesses at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// There is none.
    Empty,
    /// Guessed in a moment: a word, a name, a row of keys.
    VeryWeak,
    /// Guessed in hours.
    Weak,
    /// Takes a lot of guessing.
    Fair,
    /// Takes more guessing than anybody does.
    Strong,
}

impl Strength {
    /// Whether it is advised against.
    pub fn is_weak(self) -> bool {
        self < Self::Fair
    }

    /// The parts of a bar of four that it fills.
    pub fn bars(self) -> u8 {
        self as u8
    }
}

/// Estimates a passphrase. At most its first hundred characters are looked at, which bounds the time.
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
