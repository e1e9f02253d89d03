//! Opens the browser: for sign-in links and other web pages. Runs the diagnostics.

use std::sync::Arc;

use url::Url;

use super::Engine;
use super::job_done::JobDone;
use crate::domain::account::AccountId;
use crate::domain::oauth::redirect_uri::RedirectUri;
use crate::domain::session::Attempt;
use crate::engine::doctor::DiagnosisJob;
use crate::engine::publishing::outbox::Replies;
use crate::engine::settings::confirmed::confirmed_browser;
use crate::engine::sign_in::redirect_port::redirect_problem;
use crate::messages::diagnosis::{Cause, Check, Finding};
use crate::messages::event::{Event, Reply};
use crate::messages::problem::{Problem, SignInProblem, UntrustedText, VaultProblem};
use crate::platform::browser::open_in;

impl Engine {
    /// Opens the sign-in link on a thread of its own, since starting a browser may block.
    pub(super) fn open_browser(&mut self, id: &AccountId) {
        let Some(entry) = self.accounts.get(id) else { return };
        let (attempt, Some(link)) = (entry.session().attempt(), self.sign_ins.link(id).cloned()) else {
            return;
        };
        let (browser, program) = (Arc::clone(&self.browser), self.settings.preferences().browser.clone());
        let vaults = if program.is_some() { self.secrets.with_chosen() } else { Vec::new() };
        let (trust, id) = (self.settings.trust().clone(), id.clone());
        self.spawn(async move {
            let (program, not_confirmed) = match confirmed_browser(&trust, &vaults, program).await {
                Ok(program) => (program, None),
                Err(problem) => (None, Some(problem)),
            };
            let opened = tokio::task::spawn_blocking(move || match program {
                Some(program) => open_in(&program, &link),
                None => browser.open(&link),
            });
            let opened = opened.await.is_ok_and(|opened| opened.is_ok());
            JobDone::BrowserOpened { id, attempt, opened, not_confirmed }
        });
    }

    pub(super) fn browser_opened(
        &mut self,
        id: &AccountId,
        attempt: Attempt,
        opened: bool,
        not_confirmed: Option<VaultProblem>,
    ) {
        let is_current = self.accounts.get(id).is_some_and(|entry| entry.session().attempt() == attempt);
        if is_current && self.sign_ins.link(id).is_some() {
            self.accounts.update(id, |entry| entry.set_browser_opened(opened));
            if !opened {
                self.fail(Some(id), Problem::SignIn(SignInProblem::NoBrowser), None);
            }
        }
        if let Some(problem) = not_confirmed {
            self.emit(Event::Problem { account: None, problem: Problem::Vault(problem) });
        }
    }

    /// Opens an http or https page on a thread of its own.
    pub(super) fn open_page(&mut self, page: &str, replies: Replies) {
        let problem = Problem::PageNotOpened(UntrustedText::new(page));
        let url = Url::parse(page).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let Some(url) = url else { return self.fail(None, problem, replies) };
        let browser = Arc::clone(&self.browser);
        self.spawn_for(JobDone::Completed, replies, async move {
            match tokio::task::spawn_blocking(move || browser.open(&url)).await {
                Ok(Ok(())) => Ok(Reply::Done),
                _ => Err(problem),
            }
        });
    }

    /// Checks everything needed to get a token, for an account or without one.
    pub(super) fn diagnose(&mut self, id: Option<AccountId>, replies: Replies) {
        let entry = match id.as_ref().map(|id| self.accounts.require(id)).transpose() {
            Ok(entry) => entry,
            Err(problem) => return self.fail(None, problem, replies),
        };
        let provider = entry.map(|entry| entry.resolved().clone());
        let redirect = match &provider {
            Some(Ok(provider)) if provider.grant.has_redirect() => Some(provider.redirect_uri.clone()),
            Some(_) => None,
            None => RedirectUri::new(None).ok(),
        };
        let job = DiagnosisJob {
            vault: entry.map_or_else(|| self.secrets.current(), |entry| entry.vault()).clone(),
            account: id,
            provider,
            port: self.check_port(redirect.as_ref()),
            browser: Arc::clone(&self.browser),
            program: self.settings.preferences().browser.clone(),
            network: self.network(),
            clock: Arc::clone(&self.clock),
        };
        self.spawn_for(JobDone::Reported, replies, async move { Ok(Reply::Diagnosed(job.run().await)) });
    }

    fn check_port(&self, redirect: Option<&RedirectUri>) -> Finding {
        let about = redirect.map(RedirectUri::to_string).unwrap_or_default();
        let cause = match redirect {
            Some(RedirectUri::Loopback(_)) => {
                redirect_problem(&self.sign_ins, &about).map_or(Cause::PortFree, Cause::Port)
            }
            Some(RedirectUri::Pasted(_)) | None => Cause::NoPortNeeded,
        };
        Finding { check: Check::Port, about, cause }
    }
}
