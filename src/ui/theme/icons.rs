//! Icons, drawn with strokes in the text's color.
//!
//! An icon always has a word or a name beside it.

use egui::epaint::PathStroke;
use egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, pos2, vec2};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum Icon {
    Plus,
    Lens,
    /// Settings: two sliders.
    Sliders,
    Back,
    Sort,
    /// Opens a list.
    Down,
    /// Expands what is below.
    Right,
    /// Done, valid.
    Check,
    /// Deleted, expired.
    Cross,
    Warning,
    /// Expires soon: a clock.
    Clock,
    /// Empty.
    Circle,
    /// A sign-in is needed: an arrow through a door.
    Enter,
    /// Unknown expiry.
    Dash,
    /// More than expected.
    PlusCircle,
    Key,
    Copy,
    Locked,
    Unlocked,
}

impl Icon {
    /// Draws the icon into a square of `size` points around `center`.
    pub(in crate::ui) fn paint(self, painter: &Painter, center: Pos2, size: f32, color: Color32) {
        let unit = size / 16.0;
        let width = 1.6 * unit.max(0.75);
        let stroke = Stroke::new(width, color);
        let at = |x: f32, y: f32| center + vec2((x - 8.0) * unit, (y - 8.0) * unit);
        let line = |points: &[(f32, f32)]| {
            let points = points.iter().map(|(x, y)| at(*x, *y)).collect();
            painter.add(Shape::line(points, PathStroke::new(width, color)));
        };
        match self {
            Self::Plus => {
                line(&[(8.0, 3.0), (8.0, 13.0)]);
                line(&[(3.0, 8.0), (13.0, 8.0)]);
            }
            Self::Lens => {
                painter.circle_stroke(at(7.0, 7.0), 4.5 * unit, stroke);
                line(&[(10.4, 10.4), (14.0, 14.0)]);
            }
            Self::Sliders => {
                line(&[(2.0, 5.0), (14.0, 5.0)]);
                line(&[(2.0, 11.0), (14.0, 11.0)]);
                painter.circle_filled(at(10.5, 5.0), 2.4 * unit, color);
                painter.circle_filled(at(5.5, 11.0), 2.4 * unit, color);
            }
            Self::Sort => {
                line(&[(2.5, 4.0), (13.5, 4.0)]);
                line(&[(4.5, 8.0), (11.5, 8.0)]);
                line(&[(6.5, 12.0), (9.5, 12.0)]);
            }
            Self::Back => line(&[(10.0, 3.5), (5.5, 8.0), (10.0, 12.5)]),
            Self::Down => line(&[(4.0, 6.0), (8.0, 10.0), (12.0, 6.0)]),
            Self::Right => line(&[(6.0, 4.0), (10.0, 8.0), (6.0, 12.0)]),
            Self::Check => {
                painter.circle_stroke(center, 6.5 * unit, stroke);
                line(&[(5.0, 8.2), (7.2, 10.4), (11.2, 6.0)]);
            }
            Self::Cross => {
                painter.circle_stroke(center, 6.5 * unit, stroke);
                line(&[(5.7, 5.7), (10.3, 10.3)]);
                line(&[(10.3, 5.7), (5.7, 10.3)]);
            }
            Self::Warning => {
                let points = vec![at(8.0, 2.0), at(14.6, 13.6), at(1.4, 13.6)];
                painter.add(Shape::closed_line(points, PathStroke::new(width, color)));
                line(&[(8.0, 6.2), (8.0, 9.6)]);
                painter.circle_filled(at(8.0, 11.5), 0.9 * unit, color);
            }
            Self::Clock => {
                painter.circle_stroke(center, 6.5 * unit, stroke);
                line(&[(8.0, 4.6), (8.0, 8.0), (10.6, 9.6)]);
            }
            Self::Circle => {
                painter.circle_stroke(center, 6.5 * unit, stroke);
            }
            Self::Enter => {
                line(&[(9.0, 2.5), (13.5, 2.5), (13.5, 13.5), (9.0, 13.5)]);
                line(&[(2.0, 8.0), (9.5, 8.0)]);
                line(&[(6.8, 5.2), (9.6, 8.0), (6.8, 10.8)]);
            }
            Self::Dash => {
                painter.circle_stroke(center, 6.5 * unit, stroke);
                line(&[(5.2, 8.0), (10.8, 8.0)]);
            }
            Self::PlusCircle => {
                painter.circle_stroke(center, 6.5 * unit, stroke);
                line(&[(5.2, 8.0), (10.8, 8.0)]);
                line(&[(8.0, 5.2), (8.0, 10.8)]);
            }
            Self::Key => {
                painter.circle_stroke(at(5.4, 10.6), 3.4 * unit, stroke);
                line(&[(7.9, 8.1), (14.0, 2.0)]);
                line(&[(11.2, 4.8), (13.2, 6.8)]);
            }
            Self::Locked | Self::Unlocked => {
                let body = Rect::from_two_pos(at(3.0, 7.5), at(13.0, 14.0));
                painter.rect_stroke(body, 2.0 * unit, stroke, egui::StrokeKind::Middle);
                line(&[(5.0, 7.5), (5.0, 5.0), (6.2, 2.8), (8.0, 2.2), (9.8, 2.8), (11.0, 5.0)]);
                if self == Self::Locked {
                    line(&[(11.0, 5.0), (11.0, 7.5)]);
                }
            }
            Self::Copy => {
                let front = Rect::from_two_pos(at(5.5, 5.5), at(13.5, 13.5));
                painter.rect_stroke(front, 2.0 * unit, stroke, egui::StrokeKind::Middle);
                line(&[(3.0, 10.5), (2.5, 10.5), (2.5, 2.5), (10.5, 2.5), (10.5, 3.0)]);
            }
        }
    }
}

/// A ring with the remaining `share` (0 to 1), from the top and clockwise.
pub(in crate::ui) fn ring(painter: &Painter, rect: Rect, share: f32, color: Color32, track: Color32) {
    let (center, radius) = (rect.center(), rect.width() / 2.0 - 2.5);
    let arc = |share: f32| {
        let (first, sweep) = (-std::f32::consts::FRAC_PI_2, share * std::f32::consts::TAU);
        let points = (0..=64u8).map(|step| {
            let angle = first + sweep * f32::from(step) / 64.0;
            pos2(center.x + radius * angle.cos(), center.y + radius * angle.sin())
        });
        points.collect::<Vec<_>>()
    };
    // The same path as the arc on top of it: a circle's stroke would lie further out.
    painter.add(Shape::line(arc(1.0), PathStroke::new(5.0, track)));
    let share = share.clamp(0.0, 1.0);
    if share > 0.0 {
        painter.add(Shape::line(arc(share), PathStroke::new(5.0, color)));
    }
}
