//! Where the window stands, and how desktops know it.
//!
//! Owns its name, its icon and its place. Invariant: a window is never made smaller than can be used.

use eframe::egui;

use crate::messages::snapshot::WindowPlace;
use crate::ui;

/// The name by which desktops know the window: its class on X11, its `app_id` on Wayland, and the
/// name of the .desktop file.
const APP_ID: &str = "keyfob";

/// A window at the place where the last one stood.
pub(super) fn viewport(builder: egui::ViewportBuilder, place: Option<WindowPlace>) -> egui::ViewportBuilder {
    let first = WindowPlace { position: None, size: ui::FIRST_SIZE, maximized: false };
    let place = place.unwrap_or(first);
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

/// The app's own icon, for desktops that know no .desktop file of it.
pub(super) fn icon() -> egui::IconData {
    let read = eframe::icon_data::from_png_bytes(include_bytes!("../../assets/icons/64.png"));
    // Empty data keeps the toolkit's own icon away.
    read.unwrap_or_default()
}

/// Where the window stands. While it is maximised its size says nothing about how it was before.
pub(super) fn of(ctx: &egui::Context) -> Option<WindowPlace> {
    ctx.input(|input| {
        let viewport = input.viewport();
        let inner = viewport.inner_rect?;
        let position = viewport.outer_rect.map(|outer| (outer.min.x, outer.min.y));
        let maximized = viewport.maximized.unwrap_or(false);
        Some(WindowPlace { position, size: (inner.width(), inner.height()), maximized })
    })
}
