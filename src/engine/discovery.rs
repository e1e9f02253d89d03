//! Asking an issuer for its metadata.
//!
//! Owns the order of the places that are tried. Invariants: nothing but a GET without credentials is
//! sent, no redirect is followed, and the first document that may be taken is.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::core::{Engine, Replies, Then};
use super::problems::unreachable;
use crate::clock::Clock;
use crate::domain::account::Settings;
use crate::domain::discovery::{self, Found, MetadataError, Wanted};
use crate::domain::http_request::HttpRequest;
use crate::domain::provider::Preset;
use crate::messages::command::ImportDraft;
use crate::messages::event::{Event, Reply};
use crate::messages::problem::{DiscoveryProblem, NotDiscovered, Outside, Problem};
use crate::net::http::Http;

/// What discovery works with.
struct Asker {
    http: Rc<Http>,
    clock: Arc<dyn Clock>,
}

impl Engine {
    /// Finds the addresses of an account that is being set up.
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

    /// Finds the addresses of the drafts that have an issuer in their place, then hands all of them on;
    /// where one can't be found, nothing is.
    pub(crate) fn discover_for(
        &mut self,
        mut drafts: Vec<ImportDraft>,
        replies: Replies,
        then: fn(&mut Self, Vec<ImportDraft>, Replies),
    ) {
        let presets = Arc::clone(&self.presets);
        let asker = self.asker();
        self.spawn(async move {
            let mut known = HashMap::new();
            let mut failed = None;
            for draft in &mut drafts {
                let settings = &mut draft.draft.settings;
                if discovery::is_wanted_by(&presets, settings)
                    && let Err(problem) = asker.complete(&presets, settings, &mut known).await
                {
                    failed = Some(problem);
                    break;
                }
            }
            let then: Then = Box::new(move |engine| match failed {
                None => then(engine, drafts, replies),
                Some(problem) => engine.fail(None, problem, replies),
            });
            then
        });
    }

    /// Whether an account has an issuer in the place of its addresses.
    pub(crate) fn is_to_be_discovered(&self, settings: &Settings) -> bool {
        discovery::is_wanted_by(&self.presets, settings)
    }

    fn asker(&self) -> Asker {
        Asker { http: Rc::clone(&self.http), clock: Arc::clone(&self.deps.clock) }
    }
}

impl Asker {
    /// Gives an account the addresses that its issuer names; its own choices stay.
    async fn complete(
        &self,
        presets: &[Preset],
        settings: &mut Settings,
        known: &mut HashMap<String, Vec<(url::Url, Vec<u8>)>>,
    ) -> Result<(), Problem> {
        let wanted = Wanted::of(presets, settings).map_err(Problem::Settings)?;
        // Accounts of one issuer share its documents, and each takes what its own grant needs.
        let documents = known.entry(wanted.issuer.as_str().to_owned()).or_default();
        let shared = documents.iter().find_map(|(document, body)| wanted.read(document, body).ok());
        let found = match shared {
            Some(found) => found,
            None => self.ask_keeping(&wanted, documents).await?,
        };
        found.complete(settings);
        Ok(())
    }

    async fn ask(&self, wanted: &Wanted) -> Result<Found, Problem> {
        self.ask_keeping(wanted, &mut Vec::new()).await
    }

    async fn ask_keeping(
        &self,
        wanted: &Wanted,
        documents: &mut Vec<(url::Url, Vec<u8>)>,
    ) -> Result<Found, Problem> {
        let mut tried = Vec::new();
        let mut reason: Option<MetadataError> = None;
        for document in wanted.issuer.documents() {
            let request = HttpRequest::get(document.clone());
            let sent = self.http.send(&request, self.clock.as_ref()).await;
            // All the places are on one host: what keeps it from answering keeps it from answering again.
            let answer = sent.map_err(|error| unreachable(error).problem)?;
            tried.push((Outside::new(document.as_str()), answer.status));
            if answer.status != 200 || answer.body_too_large {
                continue;
            }
            match wanted.read(&document, &answer.body) {
                Ok(found) => {
                    documents.push((document, answer.body.to_vec()));
                    return Ok(found);
                }
                Err(MetadataError::None) => {}
                Err(error) => reason = reason.or(Some(error)),
            }
        }
        let why = match reason {
            None | Some(MetadataError::None) => NotDiscovered::Nothing { tried },
            Some(MetadataError::OtherIssuer(said)) => {
                NotDiscovered::OtherIssuer { said: Outside::new(&said) }
            }
            Some(MetadataError::Missing(kind)) => NotDiscovered::Missing(kind),
            Some(MetadataError::Unusable(kind)) => NotDiscovered::Unusable(kind),
        };
        let issuer = Outside::new(wanted.issuer.as_str());
        Err(Problem::Discovery(DiscoveryProblem { issuer, why }))
    }
}
