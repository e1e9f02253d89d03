//! Texts about discovery: why an issuer's metadata has no usable endpoints.

use crate::messages::problem::{DiscoveryProblem, NotDiscovered};

use super::{Action, UserMessage, label_of, quoted, words};

pub(in crate::messages::explain) fn discovery(problem: &DiscoveryProblem) -> UserMessage {
    let issuer = quoted(problem.issuer.as_str());
    let said = match &problem.why {
        NotDiscovered::Nothing { tried } => {
            let lines: Vec<String> =
                tried.iter().map(|(place, status)| format!("{place}: HTTP {status}")).collect();
            let said = words(
                format!("No discovery document found for {issuer}."),
                "Check the issuer URL, or enter the endpoints from the provider's documentation.",
            );
            UserMessage { details: Some(lines.join("\n")), ..said }
        }
        NotDiscovered::OtherIssuer { said } => words(
            format!(
                "The server calls itself {}, not {issuer}, so nothing from it was used.",
                quoted(said.as_str())
            ),
            "If you mean that server, enter the issuer URL exactly as it spells it.",
        ),
        NotDiscovered::Missing(kind) => words(
            format!("The server {issuer} lists no {}, which this grant needs.", label_of(kind.key())),
            "Choose another grant, or enter the endpoints from the provider's documentation.",
        ),
        NotDiscovered::Unusable(kind) => words(
            format!(
                "The {} that {issuer} lists is not an https URL, so nothing was used.",
                label_of(kind.key())
            ),
            "Report this to the provider, or enter the endpoints from its documentation.",
        ),
    };
    said.offering(Action::EditAccount)
}
