//! What a probe of a server shows about its name, TLS, endpoints and clock.
//!
//! Invariant: a probe sends no secret and nothing like a token request. Results are cautious: an endpoint
//! that accepts only POST may return an error.

use chrono::TimeDelta;

use super::transport::UnreachableKind;
use crate::domain::provider::endpoints::EndpointKind;

/// The clock difference that is not reported.
const SKEW_TOLERATED: TimeDelta = TimeDelta::seconds(60);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckOutcome {
    Ok,
    Warning,
    Failed,
    /// Not checked, for the stated reason.
    NotTried,
}

impl CheckOutcome {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::NotTried => "not_tried",
        }
    }
}

/// A probe of one endpoint: a GET without parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The server is this computer.
    pub is_here: bool,
    /// The URL is plain http.
    pub is_plain: bool,
    /// This computer can resolve the host name.
    pub has_address: bool,
    pub answer: Result<Answered, UnreachableKind>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered {
    pub status: u16,
    /// The server's clock minus this computer's, if it sent its time.
    pub skew: Option<TimeDelta>,
}

/// A finding about the connection to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnTheWay {
    Clear,
    /// It responds with this status.
    Answers(u16),
    /// It is this computer, so there is nothing to check.
    Here,
    /// An earlier step failed.
    NotReached,
    /// Its name has no IP address here, but it responds: a proxy resolves the name.
    ByProxy,
    Unreachable(UnreachableKind),
    /// The server says that nothing is there.
    Nothing(u16),
    /// It redirects elsewhere; secrets are never forwarded.
    Moved(u16),
    /// It has an outage or limits requests.
    Trouble(u16),
    /// Its clock is this many seconds ahead of this computer's; negative if behind.
    Skewed(i64),
    NoDate,
}

impl OnTheWay {
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

pub fn name(look: &Probe) -> OnTheWay {
    match (look.has_address, &look.answer) {
        _ if look.is_here => OnTheWay::Here,
        (true, _) => OnTheWay::Clear,
        (false, Ok(_)) => OnTheWay::ByProxy,
        // Only the proxy needs to resolve the name.
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

pub fn tls(look: &Probe) -> OnTheWay {
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

pub fn endpoint(kind: EndpointKind, look: &Probe) -> OnTheWay {
    use UnreachableKind::{Broken, Connect, Proxy, ProxyPassword, TimedOut, Unconfirmable, Unconfirmed};
    match look.answer {
        Err(kind @ (Connect | TimedOut | Broken | Proxy | ProxyPassword | Unconfirmed | Unconfirmable)) => {
            OnTheWay::Unreachable(kind)
        }
        // The line about the name or TLS already says so.
        Err(_) => OnTheWay::NotReached,
        Ok(Answered { status, .. }) => match status {
            404 | 410 => OnTheWay::Nothing(status),
            // The authorization endpoint redirects users; the others never redirect.
            301 | 302 | 303 | 307 | 308 if kind != EndpointKind::Authorize => OnTheWay::Moved(status),
            429 | 500.. => OnTheWay::Trouble(status),
            _ => OnTheWay::Answers(status),
        },
    }
}

/// The finding about the clocks, from the first server that sent its time.
pub fn clock<'a>(looks: impl IntoIterator<Item = &'a Probe>) -> OnTheWay {
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

    fn look(answer: Result<u16, UnreachableKind>) -> Probe {
        let answer = answer.map(|status| Answered { status, skew: Some(TimeDelta::seconds(3)) });
        Probe { is_here: false, is_plain: false, has_address: true, answer }
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
        let nameless = |answer| Probe { has_address: false, ..look(answer) };
        assert_eq!(name(&nameless(Err(Dns))), Unreachable(Dns));
        assert_eq!(endpoint(EndpointKind::Token, &nameless(Err(Dns))), NotReached);
        assert_eq!(name(&nameless(Err(Proxy))), NotReached);
        assert_eq!(endpoint(EndpointKind::Token, &nameless(Err(Proxy))), Unreachable(Proxy));
        assert_eq!(name(&nameless(Ok(405))), ByProxy);
        assert_eq!(endpoint(EndpointKind::Authorize, &look(Ok(302))), Answers(302));
        let here = Probe { is_here: true, is_plain: true, ..look(Ok(405)) };
        assert_eq!((name(&here), tls(&here)), (Here, Here));
        assert_eq!((Here.verdict(), ByProxy.verdict()), (CheckOutcome::NotTried, CheckOutcome::Warning));
    }

    #[test]
    fn a_clock_is_spoken_of_from_a_minute_on() {
        let at = |secs: Option<i64>| {
            let answer = Ok(Answered { status: 405, skew: secs.map(TimeDelta::seconds) });
            clock([&Probe { answer, ..look(Ok(405)) }])
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
