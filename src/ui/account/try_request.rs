//! The *Try a request* tab: one request to the account's API, and its answer.
//!
//! The engine adds the token, which the window never has. A redacted copy is in the HTTP log.

use egui::{Id, Label, RichText, TextEdit, Ui};

use crate::base::sanitize::sanitized;
use crate::base::secret::SecretText;
use crate::domain::account::AccountId;
use crate::domain::api::api_host::ApiHost;
use crate::domain::api::api_request::{ApiRequest, NoRequest};
use crate::domain::api::usage_lines;
use crate::domain::oauth::http_request::Method;
use crate::domain::provider::Provider;
use crate::messages::command::Command;
use crate::messages::event::ApiAnswer;
use crate::messages::explain::explain;
use crate::messages::problem::Problem;
use crate::messages::snapshot::AccountView;

use crate::ui::cx::Cx;
use crate::ui::theme::Tokens;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::fields::{self, FieldOptions};
use crate::ui::{labels, theme, widgets};

/// The most lines of a body that are shown; all are copied.
const MAX_LINES: usize = 2000;
const LINE_CHARS: usize = 2000;

/// A request of one account, and its answer.
#[derive(Default)]
pub(in crate::ui) struct TryRequestState {
    account: Option<AccountId>,
    method: Option<Method>,
    path: String,
    headers: String,
    body: String,
    search: String,
    show_headers: bool,
    is_waiting: bool,
    answer: Option<Result<Shown, Problem>>,
}

/// An answer as it is shown.
struct Shown {
    answer: ApiAnswer,
    /// The body, indented if it is JSON.
    text: SecretText,
}

impl TryRequestState {
    pub(in crate::ui) fn take(&mut self, account: &AccountId, answer: Result<ApiAnswer, Problem>) {
        if self.account.as_ref() == Some(account) {
            self.is_waiting = false;
            self.answer = Some(answer.map(|answer| Shown { text: indented(answer.body.expose()), answer }));
        }
    }

    /// Begins with the preset's own request, such as the one that says who signed in.
    fn begin(&mut self, account: &AccountView, base_url: &str) {
        if self.account.as_ref() != Some(&account.id) {
            let path = url::Url::parse(base_url).map(|url| url[url::Position::BeforePath..].to_owned());
            let path = path.unwrap_or_else(|_| "/".to_owned());
            *self = Self { account: Some(account.id.clone()), path, ..Self::default() };
        }
    }

    fn request(&self) -> Result<ApiRequest, NoRequest> {
        Ok(ApiRequest {
            method: self.method.unwrap_or(Method::Get),
            target: self.path.trim().to_owned(),
            headers: ApiRequest::parse_headers(&self.headers)?,
            body: self.body.clone(),
        })
    }

    fn send(&mut self, cx: &mut Cx<'_>, request: ApiRequest, renew: bool) {
        let Some(account) = self.account.clone() else { return };
        (self.is_waiting, self.answer) = (true, None);
        cx.send(Command::SendApiRequest { account, request: Box::new(request), renew });
    }
}

fn indented(body: &str) -> SecretText {
    let value = serde_json::from_str::<serde_json::Value>(body).ok();
    let pretty = value.and_then(|value| serde_json::to_string_pretty(&value).ok());
    SecretText::new(pretty.unwrap_or_else(|| body.to_owned()))
}

pub(in crate::ui) fn show(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut TryRequestState, account: &AccountView) {
    let provider = Provider::resolve(&cx.snapshot.presets, &account.settings).ok();
    let base_url = provider.and_then(|provider| provider.api.base_url);
    let host = base_url.as_deref().and_then(ApiHost::parse);
    let (Some(base_url), Some(host)) = (base_url, host) else {
        widgets::card(ui, |ui| {
            widgets::text(ui, "The account has no API base URL, so there is no host for a request.");
            widgets::weak(ui, "Set api.base_url in an import file and import it with Replace.");
        });
        return;
    };
    state.begin(account, &base_url);
    widgets::card(ui, |ui| {
        edit(ui, state, &host);
        let request = state.request();
        let url = request.as_ref().map_err(|why| *why).and_then(|request| request.url(&host));
        let blocked = match &url {
            _ if state.is_waiting => Some("Waiting for the answer."),
            Ok(_) => None,
            Err(NoRequest::NotAPath) => Some("Enter a path that begins with /."),
            Err(NoRequest::OtherHost) => Some("Only the API's own host gets the token."),
            Err(NoRequest::NotAHeader) => Some("Write each header in a line, such as Accept: text/csv."),
        };
        ui.horizontal_wrapped(|ui| {
            if Button::new(Weight::Primary, labels::SEND).blocked(blocked).show(ui)
                && let Ok(request) = &request
            {
                state.send(cx, request.clone(), false);
            }
            let hint = "A command that gets the token when it runs";
            if Button::new(Weight::Secondary, labels::COPY_AS_CURL).blocked(blocked).hint(hint).show(ui)
                && let (Ok(request), Ok(url)) = (&request, &url)
            {
                cx.send(Command::CopyText(usage_lines::curl(account.name.as_str(), request, url)));
            }
        });
        if let Some(reason) = blocked {
            widgets::weak(ui, reason);
        }
    });
    answer(ui, cx, state, account);
}

fn edit(ui: &mut Ui, state: &mut TryRequestState, host: &ApiHost) {
    let id = Id::unique("keyfob-try-request");
    let note = format!("On {}", sanitized(host.url().as_str().trim_end_matches('/'), 200));
    let mut method = state.method.unwrap_or(Method::Get);
    let methods = Method::ALL.map(|method| (method, method.as_str().to_owned()));
    ui.horizontal_top(|ui| {
        ui.scope(|ui| {
            ui.set_width(112.0);
            fields::choice(ui, id.with("method"), "Method", &mut method, &methods, FieldOptions::default());
        });
        let options = FieldOptions { note: Some(&note), mono: true, ..FieldOptions::default() };
        fields::text(ui, id.with("path"), "Path", &mut state.path, options);
    });
    state.method = Some(method);
    lines(ui, id.with("headers"), "Headers", &mut state.headers, 1);
    if method.has_body() {
        lines(ui, id.with("body"), "Body", &mut state.body, 4);
    }
}

/// A field of several lines.
fn lines(ui: &mut Ui, id: Id, label: &str, value: &mut String, rows: usize) {
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = theme::STEP;
        let caption = widgets::caption(ui, label);
        let edit = TextEdit::multiline(value)
            .id(id)
            .font(theme::mono(13.0))
            .desired_rows(rows)
            .desired_width(f32::INFINITY)
            .margin(egui::Margin::symmetric(12, 6));
        let response = ui.add(edit).labelled_by(caption.id);
        if response.gained_focus() {
            response.scroll_to_me(None);
        }
    });
}

fn answer(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut TryRequestState, account: &AccountView) {
    if state.is_waiting {
        widgets::weak(ui, "Waiting for the answer…");
    }
    let mut again = false;
    match &state.answer {
        None => {}
        Some(Err(problem)) => {
            let said = explain(problem, Some(account.name.as_str()), Some(&account.provider_name));
            widgets::card(ui, |ui| {
                widgets::problem(ui, &said.what);
                widgets::weak(ui, &said.next);
            });
        }
        Some(Ok(shown)) => {
            let (search, show_headers) = (&mut state.search, &mut state.show_headers);
            again = widgets::card(ui, |ui| shown_answer(ui, cx, shown, search, show_headers));
        }
    }
    if again && let Ok(request) = state.request() {
        state.send(cx, request, true);
    }
}

/// Returns true if the request is to be sent again with a new token.
fn shown_answer(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    shown: &Shown,
    search: &mut String,
    show_headers: &mut bool,
) -> bool {
    let Shown { answer, text } = shown;
    let is_refused = answer.status == 401;
    let color = if answer.status < 400 { cx.tokens.ok } else { cx.tokens.error };
    let line = format!("HTTP {} · {} ms · {}", answer.status, answer.took_ms, size(answer.size_bytes));
    ui.add(Label::new(RichText::new(line).font(theme::strong()).color(color)));
    let mut again = false;
    ui.horizontal_wrapped(|ui| {
        again = is_refused && Button::new(Weight::Primary, labels::REFRESH_AND_SEND).show(ui);
        let label = if *show_headers { "Hide headers" } else { "Show headers" };
        if Button::new(Weight::Secondary, label).show(ui) {
            *show_headers = !*show_headers;
        }
        if !text.is_empty() && Button::new(Weight::Secondary, labels::COPY_ANSWER).show(ui) {
            cx.send(Command::CopyText(text.expose().to_owned()));
        }
    });
    if *show_headers {
        for (name, value) in &answer.headers {
            mono_line(ui, &format!("{name}: {}", value.expose()));
        }
    }
    if answer.is_too_large {
        widgets::weak(ui, "The body is larger than 1 MiB, so it is not shown. keyfob request prints it.");
    }
    if !text.is_empty() {
        let id = Id::unique("keyfob-try-request").with("search");
        fields::text(ui, id, "Search the answer", search, FieldOptions::default());
        body(ui, text.expose(), search.trim());
    }
    again
}

/// The lines that have what is searched for, or all.
fn body(ui: &mut Ui, text: &str, search: &str) {
    let wanted = search.to_lowercase();
    let found = text.lines().filter(|line| wanted.is_empty() || line.to_lowercase().contains(&wanted));
    let mut count = 0;
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for line in found {
            if count < MAX_LINES {
                mono_line(ui, line);
            }
            count += 1;
        }
    });
    if count == 0 {
        widgets::weak(ui, "Nothing found.");
    } else if count > MAX_LINES {
        widgets::weak(ui, &format!("and {} more lines", count - MAX_LINES));
    }
}

fn mono_line(ui: &mut Ui, line: &str) {
    let shown = sanitized(line, LINE_CHARS);
    let color = Tokens::of(ui).text;
    ui.add(Label::new(RichText::new(&*shown).font(theme::mono(12.0)).color(color)).wrap());
}

fn size(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} KiB", bytes / 1024),
        _ => format!("{} MiB", bytes >> 20),
    }
}
