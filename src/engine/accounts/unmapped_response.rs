//! A response that doesn't fit, kept until the next one so that the user can map it.

use std::rc::Rc;
use std::sync::Arc;

use crate::domain::oauth::response_mapping;
use crate::domain::oauth::response_mapping::{Layout, ResponseFields};
use crate::domain::oauth::token_response::{Answer, TokenError};
use crate::domain::provider::Provider;
use crate::domain::token::grant::Grant;

/// A response as it is shown and as it was received.
pub(crate) struct UnmappedResponse {
    layout: Arc<Layout>,
    whole: Rc<ResponseFields>,
}

impl UnmappedResponse {
    /// A response that the user may have to map; `None` for any other.
    pub(crate) fn of(
        provider: &Provider,
        answer: &Answer<'_>,
        secrets: &[&str],
        read: &Result<Grant, TokenError>,
    ) -> Option<Self> {
        if !response_mapping::is_strange(read) {
            return None;
        }
        let whole = response_mapping::response_fields(provider, answer, secrets, read.is_ok())?;
        Some(Self { layout: Arc::new(whole.layout.clone()), whole: Rc::new(whole) })
    }

    pub(crate) fn layout(&self) -> Arc<Layout> {
        Arc::clone(&self.layout)
    }

    pub(crate) fn whole(&self) -> &Rc<ResponseFields> {
        &self.whole
    }
}
