//! Texts about checking and revoking tokens.
//!
//! Invariant: nothing is claimed that the server did not do, and what stays valid is named.

use super::token_requests::{details_of, refused, unreached};
use super::{Action, NAME_CHARS, UserMessage, explain, provider_in_sentence, words};
use crate::base::sanitize::sanitized;
use crate::domain::oauth::introspection::TokenStatus;
use crate::domain::provider::endpoints::EndpointKind;
use crate::messages::event::Revocation;
use crate::messages::problem::{NotRevoked, Problem, Refusal, UntrustedText};

pub(in crate::messages::explain) fn no_endpoint(provider: &str, kind: EndpointKind) -> UserMessage {
    let provider = provider_in_sentence(provider);
    match kind {
        EndpointKind::Revoke => words(
            format!("{provider} has no revocation endpoint."),
            "Forget the tokens here instead; they stay valid until they expire.",
        )
        .offering(Action::ForgetTokens),
        _ => words(
            format!("{provider} has no introspection or userinfo endpoint."),
            "If its documentation names one, enter it in the account's form.",
        )
        .offering(Action::EditAccount),
    }
}

pub(in crate::messages::explain) fn not_checked(
    cause: &Problem,
    account: Option<&str>,
    provider: Option<&str>,
) -> UserMessage {
    match cause {
        Problem::Refused(refusal) if is_for_now(refusal) => {
            UserMessage { details: Some(details_of(refusal)), action: None, ..refused(refusal) }
        }
        Problem::Refused(refusal) => UserMessage {
            details: Some(details_of(refusal)),
            ..words(
                format!("{} didn't return the token's status.", provider_in_sentence(&refusal.provider)),
                "It may not allow this client to request it. The token is unchanged.",
            )
        },
        Problem::BadAnswer(answer) => words(
            format!(
                "{} responded, but not like an introspection or userinfo endpoint.",
                sanitized(&answer.host, NAME_CHARS)
            ),
            "Compare the endpoint with the provider's documentation. The token is unchanged.",
        )
        .offering(Action::EditAccount),
        Problem::Unreachable(unreachable) => UserMessage {
            next: "The token is unchanged. Check the network, then try again.".to_owned(),
            action: None,
            ..unreached(unreachable)
        },
        other => explain(other, account, provider),
    }
}

pub(in crate::messages::explain) fn not_revoked(
    not: &NotRevoked,
    account: Option<&str>,
    provider: Option<&str>,
) -> UserMessage {
    let token = if not.refresh_revoked { "the access token" } else { "the tokens" };
    let before = if not.refresh_revoked { "The refresh token was revoked before that. " } else { "" };
    let said = match &not.cause {
        // RFC 7009, section 2.2.1: another request would not change anything.
        Problem::Refused(refusal)
            if refusal.code.as_ref().map(UntrustedText::as_str) == Some("unsupported_token_type") =>
        {
            let provider = provider_in_sentence(&refusal.provider);
            let next = format!(
                "{before}Forget them here; tokens that were not revoked stay valid until they expire."
            );
            let said = words(format!("{provider} can't revoke {token}: it doesn't support this type."), next);
            return UserMessage { details: Some(details_of(refusal)), ..said.offering(Action::ForgetTokens) };
        }
        // RFC 7009, section 2.2.1: the tokens are unchanged.
        Problem::Refused(refusal) if is_for_now(refusal) => {
            let UserMessage { what, next, .. } = refused(refusal);
            let next =
                format!("{before}{next} Or forget the tokens here; they then stay valid until they expire.");
            let said = words(what, next).offering(Action::ForgetTokens);
            return UserMessage { details: Some(details_of(refusal)), ..said };
        }
        Problem::Refused(refusal) => UserMessage {
            details: Some(details_of(refusal)),
            ..words(
                format!("{} refused to revoke {token}.", provider_in_sentence(&refusal.provider)),
                String::new(),
            )
        },
        Problem::BadAnswer(answer) => words(
            format!("{} responded, but not like a revocation endpoint.", sanitized(&answer.host, NAME_CHARS)),
            String::new(),
        ),
        Problem::Unreachable(unreachable) => unreached(unreachable),
        other => return explain(other, account, provider),
    };
    let next = format!(
        "{before}All are still kept here. Try again, or forget them here; tokens that were not revoked then stay \
         valid until they expire."
    );
    UserMessage { next, action: Some(Action::ForgetTokens), ..said }
}

/// Returns true if a server refuses every request for a while.
fn is_for_now(refusal: &Refusal) -> bool {
    refusal.status == 429 || refusal.status >= 500
}

/// The result of revoking a deleted account's tokens; `None` if there were none.
pub fn revocation(revocation: &Revocation) -> Option<String> {
    let kept = "they stay valid until they expire.";
    match revocation {
        Revocation::NoTokens => None,
        Revocation::Done => Some("Its tokens were revoked.".to_owned()),
        Revocation::NoEndpoint => {
            Some(format!("Its provider has no revocation endpoint, so its tokens were not revoked: {kept}"))
        }
        Revocation::Failed(cause) => {
            let cause = NotRevoked { refresh_revoked: false, cause: (**cause).clone() };
            let what = not_revoked(&cause, None, None).what;
            Some(format!("Its tokens were not revoked: {kept} {what}"))
        }
    }
}

pub fn verdict(verdict: &TokenStatus) -> &'static str {
    if verdict.active {
        "Active: the server accepts this token."
    } else {
        "Not active: the server doesn't accept this token."
    }
}
