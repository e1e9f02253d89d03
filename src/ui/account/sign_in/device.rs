//! The device authorization grant: the code, the URL to enter it at, and *Cancel*.

use egui::{RichText, Ui};

use crate::messages::command::Command;
use crate::messages::snapshot::{AccountView, DeviceCodeView};

use crate::ui::cx::Cx;
use crate::ui::theme::Tokens;
use crate::ui::theme::icons::Icon;
use crate::ui::widgets;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::environment;
use crate::ui::widgets::{qr, time_text};
use crate::ui::{labels, theme};

const QR_SIZE: f32 = 168.0;
const BESIDE_WIDTH: f32 = 480.0;

pub(in crate::ui) fn waiting(ui: &mut Ui, cx: &mut Cx<'_>, account: &AccountView, code: &DeviceCodeView) {
    environment::striped_card(ui, account.settings.environment, |ui| {
        widgets::subheading_with(ui, "Signing in", |ui| {
            widgets::figure_small(ui, &time_text::countdown(code.expires_at - cx.now));
        });
        ui.add_space(4.0);
        if ui.available_width() < BESIDE_WIDTH {
            steps(ui, cx, account, code);
            ui.add_space(8.0);
            picture(ui, code);
        } else {
            ui.horizontal_top(|ui| {
                let width = ui.available_width() - QR_SIZE - 24.0;
                ui.allocate_ui(egui::vec2(width, 0.0), |ui| {
                    ui.set_width(width);
                    ui.vertical(|ui| steps(ui, cx, account, code));
                });
                ui.add_space(16.0);
                picture(ui, code);
            });
        }
        ui.add_space(8.0);
        widgets::weak(ui, "Waiting for you to finish. Keyfob checks every few seconds.");
        ui.add_space(4.0);
        if Button::new(Weight::Secondary, labels::CANCEL).show(ui) {
            cx.send(Command::CancelSignIn(account.id.clone()));
        }
    });
}

pub(in crate::ui) fn requesting_code(ui: &mut Ui, cx: &mut Cx<'_>, account: &AccountView) {
    environment::striped_card(ui, account.settings.environment, |ui| {
        widgets::subheading(ui, "Signing in");
        widgets::text(ui, "Requesting a code that you can enter on any device.");
        ui.add_space(8.0);
        if Button::new(Weight::Secondary, labels::CANCEL).show(ui) {
            cx.send(Command::CancelSignIn(account.id.clone()));
        }
    });
}

fn steps(ui: &mut Ui, cx: &mut Cx<'_>, account: &AccountView, code: &DeviceCodeView) {
    ui.spacing_mut().item_spacing.y = 8.0;
    widgets::text(ui, "On any device, open this link:");
    if widgets::copyable(ui, &code.verification_uri, labels::COPY_ADDRESS) {
        cx.send(Command::CopyText(code.verification_uri.clone()));
    }
    if Button::new(Weight::Secondary, labels::OPEN_HERE).hint("Open it in this computer's browser").show(ui) {
        cx.send(Command::OpenBrowserAgain(account.id.clone()));
    }
    widgets::text(ui, "Enter this code:");
    ui.horizontal_wrapped(|ui| {
        let text = code.user_code.as_str();
        let color = Tokens::of(ui).text;
        ui.add(egui::Label::new(RichText::new(text).font(theme::mono(28.0)).color(color)).wrap());
        if Button::icon(Icon::Copy, labels::COPY_CODE).show(ui) {
            cx.send(Command::CopyText(text.to_owned()));
        }
    });
}

/// The URL as a QR code; it includes the code if the server provides such a URL.
fn picture(ui: &mut Ui, code: &DeviceCodeView) {
    let complete = code.verification_uri_complete.as_ref();
    let address = complete.unwrap_or(&code.verification_uri);
    let name = if complete.is_some() { labels::QR_WITH_CODE } else { labels::QR_ADDRESS };
    qr::show(ui, address, name, QR_SIZE);
}
