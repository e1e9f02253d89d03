//! A token as it is copied or printed.

use crate::base::secret::{AccessToken, SecretText};
use crate::domain::provider::Provider;
use crate::domain::provider::facts::Facts;
use crate::domain::token::token_format;
use crate::messages::command::CopyForm;
use crate::messages::event::HeldToken;
use crate::messages::problem::{Problem, UntrustedText};

/// Formats a token as it is copied or printed.
///
/// # Errors
/// [`Problem::NoIdToken`] if the ID token is wanted and there is none; [`Problem::KeyInQuery`] if a header is
/// wanted of a key that goes into the query.
pub fn text_of(form: CopyForm, held: &HeldToken) -> Result<SecretText, Problem> {
    let token: &AccessToken = &held.access_token;
    let alone = held.alone();
    let name = held.account.name.as_str();
    Ok(match (form, held.api.query.as_deref()) {
        (CopyForm::Plain, _) => SecretText::new(alone.to_owned()),
        (CopyForm::Header, Some(query)) => return Err(Problem::KeyInQuery(UntrustedText::new(query))),
        (CopyForm::Header, None) => token_format::header_line(&held.api, token),
        (CopyForm::Curl, Some(query)) => token_format::curl_with_query(query, token, &held.example_url),
        (CopyForm::Curl, None) => token_format::curl(&held.api, token, &held.example_url),
        (CopyForm::Env, _) => token_format::env(name, alone),
        (CopyForm::PowerShell, _) => token_format::power_shell(name, alone),
        (CopyForm::IdToken, _) => {
            let token = held.id_token.as_ref().ok_or(Problem::NoIdToken)?;
            SecretText::new(token.expose().to_owned())
        }
    })
}

/// The URL for a cURL line: the API's with the account's facts, or the token endpoint's origin. Empty if there
/// is neither.
pub(crate) fn example_url(provider: &Provider, facts: &Facts) -> String {
    let of_token = || Some(format!("{}/", provider.token.as_ref()?.origin().ascii_serialization()));
    provider.api_base_url(facts).or_else(of_token).unwrap_or_default()
}
