//! The reminder that a client secret expires, from the account's own note and the current day.

use egui::Ui;

use crate::domain::account::secret_expiry;
use crate::domain::account::secret_expiry::SecretEnd;
use crate::messages::command::Command;
use crate::messages::explain::secret_end;
use crate::messages::snapshot::AccountView;

use crate::ui::cx::Cx;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::{labels, widgets};

pub(in crate::ui) fn show(ui: &mut Ui, cx: &mut Cx<'_>, account: &AccountView) {
    let today = secret_expiry::today(cx.now);
    let Some(end) = secret_expiry::spoken(account.settings.client_secret_expires, today) else { return };
    let preset = cx.snapshot.presets.iter().find(|preset| preset.id == account.settings.provider);
    let place = preset.and_then(|preset| preset.spec.help.secrets_place.as_deref());
    let message = secret_end(end, &account.provider_name, place);
    let tokens = cx.tokens;
    let (fill, line) = match end {
        SecretEnd::Near { .. } => (tokens.warn_soft, tokens.warn),
        SecretEnd::Past { .. } => (tokens.error_soft, tokens.error),
    };
    widgets::surface(ui, fill, line, |ui| {
        widgets::text_strong(ui, &message.what);
        widgets::text(ui, &message.next);
        if Button::new(Weight::Secondary, labels::EDIT_ACCOUNT).show(ui) {
            cx.send(Command::Edit(account.id.clone()));
        }
    });
}
