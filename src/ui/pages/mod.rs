//! Pages that are not about one account.

pub(crate) mod by_address;
pub(crate) mod crash;
pub(crate) mod diagnostics;
pub(crate) mod export;
pub(crate) mod first_run;
pub(crate) mod import;
pub(crate) mod lock_screen;
pub(crate) mod provider_picker;

use egui::Id;

use super::action::UiAction;
use super::cx::Cx;

/// Gives the focus to the field that a page's step begins with, once for each step.
#[derive(Default)]
pub(in crate::ui) struct FirstField(Option<Id>);

impl FirstField {
    pub(in crate::ui) fn focus(&mut self, cx: &mut Cx<'_>, first: Option<Id>) {
        if let Some(id) = first.filter(|_| first != self.0) {
            cx.push(UiAction::Focus(id));
        }
        self.0 = first;
    }
}
pub(crate) mod use_from;
