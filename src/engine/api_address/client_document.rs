//! Reads the client ID metadata document that the user gave, by one GET without credentials.

use std::time::Duration;

use url::Url;

use crate::base::failpoint::patience;
use crate::domain::api_address::client_document::{self, DocumentState};
use crate::domain::api_address::reach::Reach;
use crate::domain::api_address::search::{Part, SearchError};
use crate::domain::http_log::record::RequestKind;
use crate::domain::oauth::http_request::HttpRequest;
use crate::domain::refusal::transport::{Unreachable, UnreachableKind};
use crate::engine::account_http::UnsavedHttp;
use crate::messages::problem::Problem;
use crate::net::http_client::Visit;

const TIME_LIMIT: Duration = Duration::from_secs(10);

/// Reads the document, which must list the `wanted` redirect URI if there is one. One that can't be reached is
/// no error: the server reads it, not Keyfob.
///
/// # Errors
/// [`Problem::Address`] if the server would refuse it, or its host is out of reach.
pub(crate) async fn read(
    http: &UnsavedHttp,
    reach: Reach,
    url: &str,
    wanted: Option<&str>,
) -> Result<DocumentState, Problem> {
    let Ok(parsed) = Url::parse(url) else { return Ok(DocumentState::Unreadable) };
    let failed = |error| Err(Problem::Address(Box::new(error)));
    let led_inside =
        |inside| failed(SearchError::Inside { part: Part::ClientDocument, url: url.to_owned(), inside });
    if let Err(inside) = reach.check(&parsed) {
        return led_inside(inside);
    }
    let visit = Visit { reach, reads_body: true };
    let request = HttpRequest::get(parsed);
    let sent = http.visit(RequestKind::Metadata, &request, &[], visit);
    let answer = match tokio::time::timeout(patience(TIME_LIMIT), sent).await {
        Ok(Ok(answer)) if answer.status == 200 && !answer.body_too_large => answer,
        Ok(Err(Unreachable { kind: UnreachableKind::Inside(inside), .. })) => return led_inside(inside),
        _ => return Ok(DocumentState::Unreadable),
    };
    match client_document::redirect_uri(url, &answer.body, wanted) {
        Ok(uri) => Ok(DocumentState::Lists(uri)),
        Err(error) => failed(SearchError::ClientDocument { url: url.to_owned(), error }),
    }
}
