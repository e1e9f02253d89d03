//! The tabs below an account: claims, a request to its API, scopes, HTTP log.

use egui::{Sense, Ui, WidgetInfo, accesskit, pos2, vec2};

use crate::domain::account::AccountId;
use crate::messages::snapshot::AccountView;

use super::http_log::{HttpLogState, WantedRequest};
use super::response_mapper::ResponseMapperState;
use super::try_request::TryRequestState;
use super::{claims, http_log, scopes, try_request};
use crate::ui::cx::Cx;
use crate::ui::{labels, theme, widgets};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Tab {
    #[default]
    Claims,
    TryRequest,
    Scopes,
    HttpLog,
}

impl Tab {
    const ALL: [Self; 4] = [Self::Claims, Self::TryRequest, Self::Scopes, Self::HttpLog];

    fn name(self) -> &'static str {
        match self {
            Self::Claims => labels::CLAIMS,
            Self::TryRequest => labels::TRY_A_REQUEST,
            Self::Scopes => labels::SCOPES,
            Self::HttpLog => labels::HTTP_LOG,
        }
    }
}

#[derive(Default)]
pub(in crate::ui) struct TabsState {
    tab: Tab,
    pub(in crate::ui) request: TryRequestState,
    http_log: HttpLogState,
}

impl TabsState {
    pub(in crate::ui) fn open_request(&mut self, account: AccountId, wanted: WantedRequest) {
        self.tab = Tab::HttpLog;
        self.http_log.open(account, wanted);
    }
}

pub(in crate::ui) fn show(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    state: &mut TabsState,
    mapper: &mut ResponseMapperState,
    account: &AccountView,
) {
    strip(ui, cx, state);
    match state.tab {
        Tab::Claims => claims::show(ui, cx, account),
        Tab::TryRequest => try_request::show(ui, cx, &mut state.request, account),
        Tab::Scopes => scopes::show(ui, cx, account),
        Tab::HttpLog => http_log::show(ui, cx, &mut state.http_log, mapper, account),
    }
}

fn strip(ui: &mut Ui, cx: &Cx<'_>, state: &mut TabsState) {
    let line = ui
        .horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
            let list = ui.unique_id();
            ui.ctx().accesskit_node_builder(list, |node| node.set_role(accesskit::Role::TabList));
            for tab in Tab::ALL {
                if one(ui, cx, tab, state.tab == tab) {
                    state.tab = tab;
                }
            }
        })
        .response
        .rect;
    ui.painter().hline(ui.max_rect().x_range(), line.bottom() + 0.5, egui::Stroke::new(1.0, cx.tokens.line));
}

fn one(ui: &mut Ui, cx: &Cx<'_>, tab: Tab, chosen: bool) -> bool {
    let font = if chosen { theme::strong() } else { theme::body() };
    // Measured in the strong font, so that a selection moves nothing.
    let width = ui.painter().layout_no_wrap(tab.name().to_owned(), theme::strong(), cx.tokens.text).size().x;
    let (rect, response) = ui.allocate_exact_size(vec2(width + 32.0, theme::CONTROL_HEIGHT), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(accesskit::Role::Tab, ui.is_enabled(), tab.name()));
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_selected(chosen));
    if response.gained_focus() {
        response.scroll_to_me(None);
    }
    let color = if chosen || response.hovered() { cx.tokens.text } else { cx.tokens.weak };
    let galley = ui.painter().layout_no_wrap(tab.name().to_owned(), font, color);
    ui.painter().galley(rect.center() - galley.size() / 2.0, galley, color);
    if chosen {
        let bar = egui::Rect::from_min_max(
            pos2(rect.left() + 16.0, rect.bottom() - 1.0),
            pos2(rect.right() - 16.0, rect.bottom() + 1.0),
        );
        ui.painter().rect_filled(bar, 1.0, cx.tokens.accent);
    }
    widgets::focus_ring(ui, &response, rect.shrink(3.0));
    response.clicked()
}
