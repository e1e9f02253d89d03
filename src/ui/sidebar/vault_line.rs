//! The line that shows the vault and whether it is locked, on every page that has accounts or takes secrets.

use egui::Ui;

use crate::messages::snapshot::{VaultHealth, VaultView};

use crate::ui::action::DialogKind;
use crate::ui::cx::Cx;
use crate::ui::labels;
use crate::ui::theme::icons::Icon;
use crate::ui::widgets::button::{Button, Weight};

/// Shows the line, a link to the settings. On a page it is aligned with the cards, not with the rows of the
/// list.
pub(in crate::ui) fn show(ui: &mut Ui, cx: &mut Cx<'_>, on_page: bool) {
    let label = labels::vault_in_short(&cx.snapshot.vault);
    let button = Button::new(Weight::Text, label).with_icon(icon(&cx.snapshot.vault)).in_text_color();
    let button = if on_page { button.aligned_with_text() } else { button };
    if button.hint("Where secrets are kept, in Settings").show(ui) {
        cx.open(DialogKind::SettingsOfSecrets);
    }
}

fn icon(vault: &VaultView) -> Icon {
    match vault.health {
        VaultHealth::Ready | VaultHealth::Untried => Icon::Unlocked,
        VaultHealth::Locked { .. } => Icon::Locked,
        VaultHealth::Waiting => Icon::Clock,
        VaultHealth::Failing(_) => Icon::Warning,
    }
}
