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
                format!("The server {issuer} doesn't publish its addresses in any of the usual places."),
                "Check the issuer URL, or enter the addresses from the provider's document.",
            );
            UserMessage { details: Some(lines.join("\n")), ..said }
        }
        NotDiscovered::OtherIssuer { said } => words(
            format!(
                "The server there calls itself {}, not {issuer}, so nothing of it was used.",
                quoted(said.as_str())
            ),
            "Enter the issuer URL exactly as the server spells it, if that is the one you mean.",
        ),
        NotDiscovered::Missing(kind) => words(
            format!("The server {issuer} names no {}, which this grant needs.", label_of(kind.key())),
            "Choose another grant, or enter the addresses from the provider's document.",
        ),
        NotDiscovered::Unusable(kind) => words(
            format!(
                "The {} that {issuer} names is not https, or is no address, so nothing was used.",
                label_of(kind.key())
            ),
            "Ask the provider about it, or enter the addresses from its document.",
        ),
    };
    said.offering(Action::EditAccount)
}
