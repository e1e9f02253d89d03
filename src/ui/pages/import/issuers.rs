//! Discovery for imported accounts without endpoints.
//!
//! Reading a file sends no request: the user starts discovery with a button beside the issuers' names.
//! Everything saved with such an account, besides the file's own values, was shown here. One issuer at a time
//! is queried, once for all accounts with the same request, and only if one of them is selected.

use std::collections::VecDeque;

use egui::{Id, Ui};

use crate::base::sanitize::sanitized;
use crate::domain::account::Settings;
use crate::domain::oauth::discovery;
use crate::domain::oauth::discovery::{DiscoveredServer, Wanted};
use crate::domain::provider::{Preset, ProviderError};
use crate::messages::command::Command;
use crate::messages::problem::Problem;

use crate::ui::cx::Cx;
use crate::ui::dialogs::modal;
use crate::ui::widgets::actions::Reason;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::discovered_endpoints;
use crate::ui::{labels, widgets};

pub(in crate::ui) type DiscoveryResult = Result<DiscoveredServer, Problem>;

const NAMES_SHOWN: usize = 3;
const ISSUERS_SHOWN: usize = 5;

#[derive(Debug)]
pub(in crate::ui) enum EndpointSource {
    Unknown,
    /// The account itself or its preset.
    Own,
    /// Discovery; the settings are those to query the issuer with.
    At(Box<(Wanted, Settings)>),
    Unavailable(ProviderError),
}

impl EndpointSource {
    pub(in crate::ui) fn sync(&mut self, presets: &[Preset], settings: &Settings) {
        if !matches!(self, Self::Unknown) {
            return;
        }
        *self = if discovery::is_wanted_by(presets, settings) {
            match Wanted::of(presets, settings) {
                Ok(wanted) => Self::At(Box::new((wanted, settings.clone()))),
                Err(error) => Self::Unavailable(error),
            }
        } else {
            Self::Own
        };
    }

    /// The settings to query `wanted` with, if this account needs it.
    fn at(&self, wanted: &Wanted) -> Option<&Settings> {
        match self {
            Self::At(at) if at.0 == *wanted => Some(&at.1),
            _ => None,
        }
    }
}

#[derive(Default)]
pub(in crate::ui) struct Issuers {
    /// Requested by the user and not sent yet.
    queue: VecDeque<(Wanted, Settings)>,
    pending: Option<Wanted>,
    results: Vec<(Wanted, DiscoveryResult)>,
    /// The button that starts discovery, while it is shown.
    look_up: Option<Id>,
}

impl Issuers {
    fn result(&self, wanted: &Wanted) -> Option<&DiscoveryResult> {
        self.results.iter().find(|(known, _)| known == wanted).map(|(_, result)| result)
    }

    fn is_awaited(&self, wanted: &Wanted) -> bool {
        self.pending.as_ref() == Some(wanted) || self.queue.iter().any(|(queued, _)| queued == wanted)
    }

    fn found(&self, source: &EndpointSource) -> Option<&DiscoveredServer> {
        let EndpointSource::At(at) = source else { return None };
        self.result(&at.0)?.as_ref().ok()
    }

    /// Takes a result, unless it was requested elsewhere.
    pub(in crate::ui) fn take(&mut self, issuer: &str, result: DiscoveryResult) {
        if let Some(pending) = self.pending.take_if(|pending| pending.issuer.as_str() == issuer) {
            self.results.push((pending, result));
        }
    }

    pub(in crate::ui) fn complete(&self, source: &EndpointSource, settings: &mut Settings) {
        if let Some(found) = self.found(source) {
            found.complete(settings);
        }
    }

    pub(in crate::ui) fn note(&self, source: &EndpointSource) -> Option<&'static str> {
        match source {
            EndpointSource::Unknown | EndpointSource::Own => None,
            EndpointSource::Unavailable(_) => Some("endpoints not found"),
            EndpointSource::At(at) => Some(match self.result(&at.0) {
                Some(Ok(_)) => "endpoints found at its issuer",
                Some(Err(_)) => "endpoints not found",
                None if self.is_awaited(&at.0) => "reading the endpoints from its issuer…",
                None => "endpoints at its issuer",
            }),
        }
    }

    pub(in crate::ui) fn blocked<'l>(
        &self,
        mut selected: impl Iterator<Item = &'l EndpointSource>,
    ) -> Option<Reason<'static>> {
        let plain = |text| Some(Reason::new(text, None));
        selected.find_map(|source| match source {
            EndpointSource::Own => None,
            EndpointSource::Unknown => plain("One moment."),
            EndpointSource::Unavailable(_) => plain("Deselect the accounts whose endpoints were not found."),
            EndpointSource::At(at) => match self.result(&at.0) {
                Some(Ok(_)) => None,
                Some(Err(_)) => plain("Deselect the accounts whose endpoints were not found."),
                None if self.is_awaited(&at.0) => plain("Waiting for the server."),
                None => Some(Reason::new("Look up the endpoints first.", self.look_up)),
            },
        })
    }

    pub(in crate::ui) fn show(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, selected: &[(&str, &EndpointSource)]) {
        self.show_results(ui, selected);
        // The user fixes one at a time.
        let unavailable = selected.iter().find_map(|(_, source)| match source {
            EndpointSource::Unavailable(error) => Some(error),
            _ => None,
        });
        if let Some(error) = unavailable {
            widgets::problem(ui, &modal::problem_text(&Problem::Settings(error.clone())));
        }
        self.look_up = None;
        self.offer(ui, selected);
        self.query_next(cx, selected);
    }

    fn show_results(&mut self, ui: &mut Ui, selected: &[(&str, &EndpointSource)]) {
        let mut again = None;
        for (wanted, result) in &self.results {
            let of_it = selected.iter().filter_map(|(name, source)| Some((*name, source.at(wanted)?)));
            let (names, settings): (Vec<&str>, Vec<&Settings>) = of_it.unzip();
            let Some(settings) = settings.first() else { continue };
            match result {
                Ok(found) => discovered_endpoints::card(ui, &title(&names), found),
                Err(problem) => {
                    widgets::problem(ui, &modal::problem_text(problem));
                    let issuer = sanitized(wanted.issuer.as_str(), 80);
                    let name = format!("{} at {issuer}", labels::LOOK_UP_AGAIN);
                    if Button::new(Weight::Secondary, labels::LOOK_UP_AGAIN).accessible_name(&name).show(ui) {
                        again = Some((wanted.clone(), (*settings).clone()));
                    }
                }
            }
        }
        if let Some(again) = again {
            self.results.retain(|(wanted, _)| *wanted != again.0);
            self.queue.push_back(again);
        }
    }

    /// Names the issuers without a result; a button queries them.
    fn offer(&mut self, ui: &mut Ui, selected: &[(&str, &EndpointSource)]) {
        let mut open: Vec<&(Wanted, Settings)> = Vec::new();
        for (_, source) in selected {
            if let EndpointSource::At(at) = source
                && self.result(&at.0).is_none()
                && !self.is_awaited(&at.0)
                && open.iter().all(|known| known.0 != at.0)
            {
                open.push(at);
            }
        }
        if open.is_empty() {
            return;
        }
        let mut issuers: Vec<String> = Vec::new();
        for (wanted, _) in &open {
            let issuer = sanitized(wanted.issuer.as_str(), 80).into_owned();
            if !issuers.contains(&issuer) {
                issuers.push(issuer);
            }
        }
        let more = if issuers.len() > ISSUERS_SHOWN { ", …" } else { "" };
        let named = issuers[..issuers.len().min(ISSUERS_SHOWN)].join(", ");
        let text = format!(
            "Some endpoints come from {named}{more}. Nothing is requested until you choose {}.",
            labels::LOOK_UP
        );
        widgets::text(ui, &text);
        let button = ui.add(Button::new(Weight::Secondary, labels::LOOK_UP));
        self.look_up = Some(button.id);
        if button.clicked() {
            self.queue.extend(open.into_iter().cloned());
        }
    }

    fn query_next(&mut self, cx: &mut Cx<'_>, selected: &[(&str, &EndpointSource)]) {
        self.queue.retain(|(wanted, _)| selected.iter().any(|(_, source)| source.at(wanted).is_some()));
        if self.pending.is_none()
            && let Some((wanted, settings)) = self.queue.pop_front()
        {
            self.pending = Some(wanted);
            cx.send(Command::Discover(Box::new(settings)));
        }
    }
}

fn title(names: &[&str]) -> String {
    let more = if names.len() > NAMES_SHOWN { ", …" } else { "" };
    format!("Found for {}{more}", names[..names.len().min(NAMES_SHOWN)].join(", "))
}
