//! The line that shows the vault and whether it is locked, while there is no list with a footer.

use egui::Ui;

use crate::messages::snapshot::{VaultHealth, VaultView};

use crate::ui::action::DialogKind;
use crate::ui::cx::Cx;
use crate::ui::labels;
use crate::ui::theme::icons::Icon;
use crate::ui::widgets::button::{Button, Weight};

pub(super) const HINT: &str = "Where secrets are kept, in Settings";

/// Shows the line, a link to the settings, aligned with the cards.
pub(in crate::ui) fn show(ui: &mut Ui, cx: &mut Cx<'_>) {
    let label = labels::vault_in_short(&cx.snapshot.vault);
    let button = Button::new(Weight::Text, label).with_icon(icon(&cx.snapshot.vault)).in_text_color();
    if button.aligned_with_text().hint(HINT).show(ui) {
        cx.open(DialogKind::SettingsOfSecrets);
    }
}

pub(super) fn icon(vault: &VaultView) -> Icon {
    match vault.health {
        VaultHealth::Ready | VaultHealth::Untried => Icon::Unlocked,
        VaultHealth::Locked { .. } => Icon::Locked,
        VaultHealth::Waiting => Icon::Clock,
        VaultHealth::Failing(_) => Icon::Warning,
    }
}
