//! Maps the variable names of a `.env` file. No value of the file is shown.

use egui::{Id, Ui};

use crate::base::sanitize::sanitized;
use crate::domain::import::{EnvField, EnvNames, Mapping};
use crate::domain::provider::Preset;

use crate::ui::theme::icons::Icon;
use crate::ui::widgets;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::fields;
use crate::ui::widgets::fields::FieldOptions;

pub(in crate::ui) struct EnvNamesState {
    names: Vec<String>,
    chosen: Mapping,
    read: Mapping,
    /// Whether the lists are visible; they start hidden if the guess gave accounts.
    open: bool,
}

impl EnvNamesState {
    /// Starts with the guess; `found` is whether it gave an account.
    pub(in crate::ui) fn new(names: EnvNames, found: bool) -> Self {
        let chosen = names.mappings.into_iter().next().unwrap_or_default();
        Self { names: names.names, read: chosen.clone(), chosen, open: !found }
    }

    /// Shows the lists; returns a changed mapping.
    pub(in crate::ui) fn show(&mut self, ui: &mut Ui, presets: &[Preset]) -> Option<Mapping> {
        if !self.open {
            self.open = Button::new(Weight::Text, "Map the variables yourself")
                .with_icon(Icon::Right)
                .aligned_with_text()
                .show(ui);
            return None;
        }
        widgets::subheading(ui, "Map variables");
        widgets::weak(ui, "Only the names are shown. Values stay hidden.");
        let mut choices = vec![(None, "None: the file has the endpoints".to_owned())];
        choices.extend(presets.iter().map(|preset| (Some(preset.id.clone()), preset.name.clone())));
        let id = Id::unique("keyfob-import-provider");
        fields::choice(ui, id, "Provider", &mut self.chosen.provider, &choices, FieldOptions::default());
        for field in EnvField::ALL {
            let mut name = self.chosen.names.get(&field).cloned();
            let mut choices = vec![(None, "None".to_owned())];
            let shown = |name: &String| (Some(name.clone()), sanitized(name, 60).into_owned());
            choices.extend(self.names.iter().map(shown));
            let id = Id::unique(("keyfob-import-name", field));
            if fields::choice(ui, id, label(field), &mut name, &choices, FieldOptions::default()) {
                match name {
                    Some(name) => self.chosen.names.insert(field, name),
                    None => self.chosen.names.remove(&field),
                };
            }
        }
        let changed = self.chosen != self.read;
        changed.then(|| {
            self.read = self.chosen.clone();
            self.chosen.clone()
        })
    }
}

fn label(field: EnvField) -> &'static str {
    match field {
        EnvField::ClientId => "Variable for the client ID",
        EnvField::ClientSecret => "Variable for the client secret",
        EnvField::TokenUrl => "Variable for the token endpoint",
        EnvField::AuthorizeUrl => "Variable for the authorization endpoint",
        EnvField::RedirectUri => "Variable for the redirect URI",
        EnvField::Scopes => "Variable for the scopes",
        EnvField::UserName => "Variable for the user name",
        EnvField::Password => "Variable for the password",
    }
}
