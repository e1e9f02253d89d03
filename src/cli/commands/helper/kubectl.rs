//! kubectl's exec credential plugin (Kubernetes, "client-go credential plugins").

use serde::Serialize;
use serde_json::Value;

use super::docker::json;
use crate::cli::commands::token;
use crate::cli::failure::Failure;
use crate::cli::format::rfc3339;
use crate::cli::output;
use crate::cli::passphrase::VaultOptions;
use crate::cli::session::with_account;
use crate::messages::problem::Problem;

const V1: &str = "client.authentication.k8s.io/v1";
/// The same message in an older version, which older clients ask for.
const V1_BETA: &str = "client.authentication.k8s.io/v1beta1";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Credential<'a> {
    api_version: &'static str,
    kind: &'static str,
    status: Status<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration_timestamp: Option<String>,
    token: &'a str,
}

pub(super) fn run(vault: &VaultOptions, name: &str, id_token: bool) -> Result<(), Failure> {
    with_account(vault, name, |session, account| {
        let held = if id_token {
            token::with_id_token(session, account, None)?
        } else {
            token::valid(session, account, None)?
        };
        let (text, end) = if id_token {
            let missing = || Failure::of_account(&Problem::NoIdToken, account);
            (held.id_token.as_ref().ok_or_else(missing)?.expose(), held.id_token_expires_at())
        } else {
            (held.access_token.expose(), held.facts.expires_at)
        };
        let asked = std::env::var("KUBERNETES_EXEC_INFO").unwrap_or_default();
        output::data(&json(&Credential {
            api_version: version(&asked),
            kind: "ExecCredential",
            status: Status { expiration_timestamp: end.map(rfc3339), token: text },
        })?)?;
        token::warn_if_unsaved(session, account)
    })
}

/// A client accepts only the version that it asked for in `KUBERNETES_EXEC_INFO`.
fn version(asked: &str) -> &'static str {
    let asked: Value = serde_json::from_str(asked).unwrap_or_default();
    if asked["apiVersion"] == V1_BETA { V1_BETA } else { V1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_one_that_was_asked_for() {
        assert_eq!(version(r#"{"apiVersion":"client.authentication.k8s.io/v1beta1"}"#), V1_BETA);
        for other in
            ["", "{}", r#"{"apiVersion":"client.authentication.k8s.io/v1"}"#, "[", r#"{"apiVersion":1}"#]
        {
            assert_eq!(version(other), V1, "{other}");
        }
    }
}
