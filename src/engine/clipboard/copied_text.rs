//! A token as it is copied or printed.

use crate::base::secret::{AccessToken, SecretText};
use crate::domain::provider::Provider;
use crate::domain::token::token_format;
use crate::messages::command::CopyForm;
use crate::messages::event::HeldToken;

/// Formats a token as it is copied or printed.
pub fn text_of(form: CopyForm, held: &HeldToken) -> SecretText {
    let token: &AccessToken = &held.access_token;
    match form {
        CopyForm::Plain => SecretText::new(token.expose().to_owned()),
        CopyForm::Header => token_format::header_line(&held.api, token),
        CopyForm::Curl => token_format::curl(&held.api, token, &held.example_url),
        CopyForm::Env => token_format::env(held.account.name.as_str(), token),
        CopyForm::PowerShell => token_format::power_shell(held.account.name.as_str(), token),
    }
}

/// The URL for a cURL line: the API's, or the token endpoint's origin.
pub(crate) fn example_url(provider: &Provider) -> String {
    let origin = || format!("{}/", provider.token.origin().ascii_serialization());
    provider.api.base_url.clone().unwrap_or_else(origin)
}
