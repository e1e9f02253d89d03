//! The account form, new or edited.
//!
//! Three steps on one page: register a client, enter its credentials, choose scopes. Fields that this provider
//! and grant need are in the steps, the rest is under *Advanced*. Saving empties every secret field.

pub(crate) mod advanced;
pub(crate) mod draft;
pub(crate) mod endpoints;
pub(crate) mod held_key;
pub(crate) mod help;
pub(crate) mod issuer;
pub(crate) mod private_key;
pub(crate) mod redirect_check;
pub(crate) mod requests;
pub(crate) mod scopes;
pub(crate) mod toggles;
pub(crate) mod tokens;

use egui::{Align2, CornerRadius, Event, Id, Key, Modifiers, Ui, vec2};

use crate::domain::provider::Preset;
use crate::messages::command::{Command, ImportDraft};
use crate::messages::explain::explain;

use super::action::{Target, UiAction};
use super::cx::Cx;
use super::theme::Tokens;
use super::widgets::actions::{self, Reason};
use super::widgets::button::{Button, Weight};
use super::widgets::fields;
use super::widgets::fields::FieldOptions;
use super::{labels, theme, widgets};
use draft::held_key::KEY;
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
    [field_id("client_secret"), field_id(PRIVATE_KEY), field_id("password"), field_id(KEY)]
        .into_iter()
        .chain(tokens::ids())
        .chain(headers)
        .chain(requests::secret_ids(&draft.requests))
        .collect()
}

pub(super) fn header_id(index: usize) -> Id {
    Id::unique(("keyfob-form-header", index))
}

fn variable_id(name: &str) -> Id {
    Id::unique(("keyfob-form-variable", name))
}

/// The control to correct a field with.
pub(super) fn id_of(draft: &AccountFormState, field: &Field) -> Id {
    match field {
        Field::Name => name_id(),
        Field::Variable(name) => variable_id(name),
        // An issuer that can be read must still be discovered.
        Field::Issuer if draft.wanted_issuer().is_some() => issuer::discover_id(),
        Field::Issuer => field_id("issuer"),
        Field::ClientId => field_id("client_id"),
        Field::ClientSecret => field_id("client_secret"),
        Field::PrivateKey => field_id(PRIVATE_KEY),
        Field::UserName => field_id("username"),
        Field::SecretExpires => field_id("client_secret_expires"),
        Field::Password => field_id("password"),
        Field::Scopes => field_id("scopes"),
        Field::Redirect => field_id("redirect_uri"),
        Field::Parameter(request, index) => requests::name_id(*request, *index),
        Field::Endpoint(kind) => field_id(kind.key()),
        Field::Header(index) if draft.headers.get(*index).is_some_and(|header| header.label.is_some()) => {
            header_id(*index)
        }
        Field::Header(index) => advanced::header_name_id(*index),
        Field::Tags => field_id("tags"),
        Field::Key => field_id(KEY),
        Field::ApiBaseUrl => field_id("api.base_url"),
        Field::KeyPlace => field_id("api.header"),
        Field::KeyScheme => field_id("api.scheme"),
        Field::KeyQuery => field_id("api.query"),
        Field::KeyExpires => field_id("key_expires"),
        Field::KeySince => field_id("key_since"),
        Field::KeyRotation => field_id("rotate_after_days"),
        Field::Tokens => tokens::ids()[0],
    }
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
    draft.give_name(cx.snapshot);
    let problems = draft.problems(cx.snapshot);
    let mut form = Form { draft, problems };
    ui.add_enabled_ui(!form.draft.saving, |ui| {
        ui.spacing_mut().item_spacing.y = 12.0;
        basics(ui, cx, &mut form);
        issuer::show(ui, cx, &mut form);
        endpoints::needed(ui, &mut form);
        steps(ui, cx, &mut form);
        ui.add_space(4.0);
        advanced::show(ui, cx, &mut form);
    });
}

fn steps(ui: &mut Ui, cx: &mut Cx<'_>, form: &mut Form<'_>) {
    let mut number = 0..;
    let mut step = |ui: &mut Ui, name: &str| step_heading(ui, number.next().unwrap_or(0) + 1, name);
    let preset = &form.draft.preset;
    let has_page = preset.spec.help.register_url.is_some();
    if has_page || form.draft.grant.has_redirect() {
        let what = if form.draft.grant.is_key() { "Get a key from" } else { "Register an app with" };
        let named = format!("{what} {}", preset.name);
        step(ui, if has_page { &named } else { "Register" });
        help::register(ui, cx, preset, &form.draft.variables);
        if form.draft.grant.has_redirect() {
            help::redirect(ui, cx, form);
            redirect_check::show(ui, cx, form.draft);
        }
    }
    step(ui, "Credentials");
    credentials(ui, form);
    if form.draft.grant.is_key() {
        return held_key::details(ui, form);
    }
    tokens::show(ui, form);
    step(ui, "Scopes");
    scopes::show(ui, form);
    toggles::show(ui, form);
}

/// A step's number in a square, which is no radio button, and its name.
fn step_heading(ui: &mut Ui, number: usize, name: &str) {
    let tokens = Tokens::of(ui);
    ui.add_space(8.0);
    ui.scope(|ui| {
        ui.spacing_mut().interact_size.y = 24.0;
        ui.horizontal(|ui| {
            let (_, square) = ui.allocate_space(vec2(24.0, 24.0));
            ui.painter().rect_filled(square, CornerRadius::same(6), tokens.control);
            let font = theme::small_strong();
            ui.painter().text(square.center(), Align2::CENTER_CENTER, number, font, tokens.text);
            widgets::subheading(ui, name);
        });
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
    if form.draft.has_given_name() && response.gained_focus() {
        // The first letter replaces it.
        fields::select_all(ui.ctx(), name_id(), &form.draft.name);
    }
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
    variables(ui, form);
}

fn variables(ui: &mut Ui, form: &mut Form<'_>) {
    for variable in form.draft.shown_variables() {
        let field = Field::Variable(variable.name.clone());
        let given = form.draft.variables.get(&variable.name).cloned();
        let is_given = given.is_some();
        let mut value = given.unwrap_or_default();
        let error = form.error(&field, !value.is_empty()).map(str::to_owned);
        let (hint, note) = (variable.default.as_deref().unwrap_or_default(), variable.note.as_deref());
        let options = FieldOptions { hint, error: error.as_deref(), note, ..FieldOptions::default() };
        let id = variable_id(&variable.name);
        if variable.choices.is_empty() {
            let response = fields::text(ui, id, &variable.label, &mut value, options);
            form.left(field, &response);
        } else {
            if !is_given {
                value = variable.default.clone().unwrap_or_default();
            }
            let same = |choice: &&crate::domain::provider::Choice| choice.value.eq_ignore_ascii_case(&value);
            if let Some(choice) = variable.choices.iter().find(same) {
                value.clone_from(&choice.value);
            }
            let choices: Vec<_> =
                variable.choices.iter().map(|choice| (choice.value.clone(), choice.value.clone())).collect();
            fields::choice(ui, id, &variable.label, &mut value, &choices, options);
        }
        let is_default =
            !variable.choices.is_empty() && !is_given && Some(&value) == variable.default.as_ref();
        if value.is_empty() || is_default {
            form.draft.variables.remove(&variable.name);
        } else {
            form.draft.variables.insert(variable.name, value);
        }
    }
}

fn credentials(ui: &mut Ui, form: &mut Form<'_>) {
    held_key::show(ui, form);
    if form.draft.grant.has_client() {
        let error = form.error(&Field::ClientId, false).map(str::to_owned);
        let options = FieldOptions { error: error.as_deref(), mono: true, ..FieldOptions::default() };
        let id = field_id("client_id");
        let response = fields::text(ui, id, "Client ID", &mut form.draft.client_id, options);
        form.left(Field::ClientId, &response);
    }
    if form.draft.needs_secret() {
        let kept = form.draft.is_kept("client_secret");
        secret(ui, form, Field::ClientSecret, field_id("client_secret"), "Client secret", kept);
    }
    private_key::show(ui, form);
    if form.draft.grant.has_password() {
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
}

pub(super) fn secret(ui: &mut Ui, form: &mut Form<'_>, field: Field, id: Id, label: &str, kept: bool) {
    let error = form.error(&field, false).map(str::to_owned);
    let hint = if kept { "Stored; type to replace" } else { "" };
    let value = match &field {
        Field::ClientSecret => &mut form.draft.client_secret,
        Field::PrivateKey => &mut form.draft.keys.private_key,
        Field::Key => &mut form.draft.held_key.key,
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
    let field = problems.first().filter(|_| !draft.saving).map(|(field, _)| id_of(draft, field));
    let mut pressed = button_row(ui, draft, reason.map(|text| Reason::new(text, field)));
    let shortcut = ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::Enter));
    if shortcut && reason.is_none() {
        let only_saves = draft.tokens.open || draft.grant.is_key();
        pressed = Some(if only_saves { Pressed::Save } else { Pressed::SaveAndGet });
    }
    match pressed {
        Some(Pressed::Save) => save(ui, cx, draft, false),
        Some(Pressed::SaveAndGet) => save(ui, cx, draft, true),
        Some(Pressed::Cancel) => {
            let is_new = draft.editing.is_none();
            cx.push(UiAction::Leave(if is_new { Target::List } else { Target::Back }));
        }
        Some(Pressed::Field(field)) => cx.push(UiAction::Focus(field)),
        None => {}
    }
}

#[derive(Clone, Copy)]
enum Pressed {
    Save,
    SaveAndGet,
    Cancel,
    Field(Id),
}

/// One button is filled: the usual way on.
fn button_row(ui: &mut Ui, draft: &AccountFormState, reason: Option<Reason<'_>>) -> Option<Pressed> {
    let blocked = reason.map(|reason| reason.text);
    let cancel = Button::new(Weight::Secondary, labels::CANCEL);
    let save = |weight| Button::new(weight, labels::SAVE).blocked(blocked);
    let get = |weight| Button::new(weight, labels::SAVE_AND_GET).blocked(blocked);
    let (primary, secondary) = (Weight::Primary, Weight::Secondary);
    let cancel = (Pressed::Cancel, cancel);
    if draft.tokens.open || draft.grant.is_key() {
        one_of(ui, reason, [cancel, (Pressed::Save, save(primary))])
    } else if draft.editing.is_none() {
        let buttons = [cancel, (Pressed::Save, save(secondary)), (Pressed::SaveAndGet, get(primary))];
        one_of(ui, reason, buttons)
    } else {
        let buttons = [cancel, (Pressed::SaveAndGet, get(secondary)), (Pressed::Save, save(primary))];
        one_of(ui, reason, buttons)
    }
}

fn one_of<const N: usize>(
    ui: &mut Ui,
    reason: Option<Reason<'_>>,
    buttons: [(Pressed, Button<'_>); N],
) -> Option<Pressed> {
    let meanings = buttons.each_ref().map(|(pressed, _)| *pressed);
    let (shown, field) = actions::show_with_reason(ui, reason, buttons.map(|(_, button)| button));
    let clicked = meanings.into_iter().zip(&shown).find(|(_, button)| button.clicked());
    clicked.map(|(pressed, _)| pressed).or(field.map(Pressed::Field))
}

fn save(ui: &Ui, cx: &mut Cx<'_>, draft: &mut AccountFormState, sign_in: bool) {
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
            let draft = ImportDraft { draft, grant, incomplete: true, replace: false, move_secrets: true };
            Command::Import(vec![draft])
        }
        None => Command::Save { draft: taken, sign_in },
    });
}
