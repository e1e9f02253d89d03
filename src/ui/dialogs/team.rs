//! Connects to a team vault.
//!
//! A token or a password is wiped from its field when it is sent. A refused sign-in keeps the other fields, and
//! its reason is shown beside the field to correct.

use std::path::{Path, PathBuf};

use egui::{Context, Id, Ui};
use url::Url;

use crate::base::secret::SecretText;
use crate::domain::refusal::transport::UnreachableKind;
use crate::domain::team::{
    AuthMethod, Connection, ConnectionError, DEFAULT_MOUNT, DEFAULT_PREFIX, TeamError,
};
use crate::messages::command::{Command, TeamCredentials, TeamSignIn};
use crate::messages::problem::{Problem, VaultProblem};
use crate::messages::snapshot::VaultView;

use super::modal::{self, Modal};
use crate::ui::action::UiAction;
use crate::ui::cx::Cx;
use crate::ui::widgets::actions::{self, Reason};
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::fields;
use crate::ui::widgets::fields::{FieldOptions, SecretInput};
use crate::ui::widgets::file_field::{FileAnswer, FileField};
use crate::ui::{labels, widgets};

/// What a mistake can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Part {
    Address,
    Username,
    Secret,
    RoleId,
    SecretId,
    Machine,
    Mount,
    Prefix,
    Namespace,
    Ca,
    /// The connection as a whole.
    Whole,
}

impl Part {
    fn id(self) -> Id {
        Id::unique("keyfob-team").with(self)
    }
}

#[derive(Clone)]
struct Mistake {
    part: Part,
    text: String,
}

pub(in crate::ui) struct TeamDialog {
    address: String,
    mount: String,
    prefix: String,
    namespace: String,
    ca: FileField,
    machine: String,
    auth: AuthMethod,
    username: String,
    secret: SecretInput,
    role_id: FileField,
    secret_id: FileField,
    /// The field that the system's file dialog is open for.
    asked: Option<Part>,
    mistake: Option<Mistake>,
    is_sent: bool,
}

impl TeamDialog {
    /// With `connection`, the sign-in is to that vault again.
    pub(in crate::ui) fn new(folder: &Path, connection: Option<&Connection>) -> Self {
        let text = |get: fn(&Connection) -> &str, default: &str| {
            connection.map_or_else(|| default.to_owned(), |it| get(it).to_owned())
        };
        let ca = connection.and_then(|it| it.ca.as_deref());
        Self {
            address: text(|it| it.address.as_str(), ""),
            mount: text(|it| &it.mount, DEFAULT_MOUNT),
            prefix: text(|it| &it.prefix, DEFAULT_PREFIX),
            namespace: text(|it| it.namespace.as_deref().unwrap_or_default(), ""),
            ca: ca.map_or_else(|| FileField::within(folder), FileField::at),
            machine: text(|it| &it.machine, ""),
            auth: connection.map_or(AuthMethod::Oidc, |it| it.auth),
            username: String::new(),
            secret: SecretInput::default(),
            role_id: FileField::within(folder),
            secret_id: FileField::within(folder),
            asked: None,
            mistake: None,
            is_sent: false,
        }
    }

    fn blocked(&self) -> Option<Reason<'static>> {
        if self.is_sent {
            return Some(Reason::new("One moment. For a browser sign-in, finish it there.", None));
        }
        let is_userpass = self.auth == AuthMethod::Userpass;
        let is_approle = self.auth == AuthMethod::Approle;
        let needs_secret = is_userpass || self.auth == AuthMethod::Token;
        let missing = [
            (self.address.trim().is_empty(), Part::Address, "Enter the address first."),
            (is_userpass && self.username.trim().is_empty(), Part::Username, "Enter the user name first."),
            (needs_secret && self.secret.is_blank(), Part::Secret, "Enter the token or the password first."),
            (is_approle && self.role_id.is_blank(), Part::RoleId, "Choose the file with the role ID first."),
            (
                is_approle && self.secret_id.is_blank(),
                Part::SecretId,
                "Choose the file with the secret ID first.",
            ),
            (self.machine.trim().is_empty(), Part::Machine, "Enter a name for this computer first."),
        ];
        let first = missing.into_iter().find(|(is_missing, ..)| *is_missing);
        first.map(|(_, part, text)| Reason::new(text, Some(part.id())))
    }

    fn connection(&self) -> Result<Connection, Mistake> {
        let unusable = |error: ConnectionError| {
            let part = match error {
                ConnectionError::Address | ConnectionError::Insecure => Part::Address,
                ConnectionError::Mount => Part::Mount,
                ConnectionError::Prefix => Part::Prefix,
                ConnectionError::Namespace => Part::Namespace,
                ConnectionError::Machine => Part::Machine,
            };
            Mistake { part, text: format!("The team vault can't be used like this: {error}.") }
        };
        let address = Url::parse(self.address.trim()).map_err(|_| unusable(ConnectionError::Address))?;
        let namespace = Some(self.namespace.trim()).filter(|text| !text.is_empty());
        let connection = Connection {
            address,
            mount: self.mount.trim().to_owned(),
            prefix: self.prefix.trim().to_owned(),
            namespace: namespace.map(str::to_owned),
            ca: if self.ca.is_blank() { None } else { Some(path_of(&self.ca, Part::Ca)?) },
            auth: self.auth,
            machine: self.machine.trim().to_owned(),
        };
        connection.checked().map_err(unusable)
    }

    /// The credentials; a secret is taken from its field.
    fn credentials(&mut self) -> Result<TeamCredentials, Mistake> {
        Ok(match self.auth {
            AuthMethod::Userpass => TeamCredentials::Userpass {
                username: self.username.trim().to_owned(),
                password: self.secret.take_passphrase(),
            },
            AuthMethod::Token => {
                TeamCredentials::Token(SecretText::new(self.secret.take().unwrap_or_default()))
            }
            AuthMethod::Approle => TeamCredentials::AppRole {
                role_id_file: path_of(&self.role_id, Part::RoleId)?,
                secret_id_file: path_of(&self.secret_id, Part::SecretId)?,
            },
            AuthMethod::Oidc => TeamCredentials::Oidc,
        })
    }

    fn send(&mut self, ctx: &Context, cx: &mut Cx<'_>) {
        let sign_in = self.connection().and_then(|connection| Ok((connection, self.credentials()?)));
        let (connection, credentials) = match sign_in {
            Ok(sign_in) => sign_in,
            Err(mistake) => return self.mistake = Some(mistake),
        };
        self.forget(ctx);
        self.is_sent = true;
        self.mistake = None;
        cx.send(Command::ConnectTeam(Box::new(TeamSignIn { connection, credentials })));
    }

    /// The field that a refusal is about.
    fn part_of(&self, problem: &Problem) -> Part {
        let Problem::Vault(VaultProblem::Team(error)) = problem else { return Part::Whole };
        match error {
            TeamError::WrongMount(_) | TeamError::KvVersion1(_) | TeamError::MountDenied(_) => Part::Mount,
            TeamError::Unreachable(unreachable) => match unreachable.kind {
                UnreachableKind::Certificate
                | UnreachableKind::NoRootCertificates
                | UnreachableKind::BadRootCertificate => Part::Ca,
                _ => Part::Address,
            },
            TeamError::CredentialsFile(path) => {
                let is_role_id = self.role_id.path().is_ok_and(|it| it == Path::new(path));
                if is_role_id { Part::RoleId } else { Part::SecretId }
            }
            TeamError::SignInRefused | TeamError::TokenExpired => match self.auth {
                AuthMethod::Userpass | AuthMethod::Token => Part::Secret,
                AuthMethod::Approle => Part::SecretId,
                AuthMethod::Oidc => Part::Whole,
            },
            _ => Part::Whole,
        }
    }

    /// The fields of the chosen sign-in; returns whether the last one was entered.
    fn sign_in(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, error: &dyn Fn(Part) -> Option<String>) -> bool {
        let choices = [
            (AuthMethod::Oidc, "In the browser (OpenID Connect)".to_owned()),
            (AuthMethod::Userpass, "User name and password".to_owned()),
            (AuthMethod::Approle, "AppRole".to_owned()),
            (AuthMethod::Token, "Token".to_owned()),
        ];
        let options = FieldOptions::default();
        fields::choice(ui, Id::unique("keyfob-team-auth"), "Sign in with", &mut self.auth, &choices, options);
        let label = match self.auth {
            AuthMethod::Userpass => {
                let id = Part::Username.id();
                fields::text(ui, id, "User name", &mut self.username, FieldOptions::default());
                "Password of the team vault"
            }
            AuthMethod::Token => "Token of the team vault",
            AuthMethod::Approle => return self.approle(ui, cx, error),
            AuthMethod::Oidc => return false,
        };
        let error = error(Part::Secret);
        let options = FieldOptions { error: error.as_deref(), ..FieldOptions::default() };
        let field = fields::secret(ui, Part::Secret.id(), label, &mut self.secret, options);
        fields::is_entered(ui, &field)
    }

    fn approle(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, error: &dyn Fn(Part) -> Option<String>) -> bool {
        let mut entered = false;
        for (part, label, note) in [
            (Part::RoleId, "File with the role ID", ""),
            (
                Part::SecretId,
                "File with the secret ID",
                "Both are read again when the vault's token expires.",
            ),
        ] {
            entered |= self.file(ui, cx, part, label, error(part).as_deref(), note);
        }
        entered
    }

    fn file(
        &mut self,
        ui: &mut Ui,
        cx: &mut Cx<'_>,
        part: Part,
        label: &'static str,
        error: Option<&str>,
        note: &str,
    ) -> bool {
        let Some(field) = self.file_field(part) else { return false };
        let (is_asked, entered) = field.show(ui, part.id(), label, error, note);
        if is_asked {
            cx.push(UiAction::AskFile(field.question(label, false)));
            self.asked = Some(part);
        }
        entered
    }

    fn file_field(&mut self, part: Part) -> Option<&mut FileField> {
        match part {
            Part::RoleId => Some(&mut self.role_id),
            Part::SecretId => Some(&mut self.secret_id),
            Part::Ca => Some(&mut self.ca),
            _ => None,
        }
    }

    /// Where the accounts are in the vault.
    fn place(&mut self, ui: &mut Ui, error: &dyn Fn(Part) -> Option<String>) {
        let machine = "Others see it beside your changes.";
        for (part, label, value, note) in [
            (Part::Machine, "Name of this computer", &mut self.machine, Some(machine)),
            (Part::Mount, "Mount", &mut self.mount, None),
            (Part::Prefix, "Path prefix", &mut self.prefix, None),
            (Part::Namespace, "Namespace", &mut self.namespace, Some("Empty for the root namespace.")),
        ] {
            let error = error(part);
            let options = FieldOptions { error: error.as_deref(), note, ..FieldOptions::default() };
            fields::text(ui, part.id(), label, value, options);
        }
    }
}

fn path_of(field: &FileField, part: Part) -> Result<PathBuf, Mistake> {
    field.path().map_err(|text| Mistake { part, text: text.to_owned() })
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
        let mistake = self.mistake.clone();
        let error = |part| mistake.as_ref().filter(|it| it.part == part).map(|it| it.text.clone());
        let wrong = error(Part::Address);
        let options = FieldOptions {
            hint: "https://vault.example:8200",
            error: wrong.as_deref(),
            ..FieldOptions::default()
        };
        fields::text(ui, Part::Address.id(), "Address", &mut self.address, options);
        let entered = self.sign_in(ui, cx, &error);
        self.place(ui, &error);
        let note = "Only if the system doesn't trust the vault's certificate.";
        let label = "Certificate of the vault's authority";
        self.file(ui, cx, Part::Ca, label, error(Part::Ca).as_deref(), note);
        if let Some(text) = error(Part::Whole) {
            widgets::problem(ui, &text);
        }
        if entered && self.blocked().is_none() {
            self.send(ui.ctx(), cx);
        }
    }

    fn buttons(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        let cancel = if self.is_sent { labels::CLOSE } else { labels::CANCEL };
        let cancel = Button::new(Weight::Secondary, cancel);
        let blocked = self.blocked();
        let action = Button::new(Weight::Primary, labels::CONNECT).blocked(blocked.map(|reason| reason.text));
        let ([cancel, action], field) = actions::show_with_reason(ui, blocked, [cancel, action]);
        if let Some(id) = field {
            cx.push(UiAction::Focus(id));
        }
        if action.clicked() {
            self.send(ui.ctx(), cx);
        }
        cancel.clicked()
    }

    fn first_field(&self, _: &VaultView) -> Option<Id> {
        Some(
            self.mistake
                .as_ref()
                .filter(|it| it.part != Part::Whole)
                .map_or(Part::Address, |it| it.part)
                .id(),
        )
    }

    fn forget(&self, ctx: &Context) {
        fields::forget(ctx, Part::Secret.id());
    }

    fn take_file(&mut self, answer: FileAnswer) {
        if let Some(field) = self.asked.take().and_then(|part| self.file_field(part)) {
            field.take(answer);
        }
    }

    fn take_problem(&mut self, problem: &Problem) -> bool {
        let waits = std::mem::take(&mut self.is_sent);
        if waits {
            self.mistake = Some(Mistake { part: self.part_of(problem), text: modal::problem_text(problem) });
        }
        waits
    }
}
