//! The response mapper: assigns a meaning to each value of an unrecognized response.
//!
//! The shown response is redacted. Each meaning has at most one value.

use egui::{Id, Sense, Ui, vec2};

use crate::base::sanitize::sanitized;
use crate::domain::account::AccountId;
use crate::domain::oauth::response_mapping::{Layout, Place, ReadAs};
use crate::messages::command::Command;
use crate::messages::problem::{AnswerFlaw, BadAnswer, Problem};
use crate::messages::snapshot::AccountView;

use crate::ui::cx::Cx;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::fields;
use crate::ui::{labels, theme, widgets};

#[derive(Default)]
pub(in crate::ui) struct ResponseMapperState {
    draft: Option<MapperDraft>,
}

struct MapperDraft {
    account: AccountId,
    layout: std::sync::Arc<Layout>,
    choices: Vec<Option<ReadAs>>,
}

pub(in crate::ui) fn show(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    state: &mut ResponseMapperState,
    account: &AccountView,
) {
    let Some(layout) = &account.answer else { return };
    let is_current =
        |draft: &MapperDraft| draft.account == account.id && std::sync::Arc::ptr_eq(&draft.layout, layout);
    if !state.draft.as_ref().is_some_and(is_current) {
        state.draft = None;
    }
    widgets::card(ui, |ui| {
        widgets::subheading(ui, "Response mapping");
        widgets::weak(
            ui,
            if layout.has_token {
                "No expiry recognised in the last response. If it's under another name, choose it."
            } else {
                "No access_token in the last response. If it's under another name, choose it."
            },
        );
        let Some(draft) = &mut state.draft else {
            if Button::new(Weight::Secondary, labels::OPEN_MAPPER).show(ui) {
                let choices = layout.places.iter().map(|place| place.now).collect();
                let (account, layout) = (account.id.clone(), layout.clone());
                state.draft = Some(MapperDraft { account, layout, choices });
            }
            return;
        };
        places(ui, draft);
        let changed: Vec<(usize, ReadAs)> = changes(draft);
        let mut close = false;
        ui.horizontal(|ui| {
            let reason = changed.is_empty().then_some("Choose a value first.");
            if Button::new(Weight::Secondary, labels::SAVE_READING).blocked(reason).show(ui) {
                cx.send(Command::MapAnswer { account: account.id.clone(), choices: changed });
                close = true;
            }
            close |= Button::new(Weight::Text, labels::CANCEL).show(ui);
        });
        widgets::weak(ui, "Saved with this account and used for the next response.");
        if close {
            state.draft = None;
        }
    });
}

/// Whether the response is why there is no token. The mapper is then above the tabs, else in the HTTP log.
pub(in crate::ui) fn is_next_step(account: &AccountView) -> bool {
    let is_no_token = |problem: &Problem| {
        matches!(problem, Problem::BadAnswer(BadAnswer { kind: AnswerFlaw::NoToken, .. }))
    };
    account.problem.as_ref().is_some_and(is_no_token)
}

/// The part of the width for the values.
const VALUE_SHARE: f32 = 0.55;

/// A table: value, read as.
fn places(ui: &mut Ui, draft: &mut MapperDraft) {
    let line = ui.visuals().widgets.noninteractive.bg_stroke;
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = theme::STEP;
        let heading = |text| move |ui: &mut Ui| drop(widgets::weak(ui, text));
        row(ui, heading("Value"), heading("Read as"));
        for (number, place) in draft.layout.places.iter().enumerate() {
            let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 1.0), Sense::hover());
            ui.painter().hline(rect.x_range(), rect.center().y, line);
            let value = |ui: &mut Ui| {
                ui.add_space(16.0 * f32::from(u8::try_from(place.depth).unwrap_or(u8::MAX)));
                let text = match place.value.as_str() {
                    "" => place.name.clone(),
                    value => format!("{}: {}", place.name, sanitized(value, 200)),
                };
                ui.add(egui::Label::new(egui::RichText::new(&text).font(theme::mono(13.0))).wrap());
            };
            row(ui, value, |ui| read_as(ui, number, place, &mut draft.choices));
        }
    });
}

fn row(ui: &mut Ui, value: impl FnOnce(&mut Ui), read_as: impl FnOnce(&mut Ui)) {
    let (whole, height) = (ui.available_width(), 20.0);
    let align = egui::Layout::left_to_right(egui::Align::Center);
    ui.horizontal(|ui| {
        ui.allocate_ui_with_layout(vec2(whole * VALUE_SHARE, height), align, |ui| {
            ui.set_width(whole * VALUE_SHARE);
            value(ui);
        });
        read_as(ui);
    });
}

fn read_as(ui: &mut Ui, number: usize, place: &Place, choices: &mut [Option<ReadAs>]) {
    if place.fits.is_empty() {
        return;
    }
    let mut offered = vec![(None, labels::read_as(None).to_owned())];
    offered.extend(place.fits.iter().map(|fit| (Some(*fit), labels::read_as(Some(*fit)).to_owned())));
    let Some(mut choice) = choices.get(number).copied() else { return };
    let name = format!("Read {} as", place.name);
    if fields::choice_in_table(ui, Id::unique(("keyfob-read-as", number)), &name, &mut choice, &offered) {
        // The token, the expiry and the scope each have one value.
        for other in choices.iter_mut() {
            if choice.is_some() && group(*other) == group(choice) {
                *other = None;
            }
        }
        choices[number] = choice;
    }
}

fn group(read_as: Option<ReadAs>) -> Option<ReadAs> {
    read_as.map(|read_as| if read_as == ReadAs::Life { ReadAs::Expiry } else { read_as })
}

/// The choices that differ from the current mapping.
fn changes(draft: &MapperDraft) -> Vec<(usize, ReadAs)> {
    let places = draft.layout.places.iter().zip(&draft.choices).enumerate();
    places
        .filter(|(_, (place, choice))| place.now != **choice)
        .filter_map(|(number, (_, choice))| Some((number, (*choice)?)))
        .collect()
}
