//! The *Scopes* tab: requested and granted scopes.

use std::collections::BTreeSet;

use egui::Ui;

use crate::base::sanitize::sanitized;
use crate::messages::snapshot::AccountView;

use crate::ui::cx::Cx;
use crate::ui::theme::icons::Icon;
use crate::ui::{theme, widgets};

const MAX_SHOWN: usize = 200;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ScopeOutcome {
    Granted,
    Refused,
    Unrequested,
    Requested,
}

pub(in crate::ui) fn show(ui: &mut Ui, cx: &Cx<'_>, account: &AccountView) {
    let facts = account.token.as_ref().map(|token| &token.facts);
    let granted = facts.and_then(|facts| facts.scope.as_deref());
    let scopes = compare(&account.scopes, granted, facts.is_some());
    widgets::card(ui, |ui| {
        let differs = scopes
            .iter()
            .any(|(_, outcome)| matches!(outcome, ScopeOutcome::Refused | ScopeOutcome::Unrequested));
        let text = match (granted, facts.is_some()) {
            _ if scopes.is_empty() => "No scopes requested or returned.",
            (Some(_), _) if differs => "The server granted other scopes than those requested.",
            (Some(_), _) => "The server granted the requested scopes.",
            // RFC 6749, section 5.1.
            (None, true) => "The server returned no scopes, so by the standard it granted those requested.",
            (None, false) => "Keyfob requests these scopes.",
        };
        widgets::weak(ui, text);
        for (scope, outcome) in scopes.iter().take(MAX_SHOWN) {
            line(ui, cx, scope, *outcome);
        }
        if scopes.len() > MAX_SHOWN {
            widgets::weak(ui, &format!("and {} more", scopes.len() - MAX_SHOWN));
        }
    });
}

/// Lists every scope once: requested ones in order, then others that were granted.
fn compare<'a>(
    requested: &'a [String],
    granted: Option<&'a [String]>,
    has_token: bool,
) -> Vec<(&'a str, ScopeOutcome)> {
    let mut seen = BTreeSet::new();
    let given: BTreeSet<&str> = granted.unwrap_or_default().iter().map(String::as_str).collect();
    let mut compared = Vec::new();
    for scope in requested.iter().map(String::as_str).filter(|scope| seen.insert(*scope)) {
        let outcome = match granted {
            Some(_) if given.contains(scope) => ScopeOutcome::Granted,
            Some(_) => ScopeOutcome::Refused,
            None if has_token => ScopeOutcome::Granted,
            None => ScopeOutcome::Requested,
        };
        compared.push((scope, outcome));
    }
    let unrequested = granted.unwrap_or_default().iter().map(String::as_str);
    for scope in unrequested.filter(|scope| seen.insert(*scope)) {
        compared.push((
            scope,
            if requested.is_empty() { ScopeOutcome::Granted } else { ScopeOutcome::Unrequested },
        ));
    }
    compared
}

fn line(ui: &mut Ui, cx: &Cx<'_>, scope: &str, outcome: ScopeOutcome) {
    let (icon, word, color) = match outcome {
        ScopeOutcome::Granted => (Icon::Check, "granted", cx.tokens.ok),
        ScopeOutcome::Refused => (Icon::Cross, "requested, not granted", cx.tokens.warn),
        ScopeOutcome::Unrequested => (Icon::PlusCircle, "granted, not requested", cx.tokens.warn),
        ScopeOutcome::Requested => (Icon::Circle, "requested", cx.tokens.weak),
    };
    ui.horizontal_top(|ui| {
        let (_, rect) = ui.allocate_space(egui::vec2(16.0, 18.0));
        icon.paint(ui.painter(), rect.center(), 14.0, color);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            let shown = sanitized(scope, 200);
            ui.add(egui::Label::new(egui::RichText::new(&*shown).font(theme::mono(13.0))).wrap());
            widgets::weak(ui, word);
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn differences_between_requested_and_granted_are_found() {
        let (requested, granted) = (words("read write read"), words("read admin"));
        assert_eq!(
            compare(&requested, Some(&granted), true),
            [
                ("read", ScopeOutcome::Granted),
                ("write", ScopeOutcome::Refused),
                ("admin", ScopeOutcome::Unrequested)
            ]
        );
        assert_eq!(
            compare(&requested, None, true),
            [("read", ScopeOutcome::Granted), ("write", ScopeOutcome::Granted)]
        );
        assert_eq!(
            compare(&requested, None, false),
            [("read", ScopeOutcome::Requested), ("write", ScopeOutcome::Requested)]
        );
        assert_eq!(
            compare(&[], Some(&granted), true),
            [("read", ScopeOutcome::Granted), ("admin", ScopeOutcome::Granted)]
        );
        assert!(compare(&[], None, true).is_empty());
    }
}
