//! Texts about token requests: the server's refusal, or why it was not reached.

use chrono::{DateTime, Local, Utc};

use crate::base::sanitize::sanitized;
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::oauth::token_response::AnswerFlaw;
use crate::domain::refusal::transport::{Unreachable, UnreachableKind};
use crate::messages::problem::{BadAnswer, Refusal, UntrustedText};

use super::{Action, NAME_CHARS, UserMessage, likely_causes, preferences, provider_in_sentence, words};

pub(in crate::messages::explain) fn refused(refusal: &Refusal) -> UserMessage {
    let provider = provider_in_sentence(&refusal.provider);
    let code = refusal.code.as_ref().map_or("", UntrustedText::as_str);
    if refusal.status == 429 {
        return words(format!("{provider} is limiting requests."), wait_until(refusal.retry_at))
            .offering(Action::TryAgain);
    }
    let description = refusal.description.as_ref().map_or("", UntrustedText::as_str);
    if let Some(said) = likely_causes::likely(&provider, code, description, &refusal.hints) {
        return said;
    }
    let grant = refusal.grant;
    let is_login = grant == Some(GrantType::Login) && matches!(refusal.status, 400 | 401 | 403 | 422);
    let is_password = grant == Some(GrantType::Password)
        && (code == "invalid_grant" || (code.is_empty() && refusal.status == 401));
    if is_login || is_password {
        return words(
            format!("{provider} rejected the username or password."),
            "Check both. Accounts with two-step sign-in often can't use this method.",
        )
        .offering(Action::EditAccount);
    }
    if code == "invalid_client" || (code.is_empty() && refusal.status == 401 && refusal.meaning.is_none()) {
        return likely_causes::bad_client(&provider, refusal.secrets_place.as_deref(), &refusal.hints);
    }
    if let Some(meaning) = &refusal.meaning {
        let meaning = meaning.trim_end_matches('.');
        let next = if refusal.status >= 500 {
            wait_until(refusal.retry_at)
        } else {
            "Check the account against the provider's documentation, then try again.".to_owned()
        };
        return words(format!("{provider} refused: {meaning}."), next).offering(Action::TryAgain);
    }
    refused_by_code(refusal, &provider, code, description)
}

/// By the standard's error codes (RFC 6749, section 5.2; RFC 8707, section 2; RFC 9449, section 5), else by the
/// HTTP status.
fn refused_by_code(refusal: &Refusal, provider: &str, code: &str, description: &str) -> UserMessage {
    let grant = refusal.grant;
    match code {
        "invalid_grant" if grant == Some(GrantType::JwtBearer) => likely_causes::bad_assertion(provider),
        "invalid_grant" if grant.is_some_and(|grant| !grant.is_repeatable()) => words(
            format!("{provider} no longer accepts this sign-in; its code was used or has expired."),
            "Start the sign-in again.",
        )
        .offering(Action::SignIn),
        "unauthorized_client" | "unsupported_grant_type" => words(
            format!("{provider} doesn't offer this grant to this client."),
            "Choose another grant, or enable this one for the client.",
        )
        .offering(Action::EditAccount),
        "invalid_target" => words(
            format!("{provider} doesn't recognise the requested resource or audience, or doesn't grant it."),
            "Enter it in the account exactly as the provider's documentation spells it.",
        )
        .offering(Action::EditAccount),
        "use_dpop_nonce" | "invalid_dpop_proof" => words(
            format!(
                "{provider} issues this client only tokens bound to a key (DPoP), which can't be copied."
            ),
            "If the client's registration allows it, turn DPoP off there.",
        ),
        _ if refusal.status >= 500 => words(
            format!("{provider} has a problem at the moment (HTTP {}).", refusal.status),
            wait_until(refusal.retry_at),
        )
        .offering(Action::TryAgain),
        "" if refusal.status == 403 => likely_causes::forbidden(provider, description, &refusal.hints),
        "" => words(
            format!("{provider} refused the request (HTTP {}).", refusal.status),
            "Check the token endpoint and the account's settings, then try again.",
        )
        .offering(Action::EditAccount),
        _ => likely_causes::refused_by_code(provider, code, &refusal.hints),
    }
}

pub(in crate::messages::explain) fn refresh_refused(refusal: &Refusal) -> UserMessage {
    let code = refusal.code.as_ref().map_or("", UntrustedText::as_str);
    let description = refusal.description.as_ref().map_or("", UntrustedText::as_str);
    let usual = || {
        let what = "The saved sign-in has expired or was revoked.";
        (what.to_owned(), "Sign in again; your settings are kept.".to_owned())
    };
    let (what, next) = likely_causes::vendors_word(code, description, &refusal.hints).unwrap_or_else(usual);
    words(what, next).offering(Action::SignIn)
}

/// The advice to wait, with the local time and its day, which may be another one.
fn wait_until(moment: Option<DateTime<Utc>>) -> String {
    moment.map_or_else(
        || "Nothing was lost. Try again in a few minutes.".to_owned(),
        |at| {
            format!(
                "Nothing was lost. Try again after {}.",
                at.with_timezone(&Local).format("%H:%M:%S on %Y-%m-%d")
            )
        },
    )
}

pub(in crate::messages::explain) fn details_of(refusal: &Refusal) -> String {
    let mut text = format!("HTTP {}", refusal.status);
    if let Some(code) = &refusal.code {
        text = format!("{text} · {code}");
    }
    if let Some(description) = &refusal.description {
        text = format!("{text} · “{description}”");
    }
    text
}

pub(in crate::messages::explain) fn bad_answer(answer: &BadAnswer) -> UserMessage {
    let host = sanitized(&answer.host, NAME_CHARS);
    let said = match answer.kind {
        AnswerFlaw::WebPage if answer.status >= 500 => words(
            format!("{host}, or something in front of it, sent an error page instead of a token."),
            wait_until(None),
        )
        .offering(Action::TryAgain),
        AnswerFlaw::WebPage if answer.status == 403 => words(
            format!("{host}, or something in front of it, refused the request with a web page."),
            "A firewall or proxy may block the request, or the token endpoint is wrong. Check both, then try again.",
        ),
        AnswerFlaw::WebPage => words(
            format!("{host} sent a web page instead of a token."),
            "Check that the token endpoint isn't the sign-in page.",
        ),
        AnswerFlaw::Empty => words(
            format!("{host} sent an empty response instead of a token."),
            "Check the token endpoint, then try again.",
        ),
        AnswerFlaw::Unreadable => words(
            format!("{host} sent something that is neither JSON nor a form, or was cut short."),
            "Check the token endpoint, then try again.",
        ),
        AnswerFlaw::NoToken => words(
            format!("{host} responded without an access token."),
            "Check the token endpoint and the grant, then try again.",
        ),
        AnswerFlaw::NoCode => words(
            format!("{host} responded without a code to enter."),
            "Check the device authorization endpoint, then try again.",
        ),
        AnswerFlaw::NoRequestUri => words(
            format!("{host} responded without a request_uri for the pushed request."),
            "Check the pushed authorization request endpoint, then try again.",
        ),
        AnswerFlaw::UnusableToken => words(
            format!("{host} sent a token that a request header can't carry."),
            "Ask the provider about it; the token was not kept.",
        ),
        AnswerFlaw::TooLarge => words(
            format!("{host} sent more than 1 MiB, so the response was dropped."),
            "Check the token endpoint, then try again.",
        ),
        AnswerFlaw::Redirect => words(
            format!("{host} redirects elsewhere. Keyfob never forwards secrets through redirects."),
            "Enter the final token endpoint.",
        ),
    };
    let action = said.action.or(Some(Action::EditAccount));
    UserMessage { action, details: Some(format!("HTTP {} from {host}", answer.status)), ..said }
}

pub(in crate::messages::explain) fn unreached(unreachable: &Unreachable) -> UserMessage {
    let host = sanitized(&unreachable.host, NAME_CHARS);
    let again = if unreachable.may_have_been_sent {
        "The request may have arrived. Check the network, then try again."
    } else {
        "Nothing was sent. Check the network, then try again."
    };
    match unreachable.kind {
        UnreachableKind::Dns => words(
            format!("{host} could not be found."),
            "Nothing was sent. Check the URL and the network, then try again.",
        )
        .offering(Action::TryAgain),
        UnreachableKind::Inside(place) => words(
            format!("{host} is {place}, so nothing was sent."),
            "A public address leads there only if you allow it.",
        ),
        UnreachableKind::Connect => {
            words(format!("{host} didn't accept the connection."), again).offering(Action::TryAgain)
        }
        UnreachableKind::TimedOut => {
            words(format!("{host} took too long to respond."), again).offering(Action::TryAgain)
        }
        UnreachableKind::Certificate => words(
            format!("{host}'s certificate isn't trusted, so nothing was sent."),
            "On a company network, add its root certificate in Settings and try again.",
        )
        .offering(Action::OpenSettings),
        UnreachableKind::NoRootCertificates => words(
            "This computer has no root certificates, so no server can be trusted and nothing was sent.",
            "Install them (the package ca-certificates on Debian and Ubuntu) and start Keyfob again.",
        ),
        UnreachableKind::Tls => words(
            format!("{host} supports no current TLS version, so nothing was sent."),
            "Check that its URL uses https, or ask the provider for one with TLS 1.2 or newer.",
        ),
        UnreachableKind::Broken => {
            words(format!("The connection to {host} broke."), again).offering(Action::TryAgain)
        }
        UnreachableKind::Proxy => words(
            format!("The proxy made no connection to {host}, so nothing was sent."),
            "Check the proxy in Settings or in the system, and whether it allows this host.",
        )
        .offering(Action::OpenSettings),
        UnreachableKind::ProxyPassword => words(
            format!("The proxy for {host} requires a user name and a password, so nothing was sent."),
            "Keyfob reads those only from the system, as part of HTTPS_PROXY. Set them there, or use a proxy that \
             needs none.",
        )
        .offering(Action::OpenSettings),
        UnreachableKind::BadRootCertificate => words(
            "The extra root certificate can't be read, so nothing was sent.",
            "Choose a PEM file in Settings, or clear the field.",
        )
        .offering(Action::OpenSettings),
        UnreachableKind::Unconfirmed | UnreachableKind::Unconfirmable => unconfirmed(unreachable.kind, &host),
    }
}

fn unconfirmed(kind: UnreachableKind, host: &str) -> UserMessage {
    if kind == UnreachableKind::Unconfirmed {
        return words(
            format!(
                "The proxy or the extra root certificate was changed outside Keyfob, so nothing was sent to {host}."
            ),
            preferences::NEXT,
        )
        .offering(Action::OpenSettings);
    }
    words(
        format!(
            "The proxy or the extra root certificate can't be compared with what is kept with your secrets, so \
             nothing was sent to {host}."
        ),
        "Unlock the place where your secrets are kept, then try again.",
    )
    .offering(Action::TryAgain)
}
