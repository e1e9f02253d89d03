//! Texts about likely causes: redirect URIs, scopes, secrets, and vendors' error codes.
//!
//! Invariant: a text claims nothing beyond what the server said and the account shows.

use crate::domain::account::secret_expiry::SecretEnd;
use crate::domain::refusal::hints::is_about_scopes;
use crate::domain::refusal::redirect_mismatch::{Marked, RedirectMismatch, WantedBy};
use crate::domain::refusal::vendor_errors;
use crate::domain::refusal::vendor_errors::Offer;
use crate::messages::problem::{Hints, Scopes};

use super::{Action, UserMessage, quoted, words};

pub(in crate::messages::explain) fn likely(
    provider: &str,
    code: &str,
    description: &str,
    hints: &Hints,
) -> Option<UserMessage> {
    if let Some(mismatch) = &hints.redirect {
        return Some(redirect(provider, mismatch));
    }
    let found = vendor_errors::find(&hints.host, code, description);
    if hints.scopes != Scopes::None || is_about_scopes(code) {
        return Some(scopes(provider, &hints.scopes, found.map(|(_, error)| error.cure.as_str())));
    }
    let (vendor, error) = found?;
    let noted = hints.secret_expired.filter(|_| !hints.by_key);
    let noted = noted.map(|day| format!(" You noted that the secret expired on {day}."));
    let next = format!("{}.{}", error.cure, noted.unwrap_or_default());
    let said = words(format!("{} says that {}.", vendor.name, error.meaning), next);
    Some(match error.offer {
        Offer::Edit => said.offering(Action::EditAccount),
        Offer::SignIn => said.offering(Action::SignIn),
        Offer::Again => said.offering(Action::TryAgain),
        Offer::None => said,
    })
}

/// The vendor's meaning of an error and the remedy, one sentence each.
pub(in crate::messages::explain) fn vendors_word(
    code: &str,
    description: &str,
    hints: &Hints,
) -> Option<(String, String)> {
    let (vendor, error) = vendor_errors::find(&hints.host, code, description)?;
    Some((format!("{} says that {}.", vendor.name, error.meaning), format!("{}.", error.cure)))
}

/// The client was rejected: its ID, its secret, or the authentication method.
pub(in crate::messages::explain) fn bad_client(
    provider: &str,
    place: Option<&str>,
    hints: &Hints,
) -> UserMessage {
    let place = place.map_or_else(|| format!("{provider}'s developer page"), str::to_owned);
    if hints.by_key {
        return words(
            format!("{provider} didn't accept the client ID or the private key."),
            format!(
                "Check at {place} that the public key is registered for this client, and under which key ID."
            ),
        )
        .offering(Action::EditAccount);
    }
    if hints.unproved {
        return words(
            format!("{provider} didn't accept the client ID. No secret was sent with it."),
            format!(
                "Copy it again from {place}. If the client has a secret, enter it and choose how it is sent."
            ),
        )
        .offering(Action::EditAccount);
    }
    let what = format!("{provider} didn't accept the client ID or secret.");
    let mut next = match hints.secret_expired {
        Some(day) => {
            format!(
                "You noted that the secret expired on {day}. Make a new one at {place} and enter it here."
            )
        }
        None => format!("Copy both again from {place} and check that the secret hasn't expired."),
    };
    if !hints.tries.is_empty() {
        next.push_str(" If they are correct, the provider may expect them sent another way.");
    }
    UserMessage { others: tries(hints), ..words(what, next).offering(Action::EditAccount) }
}

pub(in crate::messages::explain) fn bad_assertion(provider: &str) -> UserMessage {
    words(
        format!("{provider} didn't accept the assertion: its issuer, audience or signature."),
        "Check the client ID, the private key and its key ID, the assertion's claims and audience, and this \
         computer's clock.",
    )
    .offering(Action::EditAccount)
}

/// A 403 without a code: the client lacks a permission, or its authentication method is not accepted.
pub(in crate::messages::explain) fn forbidden(provider: &str, said: &str, hints: &Hints) -> UserMessage {
    let mut next = "The client may lack a permission, or a firewall or proxy may block the request. Check \
                    both, then try again."
        .to_owned();
    if !hints.tries.is_empty() {
        next.push_str(
            " Some servers also respond this way if they expect the client's credentials sent another way.",
        );
    }
    let reason = if said.is_empty() { " and gave no reason" } else { "" };
    let what = format!("{provider} refused the request{reason} (HTTP 403).");
    UserMessage { others: tries(hints), ..words(what, next).offering(Action::TryAgain) }
}

pub(in crate::messages::explain) fn refused_by_code(
    provider: &str,
    code: &str,
    hints: &Hints,
) -> UserMessage {
    let mut next =
        "Check the account's settings against the provider's documentation, then try again.".to_owned();
    if !hints.tries.is_empty() {
        next.push_str(
            " If it is about the client ID or secret, the provider may expect them sent another way.",
        );
    }
    let what = format!("{provider} refused the request with the error “{code}”.");
    UserMessage { others: tries(hints), ..words(what, next).offering(Action::EditAccount) }
}

fn tries(hints: &Hints) -> Vec<Action> {
    hints.tries.iter().map(|auth| Action::TryClientAuth(*auth)).collect()
}

fn redirect(provider: &str, mismatch: &RedirectMismatch) -> UserMessage {
    let next = match &mismatch.wanted {
        Some((_, WantedBy::Message)) => {
            "Its message names another one. Register the redirect URI that was sent, or enter the other one in \
             the account exactly."
                .to_owned()
        }
        Some((_, WantedBy::Preset)) => format!(
            "The default for {provider} is different. Register the redirect URI that was sent, or leave the \
             account's redirect URI empty."
        ),
        None if mismatch.any_port => format!(
            "Register exactly this redirect URI with {provider}. Each sign-in uses a free port; if the provider \
             requires a fixed one, choose it in the account."
        ),
        None => format!("Register exactly this redirect URI with {provider}, including the port and every slash."),
    };
    let said = words(format!("{provider} doesn't recognise the redirect URI."), next);
    UserMessage { compared: Some(mismatch.clone()), ..said.offering(Action::EditAccount) }
}

/// The labels of a mismatch's two redirect URIs.
pub fn names_of(mismatch: &RedirectMismatch) -> Vec<(&'static str, &Marked)> {
    let wanted = mismatch.wanted.as_ref().map(|(wanted, by)| match by {
        WantedBy::Message => ("Named by the provider", wanted),
        WantedBy::Preset => ("Provider default", wanted),
    });
    [("Sent", &mismatch.sent)].into_iter().chain(wanted).collect()
}

/// Both URIs, each on a line of its own; ‹ and › enclose what differs.
pub(in crate::messages::explain) fn side_by_side(mismatch: &RedirectMismatch) -> String {
    let one = |(name, address): (&str, &Marked)| format!("{name}: {}", address.bracketed());
    names_of(mismatch).into_iter().map(one).collect::<Vec<_>>().join("\n")
}

fn scopes(provider: &str, scopes: &Scopes, cure: Option<&str>) -> UserMessage {
    let list = |scopes: &[String]| scopes.iter().map(|scope| quoted(scope)).collect::<Vec<_>>().join(", ");
    let refused = match scopes {
        Scopes::Refused(one) if one.len() == 1 => format!("the scope {}", list(one)),
        Scopes::Refused(several) => format!("the scopes {}", list(several)),
        Scopes::Among(asked) => format!("one of the scopes {}", list(asked)),
        Scopes::None => "one of the scopes".to_owned(),
    };
    let several = matches!(scopes, Scopes::Refused(several) if several.len() > 1);
    let it = if several { "them" } else { "it" };
    words(
        format!("{provider} doesn't recognise {refused}, or doesn't grant {it} to this client."),
        format!("{}.", cure.unwrap_or("Edit the scopes, then try again")),
    )
    .offering(Action::EditAccount)
}

/// A client secret's expiry, near or past; `place` is where the provider shows secrets.
pub fn secret_end(end: SecretEnd, provider: &str, place: Option<&str>) -> UserMessage {
    let provider = super::provider_in_sentence(provider);
    let place = place.map_or_else(|| format!("{provider}'s developer page"), str::to_owned);
    let what = match end {
        SecretEnd::Near { days: 0, .. } => "The client secret expires today.".to_owned(),
        SecretEnd::Near { day, days: 1 } => format!("The client secret expires tomorrow, on {day}."),
        SecretEnd::Near { day, days } => format!("The client secret expires in {days} days, on {day}."),
        SecretEnd::Past { day } => format!("You noted that the client secret expired on {day}."),
    };
    words(what, format!("Make a new one at {place}, then enter it here with its new expiry date."))
        .offering(Action::EditAccount)
}
