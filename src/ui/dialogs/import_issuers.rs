//! The issuers of accounts that are imported without addresses: asked once the user says so.
//!
//! Owns which of them are to be asked, and what each said. Invariants: a file that is looked at opens
//! nothing, so nobody is asked before the press of a button that stands beside their names; what is saved
//! with such an account, besides what its file says, is what was shown here; one issuer is asked at a
//! time, once for all accounts that want the same of it, and only where one of them is ticked.

use std::collections::VecDeque;

use egui::Ui;

use crate::base::sanitize::sanitized;
use crate::domain::account::Settings;
use crate::domain::oauth::discovery;
use crate::domain::oauth::discovery::{DiscoveredServer, Wanted};
use crate::domain::provider::{Preset, ProviderError};
use crate::messages::command::Command;
use crate::messages::problem::Problem;

use super::Answer;
use crate::ui::cx::Cx;
use crate::ui::dialogs;
use crate::ui::form::issuer;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::{labels, widgets};

/// The most accounts that are named above what was found for them.
const NAMES_SHOWN: usize = 3;
/// The most issuers that are named before they are asked.
const ISSUERS_SHOWN: usize = 5;

/// Where an account's addresses come from.
#[derive(Debug)]
pub(in crate::ui) enum Lookup {
    /// Not looked at yet.
    Unsettled,
    /// From the account itself, or its preset.
    Own,
    /// From an issuer; the settings are those that it is asked for.
    At(Box<(Wanted, Settings)>),
    /// From an issuer that can't be asked.
    Nowhere(ProviderError),
}

impl Lookup {
    /// Looks at an account, once.
    pub(in crate::ui) fn settle(&mut self, presets: &[Preset], settings: &Settings) {
        if !matches!(self, Self::Unsettled) {
            return;
        }
        *self = if discovery::is_wanted_by(presets, settings) {
            match Wanted::of(presets, settings) {
                Ok(wanted) => Self::At(Box::new((wanted, settings.clone()))),
                Err(error) => Self::Nowhere(error),
            }
        } else {
            Self::Own
        };
    }

    /// What `wanted` is asked for, where that is wanted here.
    fn at(&self, wanted: &Wanted) -> Option<&Settings> {
        match self {
            Self::At(at) if at.0 == *wanted => Some(&at.1),
            _ => None,
        }
    }
}

/// What the issuers said.
#[derive(Default)]
pub(in crate::ui) struct Issuers {
    /// Those that the user had asked and that have not been sent anything yet.
    queue: VecDeque<(Wanted, Settings)>,
    asked: Option<Wanted>,
    answers: Vec<(Wanted, Answer)>,
}

impl Issuers {
    fn answer(&self, wanted: &Wanted) -> Option<&Answer> {
        self.answers.iter().find(|(known, _)| known == wanted).map(|(_, answer)| answer)
    }

    fn is_awaited(&self, wanted: &Wanted) -> bool {
        self.asked.as_ref() == Some(wanted) || self.queue.iter().any(|(queued, _)| queued == wanted)
    }

    fn found(&self, lookup: &Lookup) -> Option<&DiscoveredServer> {
        let Lookup::At(at) = lookup else { return None };
        self.answer(&at.0)?.as_ref().ok()
    }

    /// Takes what an issuer said, or gives it back where that one was not asked.
    pub(in crate::ui) fn take(&mut self, issuer: &str, answer: Answer) -> Option<Answer> {
        match self.asked.take_if(|asked| asked.issuer.as_str() == issuer) {
            Some(asked) => {
                self.answers.push((asked, answer));
                None
            }
            None => Some(answer),
        }
    }

    /// Gives an account what was found for it.
    pub(in crate::ui) fn complete(&self, lookup: &Lookup, settings: &mut Settings) {
        if let Some(found) = self.found(lookup) {
            found.complete(settings);
        }
    }

    /// What is said of an account's addresses beside it.
    pub(in crate::ui) fn note(&self, lookup: &Lookup) -> Option<&'static str> {
        match lookup {
            Lookup::Unsettled | Lookup::Own => None,
            Lookup::Nowhere(_) => Some("endpoints not found"),
            Lookup::At(at) => Some(match self.answer(&at.0) {
                Some(Ok(_)) => "endpoints found at its issuer",
                Some(Err(_)) => "endpoints not found",
                None if self.is_awaited(&at.0) => "reading the endpoints from its issuer…",
                None => "endpoints at its issuer",
            }),
        }
    }

    /// Why the ticked accounts can't be saved yet.
    pub(in crate::ui) fn blocked<'l>(
        &self,
        mut ticked: impl Iterator<Item = &'l Lookup>,
    ) -> Option<&'static str> {
        ticked.find_map(|lookup| match lookup {
            Lookup::Own => None,
            Lookup::Unsettled => Some("One moment."),
            Lookup::Nowhere(_) => Some("Deselect the accounts whose endpoints were not found."),
            Lookup::At(at) => match self.answer(&at.0) {
                Some(Ok(_)) => None,
                Some(Err(_)) => Some("Deselect the accounts whose endpoints were not found."),
                None if self.is_awaited(&at.0) => Some("Waiting for the server."),
                None => Some("Look up the endpoints first."),
            },
        })
    }

    /// Shows what came of the questions, and offers those that are still to be asked.
    pub(in crate::ui) fn show(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, ticked: &[(&str, &Lookup)]) {
        self.answered(ui, ticked);
        // One at a time is enough to be put right.
        let nowhere = ticked.iter().find_map(|(_, lookup)| match lookup {
            Lookup::Nowhere(error) => Some(error),
            _ => None,
        });
        if let Some(error) = nowhere {
            widgets::problem(ui, &dialogs::in_words(&Problem::Settings(error.clone())));
        }
        self.offer(ui, ticked);
        self.ask_next(cx, ticked);
    }

    fn answered(&mut self, ui: &mut Ui, ticked: &[(&str, &Lookup)]) {
        let mut again = None;
        for (wanted, answer) in &self.answers {
            let of_it = ticked.iter().filter_map(|(name, lookup)| Some((*name, lookup.at(wanted)?)));
            let (names, settings): (Vec<&str>, Vec<&Settings>) = of_it.unzip();
            let Some(settings) = settings.first() else { continue };
            match answer {
                Ok(found) => issuer::card(ui, &title(&names), found),
                Err(problem) => {
                    widgets::problem(ui, &dialogs::in_words(problem));
                    let issuer = sanitized(wanted.issuer.as_str(), 80);
                    let name = format!("{} at {issuer}", labels::LOOK_UP_AGAIN);
                    if Button::new(Weight::Quiet, labels::LOOK_UP_AGAIN).named(&name).show(ui) {
                        again = Some((wanted.clone(), (*settings).clone()));
                    }
                }
            }
        }
        if let Some(again) = again {
            self.answers.retain(|(wanted, _)| *wanted != again.0);
            self.queue.push_back(again);
        }
    }

    /// Names the issuers that nobody has asked yet, and asks them on a press.
    fn offer(&mut self, ui: &mut Ui, ticked: &[(&str, &Lookup)]) {
        let mut open: Vec<&(Wanted, Settings)> = Vec::new();
        for (_, lookup) in ticked {
            if let Lookup::At(at) = lookup
                && self.answer(&at.0).is_none()
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
        let said = format!(
            "Some endpoints come from {named}{more}. Nothing is requested until you choose {}.",
            labels::LOOK_UP
        );
        widgets::text(ui, &said);
        if Button::new(Weight::Quiet, labels::LOOK_UP).show(ui) {
            self.queue.extend(open.into_iter().cloned());
        }
    }

    /// Asks the next of those that are to be asked, unless its accounts were unticked meanwhile.
    fn ask_next(&mut self, cx: &mut Cx<'_>, ticked: &[(&str, &Lookup)]) {
        self.queue.retain(|(wanted, _)| ticked.iter().any(|(_, lookup)| lookup.at(wanted).is_some()));
        if self.asked.is_none()
            && let Some((wanted, settings)) = self.queue.pop_front()
        {
            self.asked = Some(wanted);
            cx.send(Command::Discover(Box::new(settings)));
        }
    }
}

fn title(names: &[&str]) -> String {
    let more = if names.len() > NAMES_SHOWN { ", …" } else { "" };
    format!("Found for {}{more}", names[..names.len().min(NAMES_SHOWN)].join(", "))
}
