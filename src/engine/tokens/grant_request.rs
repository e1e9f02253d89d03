//! The input of each grant, besides the account.

use std::rc::Rc;

use crate::base::secret::{AuthCode, CodeVerifier, DeviceCode, Secret};
use crate::domain::account::Client;
use crate::domain::provider::facts::Facts;
use crate::domain::token::grant::Grant;
use crate::engine::account_http::secrets_of;

pub(crate) enum GrantInput {
    Code {
        code: AuthCode,
        redirect_uri: String,
        verifier: Option<CodeVerifier>,
        nonce: Option<String>,
        /// Facts that came with the code.
        facts: Facts,
    },
    Device(Rc<DeviceCode>),
    Refresh,
    Repeat,
}

impl GrantInput {
    /// The redirect URI that belongs to the request.
    pub(crate) fn redirect_uri(&self) -> Option<&str> {
        match self {
            Self::Code { redirect_uri, .. } => Some(redirect_uri),
            Self::Device(_) | Self::Refresh | Self::Repeat => None,
        }
    }

    /// Every secret in the request: a server may repeat it in an error response.
    pub(crate) fn secrets<'a>(&'a self, client: &'a Client, before: Option<&'a Grant>) -> Vec<&'a str> {
        let code = match self {
            GrantInput::Code { code, verifier, .. } => {
                [Some(code.expose()), verifier.as_ref().map(Secret::expose)]
            }
            GrantInput::Device(code) => [Some(code.expose()), None],
            GrantInput::Refresh | GrantInput::Repeat => [None, None],
        };
        let mut secrets = secrets_of(client, before);
        secrets.extend(code.into_iter().flatten());
        secrets
    }
}
