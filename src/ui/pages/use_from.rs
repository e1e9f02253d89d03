//! *Use it from…*: ready-made lines that let other programs get an account's token.
//!
//! No line has a secret; the programs ask Keyfob when they need a token.

use egui::Ui;

use crate::base::sanitize::sanitized;
use crate::domain::account::AccountId;
use crate::domain::api::api_host::ApiHost;
use crate::domain::api::usage_lines;
use crate::domain::provider::Provider;
use crate::messages::command::Command;

use crate::ui::action::{Target, UiAction};
use crate::ui::cx::Cx;
use crate::ui::widgets::actions;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::{labels, widgets};

pub(in crate::ui) fn show(ui: &mut Ui, cx: &mut Cx<'_>, account: &AccountId) {
    let Some(account) = cx.account(account) else {
        return cx.push(UiAction::Leave(Target::Back));
    };
    let name = account.name.as_str();
    widgets::heading(ui, &format!("Use {} from…", sanitized(name, 60)));
    widgets::weak(
        ui,
        "Each program asks Keyfob when it needs a token, and gets a valid one. No line has a secret.",
    );
    let provider = Provider::resolve(&cx.snapshot.presets, &account.settings).ok();
    let host = provider.as_ref().and_then(ApiHost::of);
    if host.is_none() {
        widgets::weak(
            ui,
            "The account has no API base URL, so there are no lines for Git, Docker and the proxy. Set api.base_url in \
             an import file.",
        );
    }
    for line in usage_lines::of(name, host.as_ref()) {
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 4.0;
            widgets::caption(ui, line.name);
            if widgets::copyable(ui, &line.line, &format!("Copy the line for {}", line.name)) {
                cx.send(Command::CopyText(line.line.clone()));
            }
            widgets::weak(ui, line.note);
        });
    }
    ui.add_space(4.0);
    let [close] = actions::show(ui, [Button::new(Weight::Secondary, labels::CLOSE)]);
    if close.clicked() {
        cx.push(UiAction::Leave(Target::Back));
    }
}
