//! The server's result about a token.

use egui::Ui;

use crate::base::sanitize::sanitized;
use crate::domain::oauth::introspection::Checked;
use crate::messages::explain::verdict;

use crate::ui::cx::Cx;
use crate::ui::theme::icons::Icon;
use crate::ui::widgets;
use crate::ui::widgets::time_text;

const NAME_CHARS: usize = 120;

pub(in crate::ui) fn show(ui: &mut Ui, cx: &Cx<'_>, checked: &Checked) {
    widgets::card(ui, |ui| result(ui, cx, checked));
}

fn result(ui: &mut Ui, cx: &Cx<'_>, checked: &Checked) {
    let introspected = &checked.verdict;
    let (icon, color) =
        if introspected.active { (Icon::Check, cx.tokens.ok) } else { (Icon::Warning, cx.tokens.error) };
    widgets::status(ui, icon, verdict(introspected), color);
    let mut rows = vec![("Checked", time_text::clock(checked.at, cx.now))];
    if let Some(subject) = &introspected.subject {
        rows.push(("Belongs to", sanitized(subject, NAME_CHARS).into_owned()));
    }
    if let Some(end) = introspected.expires_at {
        rows.push(("Expires", time_text::clock(end, cx.now)));
    }
    let list = |scopes: Vec<&str>| sanitized(&scopes.join("  "), 500).into_owned();
    if let Some(granted) = &checked.granted {
        rows.push(("Scopes granted", list(granted.iter().map(String::as_str).collect())));
    }
    let missing = checked.missing();
    if !missing.is_empty() {
        rows.push(("Not granted", list(missing)));
    }
    for (label, value) in rows {
        widgets::fact(ui, label, &value);
    }
}
