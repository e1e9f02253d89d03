//! Monograms of providers: two letters on a color of the theme. Vendors' logos are not used.

use egui::{CornerRadius, FontId, Painter, Pos2, Rect, vec2};

use crate::base::sanitize::sanitized;

use crate::ui::theme;
use crate::ui::theme::Tokens;

/// Side lengths, in points.
pub(in crate::ui) const SMALL: f32 = 28.0;

/// Paints the monogram of a provider. It has no node for assistive technologies, since the name is beside it.
pub(in crate::ui) fn paint(
    painter: &Painter,
    tokens: &Tokens,
    center: Pos2,
    side: f32,
    name: &str,
    preset_id: &str,
) {
    let rect = Rect::from_center_size(center, vec2(side, side));
    let fill = tokens.monograms[color_index(preset_id, tokens.monograms.len())];
    painter.rect_filled(rect, CornerRadius::same(theme::RADIUS), fill);
    let font = FontId { size: (side * 0.4).round(), ..theme::strong() };
    let galley = painter.layout_no_wrap(letters(name), font, tokens.on_monogram);
    painter.galley(center - galley.size() / 2.0, galley, tokens.on_monogram);
}

/// The first letters of the first two humps, as in `SmartConnect` or `car-dev`; else the first two letters.
fn letters(name: &str) -> String {
    let name: Vec<char> = sanitized(name, 64).chars().collect();
    let humps: Vec<char> = (0..name.len()).filter(|at| is_hump(&name, *at)).map(|at| name[at]).collect();
    let (first, second) = match humps[..] {
        [first, second, ..] => (first, second.to_uppercase().next()),
        [first] => (first, name.iter().copied().filter(|c| c.is_alphanumeric()).nth(1)),
        [] => ('?', None),
    };
    first.to_uppercase().take(1).chain(second).collect()
}

fn is_hump(name: &[char], at: usize) -> bool {
    if !name[at].is_alphanumeric() {
        return false;
    }
    let Some(before) = at.checked_sub(1).map(|before| name[before]) else { return true };
    let ends_an_acronym = before.is_uppercase() && name.get(at + 1).is_some_and(|next| next.is_lowercase());
    !before.is_alphanumeric() || (name[at].is_uppercase() && (!before.is_uppercase() || ends_an_acronym))
}

/// FNV-1a: the same on every computer and in every version.
fn color_index(preset_id: &str, count: usize) -> usize {
    let hash = preset_id
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash as usize % count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letters_are_those_of_the_humps() {
        for (name, expected) in [
            ("Smartcar", "Sm"),
            ("SmartConnect", "SC"),
            ("GitHub", "GH"),
            ("OAuth server", "OA"),
            ("AWS", "AW"),
            ("AWSCognito", "AC"),
            ("car-dev", "CD"),
            ("Microsoft Entra ID", "ME"),
            ("x", "X"),
            ("3scale", "3s"),
            ("東京", "東京"),
            (" – ", "?"),
            ("", "?"),
        ] {
            assert_eq!(letters(name), expected, "{name}");
        }
    }

    #[test]
    fn the_built_in_presets_use_many_colors() {
        let ids = ["smartcar", "smartsense", "smartconnect", "smartdocumentor", "connect", "custom"];
        let colors: std::collections::BTreeSet<_> = ids.iter().map(|id| color_index(id, 12)).collect();
        assert!(colors.len() >= 4, "{colors:?}");
        assert_eq!(color_index("smartcar", 12), color_index("smartcar", 12));
    }
}
