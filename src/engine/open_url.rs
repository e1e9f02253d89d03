//! Opens web pages for the user: registration, a provider's documentation.
//!
//! Only http and https URLs are opened.

use std::sync::Arc;

use url::Url;

use super::event_loop::{Engine, Replies, Then, answer};
use crate::messages::event::Reply;
use crate::messages::problem::{Problem, UntrustedText};

impl Engine {
    /// Opens a page on a thread of its own, since starting a browser may block.
    pub(crate) fn open_page(&mut self, page: &str, replies: Replies) {
        let problem = Problem::PageNotOpened(UntrustedText::new(page));
        let address = Url::parse(page).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let Some(address) = address else { return self.fail(None, problem, replies) };
        let browser = Arc::clone(&self.deps.browser);
        self.spawn(async move {
            let opened = tokio::task::spawn_blocking(move || browser.open(&address)).await;
            let then: Then = Box::new(move |engine| match opened {
                Ok(Ok(())) => answer(replies, Ok(Reply::Done)),
                _ => engine.fail(None, problem, replies),
            });
            then
        });
    }
}
