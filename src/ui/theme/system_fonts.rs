//! The system's fonts, for scripts that the bundled fonts lack.
//!
//! They are listed when a character first needs one: listing takes as long as half of a start, and most
//! windows need none.

use std::sync::OnceLock;

use egui::epaint::text::{FallbackRequest, FontInsert, FontProvider};
use egui_system_font_provider::SystemFontProvider;

#[derive(Default)]
pub(in crate::ui) struct SystemFonts(OnceLock<SystemFontProvider>);

impl FontProvider for SystemFonts {
    fn font_for(&self, request: &FallbackRequest<'_>) -> Option<FontInsert> {
        self.0.get_or_init(SystemFontProvider::new).font_for(request)
    }
}
