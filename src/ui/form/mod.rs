//! The account form, new or edited.
//!
//! Fields that this provider and grant need come first, the rest is under *Advanced*. The redirect URI to
//! register precedes the client ID. Saving empties every secret field.

pub(crate) mod advanced;
pub(crate) mod draft;
pub(crate) mod endpoints;
pub(crate) mod help;
pub(crate) mod issuer;
pub(crate) mod private_key;
pub(crate) mod redirect_check;
pub(crate) mod requests;
pub(crate) mod toggles;
pub(crate) mod tokens;

use egui::{Event, Id, Key, Modifiers, Ui};

use crate::domain::oauth::grant_type::GrantType;
use crate::domain::provider::Preset;
use crate::messages::command::{Command, ImportDraft};
use crate::messages::explain::explain;

use super::action::{Target, UiAction};
use super::cx::Cx;
use super::widgets::button::{Button, Weight};
use super::widgets::fields;
use super::widgets::fields::FieldOptions;
use super::{labels, widgets};
use draft::private_key::PRIVATE_KEY;
use draft::{AccountFormState, Field};

pub(super) fn name_id() -> Id {
    field_id("name")
}

pub(super) fn field_id(key: &str) -> Id {
    Id::unique(("keyfob-form", key))
}

fn secret_ids(draft: &AccountFormState) -> Vec<Id> {
    let headers = (0..draft.headers.len()).map(header_id);
    [field_id("client_secret"), field_id(PRIVATE_KEY), field_id("password")]
        .into_iter()
        .chain(tokens::ids())
        .chain(headers)
        .chain(requests::secret_ids(&draft.requests))
        .collect()
}

pub(super) fn header_id(index: usize) -> Id {
    Id::unique(("keyfob-form-header", index))
}

pub(super) struct Form<'a> {
    pub(super) draft: &'a mut AccountFormState,
    pub(super) problems: Vec<(Field, String)>,
}

impl Form<'_> {
    /// A field's error, once it was left or has a value.
    pub(super) fn error(&self, field: &Field, filled: bool) -> Option<&str> {
        let problem = self.problems.iter().find(|(at, _)| at == field)?;
        (filled || self.draft.touched.contains(field)).then_some(problem.1.as_str())
    }

    pub(super) fn left(&mut self, field: Field, response: &egui::Response) {
        if response.lost_focus() {
            self.draft.touched.insert(field);
        }
    }
}

pub(super) fn forget(ctx: &egui::Context, state: &AccountFormState) {
    for id in secret_ids(state) {
        fields::forget(ctx, id);
    }
}

pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, draft: &mut AccountFormState) {
    let title = if draft.editing.is_some() { "Edit account" } else { labels::ADD_ACCOUNT };
    widgets::heading(ui, title);
    if let Some(problem) = &draft.problem {
        let message = explain(problem, None, Some(&draft.preset.name));
        widgets::surface(ui, cx.tokens.error_soft, cx.tokens.error, |ui| {
            widgets::text_strong(ui, &message.what);
            widgets::text(ui, &message.next);
            widgets::weak(ui, "Secrets you typed were wiped when you saved; enter them again.");
        });
    }
    draft.typed |= ui.text_edit_focused() && ui.input(|input| input.events.iter().any(types));
    let problems = draft.problems(cx.snapshot);
    let mut form = Form { draft, problems };
    ui.add_enabled_ui(!form.draft.saving, |ui| {
        ui.spacing_mut().item_spacing.y = 12.0;
        basics(ui, cx, &mut form);
        issuer::show(ui, cx, &mut form);
        endpoints::needed(ui, &mut form);
        help::register(ui, cx, &form.draft.preset, &form.draft.variables);
        if form.draft.grant.has_redirect() {
            help::redirect(ui, cx, &form);
            redirect_check::show(ui, cx, form.draft);
        }
        credentials(ui, &mut form);
        toggles::show(ui, &mut form);
        tokens::show(ui, &mut form);
        advanced::show(ui, cx, &mut form);
    });
}

/// Whether an event changes the focused text.
fn types(event: &Event) -> bool {
    match event {
        Event::Text(_) | Event::Paste(_) | Event::Cut | Event::Ime(_) => true,
        Event::Key { key, pressed, .. } => *pressed && matches!(key, Key::Backspace | Key::Delete),
        _ => false,
    }
}

fn basics(ui: &mut Ui, cx: &Cx<'_>, form: &mut Form<'_>) {
    let filled = !form.draft.name.trim().is_empty();
    let error = form.error(&Field::Name, filled).map(str::to_owned);
    let options =
        FieldOptions { hint: "For example, car-dev", error: error.as_deref(), ..FieldOptions::default() };
    let response = fields::text(ui, name_id(), "Name", &mut form.draft.name, options);
    form.left(Field::Name, &response);

    let custom = Preset::custom();
    let presets: Vec<&Preset> = cx.snapshot.presets.iter().chain([&custom]).collect();
    let mut choices: Vec<_> =
        presets.iter().map(|preset| (Some(preset.id.clone()), preset.name.clone())).collect();
    choices.push((None, labels::BY_ISSUER.to_owned()));
    let mut id = form.draft.issuer.typed.is_none().then(|| form.draft.preset.id.clone());
    if fields::choice(ui, field_id("provider"), "Provider", &mut id, &choices, FieldOptions::default()) {
        let chosen = presets.iter().find(|preset| Some(&preset.id) == id.as_ref());
        form.draft.change_preset(chosen.unwrap_or(&&custom));
        form.draft.issuer.typed = id.is_none().then(String::new);
        form.problems = form.draft.problems(cx.snapshot);
    }

    let grants = form.draft.grants();
    if grants.len() > 1 {
        let choices: Vec<_> = grants.iter().map(|grant| (*grant, labels::grant(*grant).to_owned())).collect();
        fields::choice(
            ui,
            field_id("grant"),
            "Grant",
            &mut form.draft.grant,
            &choices,
            FieldOptions::default(),
        );
    }
    for variable in form.draft.preset.variables.clone() {
        let field = Field::Variable(variable.name.clone());
        let mut value = form.draft.variables.get(&variable.name).cloned().unwrap_or_default();
        let error = form.error(&field, !value.is_empty()).map(str::to_owned);
        let (hint, note) = (variable.default.as_deref().unwrap_or_default(), variable.note.as_deref());
        let options = FieldOptions { hint, error: error.as_deref(), note, ..FieldOptions::default() };
        let id = Id::unique(("keyfob-form-variable", &variable.name));
        if variable.choices.is_empty() {
            let response = fields::text(ui, id, &variable.label, &mut value, options);
            form.left(field, &response);
        } else {
            let same = |choice: &&crate::domain::provider::Choice| choice.value.eq_ignore_ascii_case(&value);
            if let Some(choice) = variable.choices.iter().find(same) {
                value.clone_from(&choice.value);
            }
            let choices: Vec<_> =
                variable.choices.iter().map(|choice| (choice.value.clone(), choice.value.clone())).collect();
            fields::choice(ui, id, &variable.label, &mut value, &choices, options);
        }
        if value.is_empty() {
            form.draft.variables.remove(&variable.name);
        } else {
            form.draft.variables.insert(variable.name, value);
        }
    }
}

fn credentials(ui: &mut Ui, form: &mut Form<'_>) {
    let error = form.error(&Field::ClientId, false).map(str::to_owned);
    let options = FieldOptions { error: error.as_deref(), mono: true, ..FieldOptions::default() };
    let id = field_id("client_id");
    let response = fields::text(ui, id, "Client ID", &mut form.draft.client_id, options);
    form.left(Field::ClientId, &response);
    if form.draft.needs_secret() {
        let kept = form.draft.is_kept("client_secret");
        secret(ui, form, Field::ClientSecret, field_id("client_secret"), "Client secret", kept);
    }
    private_key::show(ui, form);
    if form.draft.grant == GrantType::Password {
        let error = form.error(&Field::UserName, false).map(str::to_owned);
        let options = FieldOptions { error: error.as_deref(), ..FieldOptions::default() };
        let id = field_id("username");
        let response = fields::text(ui, id, "User name", &mut form.draft.username, options);
        form.left(Field::UserName, &response);
        let kept = form.draft.is_kept("password");
        secret(ui, form, Field::Password, field_id("password"), "Password", kept);
    }
    for index in 0..form.draft.headers.len() {
        let Some(label) = form.draft.headers[index].label.clone() else { continue };
        let kept = form.draft.is_kept(&form.draft.headers[index].name);
        let label = if form.draft.headers[index].required { label } else { format!("{label} (optional)") };
        secret(ui, form, Field::Header(index), header_id(index), &label, kept);
    }
    if form.draft.scopes_matter() {
        advanced::scopes(ui, form);
    }
}

pub(super) fn secret(ui: &mut Ui, form: &mut Form<'_>, field: Field, id: Id, label: &str, kept: bool) {
    let error = form.error(&field, false).map(str::to_owned);
    let hint = if kept { "Stored; type to replace" } else { "" };
    let value = match &field {
        Field::ClientSecret => &mut form.draft.client_secret,
        Field::PrivateKey => &mut form.draft.keys.private_key,
        Field::Password => &mut form.draft.password,
        Field::Header(index) => &mut form.draft.headers[*index].value,
        _ => return,
    };
    let note = value.has_stray_space().then_some("Spaces at the ends are removed when you save.");
    let options = FieldOptions { hint, error: error.as_deref(), note, mono: true };
    let response = fields::secret(ui, id, label, value, options);
    form.left(field, &response);
}

/// The button bar, which stays visible.
pub(super) fn buttons(ui: &mut Ui, cx: &mut Cx<'_>, draft: &mut AccountFormState) {
    let problems = draft.problems(cx.snapshot);
    let reason = match problems.first() {
        _ if draft.saving => Some("It is being saved."),
        Some((_, text)) => Some(text.as_str()),
        None => None,
    };
    let new = draft.editing.is_none();
    let sign_in_label = labels::SAVE_AND_GET;
    let (mut save, mut sign_in, mut cancel) = (false, false, false);
    ui.horizontal_wrapped(|ui| {
        let weight = |primary| if primary { Weight::Primary } else { Weight::Secondary };
        if draft.tokens.open {
            save = Button::new(weight(true), labels::SAVE).blocked(reason).show(ui);
        } else if new {
            sign_in = Button::new(weight(true), sign_in_label).blocked(reason).show(ui);
            save = Button::new(weight(false), labels::SAVE).blocked(reason).show(ui);
        } else {
            save = Button::new(weight(true), labels::SAVE).blocked(reason).show(ui);
            sign_in = Button::new(weight(false), sign_in_label).blocked(reason).show(ui);
        }
        cancel = Button::new(Weight::Text, labels::CANCEL).show(ui);
        if let Some(reason) = reason.filter(|_| !cx.narrow) {
            ui.add_space(8.0);
            widgets::weak_line(ui, reason);
        }
    });
    let shortcut = ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::Enter));
    if shortcut && reason.is_none() {
        (save, sign_in) = (draft.tokens.open, !draft.tokens.open);
    }
    if save || sign_in {
        let ids = secret_ids(draft);
        let taken = Box::new(draft.take());
        draft.saving = true;
        draft.problem = None;
        for id in ids {
            fields::forget(ui.ctx(), id);
        }
        cx.send(match draft.tokens.take(cx.now) {
            Some(grant) => {
                let (grant, draft) = (Some(grant), *taken);
                // The form shows the account's endpoints, so saving confirms them.
                let draft =
                    ImportDraft { draft, grant, incomplete: true, replace: false, move_secrets: true };
                Command::Import(vec![draft])
            }
            None => Command::Save { draft: taken, sign_in },
        });
    } else if cancel {
        cx.push(UiAction::Leave(if new { Target::List } else { Target::Back }));
    }
}
