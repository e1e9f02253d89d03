//! Stored secrets that an import would send to other destinations.
//!
//! Each account has its own check box below the old and new URLs. It is never ticked by default.

use egui::{Id, Ui};

use crate::base::sanitize::sanitized;
use crate::domain::account::{AccountName, Settings};
use crate::domain::provider::destinations::{Destinations, MovedDestination};
use crate::messages::command::ImportDraft;
use crate::messages::snapshot::Snapshot;

use crate::ui::widgets;
use crate::ui::widgets::actions::Reason;
use crate::ui::widgets::checkbox;

const URL_CHARS: usize = 200;

const BLOCKED: &str = "Select the box about stored secrets, or deselect the account.";

/// An account's destinations that would change while its secrets stay, and the user's consent.
#[derive(Default)]
pub(in crate::ui) struct MovedDestinations {
    /// `None` until its endpoints are known.
    moved: Option<Vec<MovedDestination>>,
    agreed: bool,
    /// The check box, once it was shown.
    check_box: Option<Id>,
}

impl MovedDestinations {
    pub(in crate::ui) fn sync(&mut self, snapshot: &Snapshot, draft: &ImportDraft, settings: &Settings) {
        if self.moved.is_none() {
            self.moved = Some(moved(snapshot, draft, settings).unwrap_or_default());
        }
    }

    pub(in crate::ui) fn blocked(&self) -> Option<Reason<'static>> {
        let is_open = !self.agreed && self.moved.as_ref().is_some_and(|moved| !moved.is_empty());
        is_open.then(|| Reason::new(BLOCKED, self.check_box))
    }

    pub(in crate::ui) fn is_agreed(&self) -> bool {
        self.agreed
    }

    pub(in crate::ui) fn show(&mut self, ui: &mut Ui, name: &str) {
        let Some(first) = self.moved.as_ref().and_then(|moved| moved.first()) else { return };
        let shown = |url: &str| sanitized(url, URL_CHARS).into_owned();
        let name = sanitized(name, 60);
        let host = url::Url::parse(&first.new).ok().and_then(|url| url.host_str().map(str::to_owned));
        let host = shown(&host.unwrap_or_else(|| first.new.clone()));
        widgets::text(ui, &format!("The file changes where the stored secrets of {name} are sent:"));
        for MovedDestination { destination, old, new } in self.moved.iter().flatten() {
            let old = old.as_deref().map_or_else(|| "none".to_owned(), shown);
            widgets::weak(ui, &format!("{}: {} instead of {old}", destination.label(), shown(new)));
        }
        let label = format!("Send the stored secrets of {name} to {host}");
        self.check_box = Some(checkbox::show(ui, &mut self.agreed, &label, "").id);
    }
}

fn moved(snapshot: &Snapshot, draft: &ImportDraft, settings: &Settings) -> Option<Vec<MovedDestination>> {
    // A complete file replaces every stored secret.
    if !draft.incomplete {
        return None;
    }
    let name = AccountName::new(&draft.draft.name).ok()?;
    let stored = snapshot.accounts.iter().find(|view| view.name.key() == name.key())?;
    let new = Destinations::of(&snapshot.presets, settings).ok()?;
    let old = Destinations::of(&snapshot.presets, &stored.settings).unwrap_or_default();
    Some(new.moved_from(&old))
}
