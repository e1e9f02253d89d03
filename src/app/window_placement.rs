//! The window's app ID, icon and placement. A window is never smaller than is usable.

use eframe::egui;

use crate::messages::snapshot::WindowPlace;
use crate::ui;

/// The window's name for desktops: its class on X11, its `app_id` on Wayland, and the name of the .desktop
/// file.
const APP_ID: &str = "keyfob";

pub(super) fn viewport(builder: egui::ViewportBuilder, place: Option<WindowPlace>) -> egui::ViewportBuilder {
    let place = place.unwrap_or(WindowPlace { size: ui::FIRST_SIZE, ..WindowPlace::default() });
    let builder = builder
        .with_title("Keyfob")
        .with_app_id(APP_ID)
        .with_inner_size([place.size.0.max(ui::MIN_SIZE.0), place.size.1.max(ui::MIN_SIZE.1)])
        .with_min_inner_size([ui::MIN_SIZE.0, ui::MIN_SIZE.1])
        .with_maximized(place.maximized);
    match place.position {
        Some((x, y)) => builder.with_position([x, y]),
        None => builder,
    }
}

/// A window of only the palette: above the others, without a frame.
pub(super) fn of_pick(builder: egui::ViewportBuilder) -> egui::ViewportBuilder {
    builder
        .with_title("Keyfob")
        .with_app_id(APP_ID)
        .with_inner_size([ui::PICK_SIZE.0, ui::PICK_SIZE.1])
        .with_decorations(false)
        .with_always_on_top()
}

/// The icon for desktops without the .desktop file.
pub(super) fn icon() -> egui::IconData {
    // Empty data suppresses the toolkit's own icon.
    eframe::icon_data::from_png_bytes(include_bytes!("../../assets/icons/64.png")).unwrap_or_default()
}

/// The window's placement. While it is maximised, its size says nothing about its normal size.
pub(super) fn of(ctx: &egui::Context) -> Option<WindowPlace> {
    ctx.input(|input| {
        let viewport = input.viewport();
        let inner = viewport.inner_rect?;
        let position = viewport.outer_rect.map(|outer| (outer.min.x, outer.min.y));
        let maximized = viewport.maximized.unwrap_or(false);
        Some(WindowPlace { position, size: (inner.width(), inner.height()), maximized })
    })
}
