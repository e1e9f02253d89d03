//! A new account from an address: what was found and where, and the choices that are left to the user.
//!
//! Nothing is registered, saved or sent except GETs without credentials before *Add and sign in* is pressed.

use egui::{Context, Id, Sense, Ui, vec2};

use crate::base::sanitize::sanitized;
use crate::base::secret::{ClientSecret, RegistrationToken};
use crate::domain::account::{AccountName, Client};
use crate::domain::api_address::ApiAddress;
use crate::domain::api_address::plan::{self, AddressPlan, ClientChoice, PlanOptions};
use crate::domain::api_address::search::{SearchError, SearchOptions};
use crate::domain::oauth::scopes;
use crate::messages::command::{AddressDraft, Command};
use crate::messages::event::AddressFound;
use crate::messages::explain::{AddressStep, steps};
use crate::messages::problem::{Problem, RegistrationError};

use crate::ui::action::{Target, UiAction};
use crate::ui::cx::Cx;
use crate::ui::dialogs::modal;
use crate::ui::theme::icons::Icon;
use crate::ui::widgets::actions::{self, Reason};
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::checkbox;
use crate::ui::widgets::fields::{self, FieldOptions, SecretInput};
use crate::ui::{labels, theme, widgets};

const LABEL_WIDTH: f32 = 192.0;
const LABEL_MIN_WIDTH: f32 = 104.0;
/// The most scopes that are offered.
const OFFERED_MAX: usize = 24;

#[derive(Default)]
enum Lookup {
    #[default]
    None,
    Pending,
    Found(Box<AddressFound>),
    Failed(Box<Problem>),
}

#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about one page")]
pub(in crate::ui) struct AddressPageState {
    address: String,
    /// The address that was looked up.
    asked: String,
    lookup: Lookup,
    issuer: Option<String>,
    allow_private: bool,
    name: String,
    /// A name was filled in.
    is_named: bool,
    /// The user's scopes; `None` takes those of the plan.
    scopes: Option<Vec<String>>,
    has_client: bool,
    client_id: String,
    client_secret: SecretInput,
    document: String,
    token: SecretInput,
    needs_token: bool,
    is_saving: bool,
    /// The user typed or chose something here that isn't saved.
    typed: bool,
    problem: Option<Problem>,
}

fn id(name: &str) -> Id {
    Id::unique(("keyfob-address", name))
}

pub(in crate::ui) fn address_id() -> Id {
    id("address")
}

impl AddressPageState {
    /// Begins with what was typed, and looks it up if it is an address.
    pub(in crate::ui) fn start(cx: &mut Cx<'_>, address: &str) -> Self {
        let mut state = Self { address: address.trim().to_owned(), ..Self::default() };
        if ApiAddress::parse(&state.address).is_ok() {
            state.look_up(cx);
        }
        state
    }

    pub(in crate::ui) fn is_saving(&self) -> bool {
        self.is_saving
    }

    pub(in crate::ui) fn has_unsaved_input(&self) -> bool {
        self.typed && !self.is_saving
    }

    /// The name of the account to be.
    pub(in crate::ui) fn name(&self) -> &str {
        &self.name
    }

    fn look_up(&mut self, cx: &mut Cx<'_>) {
        self.asked = self.address.trim().to_owned();
        (self.lookup, self.problem, self.scopes) = (Lookup::Pending, None, None);
        let (issuer, allow_private) = (self.issuer.clone(), self.allow_private);
        // The document is asked for once a server is found that takes one.
        let options = SearchOptions { issuer, allow_private, ..SearchOptions::default() };
        cx.send(Command::FindServer { address: self.asked.clone(), options });
    }

    /// Takes a result, unless it is about another address.
    pub(in crate::ui) fn take_found(&mut self, address: &str, found: Result<AddressFound, Problem>) {
        if address != self.asked || !matches!(self.lookup, Lookup::Pending) {
            return;
        }
        self.lookup = match found {
            Ok(found) => Lookup::Found(Box::new(found)),
            Err(problem) => Lookup::Failed(Box::new(problem)),
        };
    }

    /// Takes the problem of the account that is being added.
    pub(in crate::ui) fn take_problem(&mut self, problem: &Problem) -> bool {
        if !self.is_saving {
            return false;
        }
        self.is_saving = false;
        self.needs_token |= matches!(problem, Problem::Registration(refused)
            if matches!(refused.error, RegistrationError::TokenNeeded(_)));
        self.problem = Some(problem.clone());
        true
    }

    pub(in crate::ui) fn forget(ctx: &Context) {
        for name in ["secret", "token"] {
            fields::forget(ctx, id(name));
        }
    }

    fn plan(&self) -> Option<AddressPlan> {
        let Lookup::Found(found) = &self.lookup else { return None };
        let document = self.document.trim();
        let options = PlanOptions {
            scopes: self.scopes.clone().unwrap_or_default(),
            has_client: self.has_client,
            document: (!document.is_empty()).then(|| document.to_owned()),
            redirect_uri: None,
        };
        Some(AddressPlan::new(found.server.clone(), &options, found.known.clone()))
    }

    /// Why the account can't be added, and the field to correct.
    fn lacks(&self, cx: &Cx<'_>, plan: Option<&AddressPlan>) -> Option<(&'static str, Option<Id>)> {
        let Some(plan) = plan else {
            return Some(("Look up the address first.", Some(address_id())));
        };
        let taken = |name: &AccountName| cx.snapshot.accounts.iter().any(|it| it.name.key() == name.key());
        match AccountName::new(&self.name) {
            Err(_) => return Some(("Give the account a name.", Some(id("name")))),
            Ok(name) if taken(&name) => {
                return Some(("Another account has this name.", Some(id("name"))));
            }
            Ok(_) => {}
        }
        if self.asked != self.address.trim() {
            return Some(("Look up the changed address.", Some(address_id())));
        }
        match &plan.client {
            ClientChoice::Given | ClientChoice::Form if self.client_id.trim().is_empty() => {
                Some(("Enter the client ID.", Some(id("client"))))
            }
            ClientChoice::Document(url) if plan::check_document(url).is_err() => {
                Some(("The document needs an https URL with a path.", Some(id("document"))))
            }
            _ => None,
        }
    }
}

/// The host's name, with a number if it is taken.
fn free_name(cx: &Cx<'_>, plan: &AddressPlan) -> String {
    let is_free = |name: &String| {
        let key = name.to_lowercase();
        cx.snapshot.accounts.iter().all(|account| account.name.key() != key)
    };
    let host = plan.found.address.url().host_str().unwrap_or_default();
    let numbered = (2..100).map(|number| format!("{host} {number}"));
    std::iter::once(host.to_owned()).chain(numbered).find(is_free).unwrap_or_default()
}

pub(in crate::ui) fn show(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut AddressPageState) {
    widgets::heading(ui, labels::BY_ADDRESS);
    widgets::text(
        ui,
        "Keyfob reads where the API says to sign in. Nothing is registered or saved before you add the account.",
    );
    show_address(ui, cx, state);
    match &state.lookup {
        Lookup::None => {}
        Lookup::Pending => {
            widgets::weak(ui, "Looking for its authorization server. This takes 45 seconds at most.");
        }
        Lookup::Failed(problem) => {
            let problem = problem.clone();
            show_failure(ui, cx, state, &problem);
        }
        Lookup::Found(_) => show_found(ui, cx, state),
    }
    if let Some(problem) = &state.problem {
        widgets::problem(ui, &modal::problem_text(problem));
    }
}

fn show_address(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut AddressPageState) {
    let parsed = ApiAddress::parse(&state.address);
    let typed = !state.address.trim().is_empty();
    let error = parsed.as_ref().err().filter(|_| typed).map(|error| SearchError::Address(*error));
    let error = error.map(|error| modal::problem_text(&Problem::Address(Box::new(error))));
    let options = FieldOptions {
        hint: "https://api.example.com/mcp",
        error: error.as_deref(),
        note: Some("Of an API, an issuer, its metadata, or a token endpoint."),
        mono: true,
    };
    let field = fields::text(ui, address_id(), "Address", &mut state.address, options);
    let is_pending = matches!(state.lookup, Lookup::Pending);
    let is_done = state.asked == state.address.trim() && matches!(state.lookup, Lookup::Found(_));
    if field.changed() {
        state.typed = true;
        // What was agreed to was about another address.
        (state.issuer, state.allow_private) = (None, false);
    }
    if is_done {
        return;
    }
    let blocked = match &parsed {
        _ if is_pending => Some("One moment."),
        Err(_) => Some("Enter an https address first."),
        Ok(_) => None,
    };
    let pressed = Button::new(Weight::Secondary, labels::LOOK_UP_ADDRESS).blocked(blocked).show(ui);
    if blocked.is_none() && (pressed || fields::is_entered(ui, &field)) {
        state.look_up(cx);
    }
}

fn show_failure(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut AddressPageState, problem: &Problem) {
    widgets::problem(ui, &modal::problem_text(problem));
    let Problem::Address(error) = problem else { return };
    match &**error {
        SearchError::SeveralServers(servers) | SearchError::NotListed { servers, .. } => {
            let mut chosen = None;
            for server in servers {
                let label = format!("Use {}", sanitized(server, 80));
                if Button::new(Weight::Secondary, &label).show(ui) {
                    chosen = Some(server.clone());
                }
            }
            if chosen.is_some() {
                state.issuer = chosen;
                state.look_up(cx);
            }
        }
        SearchError::Inside { .. } => {
            let note = "Only if you know the host and trust the address.";
            if checkbox::show(ui, &mut state.allow_private, "Allow private hosts", note).clicked() {
                state.look_up(cx);
            }
        }
        _ => {}
    }
}

fn show_found(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut AddressPageState) {
    let Some(plan) = state.plan() else { return };
    if !state.is_named {
        (state.name, state.is_named) = (free_name(cx, &plan), true);
    }
    widgets::card(ui, |ui| {
        widgets::subheading(ui, "Found");
        ui.spacing_mut().item_spacing.y = theme::STEP;
        // The address is in its field, the scopes are below.
        let mut source = String::new();
        for mut step in steps(&plan) {
            if matches!(step.label.as_str(), "Address" | "Scopes") {
                continue;
            }
            // Of several from one source, the first names it.
            let is_same = step.source == source;
            source.clone_from(&step.source);
            if is_same {
                step.source.clear();
            }
            show_step(ui, &step);
        }
    });
    let field = fields::text(ui, id("name"), "Name", &mut state.name, FieldOptions::default());
    state.typed |= field.changed();
    show_client(ui, cx, state, &plan);
    show_scopes(ui, state, &plan);
}

fn show_step(ui: &mut Ui, step: &AddressStep) {
    ui.horizontal_top(|ui| {
        let width = (ui.available_width() / 3.0).clamp(LABEL_MIN_WIDTH, LABEL_WIDTH);
        let (rect, _) = ui.allocate_exact_size(vec2(width, 18.0), Sense::hover());
        widgets::weak_line(&mut ui.new_child(egui::UiBuilder::new().max_rect(rect)), &step.label);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            let value = egui::RichText::new(&*sanitized(&step.value, 300)).font(theme::small());
            ui.add(egui::Label::new(value).wrap());
            if !step.source.is_empty() {
                widgets::weak(ui, &sanitized(&step.source, 300));
            }
        });
    });
}

fn show_client(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut AddressPageState, plan: &AddressPlan) {
    let must_have = plan.client == ClientChoice::Form;
    if !must_have {
        let note = "Instead of the one above.";
        let label = "Use a client that I have registered";
        state.typed |= checkbox::show(ui, &mut state.has_client, label, note).clicked();
    }
    if must_have || state.has_client {
        widgets::caption(ui, "Redirect URI to register");
        if widgets::copyable(ui, &plan.redirect_uri, labels::COPY_REDIRECT) {
            cx.send(Command::CopyText(plan.redirect_uri.clone()));
        }
        let options = FieldOptions { mono: true, ..FieldOptions::default() };
        let field = fields::text(ui, id("client"), "Client ID", &mut state.client_id, options);
        state.typed |= field.changed();
        let options = FieldOptions { note: Some("Only if the client has one."), ..FieldOptions::default() };
        let field = fields::secret(ui, id("secret"), "Client secret", &mut state.client_secret, options);
        state.typed |= field.changed();
    }
    if plan.found.server.takes_client_documents && !state.has_client {
        let note =
            Some("Its URL is then the client ID. It must list the redirect URI. Most people have none.");
        let options = FieldOptions { note, mono: true, ..FieldOptions::default() };
        let label = "URL of a client ID metadata document";
        state.typed |= fields::text(ui, id("document"), label, &mut state.document, options).changed();
    }
    if state.needs_token && !state.has_client {
        let note = Some("The server registers a client only with one. It is not kept.");
        let options = FieldOptions { note, ..FieldOptions::default() };
        let field = fields::secret(ui, id("token"), "Initial access token", &mut state.token, options);
        state.typed |= field.changed();
    }
}

/// The chosen scopes, and those that the challenge and the metadata offer.
fn show_scopes(ui: &mut Ui, state: &mut AddressPageState, plan: &AddressPlan) {
    let found = &plan.found;
    let all = found.challenge_scopes.iter().chain(&found.resource_scopes).chain(&found.server.scopes);
    let offered = scopes::unique(all.map(String::as_str));
    let chosen = state.scopes.clone().unwrap_or_else(|| plan.scopes.clone());
    if offered.is_empty() {
        return;
    }
    widgets::caption(ui, "Scopes");
    let mut changed = chosen.clone();
    ui.horizontal_wrapped(|ui| {
        for scope in &chosen {
            let shown = sanitized(scope, 60);
            let name = format!("Remove the scope {shown}");
            if Button::new(Weight::Secondary, &shown).with_icon(Icon::Cross).accessible_name(&name).show(ui) {
                changed.retain(|it| it != scope);
            }
        }
        for scope in offered.iter().filter(|scope| !chosen.contains(scope)).take(OFFERED_MAX) {
            let shown = sanitized(scope, 60);
            let name = format!("Add the scope {shown}");
            if Button::new(Weight::Text, &shown).with_icon(Icon::Plus).accessible_name(&name).show(ui) {
                changed.push(scope.clone());
            }
        }
    });
    widgets::weak(ui, "Those that the API asks for, and what else its metadata names.");
    // Without any, the plan's own ones would be taken.
    if changed != chosen && !changed.is_empty() {
        (state.scopes, state.typed) = (Some(changed), true);
    }
}

pub(in crate::ui) fn buttons(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut AddressPageState) {
    let plan = state.plan();
    let lacks = if state.is_saving { Some(("One moment.", None)) } else { state.lacks(cx, plan.as_ref()) };
    let reason = lacks.map(|(text, field)| Reason::new(text, field));
    let buttons = [
        Button::new(Weight::Secondary, labels::CANCEL),
        Button::new(Weight::Primary, labels::ADD_AND_SIGN_IN).blocked(lacks.map(|(text, _)| text)),
    ];
    let ([cancel, add], field) = actions::show_with_reason(ui, reason, buttons);
    if let Some(field) = field {
        cx.push(UiAction::Focus(field));
    }
    if cancel.clicked() {
        cx.push(UiAction::Leave(Target::ProviderPicker));
    } else if add.clicked()
        && lacks.is_none()
        && let Some(plan) = plan
    {
        let has_client = matches!(plan.client, ClientChoice::Given | ClientChoice::Form);
        let client = has_client.then(|| Client {
            client_id: state.client_id.trim().to_owned(),
            client_secret: state.client_secret.take().map(ClientSecret::new),
            ..Client::default()
        });
        (state.is_saving, state.problem) = (true, None);
        cx.send(Command::AddFound(Box::new(AddressDraft {
            name: state.name.trim().to_owned(),
            plan,
            client,
            registration_token: state.token.take().map(RegistrationToken::new),
            replace: false,
            sign_in: true,
        })));
    }
}
