//! Colors, sizes and fonts.
//!
//! Text has a contrast of at least 4.5:1 against its ground, shapes of 3:1, and lines between regions of 1.5:1,
//! in both themes; the tests below compute it.

pub(crate) mod icons;
pub(crate) mod sampling;
pub(crate) mod system_fonts;

use std::collections::BTreeMap;
use std::sync::Arc;

use egui::epaint::Shadow;
use egui::style::{ScrollAnimation, Selection, WidgetVisuals};
use egui::{Color32, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Stroke};
use egui::{Style, TextStyle, Theme, Visuals, vec2};

use crate::messages::snapshot::{Preferences, ThemeChoice};

use system_fonts::SystemFonts;

pub(super) const STEP: f32 = 4.0;
pub(super) const CONTROL_HEIGHT: f32 = 32.0;
pub(super) const RADIUS: u8 = 8;
pub(super) const CARD_PADDING: i8 = 16;
pub(super) const SIDEBAR_WIDTH: f32 = 280.0;
/// Below this width, in points, the window has one pane.
pub(super) const NARROW_WIDTH: f32 = 720.0;
pub(super) const COLUMN_WIDTH: f32 = 720.0;

pub(super) const QR_DARK: Color32 = rgb(0x00_0000);
pub(super) const QR_LIGHT: Color32 = rgb(0xff_ffff);

const ANIMATION_SECS: f32 = 0.08;

#[derive(Debug)]
pub(super) struct Tokens {
    /// The page's ground.
    pub(super) window: Color32,
    /// The ground of the list of accounts.
    pub(super) sidebar: Color32,
    pub(super) hovered_row: Color32,
    pub(super) selected_row: Color32,
    pub(super) raised: Color32,
    pub(super) control: Color32,
    /// What can't be pressed or edited.
    pub(super) disabled: Color32,
    pub(super) hover: Color32,
    pub(super) chosen: Color32,
    /// A line between regions; carries no meaning.
    pub(super) line: Color32,
    pub(super) border: Color32,
    pub(super) text: Color32,
    pub(super) weak: Color32,
    /// Interactive elements and the focus ring.
    pub(super) accent: Color32,
    pub(super) accent_hover: Color32,
    pub(super) on_accent: Color32,
    pub(super) ok: Color32,
    pub(super) warn: Color32,
    pub(super) error: Color32,
    pub(super) ok_soft: Color32,
    pub(super) warn_soft: Color32,
    pub(super) error_soft: Color32,
    pub(super) track: Color32,
    pub(super) float: Color32,
    /// The grounds of monograms, in the order of [`MarkColor::ALL`](crate::domain::provider::MarkColor::ALL).
    pub(super) monograms: [Color32; 12],
    pub(super) on_monogram: Color32,
}

#[expect(clippy::disallowed_methods, reason = "the one place that names colours")]
const fn rgb(hex: u32) -> Color32 {
    let [_, r, g, b] = hex.to_be_bytes();
    Color32::from_rgb(r, g, b)
}

pub(super) static DARK: Tokens = Tokens {
    window: rgb(0x0019_1c22),
    sidebar: rgb(0x000f_1115),
    hovered_row: rgb(0x001e_2229),
    selected_row: rgb(0x0028_384f),
    raised: rgb(0x001f_232a),
    control: rgb(0x002a_2e37),
    disabled: rgb(0x0026_292f),
    hover: rgb(0x0034_3944),
    chosen: rgb(0x0023_2f45),
    line: rgb(0x003d_434e),
    border: rgb(0x007a_8493),
    text: rgb(0x00e8_eaef),
    weak: rgb(0x009a_a4b2),
    accent: rgb(0x006e_a8fe),
    accent_hover: rgb(0x008f_bcff),
    on_accent: rgb(0x000b_1626),
    ok: rgb(0x003f_b950),
    warn: rgb(0x00d2_9922),
    error: rgb(0x00f8_5149),
    ok_soft: rgb(0x0014_2419),
    warn_soft: rgb(0x0028_2214),
    error_soft: rgb(0x002c_1a1c),
    track: rgb(0x003a_404a),
    float: rgb(0x0022_262e),
    monograms: [
        rgb(0x005b_93f0),
        rgb(0x0081_8cf8),
        rgb(0x00a7_8bfa),
        rgb(0x00d9_7ae8),
        rgb(0x00ec_7ab4),
        rgb(0x00f0_8080),
        rgb(0x00db_a24a),
        rgb(0x00a3_b84f),
        rgb(0x005c_b98a),
        rgb(0x0045_b8a8),
        rgb(0x004f_b3d0),
        rgb(0x0094_a3b8),
    ],
    on_monogram: rgb(0x000b_1626),
};

pub(super) static LIGHT: Tokens = Tokens {
    window: rgb(0x00ff_ffff),
    sidebar: rgb(0x00f1_f3f6),
    hovered_row: rgb(0x00e4_e8ee),
    selected_row: rgb(0x00ac_c8f8),
    raised: rgb(0x00ff_ffff),
    control: rgb(0x00e4_e8ee),
    disabled: rgb(0x00e9_eaec),
    hover: rgb(0x00d7_dde6),
    chosen: rgb(0x00ea_f1fe),
    line: rgb(0x00c2_c8d1),
    border: rgb(0x007a_8490),
    text: rgb(0x001c_2128),
    weak: rgb(0x0057_606a),
    accent: rgb(0x001d_58d8),
    accent_hover: rgb(0x0018_48b8),
    on_accent: rgb(0x00ff_ffff),
    ok: rgb(0x0017_752f),
    warn: rgb(0x008a_5c00),
    error: rgb(0x00c3_1f2b),
    ok_soft: rgb(0x00eb_f8ee),
    warn_soft: rgb(0x00ff_f8e5),
    error_soft: rgb(0x00ff_f1f0),
    track: rgb(0x00d5_dae1),
    float: rgb(0x00ff_ffff),
    monograms: [
        rgb(0x001d_4ed8),
        rgb(0x0043_38ca),
        rgb(0x006d_33c9),
        rgb(0x0095_1fa0),
        rgb(0x00b0_185a),
        rgb(0x00b0_1c1c),
        rgb(0x0094_440a),
        rgb(0x0042_6a0d),
        rgb(0x0014_713a),
        rgb(0x000f_6b64),
        rgb(0x000d_6680),
        rgb(0x0047_5569),
    ],
    on_monogram: rgb(0x00ff_ffff),
};

impl Tokens {
    pub(super) fn of(ui: &egui::Ui) -> &'static Self {
        if ui.visuals().dark_mode { &DARK } else { &LIGHT }
    }
}

pub(super) fn body() -> FontId {
    FontId::proportional(14.0)
}

pub(super) fn small() -> FontId {
    FontId::proportional(12.0)
}

pub(super) fn strong() -> FontId {
    FontId::new(14.0, semibold())
}

/// Small strong text, such as a field's label.
pub(super) fn small_strong() -> FontId {
    FontId::new(12.0, semibold())
}

pub(super) fn heading() -> FontId {
    FontId::new(20.0, semibold())
}

/// Times: the body text with digits of one width, so that none moves when another changes.
pub(super) fn digits(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name("digits".into()))
}

/// The large time of a countdown.
pub(super) fn figure() -> FontId {
    FontId::new(20.0, FontFamily::Name("semibold-digits".into()))
}

/// Values from outside.
pub(super) fn mono(size: f32) -> FontId {
    FontId::monospace(size)
}

fn semibold() -> FontFamily {
    FontFamily::Name("semibold".into())
}

/// Gives the fields of a disabled part of the window the disabled colors, which egui would make transparent.
pub(super) fn dim_if_disabled(ui: &mut egui::Ui) {
    if ui.is_enabled() {
        return;
    }
    let tokens = Tokens::of(ui);
    let visuals = ui.visuals_mut();
    visuals.extreme_bg_color = tokens.disabled;
    let look = &mut visuals.widgets.inactive;
    (look.bg_fill, look.weak_bg_fill) = (tokens.disabled, tokens.disabled);
    (look.bg_stroke.color, look.fg_stroke.color) = (tokens.line, tokens.weak);
}

/// Installs the fonts and both themes, once before the first frame.
pub(super) fn install(ctx: &egui::Context) {
    ctx.set_fonts(fonts());
    ctx.add_font_provider(Arc::new(SystemFonts::default()));
    sampling::install(ctx);
    // The zoom is a preference, which egui would not store.
    ctx.options_mut(|options| options.zoom_with_keyboard = false);
    ctx.set_style_of(Theme::Dark, style(&DARK, Visuals::dark()));
    ctx.set_style_of(Theme::Light, style(&LIGHT, Visuals::light()));
}

/// Applies the user's preferences; `still` means that the system prefers reduced motion.
pub(super) fn apply(preferences: &Preferences, still: bool, ctx: &egui::Context) {
    ctx.set_theme(preference(preferences.theme));
    ctx.set_zoom_factor(zoom_factor(preferences.zoom_percent));
    let still = still || preferences.reduced_motion;
    ctx.all_styles_mut(|style| {
        style.animation_time = if still { 0.0 } else { ANIMATION_SECS };
        style.scroll_animation = if still { ScrollAnimation::none() } else { glide() };
    });
}

#[expect(clippy::cast_precision_loss, reason = "a percentage has three digits")]
fn zoom_factor(percent: u32) -> f32 {
    percent as f32 / 100.0
}

/// Scrolls quickly, in a time independent of the distance.
fn glide() -> ScrollAnimation {
    ScrollAnimation::duration(ANIMATION_SECS)
}

fn preference(choice: ThemeChoice) -> egui::ThemePreference {
    match choice {
        ThemeChoice::System => egui::ThemePreference::System,
        ThemeChoice::Light => egui::ThemePreference::Light,
        ThemeChoice::Dark => egui::ThemePreference::Dark,
    }
}

fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::empty();
    let mut add = |name: &str, bytes: &'static [u8]| {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
    };
    add("inter", include_bytes!("../../../assets/fonts/Inter-Regular.otf"));
    add("inter-semibold", include_bytes!("../../../assets/fonts/Inter-SemiBold.otf"));
    // Without ligatures, so that each letter of a registered or compared value is visible.
    add("jetbrains-mono", include_bytes!("../../../assets/fonts/JetBrainsMono-Regular.ttf"));
    // egui can't turn on a font's feature, so the digits of one width are faces of their own.
    add("digits", include_bytes!("../../../assets/fonts/Inter-Regular-Digits.otf"));
    add("semibold-digits", include_bytes!("../../../assets/fonts/Inter-SemiBold-Digits.otf"));
    let families: [(FontFamily, &[&str]); 5] = [
        (FontFamily::Proportional, &["inter", "jetbrains-mono"]),
        (semibold(), &["inter-semibold", "jetbrains-mono"]),
        (FontFamily::Monospace, &["jetbrains-mono", "inter"]),
        (digits(0.0).family, &["digits", "inter", "jetbrains-mono"]),
        (figure().family, &["semibold-digits", "inter-semibold", "jetbrains-mono"]),
    ];
    for (family, names) in families {
        fonts.families.insert(family, names.iter().map(|name| (*name).to_owned()).collect());
    }
    fonts
}

fn style(tokens: &Tokens, visuals: Visuals) -> Style {
    let mut style = Style { visuals, ..Style::default() };
    style.text_styles = BTreeMap::from([
        (TextStyle::Small, small()),
        (TextStyle::Body, body()),
        (TextStyle::Button, body()),
        (TextStyle::Heading, heading()),
        (TextStyle::Monospace, mono(13.0)),
    ]);
    // egui's own copy would bypass the engine, which marks and clears copied values.
    style.interaction.selectable_labels = false;
    style.interaction.tooltip_delay = 0.3;
    let spacing = &mut style.spacing;
    spacing.item_spacing = vec2(8.0, 8.0);
    spacing.button_padding = vec2(12.0, 6.0);
    spacing.interact_size = vec2(CONTROL_HEIGHT, CONTROL_HEIGHT);
    spacing.window_margin = Margin::same(24);
    spacing.menu_margin = Margin::symmetric(8, 6);
    spacing.menu_spacing = 4.0;
    spacing.icon_width = 16.0;
    spacing.icon_width_inner = 8.0;
    spacing.icon_spacing = 8.0;
    spacing.tooltip_width = 320.0;
    spacing.combo_height = 320.0;
    spacing.scroll = egui::style::ScrollStyle {
        dormant_handle_opacity: 0.5,
        active_handle_opacity: 0.6,
        interact_handle_opacity: 0.75,
        ..egui::style::ScrollStyle::floating()
    };
    #[cfg(debug_assertions)]
    {
        style.debug.show_unaligned = false;
    }
    paint(&mut style.visuals, tokens);
    style
}

fn paint(visuals: &mut Visuals, tokens: &Tokens) {
    let radius = CornerRadius::same(RADIUS);
    let look = |fill: Color32, border: Color32, text: Color32| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(1.0, border),
        corner_radius: radius,
        fg_stroke: Stroke::new(1.0, text),
        expansion: 0.0,
    };
    visuals.widgets.noninteractive = look(tokens.raised, tokens.line, tokens.text);
    visuals.widgets.inactive = look(tokens.raised, tokens.border, tokens.text);
    visuals.widgets.hovered = look(tokens.hover, tokens.border, tokens.text);
    visuals.widgets.active = look(tokens.hover, tokens.accent, tokens.text);
    visuals.widgets.active.bg_stroke.width = 2.0;
    visuals.widgets.open = look(tokens.hover, tokens.accent, tokens.text);
    visuals.widgets.open.bg_stroke.width = 2.0;
    visuals.selection = Selection { bg_fill: tokens.chosen, stroke: Stroke::new(2.0, tokens.accent) };
    visuals.override_text_color = None;
    // What is disabled has colors of its own, which a dialog over it doesn't change.
    visuals.disabled_alpha = 1.0;
    visuals.weak_text_color = Some(tokens.weak);
    visuals.hyperlink_color = tokens.accent;
    visuals.text_cursor.stroke = Stroke::new(2.0, tokens.accent);
    // A blinking cursor would redraw the whole window twice a second.
    visuals.text_cursor.blink = false;
    visuals.extreme_bg_color = tokens.raised;
    visuals.faint_bg_color = tokens.control;
    visuals.code_bg_color = tokens.control;
    visuals.warn_fg_color = tokens.warn;
    visuals.error_fg_color = tokens.error;
    visuals.panel_fill = tokens.window;
    visuals.window_fill = tokens.raised;
    visuals.window_stroke = Stroke::new(1.0, tokens.track);
    visuals.window_corner_radius = CornerRadius::same(12);
    visuals.menu_corner_radius = radius;
    let shadow = Shadow { offset: [0, 4], blur: 16, spread: 0, color: Color32::from_black_alpha(64) };
    visuals.window_shadow = shadow;
    visuals.popup_shadow = shadow;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_face_for_addresses_and_tokens_joins_no_letters() {
        let fonts = fonts();
        let face: &[u8] = (*fonts.font_data["jetbrains-mono"].font).as_ref();
        assert!(!face.windows(4).any(|tag| tag == b"calt" || tag == b"liga"));
    }

    #[test]
    fn digits_have_one_width() {
        let ctx = egui::Context::default();
        install(&ctx);
        ctx.run_ui(egui::RawInput::default(), |_| {}).textures_delta.clear();
        let widths = |font: FontId, texts: &[&str]| {
            let laid = |text: &&str| {
                ctx.fonts_mut(|fonts| {
                    fonts.layout_no_wrap((*text).to_owned(), font.clone(), DARK.text).size().x
                })
            };
            texts.iter().map(laid).collect::<Vec<_>>()
        };
        for font in [digits(12.0), figure()] {
            let times = widths(font, &["11:11", "00:00", "47:58"]);
            assert!(times.iter().all(|width| (width - times[0]).abs() < 0.5), "{times:?}");
        }
        let text = widths(heading(), &["11:11", "00:00"]);
        assert!(text[1] - text[0] > 1.0, "the text's own digits differ: {text:?}");
    }

    fn luminance(color: Color32) -> f32 {
        let [r, g, b, _] = egui::Rgba::from(color).to_array();
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    fn contrast(a: Color32, b: Color32) -> f32 {
        let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
        if a > b { a / b } else { b / a }
    }

    /// The pairs of a ground and of what is drawn on it.
    fn on_each(grounds: &[Color32], drawn: &[Color32]) -> Vec<(Color32, Color32)> {
        grounds.iter().flat_map(|ground| drawn.iter().map(|drawn| (*ground, *drawn))).collect()
    }

    #[track_caller]
    fn assert_contrast(minimum: f32, pairs: &[Vec<(Color32, Color32)>; 2]) {
        for (theme, pairs) in ["dark", "light"].iter().zip(pairs) {
            for (ground, drawn) in pairs {
                let ratio = contrast(*ground, *drawn);
                assert!(ratio >= minimum, "{theme}: {drawn:?} on {ground:?} has {ratio:.2}");
            }
        }
    }

    #[test]
    fn text_keeps_its_contrast_in_both_themes() {
        let pairs = [&DARK, &LIGHT].map(|t| {
            let controls = [t.control, t.hover, t.chosen, t.float, t.warn_soft, t.error_soft];
            [
                on_each(&[t.window, t.raised], &[t.text, t.weak, t.accent, t.ok, t.warn, t.error]),
                on_each(&[t.sidebar, t.hovered_row, t.disabled], &[t.text, t.weak]),
                on_each(&[t.selected_row], &[t.text]),
                on_each(&controls, &[t.text, t.weak]),
                // The labels of buttons without a background.
                on_each(&[t.control, t.chosen, t.float, t.warn_soft, t.error_soft], &[t.accent]),
                vec![(t.ok_soft, t.ok), (t.warn_soft, t.warn), (t.error_soft, t.error)],
                on_each(&[t.accent, t.accent_hover, t.error], &[t.on_accent]),
                on_each(&t.monograms, &[t.on_monogram]),
            ]
            .concat()
        });
        assert_contrast(4.5, &pairs);
    }

    /// Icons, the focus ring, a control's border, what is left of a life, and monograms.
    #[test]
    fn shapes_keep_their_contrast_in_both_themes() {
        let pairs = [&DARK, &LIGHT].map(|t| {
            let rows = [t.sidebar, t.hovered_row, t.selected_row];
            let controls = [t.control, t.hover, t.chosen, t.float, t.warn_soft, t.error_soft];
            [
                on_each(&controls, &[t.text, t.weak, t.accent, t.ok, t.warn, t.error]),
                on_each(&rows, &[t.text, t.accent, t.ok, t.warn, t.error]),
                on_each(&rows, &t.monograms),
                on_each(&[t.window, t.raised], &t.monograms),
                // The stripe and the outline of a pill.
                on_each(&[t.window, t.raised, t.float], &[t.ok, t.warn, t.error]),
                on_each(&[t.window, t.raised, t.sidebar], &[t.border]),
                on_each(&[t.track], &[t.accent, t.ok, t.warn, t.error]),
            ]
            .concat()
        });
        assert_contrast(3.0, &pairs);
    }

    #[test]
    fn regions_can_be_told_apart_in_both_themes() {
        let lines = [&DARK, &LIGHT].map(|t| {
            let lines = on_each(&[t.window, t.raised, t.float, t.sidebar], &[t.line]);
            [lines, vec![(t.sidebar, t.selected_row)]].concat()
        });
        assert_contrast(1.5, &lines);
        assert_contrast(
            1.1,
            &[&DARK, &LIGHT].map(|t| vec![(t.window, t.sidebar), (t.sidebar, t.hovered_row)]),
        );
    }
}
