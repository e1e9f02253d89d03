//! The system's fonts, for scripts that the bundled faces lack.
//!
//! Owns when they are listed. Invariant: not before a character needs one; listing them takes as long
//! as half of a start, and most windows show none.

use std::sync::OnceLock;

use egui::epaint::text::{FallbackRequest, FontInsert, FontProvider};
use egui_system_font_provider::SystemFontProvider;

/// The system's fonts, listed at the first need.
#[derive(Default)]
pub(in crate::ui) struct SystemFonts(OnceLock<SystemFontProvider>);

impl FontProvider for SystemFonts {
    fn font_for(&self, request: &FallbackRequest<'_>) -> Option<FontInsert> {
        self.0.get_or_init(SystemFontProvider::new).font_for(request)
    }
}
