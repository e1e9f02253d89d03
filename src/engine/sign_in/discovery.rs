//! Issuer discovery.
//!
//! Sends only GET requests without credentials and follows no redirect. The first acceptable document wins.

use std::rc::Rc;
use std::sync::Arc;

use crate::base::clock::Clock;
use crate::domain::account::Settings;
use crate::domain::oauth::discovery::{DiscoveredServer, MetadataError, Wanted};
use crate::domain::oauth::http_request::HttpRequest;
use crate::engine::confirmed_settings::Network;
use crate::engine::error_mapping::unreachable;
use crate::engine::event_loop::{Engine, Replies, Then};
use crate::messages::event::{Event, Reply};
use crate::messages::problem::{DiscoveryProblem, NotDiscovered, Problem, UntrustedText};

struct IssuerClient {
    http: Rc<Network>,
    clock: Arc<dyn Clock>,
}

impl Engine {
    /// Finds the endpoints for an account that is being set up.
    pub(crate) fn discover(&mut self, settings: &Settings, replies: Replies) {
        let wanted = match Wanted::of(&self.presets, settings) {
            Ok(wanted) => wanted,
            Err(error) => return self.fail(None, Problem::Settings(error), replies),
        };
        let asker = self.asker();
        self.spawn(async move {
            let found = asker.ask(&wanted).await;
            let then: Then = Box::new(move |engine| {
                if let Some(replies) = replies {
                    replies.answer(found.map(|found| Reply::Discovered(Box::new(found))));
                } else {
                    let issuer = wanted.issuer.as_str().to_owned();
                    engine.tell(Event::Discovered { issuer, found: Box::new(found) });
                }
            });
            then
        });
    }

    fn asker(&self) -> IssuerClient {
        IssuerClient { http: self.network(), clock: Arc::clone(&self.deps.clock) }
    }
}

impl IssuerClient {
    async fn ask(&self, wanted: &Wanted) -> Result<DiscoveredServer, Problem> {
        let mut tried = Vec::new();
        let mut reason: Option<MetadataError> = None;
        for document in wanted.issuer.documents() {
            let request = HttpRequest::get(document.clone());
            let sent = self.http.send(&request, self.clock.as_ref()).await;
            // All candidates are on one host, so a network error would repeat for each.
            let answer = sent.map_err(|error| unreachable(error).problem)?;
            tried.push((UntrustedText::new(document.as_str()), answer.status));
            if answer.status != 200 || answer.body_too_large {
                continue;
            }
            match wanted.read(&document, &answer.body) {
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
        let issuer = UntrustedText::new(wanted.issuer.as_str());
        Err(Problem::Discovery(DiscoveryProblem { issuer, why }))
    }
}
