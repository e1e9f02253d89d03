//! Validates the form. Each error names its field.

use super::private_key::PRIVATE_KEY;
use super::{AccountFormState, Field};
use crate::domain::account::AccountName;
use crate::domain::account::secret_expiry;
use crate::domain::account::tags::{TagError, Tags};
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::provider::{EndpointKind, Provider, ProviderError};
use crate::messages::explain::explain;
use crate::messages::problem::Problem;
use crate::messages::snapshot::Snapshot;

impl AccountFormState {
    /// The errors that prevent saving, in the order of the form.
    pub(in crate::ui) fn problems(&self, snapshot: &Snapshot) -> Vec<(Field, String)> {
        let mut found = Vec::new();
        if self.tokens.open {
            // With a token, the client and its credentials can be added later.
            found.extend(self.tokens.problem().map(|text| (Field::Tokens, text.to_owned())));
        } else {
            found.extend(self.client_problems());
            found.extend(self.header_problems());
        }
        if !self.secret_expires.trim().is_empty() && secret_expiry::day(&self.secret_expires).is_none() {
            found.push((Field::SecretExpires, "Enter a day such as 2030-01-31, or nothing.".to_owned()));
        }
        if let Err(error) = Tags::typed(&self.tags) {
            found.push((Field::Tags, in_a_sentence(error).to_owned()));
        }
        found.extend(self.parameter_problems());
        found.extend(self.address_problems());
        found.extend(self.name_problem(snapshot).map(|text| (Field::Name, text)));
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        found
    }

    fn client_problems(&self) -> Vec<(Field, String)> {
        let mut found = Vec::new();
        let mut missing = |field: Field, what: &str| found.push((field, format!("Enter the {what}.")));
        if self.grant.has_client() && self.client_id.trim().is_empty() {
            missing(Field::ClientId, "client ID");
        }
        if self.needs_secret() && self.client_secret.is_blank() && !self.is_kept("client_secret") {
            let public = if matches!(self.grant, GrantType::AuthorizationCode | GrantType::DeviceCode) {
                ", or choose “No secret” under Advanced"
            } else {
                ""
            };
            missing(Field::ClientSecret, &format!("client secret{public}"));
        }
        if self.needs_key() && self.keys.private_key.is_blank() && !self.is_kept(PRIVATE_KEY) {
            missing(Field::PrivateKey, "private key");
        }
        if self.grant.has_password() {
            if self.username.trim().is_empty() {
                missing(Field::UserName, "user name");
            }
            if self.password.is_blank() && !self.is_kept("password") {
                missing(Field::Password, "password");
            }
        }
        found.extend(self.held_key_problems());
        found
    }

    fn header_problems(&self) -> Vec<(Field, String)> {
        let mut found = Vec::new();
        for (index, header) in self.headers.iter().enumerate() {
            let name = header.name.trim();
            let text = if header.required && header.value.is_blank() && !self.is_kept(name) {
                format!("Enter the {}.", header.label.as_deref().unwrap_or(name))
            } else if name.is_empty() && !header.value.is_blank() {
                "Enter the header's name.".to_owned()
            } else if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b)) {
                "A header name can't contain spaces or colons.".to_owned()
            } else {
                continue;
            };
            found.push((Field::Header(index), text));
        }
        found
    }

    /// The errors of the endpoints. Resolution stops at the first one, so the token endpoint is checked
    /// separately, too.
    fn address_problems(&self) -> Vec<(Field, String)> {
        match self.issuer_problem() {
            Some(Ok(text)) => return vec![(Field::Issuer, text)],
            Some(Err(error)) => return vec![field_problem(&error)],
            None => {}
        }
        let presets = std::slice::from_ref(&self.preset);
        let settings = self.settings();
        let mut alone = settings.clone();
        alone.grant = GrantType::ClientCredentials;
        alone.overrides_mut().grants = Some(vec![GrantType::ClientCredentials]);
        let both = if self.grant.is_key() { vec![settings] } else { vec![settings, alone] };
        let mut found: Vec<_> = both
            .iter()
            .filter_map(|settings| Provider::resolve(presets, settings).err())
            .map(|error| field_problem(&error))
            .collect();
        found.dedup();
        found
    }

    fn name_problem(&self, snapshot: &Snapshot) -> Option<String> {
        let name = match AccountName::new(&self.name) {
            Ok(name) => name,
            Err(error) => return Some(explain(&Problem::BadName(error), None, None).next),
        };
        let mine = self.editing.as_ref().map(|(id, _)| id);
        let others = snapshot.accounts.iter().filter(|account| Some(&account.id) != mine);
        let taken = others.into_iter().any(|account| account.name.key() == name.key());
        taken.then(|| "Another account has this name. Choose another.".to_owned())
    }
}

fn in_a_sentence(error: TagError) -> &'static str {
    match error {
        TagError::TooMany => "Use 20 tags at most.",
        TagError::TooLong => "Use 40 characters at most for a tag.",
        TagError::Unseen => "A tag has an invisible character. Type it again.",
        TagError::Comma => "A tag can't contain a comma.",
    }
}

fn field_problem(error: &ProviderError) -> (Field, String) {
    let words = explain(&Problem::Settings(error.clone()), None, None);
    let field = match error {
        ProviderError::VariableMissing { name, label } => {
            return (Field::Variable(name.clone()), format!("Choose the {}.", label.to_lowercase()));
        }
        ProviderError::VariableUnknown { name, .. } => Field::Variable(name.clone()),
        ProviderError::EndpointMissing(kind)
        | ProviderError::EndpointInvalid(kind)
        | ProviderError::EndpointInsecure(kind) => Field::Endpoint(*kind),
        ProviderError::Redirect(_) => Field::Redirect,
        ProviderError::Issuer(_) => Field::Issuer,
        ProviderError::IssuerMissing => Field::Endpoint(EndpointKind::Token),
        ProviderError::UnknownProvider(_) | ProviderError::GrantNotOffered { .. } => Field::Name,
        ProviderError::ApiBaseUrlInvalid | ProviderError::ApiBaseUrlInsecure => Field::ApiBaseUrl,
        ProviderError::NotAVariable { key, .. } => {
            let kind = EndpointKind::ALL.into_iter().find(|kind| kind.key() == *key);
            kind.map_or(Field::ApiBaseUrl, Field::Endpoint)
        }
    };
    (field, format!("{} {}", words.what, words.next))
}
