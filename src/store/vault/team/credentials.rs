//! How this machine signs in to the team vault, and the record of the connection in the personal vault.
//!
//! Invariant: the record decides where the vault's token is sent; nothing outside the personal vault names the
//! address.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::base::secret::{Passphrase, SecretText};
use crate::domain::team::{AuthMethod, Connection, TeamError};
use crate::domain::time_parse;
use crate::store::vault::records::{VERSION, decode, encode, secret};
use crate::store::vault::{Vault, VaultError};

/// The longest file with a token or an ID, in bytes.
const FILE_MAX_BYTES: u64 = 16 * 1024;

/// The name of the connection's record in the personal vault.
pub const CONNECTION_NAME: &str = "team";

/// A token of the vault, as it is kept.
#[derive(Debug)]
pub struct SavedToken {
    pub token: SecretText,
    /// `None` if it never expires.
    pub expires_at: Option<DateTime<Utc>>,
    /// The whole life of the token, in seconds.
    pub ttl_secs: i64,
    pub renewable: bool,
}

impl SavedToken {
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self { token: self.token.duplicate(), ..*self }
    }
}

/// What a sign-in needs.
#[derive(Debug)]
pub enum Credentials {
    /// Nothing: there is a token.
    Kept,
    Token(SecretText),
    TokenFile(PathBuf),
    Userpass {
        username: String,
        password: Passphrase,
    },
    AppRole {
        role_id_file: PathBuf,
        secret_id_file: PathBuf,
    },
}

/// A token at hand, or the path and the body of the request that gets one.
pub(super) type Login = Result<SecretText, (String, SecretText)>;

impl Credentials {
    #[must_use]
    pub fn duplicate(&self) -> Self {
        match self {
            Self::Kept => Self::Kept,
            Self::Token(token) => Self::Token(token.duplicate()),
            Self::TokenFile(path) => Self::TokenFile(path.clone()),
            Self::Userpass { username, password } => {
                Self::Userpass { username: username.clone(), password: password.duplicate() }
            }
            Self::AppRole { role_id_file, secret_id_file } => {
                Self::AppRole { role_id_file: role_id_file.clone(), secret_id_file: secret_id_file.clone() }
            }
        }
    }

    /// Whether a sign-in can be repeated without the user.
    pub(super) fn can_repeat(&self) -> bool {
        matches!(self, Self::TokenFile(_) | Self::AppRole { .. })
    }

    pub(super) fn login(&self) -> Result<Login, TeamError> {
        Ok(match self {
            Self::Kept => return Err(TeamError::TokenExpired),
            Self::Token(token) => Ok(token.duplicate()),
            Self::TokenFile(path) => Ok(first_line(path)?),
            Self::Userpass { username, password } => {
                let name = url::form_urlencoded::byte_serialize(username.as_bytes()).collect::<String>();
                Err((
                    format!("auth/userpass/login/{}", name.replace('+', "%20")),
                    body(&PasswordBody { password: password.expose() }),
                ))
            }
            Self::AppRole { role_id_file, secret_id_file } => {
                let (role_id, secret_id) = (first_line(role_id_file)?, first_line(secret_id_file)?);
                let body = body(&AppRoleBody { role_id: role_id.expose(), secret_id: secret_id.expose() });
                Err(("auth/approle/login".to_owned(), body))
            }
        })
    }
}

#[derive(Serialize)]
struct PasswordBody<'a> {
    password: &'a str,
}

#[derive(Serialize)]
struct AppRoleBody<'a> {
    role_id: &'a str,
    secret_id: &'a str,
}

fn body(value: &impl Serialize) -> SecretText {
    encode(value).unwrap_or_else(|_| SecretText::new(String::new()))
}

fn first_line(path: &Path) -> Result<SecretText, TeamError> {
    let name = || TeamError::CredentialsFile(path.display().to_string());
    let file = std::fs::File::open(path).map_err(|_| name())?;
    let mut text = zeroize::Zeroizing::new(String::with_capacity(4096));
    file.take(FILE_MAX_BYTES).read_to_string(&mut text).map_err(|_| name())?;
    let line = text.lines().next().unwrap_or_default().trim();
    if line.is_empty() { Err(name()) } else { Ok(SecretText::new(line.to_owned())) }
}

/// The connection as the personal vault keeps it.
#[derive(Debug)]
pub struct SavedConnection {
    pub connection: Connection,
    pub token: SavedToken,
    /// The files with the credentials of an `AppRole`, which stay the user's.
    pub approle: Option<(PathBuf, PathBuf)>,
}

#[derive(Serialize)]
struct ConnectionOut<'a> {
    v: u32,
    #[serde(flatten)]
    connection: &'a Connection,
    token: &'a str,
    expires_at: Option<DateTime<Utc>>,
    ttl_secs: i64,
    renewable: bool,
    approle: Option<&'a (PathBuf, PathBuf)>,
}

#[derive(Deserialize)]
struct ConnectionIn {
    #[serde(flatten)]
    connection: Connection,
    #[serde(deserialize_with = "secret")]
    token: SecretText,
    #[serde(default, deserialize_with = "time_parse::stored_optional")]
    expires_at: Option<DateTime<Utc>>,
    ttl_secs: i64,
    renewable: bool,
    approle: Option<(PathBuf, PathBuf)>,
}

impl SavedConnection {
    /// Reads the connection; `Ok(None)` if there is none.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn read(vault: &mut dyn Vault) -> Result<Option<Self>, VaultError> {
        let Some(line) = vault.read(CONNECTION_NAME)? else { return Ok(None) };
        let read: ConnectionIn = decode(&line)?;
        let ConnectionIn { connection, token, expires_at, ttl_secs, renewable, approle } = read;
        let token = SavedToken { token, expires_at, ttl_secs, renewable };
        Ok(Some(Self { connection, token, approle }))
    }

    /// Writes the connection and reads it back.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn write(&self, vault: &mut dyn Vault) -> Result<(), VaultError> {
        let line = encode(&ConnectionOut {
            v: VERSION,
            connection: &self.connection,
            token: self.token.token.expose(),
            expires_at: self.token.expires_at,
            ttl_secs: self.token.ttl_secs,
            renewable: self.token.renewable,
            approle: self.approle.as_ref(),
        })?;
        vault.write(CONNECTION_NAME, &line)?;
        match vault.read(CONNECTION_NAME)? {
            Some(stored) if stored.expose() == line.expose() => Ok(()),
            _ => Err(VaultError::Failed("a record could not be read back as written")),
        }
    }

    /// The credentials for another sign-in.
    pub fn credentials(&self) -> Credentials {
        match (&self.approle, self.connection.auth) {
            (Some((role_id_file, secret_id_file)), AuthMethod::Approle) => Credentials::AppRole {
                role_id_file: role_id_file.clone(),
                secret_id_file: secret_id_file.clone(),
            },
            _ => Credentials::Kept,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::vault::memory::MemoryVault;

    #[test]
    fn a_connection_comes_back_as_it_went() {
        let mut vault = MemoryVault::new();
        assert!(SavedConnection::read(&mut vault).unwrap().is_none());
        let connection = Connection {
            address: "https://v.example:8200/".parse().unwrap(),
            mount: "kv".to_owned(),
            prefix: "keyfob".to_owned(),
            namespace: Some("team".to_owned()),
            ca: Some("/etc/ca.pem".into()),
            auth: AuthMethod::Approle,
            machine: "ci é".to_owned(),
        };
        let token = SavedToken {
            token: SecretText::new("CANARY-token".to_owned()),
            expires_at: DateTime::from_timestamp(1_800_000_000, 0),
            ttl_secs: 3600,
            renewable: true,
        };
        let approle = Some(("/run/role".into(), "/run/secret".into()));
        let saved = SavedConnection { connection: connection.clone(), token, approle };
        saved.write(&mut vault).unwrap();
        let read = SavedConnection::read(&mut vault).unwrap().unwrap();
        assert_eq!(read.connection, connection);
        assert_eq!(read.token.token.expose(), "CANARY-token");
        assert_eq!(read.token.expires_at, saved.token.expires_at);
        assert!(matches!(read.credentials(), Credentials::AppRole { .. }));
        assert!(!format!("{read:?}").contains("CANARY"));
    }
}
