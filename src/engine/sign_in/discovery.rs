//! Issuer discovery.
//!
//! Sends only GET requests without credentials and follows no redirect. The first acceptable document wins.

use std::rc::Rc;
use std::sync::Arc;

use crate::base::clock::Clock;
use crate::domain::oauth::discovery::{DiscoveredServer, MetadataError, Wanted};
use crate::domain::oauth::http_request::HttpRequest;
use crate::engine::error_mapping::unreachable;
use crate::engine::settings::confirmed::Network;
use crate::messages::problem::{DiscoveryProblem, NotDiscovered, Problem, UntrustedText};

pub(crate) struct DiscoveryJob {
    pub(crate) wanted: Wanted,
    pub(crate) network: Rc<Network>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl DiscoveryJob {
    /// Finds the endpoints for an account that is being set up.
    ///
    /// # Errors
    /// The network's error, or [`Problem::Discovery`].
    pub(crate) async fn run(&self) -> Result<DiscoveredServer, Problem> {
        let mut tried = Vec::new();
        let mut reason: Option<MetadataError> = None;
        for document in self.wanted.issuer.documents() {
            let request = HttpRequest::get(document.clone());
            let sent = self.network.send(&request, self.clock.as_ref()).await;
            // All candidates are on one host, so a network error would repeat for each.
            let answer = sent.map_err(|error| unreachable(error).problem)?;
            tried.push((UntrustedText::new(document.as_str()), answer.status));
            if answer.status != 200 || answer.body_too_large {
                continue;
            }
            match self.wanted.read(&document, &answer.body) {
                Ok(found) => return Ok(found),
                Err(MetadataError::None) => {}
                Err(error) => reason = reason.or(Some(error)),
            }
        }
        let why = match reason {
            None | Some(MetadataError::None) => NotDiscovered::Nothing { tried },
            Some(MetadataError::OtherIssuer(said)) => {
                NotDiscovered::OtherIssuer { said: UntrustedText::new(&said) }
            }
            Some(MetadataError::Missing(kind)) => NotDiscovered::Missing(kind),
            Some(MetadataError::Unusable(kind)) => NotDiscovered::Unusable(kind),
        };
        let issuer = UntrustedText::new(self.wanted.issuer.as_str());
        Err(Problem::Discovery(DiscoveryProblem { issuer, why }))
    }
}
