//! The bar with the remaining part of a token's life.
//!
//! It is drawn in whole pixels of the screen, so that it needs a repaint only when its width changes by one.

use chrono::{DateTime, TimeDelta, Utc};
use egui::{Color32, CornerRadius, Painter, Rect};

use crate::domain::token::grant::TokenFacts;

use crate::ui::theme::Tokens;

pub(in crate::ui) const HEIGHT: f32 = 2.0;

/// A life whose end is known.
#[derive(Debug, Clone, Copy)]
pub(in crate::ui) struct Life {
    left_ms: i128,
    whole_ms: i128,
}

impl Life {
    pub(in crate::ui) fn of(facts: &TokenFacts, now: DateTime<Utc>) -> Option<Self> {
        let end = facts.expires_at?;
        let whole_ms = i128::from((end - facts.received_at).num_milliseconds()).max(1);
        let left_ms = i128::from((end - now).num_milliseconds()).clamp(0, whole_ms);
        Some(Self { left_ms, whole_ms })
    }

    /// The filled pixels of a bar; at least one until the end.
    fn filled(self, width_px: u16) -> i128 {
        (self.left_ms * i128::from(width_px) + self.whole_ms - 1) / self.whole_ms
    }

    /// When a bar becomes a pixel shorter, but not more often than once a second.
    pub(in crate::ui) fn changes_in(self, width_px: u16) -> Option<TimeDelta> {
        let filled = self.filled(width_px);
        if filled == 0 {
            return None;
        }
        let left_then = (filled - 1) * self.whole_ms / i128::from(width_px);
        let wait = i64::try_from(self.left_ms - left_then).unwrap_or(i64::MAX / 2);
        Some(TimeDelta::milliseconds(wait).max(TimeDelta::seconds(1)))
    }
}

/// The pixels of a bar with this width in points.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a window is at most so wide")]
pub(in crate::ui) fn pixels(painter: &Painter, width: f32) -> u16 {
    (width * painter.pixels_per_point()).round().max(0.0) as u16
}

pub(in crate::ui) fn paint(painter: &Painter, tokens: &Tokens, rect: Rect, life: Life, color: Color32) {
    let filled = life.filled(pixels(painter, rect.width()));
    #[expect(clippy::cast_precision_loss, reason = "a window has few pixels")]
    let width = filled as f32 / painter.pixels_per_point();
    painter.rect_filled(rect, CornerRadius::same(1), tokens.track);
    if filled > 0 {
        painter.rect_filled(rect.with_max_x(rect.left() + width), CornerRadius::same(1), color);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::test_support::facts;

    fn life(left_secs: i64, whole_secs: i64) -> Life {
        let mut facts = facts(Some(whole_secs));
        let start = DateTime::UNIX_EPOCH;
        (facts.received_at, facts.expires_at) = (start, Some(start + TimeDelta::seconds(whole_secs)));
        Life::of(&facts, start + TimeDelta::seconds(whole_secs - left_secs)).unwrap()
    }

    #[test]
    fn the_next_change_comes_when_the_bar_is_a_pixel_shorter() {
        for (left, whole) in [(7200, 7200), (4354, 7200), (1000, 7200), (59 * 86_400, 60 * 86_400)] {
            let at = life(left, whole);
            let wait = at.changes_in(200).unwrap();
            let ms =
                |after: TimeDelta| Life { left_ms: at.left_ms - i128::from(after.num_milliseconds()), ..at };
            let before = ms(wait - TimeDelta::milliseconds(1));
            assert_eq!(before.filled(200), at.filled(200), "{left} of {whole}");
            assert_eq!(ms(wait).filled(200), at.filled(200) - 1, "{left} of {whole}");
        }
    }

    #[test]
    fn a_short_life_is_repainted_once_a_second_and_an_ended_one_never() {
        assert_eq!(life(30, 60).changes_in(600), Some(TimeDelta::seconds(1)));
        assert_eq!(life(1, 3600).filled(200), 1);
        assert_eq!((life(0, 3600).filled(200), life(0, 3600).changes_in(200).is_none()), (0, true));
        assert!(life(-9, 3600).changes_in(200).is_none());
        assert_eq!(life(9, 3600).changes_in(0), None);
    }

    #[test]
    fn a_clock_that_jumps_leaves_the_bar_within_its_width() {
        for left in [-3653 * 86_400, 3653 * 86_400] {
            assert!((0..=200).contains(&life(left, 3600).filled(200)));
        }
    }
}
