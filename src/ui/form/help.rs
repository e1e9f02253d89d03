//! Help for the form of a known provider: where and how to register a client.

use std::collections::BTreeMap;

use egui::Ui;

use crate::domain::oauth::redirect_uri::RedirectUri;
use crate::domain::provider::Preset;
use crate::domain::provider::redirect_rule::{Breach, PortRule, RedirectRule};
use crate::messages::command::Command;

use super::Form;
use crate::ui::cx::Cx;
use crate::ui::labels;
use crate::ui::widgets;
use crate::ui::widgets::button::{Button, Weight};

/// Shows how to register a client with a provider that has a page for it.
pub(in crate::ui) fn register(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    preset: &Preset,
    variables: &BTreeMap<String, String>,
) {
    let help = &preset.spec.help;
    if help.register_url.is_none() {
        return;
    }
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        if let Some(register) = &help.register {
            widgets::text(ui, register);
        }
        if let Some(reference) = &preset.reference {
            let day = reference.checked.format("%-d %B %Y");
            widgets::weak(ui, &format!("From {}'s documentation, checked {day}.", preset.name));
        }
        ui.add_space(4.0);
        ui.horizontal_wrapped(|ui| {
            // Its address may wait for a variable.
            if let Some(page) = preset.register_page(variables)
                && Button::new(Weight::Secondary, labels::OPEN_REGISTER_PAGE).hint(&page).show(ui)
            {
                cx.send(Command::OpenPage(page));
            }
            if let Some(reference) = &preset.reference
                && Button::new(Weight::Text, labels::OPEN_DOCUMENTATION).hint(&reference.page).show(ui)
            {
                cx.send(Command::OpenPage(reference.page.clone()));
            }
        });
    });
}

pub(in crate::ui) fn redirect(ui: &mut Ui, cx: &mut Cx<'_>, form: &Form<'_>) {
    let Some(redirect) = form.draft.redirect_uri() else { return };
    let (preset, rule) = (&form.draft.preset, &form.draft.preset.spec.redirect_rule);
    let needs_none = rule.registered == Some(false);
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        let caption = if needs_none { "Redirect URI" } else { "Register this redirect URI first" };
        widgets::caption(ui, caption);
        let text = redirect.to_string();
        if widgets::copyable(ui, &text, labels::COPY_REDIRECT) {
            cx.send(Command::CopyText(text));
        }
        widgets::weak(ui, listening(&redirect, rule));
        if let Some(text) = rule_sentence(preset, rule) {
            widgets::weak(ui, &text);
        }
        if let Some(breach) = rule.breach(&redirect) {
            widgets::surface(ui, cx.tokens.warn_soft, cx.tokens.warn, |ui| {
                widgets::text(ui, &breached(preset, &breach));
            });
        }
    });
}

fn listening(redirect: &RedirectUri, rule: &RedirectRule) -> &'static str {
    match redirect {
        RedirectUri::Loopback(loopback) if loopback.port.is_none() => {
            if rule.port_of(&loopback.host) == Some(PortRule::Any) {
                "Each sign-in uses a free port."
            } else {
                "Each sign-in uses a free port. If the provider needs a fixed one, set it under Advanced."
            }
        }
        RedirectUri::Loopback(_) => "Must match exactly, including the port.",
        RedirectUri::Pasted(_) => {
            "Keyfob can't receive this redirect. After signing in, paste the URL from the browser."
        }
    }
}

fn rule_sentence(preset: &Preset, rule: &RedirectRule) -> Option<String> {
    let hosts = rule.http_hosts.as_ref()?;
    let name = &preset.name;
    let ports: Vec<_> = hosts.iter().map(|host| rule.port_of(host)).collect();
    let is_any = !ports.is_empty() && ports.iter().all(|port| *port == Some(PortRule::Any));
    let any: Vec<String> =
        hosts.iter().filter(|host| rule.port_of(host) == Some(PortRule::Any)).cloned().collect();
    Some(match hosts.as_slice() {
        _ if rule.registered == Some(false) => {
            format!("{name} allows any port on this computer, and nothing needs to be registered.")
        }
        [] => format!("{name} allows https only."),
        hosts if is_any => {
            format!("{name} allows any port on {}, so register it without one.", listed(hosts))
        }
        hosts if !any.is_empty() => format!(
            "{name} allows http only for {}; any port on {}, elsewhere the exact one.",
            listed(hosts),
            listed(&any)
        ),
        hosts => format!("{name} allows http only for {} and requires the exact port.", listed(hosts)),
    })
}

fn breached(preset: &Preset, breach: &Breach) -> String {
    let name = &preset.name;
    match breach {
        Breach::HttpsOnly => format!(
            "{name} allows https only, so it will probably reject this redirect URI. Use your own https \
             URL, and after signing in paste the URL from the browser."
        ),
        Breach::OtherHost { taken } => format!(
            "{name} allows http only for {}, so it will probably reject this redirect URI.",
            listed(taken)
        ),
        Breach::PortNeeded => {
            format!("{name} requires the exact port. Under Advanced, give the redirect URI a fixed port.")
        }
    }
}

/// `a`, `a or b`, `a, b or c`.
fn listed(hosts: &[String]) -> String {
    match hosts {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::provider::presets::built_in;

    #[test]
    fn each_rule_has_its_sentence() {
        let text = |id: &str| {
            let presets = built_in();
            let preset = presets.iter().find(|preset| preset.id == id).unwrap();
            rule_sentence(preset, &preset.spec.redirect_rule).unwrap_or_default()
        };
        for (id, sentence) in [
            ("google", "Google allows any port on this computer, and nothing needs to be registered."),
            ("spotify", "Spotify allows any port on 127.0.0.1 or [::1], so register it without one."),
            ("slack", "Slack (bot) allows https only."),
            ("hubspot", "HubSpot allows http only for localhost and requires the exact port."),
            ("smartcar", "Smartcar allows http only for localhost and requires the exact port."),
            ("connect", ""),
        ] {
            assert_eq!(text(id), sentence);
        }
    }
}
