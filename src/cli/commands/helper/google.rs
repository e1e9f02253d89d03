//! The executable of Google's external accounts (AIP-4117, "Executable-sourced credentials").
//!
//! A failure is an answer, too, and its exit code isn't zero. Nothing is written to the output file that the libraries
//! offer, since that would be a token on the disk.

use serde::Serialize;
use serde_json::json;

use super::docker::json as text_of;
use crate::cli::commands::token;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::passphrase::VaultOptions;
use crate::cli::session::with_account;
use crate::messages::problem::Problem;

/// What the libraries name if their configuration asks for a JSON Web Token.
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";

#[derive(Serialize)]
struct Answer<'a> {
    version: u8,
    success: bool,
    token_type: &'static str,
    id_token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration_time: Option<i64>,
}

pub(super) fn run(vault: &VaultOptions, name: &str) -> Result<(), Failure> {
    let done = with_account(vault, name, |session, account| {
        let held = token::with_id_token(session, account, None)?;
        let missing = || Failure::of_account(&Problem::NoIdToken, account);
        let id_token = held.id_token.as_ref().ok_or_else(missing)?;
        let wanted = std::env::var("GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE");
        output::data(&text_of(&Answer {
            version: 1,
            success: true,
            token_type: if wanted.as_deref() == Ok(JWT) { JWT } else { ID_TOKEN },
            id_token: id_token.expose(),
            expiration_time: held.id_token_expires_at().map(|end| end.timestamp()),
        })?)?;
        token::warn_if_unsaved(session, account)
    });
    done.or_else(|failure| {
        let code = if failure.needs_sign_in() { "SIGN_IN_REQUIRED" } else { "NO_TOKEN" };
        let answer = json!({"version": 1, "success": false, "code": code, "message": failure.words()});
        output::data(&answer.to_string())?;
        Err(failure.without_words())
    })
}
