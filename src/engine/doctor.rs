//! Diagnostics: checks everything needed to get a token.
//!
//! No secret is sent: each endpoint gets one GET without parameters. Nothing is changed, and no browser
//! opens. The requests are findings, not HTTP log entries, since so many would push out those that matter.

use std::rc::Rc;
use std::sync::Arc;

use tokio::task::JoinSet;
use url::Url;

use super::providers::Resolved;
use super::secrets::vault_handle::VaultHandle;
use super::settings::confirmed::Network;
use crate::base::clock::Clock;
use crate::domain::account::AccountId;
use crate::domain::oauth::http_request::HttpRequest;
use crate::domain::provider::Provider;
use crate::domain::provider::endpoints::EndpointKind;
use crate::domain::refusal::connectivity;
use crate::domain::refusal::connectivity::{Answered, OnTheWay, Probe};
use crate::domain::refusal::transport::UnreachableKind;
use crate::domain::secure_url::is_loopback;
use crate::messages::diagnosis::{Cause, Check, Finding};
use crate::messages::problem::VaultProblem;
use crate::net::dns;
use crate::platform::browser::{Browser, can_open_in};
use crate::store::vault::account_records::Records;

/// A run of the diagnostics, for one account or for none.
pub(crate) struct DiagnosisJob {
    pub(crate) account: Option<AccountId>,
    pub(crate) provider: Option<Resolved>,
    pub(crate) vault: VaultHandle,
    /// The result of the redirect port's check.
    pub(crate) port: Finding,
    pub(crate) browser: Arc<dyn Browser>,
    /// The program that the preferences name in the place of the system's browser.
    pub(crate) program: Option<String>,
    pub(crate) network: Rc<Network>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl DiagnosisJob {
    pub(crate) async fn run(self) -> Vec<Finding> {
        let Self { account, provider, vault, port, browser, program, network, clock } = self;
        let look = move || program.map_or_else(|| browser.is_there(), |program| can_open_in(&program));
        let looked = tokio::task::spawn_blocking(look).await;
        let browser = Cause::Browser { is_there: looked.unwrap_or_default() };
        let mut findings = vec![check_vault(&vault, account).await];
        findings.push(Finding { check: Check::Browser, about: String::new(), cause: browser });
        findings.push(port);
        findings.extend(match provider {
            Some(Ok(provider)) => on_the_way(&provider, &network, &clock).await,
            Some(Err(error)) => vec![about_the_provider(Cause::Settings(error))],
            None => vec![about_the_provider(Cause::NoAccount)],
        });
        findings
    }
}

fn about_the_provider(cause: Cause) -> Finding {
    Finding { check: Check::Endpoint(EndpointKind::Token), about: String::new(), cause }
}

/// Whether the vault responds and has the account.
async fn check_vault(vault: &VaultHandle, id: Option<AccountId>) -> Finding {
    let asked = vault.call(move |vault| match id {
        Some(id) => Records::new(vault).read_client(&id).map(|client| client.is_some()),
        None => vault.probe().map(|()| true),
    });
    let cause = match asked.await {
        Ok(true) => Cause::VaultAnswers(vault.kind()),
        Ok(false) => Cause::Vault(VaultProblem::Missing),
        Err(problem) => Cause::Vault(problem),
    };
    Finding { check: Check::Vault, about: String::new(), cause }
}

fn endpoints(provider: &Provider) -> Vec<(EndpointKind, Url)> {
    let more = &provider.more;
    [
        (EndpointKind::Authorize, provider.authorize.as_ref()),
        (EndpointKind::Token, provider.token.as_ref()),
        (EndpointKind::Device, more.device.as_ref()),
        (EndpointKind::Par, more.par.as_ref()),
        (EndpointKind::Revoke, more.revoke.as_ref()),
        (EndpointKind::Introspect, more.introspect.as_ref()),
        (EndpointKind::UserInfo, more.userinfo.as_ref()),
        (EndpointKind::Jwks, more.jwks.as_ref()),
    ]
    .into_iter()
    .filter_map(|(kind, url)| Some((kind, url?.clone())))
    .collect()
}

async fn on_the_way(provider: &Provider, http: &Rc<Network>, clock: &Arc<dyn Clock>) -> Vec<Finding> {
    let endpoints = endpoints(provider);
    let mut looking = JoinSet::new();
    for (place, (_, url)) in endpoints.iter().enumerate() {
        let (url, http, clock) = (url.clone(), Rc::clone(http), Arc::clone(clock));
        looking.spawn_local(async move { (place, look(url, &http, clock.as_ref()).await) });
    }
    let mut looks: Vec<_> = looking.join_all().await;
    looks.sort_by_key(|(place, _)| *place);
    let mut findings = Vec::new();
    let mut hosts: Vec<String> = Vec::new();
    for ((_, look), (_, url)) in looks.iter().zip(&endpoints) {
        let host = url.host_str().unwrap_or_default().to_owned();
        if !hosts.contains(&host) {
            findings.push(found(Check::Dns, &host, connectivity::name(look)));
            findings.push(found(Check::Tls, &host, connectivity::tls(look)));
            hosts.push(host);
        }
    }
    for ((_, look), (kind, url)) in looks.iter().zip(&endpoints) {
        let found_there = connectivity::endpoint(*kind, look);
        findings.push(found(Check::Endpoint(*kind), &without_query(url), found_there));
    }
    findings.push(found(Check::Clock, "", connectivity::clock(looks.iter().map(|(_, look)| look))));
    findings
}

fn found(check: Check, about: &str, cause: OnTheWay) -> Finding {
    Finding { check, about: about.to_owned(), cause: Cause::OnTheWay(cause) }
}

/// A user's own URL may have anything in its query.
fn without_query(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.into()
}

async fn look(url: Url, http: &Network, clock: &dyn Clock) -> Probe {
    let (is_here, is_plain) = (is_loopback(&url), url.scheme() == "http");
    let host = url.host_str().unwrap_or_default().to_owned();
    let has_address = is_here || dns::has_address(&host, url.port_or_known_default().unwrap_or(443)).await;
    let sent = http.send(&HttpRequest::get(url), clock).await;
    let answer = match sent {
        Ok(answer) => {
            let midway = answer.sent_at + (answer.answered_at - answer.sent_at) / 2;
            Ok(Answered { status: answer.status, skew: answer.date.map(|date| date - midway) })
        }
        Err(unreachable) => Err(unreachable.kind),
    };
    // If a name doesn't resolve, other causes don't matter, unless a proxy is in between or nothing was sent.
    let by_proxy = |kind| {
        matches!(
            kind,
            UnreachableKind::Proxy
                | UnreachableKind::ProxyPassword
                | UnreachableKind::Unconfirmed
                | UnreachableKind::Unconfirmable
        )
    };
    let answer =
        answer.map_err(|kind| if has_address || by_proxy(kind) { kind } else { UnreachableKind::Dns });
    Probe { is_here, is_plain, has_address, answer }
}
