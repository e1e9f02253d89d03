//! What a look at a server tells: its name, its TLS, its endpoints, its clock.
//!
//! Owns the verdicts. Invariant: a look sends no secret and nothing that could be mistaken for a token
//! request, so what it tells is taken with care: an endpoint that takes POST alone may deny itself.

use chrono::TimeDelta;

use super::transport::UnreachableKind;
use crate::domain::provider::endpoints::EndpointKind;

/// A difference between two clocks from which on it is spoken of.
const SKEW_TOLERATED: TimeDelta = TimeDelta::seconds(60);

/// What a finding is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckOutcome {
    /// All is well.
    Ok,
    /// It may be in the way.
    Warning,
    /// It is in the way.
    Failed,
    /// It was not looked at, for the reason that is said.
    NotTried,
}

impl CheckOutcome {
    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::NotTried => "not_tried",
        }
    }
}

/// A look at one endpoint: a GET without parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Whether it is this machine itself.
    pub is_here: bool,
    /// Whether it is plain http.
    pub is_plain: bool,
    /// Whether its name has an address, as far as this machine knows.
    pub has_address: bool,
    /// What came of it.
    pub answer: Result<Answered, UnreachableKind>,
}

/// What a server answered to a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered {
    /// HTTP status.
    pub status: u16,
    /// The server's clock less ours, where it told it.
    pub skew: Option<TimeDelta>,
}

/// What was found on the way to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnTheWay {
    /// Nothing in the way.
    Clear,
    /// It answers, with this status.
    Answers(u16),
    /// It is this machine itself, so there is nothing to look at.
    Here,
    /// An earlier step failed.
    NotReached,
    /// Its name has no address here, and yet it answers: a proxy knows the name.
    ByProxy,
    /// It could not be spoken to.
    Unreachable(UnreachableKind),
    /// It says that nothing is there.
    Nothing(u16),
    /// It points elsewhere, where secrets are never sent on.
    Moved(u16),
    /// It has a problem of its own, or asks to be left alone.
    Trouble(u16),
    /// Its clock is so many seconds ahead of ours; behind where negative.
    Skewed(i64),
    /// It didn't tell its time.
    NoDate,
}

impl OnTheWay {
    /// What it is worth.
    pub fn verdict(self) -> CheckOutcome {
        match self {
            Self::Clear | Self::Answers(_) => CheckOutcome::Ok,
            Self::Here | Self::NotReached | Self::NoDate => CheckOutcome::NotTried,
            Self::ByProxy | Self::Nothing(_) | Self::Moved(_) | Self::Trouble(_) | Self::Skewed(_) => {
                CheckOutcome::Warning
            }
            Self::Unreachable(_) => CheckOutcome::Failed,
        }
    }
}

/// What a look tells of the server's name.
pub fn name(look: &Look) -> OnTheWay {
    match (look.has_address, &look.answer) {
        _ if look.is_here => OnTheWay::Here,
        (true, _) => OnTheWay::Clear,
        (false, Ok(_)) => OnTheWay::ByProxy,
        // Nobody but the proxy need know the name.
        (
            false,
            Err(
                UnreachableKind::Proxy
                | UnreachableKind::ProxyPassword
                | UnreachableKind::Unconfirmed
                | UnreachableKind::Unconfirmable,
            ),
        ) => OnTheWay::NotReached,
        (false, Err(_)) => OnTheWay::Unreachable(UnreachableKind::Dns),
    }
}

/// What a look tells of TLS.
pub fn tls(look: &Look) -> OnTheWay {
    use UnreachableKind::{BadRootCertificate, Certificate, NoRootCertificates, Tls};
    match look.answer {
        _ if look.is_plain => OnTheWay::Here,
        Ok(_) => OnTheWay::Clear,
        Err(kind @ (Certificate | NoRootCertificates | BadRootCertificate | Tls)) => {
            OnTheWay::Unreachable(kind)
        }
        Err(_) => OnTheWay::NotReached,
    }
}

/// What a look tells of an endpoint.
pub fn endpoint(kind: EndpointKind, look: &Look) -> OnTheWay {
    use UnreachableKind::{Broken, Connect, Proxy, ProxyPassword, TimedOut, Unconfirmable, Unconfirmed};
    match look.answer {
        Err(kind @ (Connect | TimedOut | Broken | Proxy | ProxyPassword | Unconfirmed | Unconfirmable)) => {
            OnTheWay::Unreachable(kind)
        }
        // Its own line says so already.
        Err(_) => OnTheWay::NotReached,
        Ok(Answered { status, .. }) => match status {
            404 | 410 => OnTheWay::Nothing(status),
            // The authorization endpoint leads people on; the others never do.
            301 | 302 | 303 | 307 | 308 if kind != EndpointKind::Authorize => OnTheWay::Moved(status),
            429 | 500.. => OnTheWay::Trouble(status),
            _ => OnTheWay::Answers(status),
        },
    }
}

/// What looks tell of the clocks: the first server that told its time is believed.
pub fn clock<'a>(looks: impl IntoIterator<Item = &'a Look>) -> OnTheWay {
    let mut reached = false;
    let mut skews = looks.into_iter().filter_map(|look| {
        let answered = look.answer.ok()?;
        reached = true;
        answered.skew
    });
    match skews.next() {
        Some(skew) if skew.abs() > SKEW_TOLERATED => OnTheWay::Skewed(skew.num_seconds()),
        Some(_) => OnTheWay::Clear,
        None if reached => OnTheWay::NoDate,
        None => OnTheWay::NotReached,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(answer: Result<u16, UnreachableKind>) -> Look {
        let answer = answer.map(|status| Answered { status, skew: Some(TimeDelta::seconds(3)) });
        Look { is_here: false, is_plain: false, has_address: true, answer }
    }

    #[test]
    fn each_step_is_judged_by_itself() {
        use OnTheWay::{Answers, ByProxy, Clear, Here, Moved, NotReached, Nothing, Trouble, Unreachable};
        use UnreachableKind::{Certificate, Connect, Dns, Proxy, TimedOut, Tls};
        let token = |answer| {
            let look = look(answer);
            (name(&look), tls(&look), endpoint(EndpointKind::Token, &look))
        };
        for (answer, expected) in [
            (Ok(405), (Clear, Clear, Answers(405))),
            (Ok(400), (Clear, Clear, Answers(400))),
            (Ok(404), (Clear, Clear, Nothing(404))),
            (Ok(302), (Clear, Clear, Moved(302))),
            (Ok(503), (Clear, Clear, Trouble(503))),
            (Ok(429), (Clear, Clear, Trouble(429))),
            (Err(Certificate), (Clear, Unreachable(Certificate), NotReached)),
            (Err(Tls), (Clear, Unreachable(Tls), NotReached)),
            (Err(Connect), (Clear, NotReached, Unreachable(Connect))),
            (Err(TimedOut), (Clear, NotReached, Unreachable(TimedOut))),
        ] {
            assert_eq!(token(answer), expected, "{answer:?}");
        }
        let nameless = |answer| Look { has_address: false, ..look(answer) };
        assert_eq!(name(&nameless(Err(Dns))), Unreachable(Dns));
        assert_eq!(endpoint(EndpointKind::Token, &nameless(Err(Dns))), NotReached);
        assert_eq!(name(&nameless(Err(Proxy))), NotReached);
        assert_eq!(endpoint(EndpointKind::Token, &nameless(Err(Proxy))), Unreachable(Proxy));
        assert_eq!(name(&nameless(Ok(405))), ByProxy);
        assert_eq!(endpoint(EndpointKind::Authorize, &look(Ok(302))), Answers(302));
        let here = Look { is_here: true, is_plain: true, ..look(Ok(405)) };
        assert_eq!((name(&here), tls(&here)), (Here, Here));
        assert_eq!((Here.verdict(), ByProxy.verdict()), (CheckOutcome::NotTried, CheckOutcome::Warning));
    }

    #[test]
    fn a_clock_is_spoken_of_from_a_minute_on() {
        let at = |secs: Option<i64>| {
            let answer = Ok(Answered { status: 405, skew: secs.map(TimeDelta::seconds) });
            clock([&Look { answer, ..look(Ok(405)) }])
        };
        for (secs, expected) in [(0, OnTheWay::Clear), (60, OnTheWay::Clear), (61, OnTheWay::Skewed(61))] {
            assert_eq!(at(Some(secs)), expected);
        }
        assert_eq!(at(Some(-3600)), OnTheWay::Skewed(-3600));
        assert_eq!(at(None), OnTheWay::NoDate);
        assert_eq!(clock([&look(Err(UnreachableKind::Dns))]), OnTheWay::NotReached);
        assert_eq!(clock([]), OnTheWay::NotReached);
    }
}
