//! Tokens pasted into the account form instead of a sign-in.

use chrono::{DateTime, Utc};

use crate::base::secret::{AccessToken, RefreshToken};
use crate::domain::oauth::token_syntax;
use crate::domain::token::grant::Grant;
use crate::domain::token::pasted_tokens;

use crate::ui::widgets::fields::SecretInput;

#[derive(Default)]
pub(in crate::ui) struct TokensDraft {
    pub(in crate::ui) open: bool,
    pub(in crate::ui) access: SecretInput,
    pub(in crate::ui) refresh: SecretInput,
}

impl TokensDraft {
    pub(in crate::ui) fn problem(&self) -> Option<&'static str> {
        if !self.open {
            return None;
        }
        if self.access.is_blank() && self.refresh.is_blank() {
            return Some("Paste an access token or a refresh token.");
        }
        let fits = |text: &SecretInput| {
            text.is_blank() || text.with(|text| token_syntax::is_token(pasted_tokens::bare(text)))
        };
        (!fits(&self.access) || !fits(&self.refresh)).then_some("A token has no spaces or line breaks.")
    }

    /// Takes the tokens; `None` if the part is closed.
    pub(in crate::ui) fn take(&mut self, now: DateTime<Utc>) -> Option<Grant> {
        if !self.open {
            return None;
        }
        let bare = |text: String| {
            let text = zeroize::Zeroizing::new(text);
            pasted_tokens::bare(&text).to_owned()
        };
        let access = self.access.take().map(|text| AccessToken::new(bare(text)));
        let refresh = self.refresh.take().map(|text| RefreshToken::new(bare(text)));
        Some(pasted_tokens::grant(access, refresh, now))
    }
}
