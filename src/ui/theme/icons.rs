//! Icons, drawn with strokes in the text's color.

use egui::epaint::PathStroke;
use egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, pos2, vec2};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum Icon {
    Plus,
    Lens,
    Gear,
    Help,
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
    Eye,
    EyeOff,
    Locked,
    Unlocked,
}

/// A part of an icon, on a grid of 16 units.
enum Part {
    Line(&'static [(f32, f32)]),
    ClosedLine(&'static [(f32, f32)]),
    Circle((f32, f32), f32),
    Dot((f32, f32), f32),
    /// A rounded square between two corners.
    Square((f32, f32), (f32, f32)),
}

use Part::{Circle, ClosedLine, Dot, Line, Square};

const RIM: Part = Circle((8.0, 8.0), 6.5);
const DASH_LINE: Part = Line(&[(5.2, 8.0), (10.8, 8.0)]);
const LOCK_BODY: Part = Square((3.0, 7.5), (13.0, 14.0));
const SHACKLE: Part = Line(&[(5.0, 7.5), (5.0, 5.0), (6.2, 2.8), (8.0, 2.2), (9.8, 2.8), (11.0, 5.0)]);

const PLUS: &[Part] = &[Line(&[(8.0, 3.0), (8.0, 13.0)]), Line(&[(3.0, 8.0), (13.0, 8.0)])];
const LENS: &[Part] = &[Circle((7.0, 7.0), 4.5), Line(&[(10.4, 10.4), (14.0, 14.0)])];
const GEAR: &[Part] = &[
    Circle((8.0, 8.0), 4.7),
    Circle((8.0, 8.0), 1.6),
    Line(&[(8.0, 3.3), (8.0, 1.2)]),
    Line(&[(8.0, 12.7), (8.0, 14.8)]),
    Line(&[(3.3, 8.0), (1.2, 8.0)]),
    Line(&[(12.7, 8.0), (14.8, 8.0)]),
    Line(&[(4.7, 4.7), (3.2, 3.2)]),
    Line(&[(11.3, 11.3), (12.8, 12.8)]),
    Line(&[(4.7, 11.3), (3.2, 12.8)]),
    Line(&[(11.3, 4.7), (12.8, 3.2)]),
];
const HELP: &[Part] = &[
    RIM,
    Line(&[
        (6.1, 6.4),
        (6.4, 5.2),
        (7.3, 4.6),
        (8.5, 4.6),
        (9.5, 5.2),
        (9.8, 6.2),
        (9.4, 7.2),
        (8.0, 8.2),
        (8.0, 9.2),
    ]),
    Dot((8.0, 11.4), 0.9),
];
const SORT: &[Part] =
    &[Line(&[(2.5, 4.0), (13.5, 4.0)]), Line(&[(4.5, 8.0), (11.5, 8.0)]), Line(&[(6.5, 12.0), (9.5, 12.0)])];
const BACK: &[Part] = &[Line(&[(10.0, 3.5), (5.5, 8.0), (10.0, 12.5)])];
const DOWN: &[Part] = &[Line(&[(4.0, 6.0), (8.0, 10.0), (12.0, 6.0)])];
const RIGHT: &[Part] = &[Line(&[(6.0, 4.0), (10.0, 8.0), (6.0, 12.0)])];
const CHECK: &[Part] = &[RIM, Line(&[(5.0, 8.2), (7.2, 10.4), (11.2, 6.0)])];
const CROSS: &[Part] = &[RIM, Line(&[(5.7, 5.7), (10.3, 10.3)]), Line(&[(10.3, 5.7), (5.7, 10.3)])];
const WARNING: &[Part] = &[
    ClosedLine(&[(8.0, 2.0), (14.6, 13.6), (1.4, 13.6)]),
    Line(&[(8.0, 6.2), (8.0, 9.6)]),
    Dot((8.0, 11.5), 0.9),
];
const CLOCK: &[Part] = &[RIM, Line(&[(8.0, 4.6), (8.0, 8.0), (10.6, 9.6)])];
const CIRCLE: &[Part] = &[RIM];
const ENTER: &[Part] = &[
    Line(&[(9.0, 2.5), (13.5, 2.5), (13.5, 13.5), (9.0, 13.5)]),
    Line(&[(2.0, 8.0), (9.5, 8.0)]),
    Line(&[(6.8, 5.2), (9.6, 8.0), (6.8, 10.8)]),
];
const DASH: &[Part] = &[RIM, DASH_LINE];
const PLUS_CIRCLE: &[Part] = &[RIM, DASH_LINE, Line(&[(8.0, 5.2), (8.0, 10.8)])];
const KEY: &[Part] =
    &[Circle((5.4, 10.6), 3.4), Line(&[(7.9, 8.1), (14.0, 2.0)]), Line(&[(11.2, 4.8), (13.2, 6.8)])];
const COPY: &[Part] = &[
    Square((5.5, 5.5), (13.5, 13.5)),
    Line(&[(3.0, 10.5), (2.5, 10.5), (2.5, 2.5), (10.5, 2.5), (10.5, 3.0)]),
];
const LIDS: Part = ClosedLine(&[
    (1.2, 8.0),
    (3.4, 5.2),
    (6.0, 3.8),
    (8.0, 3.5),
    (10.0, 3.8),
    (12.6, 5.2),
    (14.8, 8.0),
    (12.6, 10.8),
    (10.0, 12.2),
    (8.0, 12.5),
    (6.0, 12.2),
    (3.4, 10.8),
]);
const EYE: &[Part] = &[LIDS, Circle((8.0, 8.0), 2.2)];
const EYE_OFF: &[Part] = &[LIDS, Circle((8.0, 8.0), 2.2), Line(&[(2.5, 13.5), (13.5, 2.5)])];
const UNLOCKED: &[Part] = &[LOCK_BODY, SHACKLE];
const LOCKED: &[Part] = &[LOCK_BODY, SHACKLE, Line(&[(11.0, 5.0), (11.0, 7.5)])];

impl Icon {
    fn parts(self) -> &'static [Part] {
        match self {
            Self::Plus => PLUS,
            Self::Lens => LENS,
            Self::Gear => GEAR,
            Self::Help => HELP,
            Self::Sort => SORT,
            Self::Back => BACK,
            Self::Down => DOWN,
            Self::Right => RIGHT,
            Self::Check => CHECK,
            Self::Cross => CROSS,
            Self::Warning => WARNING,
            Self::Clock => CLOCK,
            Self::Circle => CIRCLE,
            Self::Enter => ENTER,
            Self::Dash => DASH,
            Self::PlusCircle => PLUS_CIRCLE,
            Self::Key => KEY,
            Self::Copy => COPY,
            Self::Eye => EYE,
            Self::EyeOff => EYE_OFF,
            Self::Unlocked => UNLOCKED,
            Self::Locked => LOCKED,
        }
    }

    pub(in crate::ui) fn paint(self, painter: &Painter, center: Pos2, size: f32, color: Color32) {
        let unit = size / 16.0;
        let width = 1.6 * unit.max(0.75);
        let at = |(x, y): (f32, f32)| center + vec2((x - 8.0) * unit, (y - 8.0) * unit);
        let path = |points: &[(f32, f32)]| points.iter().map(|point| at(*point)).collect();
        for part in self.parts() {
            match *part {
                Line(points) => {
                    painter.add(Shape::line(path(points), PathStroke::new(width, color)));
                }
                ClosedLine(points) => {
                    painter.add(Shape::closed_line(path(points), PathStroke::new(width, color)));
                }
                Circle(middle, radius) => {
                    painter.circle_stroke(at(middle), radius * unit, Stroke::new(width, color));
                }
                Dot(middle, radius) => {
                    painter.circle_filled(at(middle), radius * unit, color);
                }
                Square(first, second) => {
                    let rect = Rect::from_two_pos(at(first), at(second));
                    let stroke = Stroke::new(width, color);
                    painter.rect_stroke(rect, 2.0 * unit, stroke, egui::StrokeKind::Middle);
                }
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
