//! Random bytes from the system, with no weaker fallback.

use crate::base::clock::Clock;
use crate::domain::oauth::jose::AssertionSeed;
use crate::messages::problem::Problem;

/// Returns random bytes.
///
/// # Errors
/// [`Problem::NoRandomness`] if the system has none.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], Problem> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| Problem::NoRandomness)?;
    Ok(bytes)
}

/// The time and ID of a client assertion.
///
/// # Errors
/// As [`bytes`].
pub(crate) fn fresh(clock: &dyn Clock) -> Result<AssertionSeed, Problem> {
    Ok(AssertionSeed { now: clock.now(), id: bytes()? })
}
