//! The sign-in to a team vault with `OpenID` Connect: the vault makes the link and takes the code.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{TeamOpener, call};
use crate::base::secret::SecretText;
use crate::domain::oauth::redirect_uri::RedirectUri;
use crate::domain::team::{Connection, TeamError};
use crate::engine::random;
use crate::messages::problem::VaultProblem;
use crate::net::redirect_listener::{CallbackDecision, Listener};
use crate::store::vault::team::Credentials;

/// The redirect URI that such servers are set up for.
const REDIRECT_URI: &str = "http://localhost:8250/oidc/callback";
/// How long the browser may take.
const PATIENCE: Duration = Duration::from_mins(5);

/// Signs in through the browser and returns the vault's token.
///
/// # Errors
/// [`TeamError::SignInRefused`], or the vault's error.
pub(super) async fn sign_in(
    opener: &TeamOpener,
    connection: &Connection,
) -> Result<SecretText, VaultProblem> {
    let refused = || VaultProblem::Team(TeamError::SignInRefused);
    let nonce = hex::encode(random::bytes::<20>().map_err(|_| refused())?);
    let Ok(RedirectUri::Loopback(redirect)) = RedirectUri::new(Some(REDIRECT_URI)) else {
        return Err(refused());
    };
    let port_in_use = VaultProblem::Failed("port 8250, to which the browser returns, is in use");
    let listener = Listener::bind(&redirect).map_err(|_| port_in_use)?;
    let vault = opener.handle(connection, &Credentials::Kept, None);
    let asked = nonce.clone();
    let link = call(&vault, move |team| team.auth_url(REDIRECT_URI, &asked)).await?;
    let state = link.query_pairs().find(|(key, _)| key == "state").map(|(_, value)| value.into_owned());
    let state = state.ok_or_else(refused)?;
    let returned: Arc<Mutex<Option<String>>> = Arc::default();
    let taken = Arc::clone(&returned);
    let judge = move |query: &str| {
        let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
        let only = |name: &str| {
            let mut found = pairs.iter().filter(|(key, _)| key == name);
            found.next().filter(|_| found.next().is_none()).map(|(_, value)| value.as_ref())
        };
        let is_ours = only("state")
            .is_some_and(|sent| bool::from(subtle::ConstantTimeEq::ct_eq(sent.as_bytes(), state.as_bytes())));
        if !is_ours {
            return CallbackDecision::Refused;
        }
        let mut callback = url::form_urlencoded::Serializer::new(String::new());
        callback.append_pair("state", &state).append_pair("code", only("code").unwrap_or_default());
        callback.append_pair("client_nonce", &nonce);
        *taken.lock().unwrap_or_else(PoisonError::into_inner) = Some(callback.finish());
        CallbackDecision::Taken
    };
    let browser = Arc::clone(&opener.browser);
    let opening = tokio::task::spawn_blocking(move || browser.open(&link));
    let served = listener.serve(judge, || {});
    if !matches!(opening.await, Ok(Ok(()))) {
        return Err(VaultProblem::Failed("no web browser could be opened for the sign-in"));
    }
    if tokio::time::timeout(PATIENCE, served).await.is_err() {
        return Err(VaultProblem::Failed("the browser did not return from the sign-in in time"));
    }
    let query = returned.lock().unwrap_or_else(PoisonError::into_inner).take().ok_or_else(refused)?;
    call(&vault, move |team| team.oidc_callback(&query)).await
}
