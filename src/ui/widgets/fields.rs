//! Form fields: text, secrets and choices.
//!
//! A secret field keeps no undo history, shows only dots to assistive technologies, and is wiped when it is
//! taken or closed.

use egui::{Align2, ComboBox, Event, Id, Margin, RichText, TextEdit, Ui};
use zeroize::{Zeroize as _, Zeroizing};

use crate::base::secret::Passphrase;

use crate::ui::theme;
use crate::ui::theme::Tokens;
use crate::ui::theme::icons::Icon;
use crate::ui::widgets::button::Button;

const MAX_CHARS: usize = 16_384;

pub(in crate::ui) struct SecretInput {
    is_shown: bool,
    // Allocated in advance, so that typing leaves no copies of a reallocated buffer.
    text: Zeroizing<String>,
}

impl Default for SecretInput {
    fn default() -> Self {
        Self { is_shown: false, text: Zeroizing::new(String::with_capacity(4096)) }
    }
}

impl SecretInput {
    pub(in crate::ui) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    pub(in crate::ui) fn with<R>(&self, ask: impl FnOnce(&str) -> R) -> R {
        ask(&self.text)
    }

    /// Takes the text without surrounding white space and empties the field.
    pub(in crate::ui) fn take(&mut self) -> Option<String> {
        let taken = Some(self.text.trim()).filter(|text| !text.is_empty()).map(str::to_owned);
        self.is_shown = false;
        self.text.zeroize();
        taken
    }

    /// Whether it is empty; in a passphrase white space counts.
    pub(in crate::ui) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub(in crate::ui) fn begins_with(&self, other: &Self) -> bool {
        self.text.starts_with(other.text.as_str())
    }

    pub(in crate::ui) fn passphrase(&self) -> Passphrase {
        Passphrase::new(self.text.as_str().to_owned())
    }

    /// Takes the passphrase unchanged and empties the field.
    pub(in crate::ui) fn take_passphrase(&mut self) -> Passphrase {
        let taken = self.passphrase();
        self.is_shown = false;
        self.text.zeroize();
        taken
    }

    pub(in crate::ui) fn has_stray_space(&self) -> bool {
        self.text.trim().len() != self.text.len()
    }
}

#[derive(Default, Clone, Copy)]
pub(in crate::ui) struct FieldOptions<'a> {
    pub(in crate::ui) hint: &'a str,
    pub(in crate::ui) error: Option<&'a str>,
    pub(in crate::ui) note: Option<&'a str>,
    pub(in crate::ui) mono: bool,
}

pub(in crate::ui) fn text(
    ui: &mut Ui,
    id: Id,
    label: &str,
    value: &mut String,
    options: FieldOptions<'_>,
) -> egui::Response {
    let (before, flag) = (value.len(), id.with("trimmed"));
    // Shown until the text changes or the field is left.
    let is_here = ui.memory(|memory| memory.has_focus(id));
    let is_trimmed = is_here && ui.data(|data| data.get_temp(flag).unwrap_or(false));
    let note = if is_trimmed { Some("Spaces at the ends were removed.") } else { options.note };
    let response = edit(ui, id, label, value, false, FieldOptions { note, ..options });
    // A paste brings its line break along; white space at the ends is never intended.
    let trims = response.changed() && value.len() > before + 1 && value.trim().len() != value.len();
    if trims {
        *value = value.trim().to_owned();
    }
    if response.changed() || !is_here {
        ui.data_mut(|data| data.insert_temp(flag, trims));
    }
    response
}

pub(in crate::ui) fn secret(
    ui: &mut Ui,
    id: Id,
    label: &str,
    value: &mut SecretInput,
    options: FieldOptions<'_>,
) -> egui::Response {
    // Nobody reads over a shoulder what is behind another window.
    value.is_shown &= ui.input(|input| input.focused);
    if value.is_shown && ui.memory(|memory| memory.has_focus(id)) {
        // egui's own copy would bypass the engine, which clears copied secrets.
        ui.input_mut(|input| input.events.retain(|event| !matches!(event, Event::Copy | Event::Cut)));
    }
    let field = ui.scope(|ui| {
        ui.set_max_width(ui.available_width() - theme::CONTROL_HEIGHT - theme::STEP);
        edit(ui, id, label, &mut value.text, !value.is_shown, options)
    });
    let response = field.inner;
    forget_history(ui.ctx(), id);
    let place = response.rect.right_top() + egui::vec2(theme::STEP, 0.0);
    let place = egui::Rect::from_min_size(place, egui::Vec2::splat(theme::CONTROL_HEIGHT));
    let (icon, verb) = if value.is_shown { (Icon::EyeOff, "Hide") } else { (Icon::Eye, "Show") };
    let name = format!("{verb} {}", lower_first(label));
    if Button::icon(icon, &name).show(&mut ui.new_child(egui::UiBuilder::new().max_rect(place))) {
        value.is_shown = !value.is_shown;
    }
    response
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// Selects the text of a field that got the keyboard.
pub(in crate::ui) fn select_all(ctx: &egui::Context, id: Id, text: &str) {
    let mut state = egui::text_edit::TextEditState::load(ctx, id).unwrap_or_default();
    let end = egui::text::CCursor::new(text.chars().count());
    let all = egui::text::CCursorRange::two(egui::text::CCursor::new(0), end);
    state.cursor.set_char_range(Some(all));
    state.store(ctx, id);
}

/// A field that shows its text and is wiped like a secret, since pasted text may have a code.
pub(in crate::ui) fn pasted(
    ui: &mut Ui,
    id: Id,
    label: &str,
    value: &mut SecretInput,
    options: FieldOptions<'_>,
) -> egui::Response {
    let response = edit(ui, id, label, &mut value.text, false, options);
    forget_history(ui.ctx(), id);
    response
}

/// Clears a field's undo history, which would keep the text.
fn forget_history(ctx: &egui::Context, id: Id) {
    if let Some(mut state) = egui::text_edit::TextEditState::load(ctx, id) {
        // All copies of the state share the history, so nothing needs storing.
        state.clear_undoer();
    }
}

pub(in crate::ui) fn forget(ctx: &egui::Context, id: Id) {
    forget_history(ctx, id);
    ctx.data_mut(|data| data.remove::<egui::text_edit::TextEditState>(id));
}

pub(in crate::ui) fn is_entered(ui: &Ui, field: &egui::Response) -> bool {
    field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter))
}

fn edit(
    ui: &mut Ui,
    id: Id,
    label: &str,
    value: &mut String,
    password: bool,
    options: FieldOptions<'_>,
) -> egui::Response {
    let tokens = Tokens::of(ui);
    labelled(ui, label, options, |ui| {
        let font = if options.mono || password { theme::mono(13.0) } else { theme::body() };
        let edit = TextEdit::singleline(value)
            .id(id)
            .password(password)
            .font(font)
            .hint_text(RichText::new(options.hint).font(theme::body()).color(tokens.weak))
            .char_limit(MAX_CHARS)
            .align(Align2::LEFT_CENTER)
            .margin(Margin::symmetric(12, 6))
            .min_size(egui::vec2(0.0, theme::CONTROL_HEIGHT))
            .desired_width(f32::INFINITY);
        let response = ui.add(edit);
        if response.gained_focus() {
            response.scroll_to_me(None);
        }
        response
    })
}

pub(in crate::ui) fn choice<T: PartialEq + Clone>(
    ui: &mut Ui,
    id: Id,
    label: &str,
    value: &mut T,
    choices: &[(T, String)],
    options: FieldOptions<'_>,
) -> bool {
    let before = value.clone();
    labelled(ui, label, options, |ui| list(ui, id, value, choices));
    *value != before
}

/// A choice in a table, whose headings take the place of a label; `name` is for assistive technologies.
pub(in crate::ui) fn choice_in_table<T: PartialEq + Clone>(
    ui: &mut Ui,
    id: Id,
    name: &str,
    value: &mut T,
    choices: &[(T, String)],
) -> bool {
    let before = value.clone();
    let response = list(ui, id, value, choices);
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(name));
    *value != before
}

/// The button with the chosen text, and the list that it opens.
fn list<T: PartialEq + Clone>(ui: &mut Ui, id: Id, value: &mut T, choices: &[(T, String)]) -> egui::Response {
    let chosen = choices.iter().find(|(choice, _)| choice == value).map_or("Choose…", |(_, text)| text);
    let response = ComboBox::from_id_salt(id)
        .selected_text(chosen)
        .width(ui.available_width())
        .height((ui.ctx().content_rect().height() - 48.0).min(ui.spacing().combo_height))
        .truncate()
        .icon(|ui, rect, visuals, _| {
            Icon::Down.paint(ui.painter(), rect.center(), 16.0, visuals.text_color());
        })
        .show_ui(ui, |ui| {
            for (choice, text) in choices {
                let item = ui.selectable_value(value, choice.clone(), text);
                if item.gained_focus() {
                    item.scroll_to_me(None);
                }
                if item.clicked() {
                    // Enter closes the list, too.
                    ui.close();
                }
            }
        })
        .response;
    // The list's button has an identity of its own.
    if ui.memory(|memory| memory.has_focus(id)) {
        response.request_focus();
        response.scroll_to_me(None);
    }
    if response.gained_focus() {
        response.scroll_to_me(None);
    }
    response
}

fn labelled(
    ui: &mut Ui,
    label: &str,
    options: FieldOptions<'_>,
    field: impl FnOnce(&mut Ui) -> egui::Response,
) -> egui::Response {
    let tokens = Tokens::of(ui);
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = theme::STEP;
        let caption = ui.label(RichText::new(label).font(theme::small_strong()).color(tokens.text));
        if options.error.is_some() {
            let looks = &mut ui.visuals_mut().widgets;
            looks.inactive.bg_stroke.color = tokens.error;
            looks.hovered.bg_stroke.color = tokens.error;
        }
        theme::dim_if_disabled(ui);
        let response = field(ui).labelled_by(caption.id);
        if let Some(error) = options.error {
            ui.label(RichText::new(error).font(theme::small()).color(tokens.error));
            super::describe(ui, &response, error);
        } else if let Some(note) = options.note {
            super::weak(ui, note);
        }
        response
    })
    .inner
}
