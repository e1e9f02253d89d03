//! The reminder that a key ends or is due for rotation, from the account's own notes and the current day.

use egui::Ui;

use crate::domain::account::secret_expiry;
use crate::domain::account::secret_expiry::SecretEnd;
use crate::messages::command::Command;
use crate::messages::explain::key_reminder;
use crate::messages::snapshot::AccountView;

use crate::ui::cx::Cx;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::{labels, widgets};

pub(in crate::ui) fn show(ui: &mut Ui, cx: &mut Cx<'_>, account: &AccountView) {
    let (dates, today) = (&account.settings.key_dates, secret_expiry::today(cx.now));
    let Some(message) = key_reminder(dates, today).filter(|_| account.grant.is_key()) else { return };
    let tokens = cx.tokens;
    let (fill, line) = match dates.end(today) {
        Some(SecretEnd::Past { .. }) => (tokens.error_soft, tokens.error),
        _ => (tokens.warn_soft, tokens.warn),
    };
    widgets::surface(ui, fill, line, |ui| {
        widgets::text_strong(ui, &message.what);
        widgets::text(ui, &message.next);
        if Button::new(Weight::Secondary, labels::EDIT_ACCOUNT).show(ui) {
            cx.send(Command::Edit(account.id.clone()));
        }
    });
}
