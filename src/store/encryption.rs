//! Encryption in the age format, which the standard tool reads and writes too.
//!
//! The only user of the age library; also sets the work factor of passphrases. Invariants: decryption returns
//! exactly what was encrypted, or an error; only the kind of the library's errors is passed on.
//!
//! The library buffers up to 64 KiB of data without wiping it; every buffer here is wiped.

use std::io::{self, Read as _, Write};
use std::iter;

use age::armor::ArmoredReader;
use age::secrecy::{ExposeSecret as _, SecretString};
use age::{DecryptError, Decryptor, Encryptor, Identity, Recipient, scrypt, x25519};
use zeroize::Zeroizing;

use crate::base::secret::Passphrase;

/// The work factor of a passphrase: 2¹⁸ rounds of scrypt, about a second and 256 MiB.
pub(super) const WORK_FACTOR: u8 = 18;

/// The maximum work factor accepted from a file: 2²⁰ rounds of scrypt, about four seconds and 1 GiB.
const MAX_WORK_FACTOR: u8 = 20;

/// The prefix of a key's line; a newer kind of key continues with its own name.
const KEY_PREFIX: &str = "AGE-SECRET-KEY-";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SealError {
    WrongPassphrase,
    WrongKey,
    Damaged,
    Newer,
    TooMuchWork,
    Failed,
}

impl From<DecryptError> for SealError {
    fn from(error: DecryptError) -> Self {
        match error {
            DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => Self::WrongPassphrase,
            DecryptError::NoMatchingKeys => Self::WrongKey,
            DecryptError::UnknownFormat => Self::Newer,
            DecryptError::ExcessiveWork { .. } => Self::TooMuchWork,
            _ => Self::Damaged,
        }
    }
}

pub(super) struct Key(x25519::Identity);

impl Key {
    pub(super) fn generate() -> Self {
        Self(x25519::Identity::generate())
    }

    /// Encrypts the key's line, after a comment, with a passphrase: an identity file of the standard tool.
    pub(super) fn wrap(&self, passphrase: &Passphrase, work_factor: u8) -> Result<Vec<u8>, SealError> {
        seal_with_passphrase(passphrase, work_factor, |to| {
            let line = self.0.to_string();
            to.write_all(b"# The key to vault.age, version 1\n")?;
            to.write_all(line.expose_secret().as_bytes())?;
            to.write_all(b"\n")
        })
    }

    pub(super) fn unwrap(bytes: &[u8], passphrase: &Passphrase) -> Result<Self, SealError> {
        let plain = open_with_passphrase(bytes, passphrase)?;
        let text = std::str::from_utf8(&plain).map_err(|_| SealError::Damaged)?;
        let line = text.lines().find(|line| !line.is_empty() && !line.starts_with('#'));
        let line = line.ok_or(SealError::Damaged)?;
        let newer = line.starts_with(KEY_PREFIX) && !line.starts_with("AGE-SECRET-KEY-1");
        line.parse().map(Self).map_err(|_| if newer { SealError::Newer } else { SealError::Damaged })
    }

    pub(super) fn open(&self, bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let decryptor = Decryptor::new_buffered(bytes)?;
        plain(decryptor, &self.0, bytes.len())
    }
}

/// Encrypts what `write` writes to these keys; each of them can decrypt it.
pub(super) fn seal(
    keys: &[&Key],
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<Vec<u8>, SealError> {
    let recipients: Vec<_> = keys.iter().map(|key| key.0.to_public()).collect();
    sealed(recipients.iter().map(|recipient| recipient as &dyn Recipient), write)
}

pub(super) fn keys_of(bytes: &[u8]) -> usize {
    let head = bytes.split(|byte| *byte == b'\n').take_while(|line| !line.starts_with(b"---"));
    head.filter(|line| line.starts_with(b"-> X25519 ")).count()
}

pub(super) fn seal_with_passphrase(
    passphrase: &Passphrase,
    work_factor: u8,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<Vec<u8>, SealError> {
    let mut recipient = scrypt::Recipient::new(to_age_secret(passphrase));
    recipient.set_work_factor(work_factor.clamp(1, MAX_WORK_FACTOR));
    sealed(iter::once(&recipient as &dyn Recipient), write)
}

pub(super) fn open_with_passphrase(
    bytes: &[u8],
    passphrase: &Passphrase,
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let decryptor = Decryptor::new_buffered(ArmoredReader::new(bytes))?;
    if !decryptor.is_scrypt() {
        return Err(SealError::Damaged);
    }
    let mut identity = scrypt::Identity::new(to_age_secret(passphrase));
    identity.set_max_work_factor(MAX_WORK_FACTOR);
    plain(decryptor, &identity, bytes.len())
}

pub(super) fn looks_sealed(bytes: &[u8]) -> bool {
    let start = bytes.trim_ascii_start();
    start.starts_with(b"age-encryption.org/") || start.starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----")
}

/// The library's own secret type, which is wiped too.
fn to_age_secret(passphrase: &Passphrase) -> SecretString {
    SecretString::from(passphrase.expose().to_owned())
}

fn sealed<'a>(
    recipients: impl Iterator<Item = &'a dyn Recipient>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<Vec<u8>, SealError> {
    let encryptor = Encryptor::with_recipients(recipients).map_err(|_| SealError::Failed)?;
    let mut bytes = Vec::new();
    let mut writer = encryptor.wrap_output(&mut bytes).map_err(|_| SealError::Failed)?;
    write(&mut writer).and_then(|()| writer.finish().map(drop)).map_err(|_| SealError::Failed)?;
    Ok(bytes)
}

/// Plain text is shorter than its encrypted form, so the buffer never grows: growing would leave an unwiped
/// copy.
fn plain<R: io::BufRead>(
    decryptor: Decryptor<R>,
    identity: &dyn Identity,
    sealed_bytes: usize,
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let mut reader = decryptor.decrypt(iter::once(identity))?;
    let mut plain = Zeroizing::new(Vec::with_capacity(sealed_bytes));
    reader.read_to_end(&mut plain).map_err(|_| SealError::Damaged)?;
    Ok(plain)
}

#[cfg(test)]
pub(super) mod tests {
    /// Changes the work factor in the header of something encrypted with factor 1.
    pub(in crate::store) fn with_work_factor(sealed: &[u8], factor: u8) -> Vec<u8> {
        let head = sealed.windows(3).position(|bytes| bytes == b" 1\n").unwrap();
        [&sealed[..=head], factor.to_string().as_bytes(), &sealed[head + 2..]].concat()
    }

    #[test]
    fn i5_the_work_of_a_passphrase_is_at_most_2_to_the_20() {
        assert_eq!(super::MAX_WORK_FACTOR, 20);
    }
}
