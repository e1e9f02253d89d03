//! QR codes of URLs, for a phone's camera.
//!
//! Dark on light in both themes, with the quiet zone of the standard (ISO/IEC 18004), since many readers fail
//! otherwise.

use std::sync::Arc;

use egui::cache::{ComputerMut, FrameCache};
use egui::{CornerRadius, Mesh, Pos2, Rect, Sense, Ui, WidgetInfo, accesskit, vec2};
use qrcode::{Color, QrCode};

use crate::ui::theme;

const QUIET: u8 = 4;
/// The widest code, in modules, that a camera reads from a window at this size.
const MODULES_MAX: usize = 77;

struct Modules {
    width: usize,
    dark: Vec<bool>,
}

#[derive(Default)]
struct Encoder;

impl ComputerMut<&str, Option<Arc<Modules>>> for Encoder {
    fn compute(&mut self, text: &str) -> Option<Arc<Modules>> {
        let code = QrCode::new(text).ok().filter(|code| code.width() <= MODULES_MAX)?;
        let dark = code.to_colors().into_iter().map(|color| color == Color::Dark).collect();
        Some(Arc::new(Modules { width: code.width(), dark }))
    }
}

/// Shows the code of a text, `size` points wide, with an accessible name. Shows nothing if the text is too
/// long for a code.
pub(in crate::ui) fn show(ui: &mut Ui, text: &str, name: &str, size: f32) {
    let cache = |memory: &mut egui::Memory| {
        memory.caches.cache::<FrameCache<Option<Arc<Modules>>, Encoder>>().get(text).clone()
    };
    let Some(modules) = ui.memory_mut(cache) else { return };
    let (rect, response) = ui.allocate_exact_size(vec2(size, size), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(accesskit::Role::Image, true, name));
    if !ui.is_rect_visible(rect) {
        return;
    }
    ui.painter().rect_filled(rect, CornerRadius::same(theme::RADIUS), theme::QR_LIGHT);
    #[expect(clippy::cast_precision_loss, reason = "a code is at most 77 modules wide")]
    let width = modules.width as f32;
    // Whole pixels, so that modules have no gaps.
    let pixels = ui.pixels_per_point();
    let module = (size * pixels / (width + 2.0 * f32::from(QUIET))).floor().max(1.0) / pixels;
    let corner = rect.center() - vec2(width, width) * module / 2.0;
    let corner = Pos2::new((corner.x * pixels).round() / pixels, (corner.y * pixels).round() / pixels);
    let mut mesh = Mesh::default();
    let mut y = corner.y;
    for row in modules.dark.chunks(modules.width) {
        let mut x = corner.x;
        for dark in row {
            if *dark {
                mesh.add_colored_rect(
                    Rect::from_min_size(Pos2::new(x, y), vec2(module, module)),
                    theme::QR_DARK,
                );
            }
            x += module;
        }
        y += module;
    }
    ui.painter().add(mesh);
}
