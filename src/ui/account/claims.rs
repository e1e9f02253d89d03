//! The *Claims* tab: the decoded claims of the token.
//!
//! Shown claims are marked as *not verified*, unless they are from a verified ID token.

use egui::{RichText, Ui};

use crate::base::sanitize::sanitized;
use crate::domain::oauth::id_token::IdTokenStatus;
use crate::domain::token::claims::{Claim, ClaimValue};
use crate::messages::command::Command;
use crate::messages::explain;
use crate::messages::snapshot::{AccountView, VaultHealth};

use crate::ui::cx::Cx;
use crate::ui::theme::icons::Icon;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::time_text;
use crate::ui::{labels, theme, widgets};

const SHOWN_CHARS: usize = 300;

pub(in crate::ui) fn show(ui: &mut Ui, cx: &mut Cx<'_>, account: &AccountView) {
    widgets::card(ui, |ui| {
        let Some(token) = &account.token else {
            widgets::weak(ui, "There is no token yet.");
            return;
        };
        match (&token.claims, &token.mask) {
            (Some(claims), _) => {
                widgets::status(ui, Icon::Warning, "Not verified", cx.tokens.warn);
                widgets::weak(
                    ui,
                    "Decoded from the access token. Keyfob doesn't verify its signature; the API does.",
                );
                ui.add_space(4.0);
                list(ui, cx, claims);
            }
            (None, Some(_)) => {
                widgets::weak(ui, "This access token is opaque (not a JWT). Only the server can read it.");
            }
            (None, None) => {
                if cx.snapshot.vault.health == VaultHealth::Ready {
                    widgets::weak(ui, "Reading the token.");
                    return;
                }
                widgets::weak(ui, "The token hasn't been read yet.");
                if Button::new(Weight::Secondary, labels::SHOW_CLAIMS).show(ui) {
                    cx.send(Command::ReadMask(account.id.clone()));
                }
            }
        }
        if let Some(claims) = &token.id_claims {
            ui.add_space(12.0);
            id_token(ui, cx, claims, token.facts.id_token.unwrap_or(IdTokenStatus::Unchecked));
        }
    });
}

fn id_token(ui: &mut Ui, cx: &Cx<'_>, claims: &[Claim], verdict: IdTokenStatus) {
    let (found, meaning) = explain::id_token(verdict);
    let (icon, color) = match verdict {
        IdTokenStatus::Verified => (Icon::Check, cx.tokens.ok),
        IdTokenStatus::Unchecked | IdTokenStatus::Doubted(_) => (Icon::Warning, cx.tokens.warn),
    };
    widgets::status(ui, icon, &format!("ID token: {found}"), color);
    widgets::weak(ui, meaning);
    ui.add_space(4.0);
    list(ui, cx, claims);
}

pub(in crate::ui) fn list(ui: &mut Ui, cx: &Cx<'_>, claims: &[Claim]) {
    if claims.is_empty() {
        widgets::weak(ui, "No claims.");
    }
    for claim in claims {
        let (name, meaning) = (sanitized(&claim.name, 60), meaning(&claim.name));
        widgets::pair(ui, &name, |ui| {
            match &claim.value {
                ClaimValue::Moment(at) => {
                    let clock = time_text::clock(*at, cx.now);
                    ui.label(format!("{clock} ({})", time_text::distance(*at, cx.now)));
                }
                ClaimValue::Text(text) => {
                    let shown = sanitized(text, SHOWN_CHARS);
                    ui.add(egui::Label::new(&*shown).wrap());
                }
                ClaimValue::Json(json) => {
                    let shown = sanitized(json, SHOWN_CHARS);
                    ui.add(egui::Label::new(RichText::new(&*shown).font(theme::mono(12.0))).wrap());
                }
            }
            if let Some(meaning) = meaning {
                widgets::weak(ui, meaning);
            }
        });
    }
}

/// The meaning of a registered claim (RFC 7519, section 4.1; RFC 9068; `OpenID` Connect Core 1.0).
fn meaning(name: &str) -> Option<&'static str> {
    Some(match name {
        "iss" => "Issuer",
        "sub" => "Subject",
        "aud" => "Audience",
        "client_id" | "azp" => "Client",
        "scope" | "scp" => "Granted scopes",
        "iat" => "Issued at",
        "nbf" => "Not valid before",
        "exp" => "Expires",
        "auth_time" => "Time of sign-in",
        "jti" => "Token ID",
        "nonce" => "Ties the token to one sign-in",
        _ => return None,
    })
}
