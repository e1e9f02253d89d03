//! Monograms of providers: two letters on a color of the theme. Vendors' logos are not used.

use egui::{CornerRadius, FontId, Painter, Pos2, Rect, vec2};

use crate::base::sanitize::sanitized;
use crate::domain::provider::{CUSTOM, MarkColor, Preset};
use crate::messages::snapshot::AccountView;

use crate::ui::theme;
use crate::ui::theme::Tokens;

/// Side lengths, in points.
pub(in crate::ui) const SMALL: f32 = 28.0;
pub(in crate::ui) const MEDIUM: f32 = 32.0;
pub(in crate::ui) const LARGE: f32 = 40.0;

pub(in crate::ui) struct Monogram {
    letters: String,
    color: MarkColor,
}

impl Monogram {
    pub(in crate::ui) fn of_preset(preset: &Preset) -> Self {
        Self {
            letters: preset.mark.clone().unwrap_or_else(|| letters(&preset.name)),
            color: preset.color.unwrap_or_else(|| color(&preset.id)),
        }
    }

    /// The monogram of an account's provider.
    pub(in crate::ui) fn of_account(account: &AccountView, presets: &[Preset]) -> Self {
        let id = &account.settings.provider;
        // A server of the user's own is named by its host, which says less than the account's name.
        let name = if id == CUSTOM { account.name.as_str() } else { &account.provider_name };
        match presets.iter().find(|preset| preset.id == *id) {
            Some(preset) => Self::of_preset(preset),
            None => Self { letters: letters(name), color: color(id) },
        }
    }

    /// Paints the monogram. It has no node for assistive technologies, since the name is beside it.
    pub(in crate::ui) fn paint(&self, painter: &Painter, tokens: &Tokens, center: Pos2, side: f32) {
        let rect = Rect::from_center_size(center, vec2(side, side));
        let fill = tokens.monograms[self.color as usize];
        painter.rect_filled(rect, CornerRadius::same(theme::RADIUS), fill);
        let font = FontId { size: (side * 0.4).round(), ..theme::strong() };
        let galley = painter.layout_no_wrap(self.letters.clone(), font, tokens.on_monogram);
        painter.galley(center - galley.size() / 2.0, galley, tokens.on_monogram);
    }
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

/// FNV-1a, of a part since a file's ID may be long: the same on every computer and in every version.
fn color(preset_id: &str) -> MarkColor {
    let hash = preset_id
        .bytes()
        .take(64)
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    MarkColor::ALL[hash as usize % MarkColor::ALL.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::provider::presets::built_in;

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
    fn built_in_presets_of_one_color_have_other_letters_and_in_a_group_another_first() {
        let presets = built_in();
        for (at, preset) in presets.iter().enumerate() {
            for other in &presets[..at] {
                let [one, two] = [preset, other].map(Monogram::of_preset);
                let [initial, other_initial] = [&one.letters[..1], &two.letters[..1]];
                let begin_alike = preset.group == other.group && initial == other_initial;
                let is_alike =
                    one.color == two.color && (begin_alike || one.letters.eq_ignore_ascii_case(&two.letters));
                assert!(!is_alike, "{} and {}: {} {}", preset.id, other.id, one.letters, two.letters);
            }
        }
    }

    #[test]
    fn a_preset_may_choose_its_letters_and_its_color() {
        let preset = |more: &str| {
            let text = format!(
                "id = \"acme\"\nname = \"Acme\"\nsummary = \"S\"\ngrants = [\"client_credentials\"]\n{more}\n\
                 [endpoints]\ntoken = \"https://acme.example/token\"\n"
            );
            Preset::from_toml(&text).unwrap()
        };
        let of_name = Monogram::of_preset(&preset(""));
        assert_eq!((of_name.letters.as_str(), of_name.color), ("Ac", color("acme")));
        for (name, color) in [("blue", MarkColor::Blue), ("gray", MarkColor::Gray)] {
            let chosen = Monogram::of_preset(&preset(&format!("mark = \"東x\"\ncolor = \"{name}\"")));
            assert_eq!((chosen.letters.as_str(), chosen.color), ("東x", color));
        }
    }

    #[test]
    fn each_color_has_its_ground() {
        for (index, color) in MarkColor::ALL.into_iter().enumerate() {
            assert_eq!(color as usize, index);
        }
    }
}
