//! A new passphrase: entered twice, with its strength.

use egui::{Context, CornerRadius, Id, Ui, vec2};

use crate::base::secret::Passphrase;
use crate::domain::passphrase_strength::{Strength, strength};

use crate::ui::labels;
use crate::ui::theme::Tokens;
use crate::ui::widgets::fields;
use crate::ui::widgets::fields::{FieldOptions, SecretInput};

pub(in crate::ui) struct NewPassphrase {
    new: SecretInput,
    again: SecretInput,
    strength: Strength,
}

impl Default for NewPassphrase {
    fn default() -> Self {
        Self { new: SecretInput::default(), again: SecretInput::default(), strength: Strength::Empty }
    }
}

impl NewPassphrase {
    pub(in crate::ui) fn blocked(&self) -> Option<&'static str> {
        let same = self.new.begins_with(&self.again) && self.again.begins_with(&self.new);
        if self.new.is_empty() {
            Some("Enter the passphrase first.")
        } else if self.again.is_empty() {
            Some("Enter the new passphrase twice.")
        } else if !same {
            Some(DIFFERENT)
        } else {
            None
        }
    }

    pub(in crate::ui) fn field_to_fill(&self) -> Id {
        if self.new.is_empty() { first_id() } else { again_id() }
    }

    pub(in crate::ui) fn take(&mut self, ctx: &Context) -> Passphrase {
        let taken = self.new.take_passphrase();
        drop(self.again.take_passphrase());
        self.strength = Strength::Empty;
        forget(ctx);
        taken
    }

    /// Shows the two fields; returns whether Enter was pressed in one.
    pub(in crate::ui) fn show(&mut self, ui: &mut Ui, error: Option<&str>) -> bool {
        let options =
            FieldOptions { error, note: Some(labels::strength(self.strength)), ..FieldOptions::default() };
        let response = fields::secret(ui, first_id(), "New passphrase", &mut self.new, options);
        if response.changed() {
            self.strength = strength(&self.new.passphrase());
        }
        let mut entered = fields::is_entered(ui, &response);
        meter(ui, self.strength);
        let differs = !self.new.begins_with(&self.again);
        let options = FieldOptions { error: differs.then_some(DIFFERENT), ..FieldOptions::default() };
        let response = fields::secret(ui, again_id(), "New passphrase again", &mut self.again, options);
        entered |= fields::is_entered(ui, &response);
        entered
    }
}

const DIFFERENT: &str = "Passphrases don't match.";

pub(in crate::ui) fn first_id() -> Id {
    Id::unique("keyfob-passphrase-new")
}

fn again_id() -> Id {
    Id::unique("keyfob-passphrase-again")
}

pub(in crate::ui) fn forget(ctx: &Context) {
    for id in [first_id(), again_id()] {
        fields::forget(ctx, id);
    }
}

/// The strength as a bar of four parts; the text beside the field says the same.
fn meter(ui: &mut Ui, strength: Strength) {
    let tokens = Tokens::of(ui);
    let color = if strength.is_weak() { tokens.warn } else { tokens.ok };
    let (_, rect) = ui.allocate_space(vec2(ui.available_width(), 4.0));
    let part = (rect.width() - 12.0) / 4.0;
    for (index, left) in (0..4u8).map(|index| (index, rect.left() + f32::from(index) * (part + 4.0))) {
        let fill = if index < strength.bars() { color } else { tokens.track };
        let bar = egui::Rect::from_min_size(egui::pos2(left, rect.top()), vec2(part, 4.0));
        ui.painter().rect_filled(bar, CornerRadius::same(2), fill);
    }
}
