//! An account's environment: its word in a pill, and a stripe on a card.

use std::sync::Arc;

use egui::{Color32, CornerRadius, Galley, Painter, Pos2, Rect, Sense, Stroke, StrokeKind, Ui, WidgetInfo};
use egui::{accesskit, vec2};

use crate::domain::account::environment::Environment;

use super::card;
use crate::ui::theme::Tokens;
use crate::ui::{labels, theme};

const PADDING: f32 = 6.0;
const STRIPE: f32 = 3.0;

/// A pill that is laid out.
pub(in crate::ui) struct Pill {
    galley: Arc<Galley>,
    color: Color32,
    fill: Color32,
}

impl Pill {
    const HEIGHT: f32 = 16.0;

    fn of(painter: &Painter, tokens: &Tokens, environment: Environment) -> Self {
        Self::with_word(painter, tokens, environment, labels::environment(environment))
    }

    /// A pill for the narrow rows of the list.
    pub(in crate::ui) fn short(painter: &Painter, tokens: &Tokens, environment: Environment) -> Self {
        Self::with_word(painter, tokens, environment, labels::environment_in_short(environment))
    }

    fn with_word(painter: &Painter, tokens: &Tokens, environment: Environment, word: &str) -> Self {
        let (color, fill) = colors(tokens, environment);
        let word = word.to_owned();
        Self { galley: painter.layout_no_wrap(word, theme::small(), color), color, fill }
    }

    pub(in crate::ui) fn width(&self) -> f32 {
        self.galley.size().x + 2.0 * PADDING
    }

    pub(in crate::ui) fn paint(self, painter: &Painter, left_center: Pos2) {
        let center = left_center + vec2(self.width() / 2.0, 0.0);
        let rect = Rect::from_center_size(center, vec2(self.width(), Self::HEIGHT));
        let corner = CornerRadius::same(theme::RADIUS);
        painter.rect(rect, corner, self.fill, Stroke::new(1.0, self.color), StrokeKind::Inside);
        painter.galley(center - self.galley.size() / 2.0, self.galley, self.color);
    }
}

/// The color of an environment, and the ground for its word.
fn colors(tokens: &Tokens, environment: Environment) -> (Color32, Color32) {
    match environment {
        Environment::Production => (tokens.error, tokens.error_soft),
        Environment::Staging => (tokens.warn, tokens.warn_soft),
        Environment::Development => (tokens.ok, tokens.ok_soft),
    }
}

/// A heading followed by the pill, which stays visible if the heading is truncated.
pub(in crate::ui) fn beside_heading(ui: &mut Ui, text: &str, environment: Option<Environment>) {
    let Some(environment) = environment else {
        super::heading(ui, text);
        return;
    };
    let pill = Pill::of(ui.painter(), Tokens::of(ui), environment);
    ui.scope(|ui| {
        ui.spacing_mut().interact_size.y = Pill::HEIGHT;
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 8.0;
            let width = ui.available_width() - pill.width() - 8.0;
            ui.scope(|ui| {
                ui.set_max_width(width);
                super::heading(ui, text);
            });
            let (rect, response) = ui.allocate_exact_size(vec2(pill.width(), Pill::HEIGHT), Sense::hover());
            let name = format!("Environment: {}", environment.as_str());
            response.widget_info(|| WidgetInfo::labeled(accesskit::Role::Label, true, &name));
            pill.paint(ui.painter(), rect.left_center());
        });
    });
}

/// A card with a stripe at its left edge, if there is an environment.
pub(in crate::ui) fn striped_card<R>(
    ui: &mut Ui,
    environment: Option<Environment>,
    contents: impl FnOnce(&mut Ui) -> R,
) -> R {
    let shown = ui.scope(|ui| card(ui, contents));
    if let Some(environment) = environment {
        let rect = shown.response.rect;
        let stripe = rect.with_max_x(rect.left() + STRIPE);
        let (color, _) = colors(Tokens::of(ui), environment);
        // Cut out of the whole card, so that it follows the card's corners.
        let painter = ui.painter().with_clip_rect(stripe.intersect(ui.clip_rect()));
        painter.rect_filled(rect, CornerRadius::same(theme::RADIUS), color);
    }
    shown.inner
}
