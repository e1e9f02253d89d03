//! A token as it is copied or printed.

use crate::base::secret::{AccessToken, SecretText};
use crate::domain::provider::Provider;
use crate::domain::token::token_format;
use crate::messages::command::CopyForm;
use crate::messages::event::HeldToken;
use crate::messages::problem::Problem;

/// Formats a token as it is copied or printed.
///
/// # Errors
/// [`Problem::NoIdToken`] if the ID token is wanted and there is none.
pub fn text_of(form: CopyForm, held: &HeldToken) -> Result<SecretText, Problem> {
    let token: &AccessToken = &held.access_token;
    Ok(match form {
        CopyForm::Plain => SecretText::new(token.expose().to_owned()),
        CopyForm::Header => token_format::header_line(&held.api, token),
        CopyForm::Curl => token_format::curl(&held.api, token, &held.example_url),
        CopyForm::Env => token_format::env(held.account.name.as_str(), token),
        CopyForm::PowerShell => token_format::power_shell(held.account.name.as_str(), token),
        CopyForm::IdToken => {
            let token = held.id_token.as_ref().ok_or(Problem::NoIdToken)?;
            SecretText::new(token.expose().to_owned())
        }
    })
}

/// The URL for a cURL line: the API's, or the token endpoint's origin.
pub(crate) fn example_url(provider: &Provider) -> String {
    let origin = || format!("{}/", provider.token.origin().ascii_serialization());
    provider.api.base_url.clone().unwrap_or_else(origin)
}
