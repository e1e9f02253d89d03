//! The issuers of accounts that are imported without addresses: asked while the accounts are looked at.
//!
//! Owns what each of them said. Invariants: what is saved with such an account, besides what its file
//! says, is what was shown here; one issuer is asked at a time, once for all accounts that want the same
//! of it, and only where one of them is ticked.

use egui::Ui;

use crate::domain::account::Settings;
use crate::domain::discovery::{self, Found, Wanted};
use crate::domain::provider::{Preset, ProviderError};
use crate::domain::unseen::neutralised;
use crate::messages::command::Command;
use crate::messages::problem::Problem;

use super::button::{Button, Weight};
use super::cx::Cx;
use super::errand::{self, Answer};
use super::form_issuer;
use super::{widgets, words};

/// The most accounts that are named above what was found for them.
const NAMES_SHOWN: usize = 3;

/// Where an account's addresses come from.
#[derive(Debug)]
pub(super) enum Lookup {
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
    pub(super) fn settle(&mut self, presets: &[Preset], settings: &Settings) {
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
}

/// What the issuers said.
#[derive(Default)]
pub(super) struct Issuers {
    asked: Option<Wanted>,
    answers: Vec<(Wanted, Answer)>,
}

impl Issuers {
    fn answer(&self, wanted: &Wanted) -> Option<&Answer> {
        self.answers.iter().find(|(known, _)| known == wanted).map(|(_, answer)| answer)
    }

    fn found(&self, lookup: &Lookup) -> Option<&Found> {
        let Lookup::At(at) = lookup else { return None };
        self.answer(&at.0)?.as_ref().ok()
    }

    /// Takes what an issuer said, or gives it back where that one was not asked.
    pub(super) fn take(&mut self, issuer: &str, answer: Answer) -> Option<Answer> {
        match self.asked.take_if(|asked| asked.issuer.as_str() == issuer) {
            Some(asked) => {
                self.answers.push((asked, answer));
                None
            }
            None => Some(answer),
        }
    }

    /// Gives an account what was found for it.
    pub(super) fn complete(&self, lookup: &Lookup, settings: &mut Settings) {
        if let Some(found) = self.found(lookup) {
            found.complete(settings);
        }
    }

    /// What is said of an account's addresses beside it.
    pub(super) fn note(&self, lookup: &Lookup, ticked: bool) -> Option<&'static str> {
        match lookup {
            Lookup::Unsettled | Lookup::Own => None,
            Lookup::Nowhere(_) => Some("addresses not found"),
            Lookup::At(at) => Some(match self.answer(&at.0) {
                Some(Ok(_)) => "addresses found at its issuer",
                Some(Err(_)) => "addresses not found",
                None if ticked => "asking its issuer for the addresses …",
                None => "addresses from its issuer",
            }),
        }
    }

    /// Why the ticked accounts can't be saved yet.
    pub(super) fn blocked<'l>(&self, mut ticked: impl Iterator<Item = &'l Lookup>) -> Option<&'static str> {
        ticked.find_map(|lookup| match lookup {
            Lookup::Own => None,
            Lookup::Unsettled => Some("One moment."),
            Lookup::Nowhere(_) => Some("Untick the accounts whose addresses were not found."),
            Lookup::At(at) => match self.answer(&at.0) {
                Some(Ok(_)) => None,
                Some(Err(_)) => Some("Untick the accounts whose addresses were not found."),
                None => Some("The server is being asked."),
            },
        })
    }

    /// Asks what must be asked for the ticked accounts, and shows what came of it.
    pub(super) fn show(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, ticked: &[(&str, &Lookup)]) {
        let mut again = None;
        for (wanted, answer) in &self.answers {
            let is_of = |lookup: &Lookup| matches!(lookup, Lookup::At(at) if at.0 == *wanted);
            let names = ticked.iter().filter(|(_, lookup)| is_of(lookup)).map(|(name, _)| *name);
            let names: Vec<&str> = names.collect();
            match answer {
                _ if names.is_empty() => {}
                Ok(found) => form_issuer::card(ui, &title(&names), found),
                Err(problem) => {
                    widgets::problem(ui, &errand::in_words(problem));
                    let issuer = neutralised(wanted.issuer.as_str(), 80);
                    let name = format!("{} at {issuer}", words::DISCOVER_AGAIN);
                    if Button::new(Weight::Quiet, words::DISCOVER_AGAIN).named(&name).show(ui) {
                        again = Some(wanted.clone());
                    }
                }
            }
        }
        // One at a time is enough to be put right.
        let nowhere = ticked.iter().find_map(|(_, lookup)| match lookup {
            Lookup::Nowhere(error) => Some(error),
            _ => None,
        });
        if let Some(error) = nowhere {
            widgets::problem(ui, &errand::in_words(&Problem::Settings(error.clone())));
        }
        if let Some(again) = again {
            self.answers.retain(|(wanted, _)| *wanted != again);
        }
        let unanswered = ticked.iter().find_map(|(_, lookup)| match lookup {
            Lookup::At(at) if self.answer(&at.0).is_none() => Some(&**at),
            _ => None,
        });
        if let (None, Some((wanted, settings))) = (&self.asked, unanswered) {
            self.asked = Some(wanted.clone());
            cx.send(Command::Discover(Box::new(settings.clone())));
        }
    }
}

fn title(names: &[&str]) -> String {
    let more = if names.len() > NAMES_SHOWN { ", …" } else { "" };
    format!("Found for {}{more}", names[..names.len().min(NAMES_SHOWN)].join(", "))
}
