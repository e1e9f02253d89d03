//! Carries out a search for an API's authorization server.
//!
//! Sends only GET requests without credentials and follows no redirect; ends within [`TIME_LIMIT`].

use std::time::Duration;

use super::client_document;
use crate::base::failpoint::patience;
use crate::domain::api_address::search::{
    FoundServer, MetadataAnswer, Next, Search, SearchError, SearchOptions,
};
use crate::domain::http_log::record::RequestKind;
use crate::domain::oauth::http_request::HttpRequest;
use crate::domain::refusal::transport::UnreachableKind;
use crate::engine::account_http::UnsavedHttp;
use crate::engine::error_mapping::unreachable;
use crate::messages::problem::Problem;
use crate::net::http_client::Visit;

const TIME_LIMIT: Duration = Duration::from_secs(45);

pub(crate) struct SearchJob {
    pub(crate) address: String,
    pub(crate) options: SearchOptions,
    pub(crate) http: UnsavedHttp,
}

impl SearchJob {
    /// # Errors
    /// [`Problem::Address`], or the network's error.
    pub(crate) async fn run(self) -> Result<Box<FoundServer>, Problem> {
        let late = || Err(Problem::Address(Box::new(SearchError::TooLong)));
        tokio::time::timeout(patience(TIME_LIMIT), self.search()).await.unwrap_or_else(|_| late())
    }

    async fn search(&self) -> Result<Box<FoundServer>, Problem> {
        let of = |error| Problem::Address(Box::new(error));
        let mut search = Search::new(&self.address, self.options.clone()).map_err(of)?;
        loop {
            let url = match search.next_step() {
                Next::Get(url) => url,
                Next::Done(done) => {
                    let mut found = done.map_err(of)?;
                    if let Some(url) = &self.options.document {
                        let wanted = self.options.redirect_uri.as_deref();
                        found.document = client_document::read(&self.http, found.reach, url, wanted).await?;
                    }
                    found.log = self.http.take_log();
                    return Ok(found);
                }
            };
            let visit = Visit { reach: search.reach(), reads_body: search.wants_body() };
            let request = HttpRequest::get(url);
            let answer = match self.http.visit(RequestKind::Metadata, &request, &[], visit).await {
                Ok(answer) => answer,
                Err(error) => {
                    return Err(match error.kind {
                        UnreachableKind::Inside(place) => of(search.led_inside(place)),
                        _ => unreachable(error).problem,
                    });
                }
            };
            let header = |name: &'static str| {
                answer.headers.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.expose())
            };
            let challenges: Vec<&str> = header("www-authenticate").collect();
            search.answered(&MetadataAnswer {
                status: answer.status,
                content_type: answer.content_type.as_deref(),
                challenges: &challenges,
                location: header("location").next(),
                body: &answer.body,
                is_too_large: answer.body_too_large,
            });
        }
    }
}
