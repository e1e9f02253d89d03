//! Secret values and their named kinds.
//!
//! Invariant: a secret leaves [`Secret`] only through [`Secret::expose`], which is easy to grep. It is wiped
//! when dropped, kept out of swap if the system allows, and can't be shown, serialised, cloned or compared.

use std::fmt;
use std::marker::PhantomData;

use text::Text;
use zeroize::Zeroize as _;

mod text;

/// A kind of secret; `Debug` shows only its name.
pub trait Kind: Send + Sync + 'static {
    /// The standard's name.
    const NAME: &'static str;
}

/// A secret text of a named kind.
pub struct Secret<K: Kind> {
    value: Text,
    kind: PhantomData<K>,
}

impl<K: Kind> Secret<K> {
    /// Takes ownership of a text, which is wiped on drop.
    pub fn new(value: String) -> Self {
        Self { value: Text::new(value), kind: PhantomData }
    }

    /// The text. Each call is a place where a secret could leak.
    pub fn expose(&self) -> &str {
        self.value.as_str()
    }

    /// Makes a second copy, for the rare code that must keep one and pass one on.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self::new(self.expose().to_owned())
    }

    pub fn len_bytes(&self) -> usize {
        self.expose().len()
    }

    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }
}

impl<K: Kind> fmt::Debug for Secret<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(K::NAME)
    }
}

/// How much of the stack is overwritten, in bytes: more than reading a passphrase or signing with a key uses.
const STACK_BYTES: usize = 256 << 10;

/// Overwrites what earlier calls of this thread left on its stack. Libraries leave copies there that nothing
/// else reaches: after a passphrase was rated, the stack had all of it.
#[inline(never)]
#[expect(clippy::large_stack_arrays, reason = "it is the stack that is meant; no thread has less than 2 MiB")]
pub fn wipe_stack() {
    let mut room = [0_u8; STACK_BYTES];
    room.zeroize();
    std::hint::black_box(&room);
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// The kinds, as types without values.
        pub mod kind {
            $(
                #[doc = concat!("Kind of [`super::", stringify!($name), "`].")]
                pub enum $name {}
                impl super::Kind for $name {
                    const NAME: &'static str = concat!("[", stringify!($name), "]");
                }
            )*
        }
        $( $(#[$doc])* pub type $name = Secret<kind::$name>; )*
    };
}

kinds! {
    /// An access token (RFC 6749, section 1.4).
    AccessToken,
    /// A refresh token (RFC 6749, section 1.5).
    RefreshToken,
    /// An `OpenID` Connect ID token.
    IdToken,
    /// A client secret (RFC 6749, section 2.3.1).
    ClientSecret,
    /// A client's private key, as PEM or JWK (RFC 7523).
    PrivateKey,
    /// A resource owner's password (RFC 6749, section 4.3).
    Password,
    /// A registration access token (RFC 7592), or an initial one (RFC 7591).
    RegistrationToken,
    /// An authorization code (RFC 6749, section 1.3.1).
    AuthCode,
    /// A device code (RFC 8628, section 3.2).
    DeviceCode,
    /// A PKCE code verifier (RFC 7636, section 4.1).
    CodeVerifier,
    Passphrase,
    /// An API key that the account holds.
    ApiKey,
    /// The value of an extra request header, such as an API key.
    HeaderValue,
    /// The value of an extra request parameter, such as an API key.
    ParamValue,
    /// A user's paste to finish a sign-in; may hold a code.
    PastedReturn,
    /// Text built around a secret: a request body, a header, a line to copy.
    SecretText,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_of_any_length_comes_back_as_it_went() {
        for length in [0, 1, 4095, 4096, 4097, 100_000] {
            let text = "ä".repeat(length);
            let secret = ClientSecret::new(text.clone());
            assert!(secret.expose() == text && secret.len_bytes() == text.len());
        }
        // More than may be locked at once.
        let many: Vec<_> = (0..3000).map(|number| ClientSecret::new(format!("CANARY-{number}"))).collect();
        assert!(many.iter().enumerate().all(|(number, it)| it.expose() == format!("CANARY-{number}")));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn x8_a_secret_is_locked_in_memory() {
        let secret = ClientSecret::new("CANARY-locked".to_owned());
        let address = secret.expose().as_ptr().addr();
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut its = maps.lines().skip_while(|line| {
            let range = line.split(' ').next().and_then(|range| range.split_once('-'));
            let ends =
                range.map(|(from, to)| (usize::from_str_radix(from, 16), usize::from_str_radix(to, 16)));
            !matches!(ends, Some((Ok(from), Ok(to))) if (from..to).contains(&address))
        });
        let flags = its.find(|line| line.starts_with("VmFlags:")).unwrap();
        assert!(flags.split_whitespace().any(|flag| flag == "lo"), "{flags}");
        drop(secret);
    }

    #[test]
    fn debug_shows_the_kind_and_never_the_text() {
        let secret = ClientSecret::new("CANARY-5eb1".to_owned());
        assert_eq!(
            format!("{secret:?} {:#?}", Some(&secret)),
            "[ClientSecret] Some(\n    [ClientSecret],\n)"
        );
    }
}
