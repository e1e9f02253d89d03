//! Random bytes from the system.
//!
//! Owns the one call for them. Invariant: there is no weaker source to fall back to.

use crate::base::clock::Clock;
use crate::domain::oauth::jose::AssertionSeed;
use crate::messages::problem::Problem;

/// As many random bytes as the array holds.
///
/// # Errors
/// [`Problem::NoRandomness`] where the system has none to give.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], Problem> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| Problem::NoRandomness)?;
    Ok(bytes)
}

/// What an assertion has of its own: the moment, and an ID.
///
/// # Errors
/// As [`bytes`].
pub(crate) fn fresh(clock: &dyn Clock) -> Result<AssertionSeed, Problem> {
    Ok(AssertionSeed { now: clock.now(), id: bytes()? })
}
