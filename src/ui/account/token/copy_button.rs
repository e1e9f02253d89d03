//! The split button that copies the token: plain when pressed, in another form from its menu. Until the
//! clipboard is cleared, it says that the token was copied.

use egui::{
    Color32, CornerRadius, Painter, Popup, Rect, Response, Sense, Stroke, Ui, WidgetInfo, accesskit, pos2,
    vec2,
};

use crate::messages::command::{Command, CopyForm};
use crate::messages::snapshot::{AccountView, TokenView};

use super::menu::{self, Item};
use super::token_commands::offers;
use super::token_facts;
use crate::ui::cx::Cx;
use crate::ui::theme::Tokens;
use crate::ui::theme::icons::Icon;
use crate::ui::widgets::toast;
use crate::ui::{labels, theme, widgets};

const MAIN_WIDTH: f32 = 156.0;
/// Wide enough for the label.
const MAIN_MIN_WIDTH: f32 = 104.0;
const SIDE_WIDTH: f32 = 32.0;
const LINE: f32 = 1.0;

pub(in crate::ui) const MIN_WIDTH: f32 = MAIN_MIN_WIDTH + LINE + SIDE_WIDTH;
pub(in crate::ui) const WIDTH: f32 = MAIN_WIDTH + LINE + SIDE_WIDTH;

pub(in crate::ui) fn show(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    account: &AccountView,
    token: &TokenView,
    is_primary: bool,
    room: f32,
) {
    let width = (room - LINE - SIDE_WIDTH).clamp(MAIN_MIN_WIDTH, MAIN_WIDTH);
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.x = LINE;
        let left = copied(cx, account);
        let pressed = match left {
            None => {
                let copy = Segment { name: labels::COPY_TOKEN, width, ends: (true, false), is_primary };
                let copy = copy.show(ui, |painter, rect, color| {
                    let font = if is_primary { theme::strong() } else { theme::body() };
                    let galley = painter.layout_no_wrap(labels::COPY_TOKEN.to_owned(), font, color);
                    painter.galley(rect.center() - galley.size() / 2.0, galley, color);
                });
                let is_key = account.grant.is_key();
                copy.on_hover_text(if is_key { "Ctrl+C" } else { "Refreshes first if needed (Ctrl+C)" })
                    .clicked()
            }
            Some(left) => show_copied(ui, cx, width, left),
        };
        if pressed {
            cx.send(Command::Copy { account: account.id.clone(), form: CopyForm::Plain });
        }
        let is_primary = is_primary && left.is_none();
        let more = Segment { name: labels::COPY_MORE, width: SIDE_WIDTH, ends: (false, true), is_primary };
        let more = more.show(ui, |painter, rect, color| {
            Icon::Down.paint(painter, rect.center(), 16.0, color);
        });
        other_forms(ui, cx, account, token, &more);
    });
}

/// The seconds until this account's copied token is cleared.
fn copied(cx: &Cx<'_>, account: &AccountView) -> Option<i64> {
    let clipboard = cx.snapshot.clipboard.as_ref()?;
    let at = clipboard.clears_at.filter(|_| clipboard.account.as_ref() == Some(&account.id))?;
    Some((at - cx.now).num_seconds().max(0))
}

/// Says that the token was copied, in the width of the button to copy it; returns true if it is to be copied
/// again.
fn show_copied(ui: &mut Ui, cx: &mut Cx<'_>, width: f32, left: i64) -> bool {
    // A dialog covers the page.
    cx.copied_is_shown = ui.is_enabled();
    toast::announce(ui, "Copied");
    let total = cx.snapshot.preferences.clear_clipboard_secs.map_or(left, i64::from);
    let tokens = cx.tokens;
    let again = Segment {
        name: labels::COPY_TOKEN,
        width: width - LINE - SIDE_WIDTH,
        ends: (true, false),
        is_primary: false,
    };
    let again = again.show(ui, |painter, rect, color| {
        let laid = |text: String| painter.layout_no_wrap(text, theme::body(), color);
        let long = laid(format!("Copied · {left} s"));
        let fits = long.size().x + 32.0 <= rect.width();
        let galley = if fits { long } else { laid(format!("{left} s")) };
        let start = rect.center().x - f32::midpoint(20.0, galley.size().x);
        Icon::Check.paint(painter, pos2(start + 7.0, rect.center().y), 14.0, tokens.ok);
        painter.galley(pos2(start + 20.0, rect.center().y - galley.size().y / 2.0), galley, color);
        let bar = Rect::from_min_max(pos2(rect.left() + 8.0, rect.bottom() - 4.0), rect.max - vec2(8.0, 2.0));
        painter.rect_filled(bar, 1.0, tokens.track);
        painter.rect_filled(bar.with_max_x(bar.left() + bar.width() * share(left, total)), 1.0, tokens.ok);
    });
    let clear =
        Segment { name: labels::CLEAR_NOW, width: SIDE_WIDTH, ends: (false, false), is_primary: false };
    let clear = clear.show(ui, |painter, rect, color| {
        let arm = 4.5;
        let center = rect.center();
        for end in [vec2(arm, arm), vec2(arm, -arm)] {
            painter.line_segment([center - end, center + end], Stroke::new(1.5, color));
        }
    });
    if clear.on_hover_text("Clear the clipboard now").clicked() {
        cx.send(Command::ClearClipboard);
    }
    again.on_hover_text("Copied. Press to copy again (Ctrl+C)").clicked()
}

#[expect(clippy::cast_precision_loss, reason = "a share of a bar needs no more than a few digits")]
fn share(left: i64, total: i64) -> f32 {
    (left as f32 / total.max(1) as f32).clamp(0.0, 1.0)
}

fn other_forms(ui: &Ui, cx: &mut Cx<'_>, account: &AccountView, token: &TokenView, button: &Response) {
    ui.ctx().accesskit_node_builder(button.id, |node| node.set_has_popup(accesskit::HasPopup::Menu));
    Popup::menu(button).gap(4.0).show(|ui| {
        ui.set_min_width(menu::WIDTH);
        widgets::menu_items(ui);
        let forms = [
            (labels::COPY_HEADER, CopyForm::Header),
            (labels::COPY_CURL, CopyForm::Curl),
            (labels::COPY_ENV, CopyForm::Env),
            (labels::COPY_POWER_SHELL, CopyForm::PowerShell),
            (labels::COPY_ID_TOKEN, CopyForm::IdToken),
        ];
        for (label, form) in forms.into_iter().filter(|(_, form)| offers(account, *form)) {
            if Item::new(label).show(ui) {
                cx.send(Command::Copy { account: account.id.clone(), form });
            }
        }
        ui.separator();
        if Item::new(labels::COPY_FACTS).show(ui) {
            cx.send(Command::CopyText(token_facts::text(account, token)));
        }
    });
}

/// One of the joined buttons.
struct Segment<'a> {
    name: &'a str,
    width: f32,
    /// Whether its left and its right end are round.
    ends: (bool, bool),
    is_primary: bool,
}

impl Segment<'_> {
    fn show(self, ui: &mut Ui, contents: impl FnOnce(&Painter, Rect, Color32)) -> Response {
        let size = vec2(self.width, theme::CONTROL_HEIGHT);
        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
        response.widget_info(|| WidgetInfo::labeled(accesskit::Role::Button, ui.is_enabled(), self.name));
        if response.gained_focus() {
            widgets::scroll_into_view(ui, &response);
        }
        let tokens = Tokens::of(ui);
        let lit = response.hovered() || response.is_pointer_button_down_on();
        let (fill, text) = match (self.is_primary, lit) {
            _ if !ui.is_enabled() => (tokens.disabled, tokens.weak),
            (true, false) => (tokens.accent, tokens.on_accent),
            (true, true) => (tokens.accent_hover, tokens.on_accent),
            (false, false) => (tokens.control, tokens.text),
            (false, true) => (tokens.hover, tokens.text),
        };
        let end = |is_round: bool| if is_round { theme::RADIUS } else { 0 };
        let (left, right) = (end(self.ends.0), end(self.ends.1));
        ui.painter().rect_filled(rect, CornerRadius { nw: left, sw: left, ne: right, se: right }, fill);
        // Outside the accent fill, which has the same color as the ring.
        let gap = if self.is_primary { 2.0 } else { 0.0 };
        widgets::focus_ring(ui, &response, rect.expand(gap));
        contents(ui.painter(), rect, text);
        response
    }
}
