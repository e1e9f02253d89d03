//! Connects to a team vault.
//!
//! A token or a password is wiped from its field when it is sent. A refused sign-in keeps the other fields.

use egui::{Context, Id, Ui};
use url::Url;

use crate::base::secret::SecretText;
use crate::domain::team::{AuthMethod, Connection, DEFAULT_MOUNT, DEFAULT_PREFIX};
use crate::messages::command::{Command, TeamCredentials, TeamSignIn};
use crate::messages::problem::Problem;
use crate::messages::snapshot::VaultView;

use super::modal::{self, Modal};
use crate::ui::cx::Cx;
use crate::ui::widgets::actions::{self, Reason};
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::fields;
use crate::ui::widgets::fields::{FieldOptions, SecretInput};
use crate::ui::{labels, widgets};

pub(in crate::ui) struct TeamDialog {
    address: String,
    mount: String,
    prefix: String,
    machine: String,
    auth: AuthMethod,
    username: String,
    secret: SecretInput,
    error: Option<String>,
    is_sent: bool,
}

fn id(name: &str) -> Id {
    Id::unique("keyfob-team").with(name)
}

impl TeamDialog {
    pub(in crate::ui) fn new() -> Self {
        Self {
            address: String::new(),
            mount: DEFAULT_MOUNT.to_owned(),
            prefix: DEFAULT_PREFIX.to_owned(),
            machine: String::new(),
            auth: AuthMethod::Oidc,
            username: String::new(),
            secret: SecretInput::default(),
            error: None,
            is_sent: false,
        }
    }

    fn blocked(&self) -> Option<&'static str> {
        let needs_secret = matches!(self.auth, AuthMethod::Token | AuthMethod::Userpass);
        if self.is_sent {
            Some("One moment. For a browser sign-in, finish it there.")
        } else if self.address.trim().is_empty() {
            Some("Enter the address first.")
        } else if self.machine.trim().is_empty() {
            Some("Enter a name for this computer first.")
        } else if self.auth == AuthMethod::Userpass && self.username.trim().is_empty() {
            Some("Enter the user name first.")
        } else if needs_secret && self.secret.is_blank() {
            Some("Enter the token or the password first.")
        } else {
            None
        }
    }

    fn connection(&self) -> Result<Connection, String> {
        let address = Url::parse(self.address.trim())
            .map_err(|_| "The address is not a URL such as https://vault.example:8200.".to_owned())?;
        let connection = Connection {
            address,
            mount: self.mount.trim().to_owned(),
            prefix: self.prefix.trim().to_owned(),
            namespace: None,
            ca: None,
            auth: self.auth,
            machine: self.machine.trim().to_owned(),
        };
        connection.checked().map_err(|error| format!("The team vault can't be used like this: {error}."))
    }

    fn send(&mut self, ctx: &Context, cx: &mut Cx<'_>) {
        let connection = match self.connection() {
            Ok(connection) => connection,
            Err(error) => {
                self.error = Some(error);
                return;
            }
        };
        let credentials = match self.auth {
            AuthMethod::Userpass => TeamCredentials::Userpass {
                username: self.username.trim().to_owned(),
                password: self.secret.take_passphrase(),
            },
            AuthMethod::Token => {
                TeamCredentials::Token(SecretText::new(self.secret.take().unwrap_or_default()))
            }
            AuthMethod::Oidc | AuthMethod::Approle => TeamCredentials::Oidc,
        };
        self.forget(ctx);
        self.is_sent = true;
        self.error = None;
        cx.send(Command::ConnectTeam(Box::new(TeamSignIn { connection, credentials })));
    }
}

impl Modal for TeamDialog {
    fn title(&self) -> &'static str {
        labels::CONNECT_TEAM
    }

    fn contents(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        widgets::text(
            ui,
            "A KV version 2 secrets engine of OpenBao or HashiCorp Vault. Its accounts are listed beside your own.",
        );
        let hint = |hint| FieldOptions { hint, ..FieldOptions::default() };
        fields::text(ui, id("address"), "Address", &mut self.address, hint("https://vault.example:8200"));
        fields::text(ui, id("mount"), "Mount", &mut self.mount, FieldOptions::default());
        fields::text(ui, id("prefix"), "Path prefix", &mut self.prefix, FieldOptions::default());
        let note =
            FieldOptions { note: Some("Others see it beside your changes."), ..FieldOptions::default() };
        fields::text(ui, id("machine"), "Name of this computer", &mut self.machine, note);
        let choices = [
            (AuthMethod::Oidc, "In the browser (OpenID Connect)".to_owned()),
            (AuthMethod::Userpass, "User name and password".to_owned()),
            (AuthMethod::Token, "Token".to_owned()),
        ];
        fields::choice(ui, id("auth"), "Sign in with", &mut self.auth, &choices, FieldOptions::default());
        if self.auth == AuthMethod::Userpass {
            fields::text(ui, id("username"), "User name", &mut self.username, FieldOptions::default());
        }
        let label = match self.auth {
            AuthMethod::Userpass => Some("Password of the team vault"),
            AuthMethod::Token => Some("Token of the team vault"),
            AuthMethod::Oidc | AuthMethod::Approle => None,
        };
        if let Some(label) = label {
            let field = fields::secret(ui, id("secret"), label, &mut self.secret, FieldOptions::default());
            if fields::is_entered(ui, &field) && self.blocked().is_none() {
                self.send(ui.ctx(), cx);
            }
        }
        if let Some(error) = &self.error {
            widgets::problem(ui, error);
        }
    }

    fn buttons(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        let cancel = if self.is_sent { labels::CLOSE } else { labels::CANCEL };
        let cancel = Button::new(Weight::Secondary, cancel);
        let blocked = self.blocked();
        let action = Button::new(Weight::Primary, labels::CONNECT).blocked(blocked);
        let reason = blocked.map(|text| Reason::new(text, None));
        let ([cancel, action], _) = actions::show_with_reason(ui, reason, [cancel, action]);
        if action.clicked() {
            self.send(ui.ctx(), cx);
        }
        cancel.clicked()
    }

    fn first_field(&self, _: &VaultView) -> Option<Id> {
        Some(id("address"))
    }

    fn forget(&self, ctx: &Context) {
        fields::forget(ctx, id("secret"));
    }

    fn take_problem(&mut self, problem: &Problem) -> bool {
        let waits = std::mem::take(&mut self.is_sent);
        if waits {
            self.error = Some(modal::problem_text(problem));
        }
        waits
    }
}
