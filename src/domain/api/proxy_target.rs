//! The path of a request to the proxy: `/NAME/…` or `/KEY/NAME/…`.
//!
//! Invariant: what is passed on is exactly what was checked. A path that a server may read in another way, with dot
//! segments for example, is refused.

use std::borrow::Cow;

use subtle::ConstantTimeEq as _;

/// The longest chain of encodings of a path that is looked through.
const DECODINGS: usize = 4;

/// A path without the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProxyTarget<'a> {
    /// The first segment if it isn't the account's: perhaps the key.
    pub key: Option<&'a str>,
    /// The index of the account.
    pub account: usize,
    /// The path of the API; begins with a slash.
    pub path: &'a str,
}

/// Why a path has no target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoTarget {
    /// No segment names an account.
    UnknownAccount,
    /// It has a segment `.` or `..`, encoded or not.
    DotSegment,
    /// It has a character that no URL has.
    NotAPath,
}

impl ProxyTarget<'_> {
    /// Checks that every server reads the path in the same way.
    ///
    /// # Errors
    /// [`NoTarget::DotSegment`] or [`NoTarget::NotAPath`].
    pub fn check(&self) -> Result<(), NoTarget> {
        check(self.path)
    }
}

/// Finds the account and its path, which is still to be checked. `names` are the accounts' names.
///
/// # Errors
/// [`NoTarget::UnknownAccount`], or [`NoTarget::NotAPath`] without a slash at its start.
pub fn find<'a>(path: &'a str, names: &[String]) -> Result<ProxyTarget<'a>, NoTarget> {
    let rest = path.strip_prefix('/').ok_or(NoTarget::NotAPath)?;
    let (first, after) = rest.split_once('/').unwrap_or((rest, ""));
    let (key, name, path) = if let Some(account) = account(first, names) {
        (None, account, &rest[first.len()..])
    } else {
        let second = after.split('/').next().unwrap_or_default();
        let account = account(second, names).ok_or(NoTarget::UnknownAccount)?;
        (Some(first), account, &after[second.len()..])
    };
    let path = if path.is_empty() { "/" } else { path };
    Ok(ProxyTarget { key, account: name, path })
}

fn account(segment: &str, names: &[String]) -> Option<usize> {
    let name = percent_decoded(segment)?;
    names.iter().position(|known| known.as_bytes().eq_ignore_ascii_case(&name))
}

/// Returns the path in which no segment is a dot segment after any number of decodings, with a backslash as a slash
/// and without parameters (`..;x`), as servers may read it.
fn check(path: &str) -> Result<(), NoTarget> {
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@%".contains(&b);
    if !path.bytes().all(is_allowed) {
        return Err(NoTarget::NotAPath);
    }
    let mut read = path.as_bytes().to_vec();
    for _ in 0..DECODINGS {
        if read.split(|b| matches!(b, b'/' | b'\\')).any(is_dot_segment) {
            return Err(NoTarget::DotSegment);
        }
        let text = String::from_utf8_lossy(&read).into_owned();
        match percent_decoded(&text) {
            Some(decoded) if decoded == text.as_bytes() => return Ok(()),
            Some(decoded) => read = decoded,
            // A lone percent sign; the first round has checked the path as it is sent.
            None if text == path => return Err(NoTarget::NotAPath),
            None => return Ok(()),
        }
    }
    Err(NoTarget::NotAPath)
}

fn is_dot_segment(segment: &[u8]) -> bool {
    let name = segment.split(|b| *b == b';').next().unwrap_or_default();
    matches!(name, b"." | b"..")
}

/// `None` if a percent sign is not followed by two hexadecimal digits.
fn percent_decoded(text: &str) -> Option<Vec<u8>> {
    let is_encoding = |after: &str| after.len() >= 2 && after.bytes().take(2).all(|b| b.is_ascii_hexdigit());
    text.split('%').skip(1).all(is_encoding).then(|| decoded_where_possible(text.as_bytes()))
}

/// Returns true if a path or a query has the key in it, encoded or not. The time doesn't tell how much of it is right.
pub fn has_key(text: &str, key: &str) -> bool {
    let mut read = text.as_bytes().to_vec();
    for _ in 0..=DECODINGS {
        let windows = read.windows(key.len());
        if windows.fold(false, |found, window| found | bool::from(window.ct_eq(key.as_bytes()))) {
            return true;
        }
        let decoded = decoded_where_possible(&read);
        if decoded == read {
            return false;
        }
        read = decoded;
    }
    false
}

/// Decodes each percent sign that is followed by two hexadecimal digits.
fn decoded_where_possible(bytes: &[u8]) -> Vec<u8> {
    let digit = |at: usize| char::from(*bytes.get(at)?).to_digit(16);
    let (mut decoded, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(byte) = bytes.get(at) {
        let pair = (*byte == b'%').then(|| digit(at + 1).zip(digit(at + 2))).flatten();
        let value = pair.and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        decoded.push(value.unwrap_or(*byte));
        at += if value.is_some() { 3 } else { 1 };
    }
    decoded
}

/// The path as a log may have it: a first segment that names no account is replaced, since it may be a key.
pub fn without_unknown<'a>(path: &'a str, names: &[String]) -> Cow<'a, str> {
    let Some(rest) = path.strip_prefix('/') else { return Cow::Borrowed("-") };
    let (first, after) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if first.is_empty() || account(first, names).is_some() {
        return Cow::Borrowed(path);
    }
    Cow::Owned(format!("/-{after}"))
}

/// A name as a segment of a path.
pub fn segment(name: &str) -> String {
    use std::fmt::Write as _;
    name.bytes().fold(String::with_capacity(name.len()), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-_~".contains(&byte) || (byte == b'.' && name.len() > 2) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse<'a>(path: &'a str, names: &[String]) -> Result<ProxyTarget<'a>, NoTarget> {
        find(path, names).and_then(|target| target.check().map(|()| target))
    }

    fn names() -> Vec<String> {
        ["car-dev", "batch: a/b 東京", ".."].map(str::to_owned).to_vec()
    }

    #[test]
    fn a_path_names_its_account_with_or_without_a_key() {
        for (path, key, account, rest) in [
            ("/car-dev/v1/x", None, 0, "/v1/x"),
            ("/car-dev", None, 0, "/"),
            ("/CAR-dev/", None, 0, "/"),
            ("/KEY/car-dev/v1", Some("KEY"), 0, "/v1"),
            ("/batch%3A%20a%2Fb%20%E6%9D%B1%E4%BA%AC/v1", None, 1, "/v1"),
            ("/car-dev//evil.example/x", None, 0, "//evil.example/x"),
            ("/car-dev/a%2Fb/%7e/x..y/...", None, 0, "/a%2Fb/%7e/x..y/..."),
        ] {
            assert_eq!(parse(path, &names()), Ok(ProxyTarget { key, account, path: rest }), "{path}");
        }
        assert_eq!(
            format!("/{}/v1", segment("batch: a/b 東京")),
            "/batch%3A%20a%2Fb%20%E6%9D%B1%E4%BA%AC/v1"
        );
        assert_eq!(parse(&format!("/{}/v1", segment("..")), &names()).unwrap().account, 2);
        for path in ["/", "", "car-dev", "/other/v1", "/KEY/other/v1", "/a/b/car-dev"] {
            assert!(parse(path, &names()).is_err(), "{path}");
        }
    }

    #[test]
    fn u7_a_key_is_found_anywhere_and_an_unknown_segment_is_not_shown() {
        for text in ["/KEY", "/a/xKEYx", "a=1&key=KEY", "/a/%4bEY/%zz", "/a/%254BEY", "%KEY"] {
            assert!(has_key(text, "KEY"), "{text}");
        }
        for text in ["", "/", "/a/KE/Y", "/a/key", "/a/%4b%45", "%", "%4"] {
            assert!(!has_key(text, "KEY"), "{text}");
        }
        for (path, shown) in [
            ("/car-dev/v1", "/car-dev/v1"),
            ("/CANARY/car-dev/v1", "/-/car-dev/v1"),
            ("/CANARY", "/-"),
            ("//x", "//x"),
            ("/", "/"),
            ("*", "-"),
            ("", "-"),
        ] {
            assert_eq!(without_unknown(path, &names()), shown, "{path}");
        }
    }

    #[test]
    fn u4_dot_segments_are_refused_however_they_are_written() {
        for path in [
            "/..",
            "/v1/../admin",
            "/v1/.",
            "/./v1",
            "/v1/%2e%2e/admin",
            "/v1/%2E./admin",
            "/v1/..%2fadmin",
            "/v1/%2e%2e%5cadmin",
            "/v1/%252e%252e/admin",
            "/v1/%25252e%25252e/admin",
            "/v1/..;/admin",
            "/v1/..;a=b/admin",
            "/v1/%2e%2e%3b/admin",
        ] {
            assert_eq!(parse(&format!("/car-dev{path}"), &names()), Err(NoTarget::DotSegment), "{path}");
        }
        for path in ["/v1\\..\\x", "/v1/%", "/v1/%zz", "/ä", "/a b", "/a\"b", "/%2525252525252e"] {
            assert_eq!(parse(&format!("/car-dev{path}"), &names()), Err(NoTarget::NotAPath), "{path}");
        }
    }
}
