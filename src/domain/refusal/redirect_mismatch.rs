//! Redirect URI mismatches: the URI that was sent, and the one that the server expects.
//!
//! The standard has no error code for this (RFC 6749, section 3.1.2.4), and servers have many spellings.
//! Invariant: external text is sanitised and bounded before it is kept.

use crate::base::sanitize::sanitized;

const MAX_CHARS: usize = 300;

const NAMES: [&str; 11] = [
    "redirect uri",
    "redirect url",
    "redirecturi",
    "redirecturl",
    "redirection uri",
    "redirect address",
    "callback url",
    "callback uri",
    "reply url",
    "reply uri",
    "reply address",
];

const COMPLAINTS: [&str; 22] = [
    "mismatch",
    "match",
    "invalid",
    "not valid",
    "illegal",
    "bad",
    "wrong",
    "not allowed",
    "not permitted",
    "not registered",
    "unregistered",
    "not in the list",
    "not found",
    "not authorized",
    "unauthorized",
    "unknown",
    "not accepted",
    "not supported",
    "must be",
    "identical",
    "differ",
    "whitelist",
];

/// Entra's numbers for this error; its text may be in the user's language.
const NUMBERS: [&str; 4] = ["AADSTS50011:", "AADSTS500112:", "AADSTS500113:", "AADSTS70004:"];

/// A sent redirect URI and the expected one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectMismatch {
    pub sent: Marked,
    /// The expected URI and its source, if known.
    pub wanted: Option<(Marked, WantedBy)>,
    /// The sent port was a free one and changes next time.
    pub any_port: bool,
}

/// The source of the expected URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WantedBy {
    /// The server's error text.
    Message,
    Preset,
}

/// A text in pieces, with a mark on those that differ from another text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Marked(pub Vec<(String, bool)>);

impl Marked {
    pub fn text(&self) -> String {
        self.0.iter().map(|(piece, _)| piece.as_str()).collect()
    }

    /// The text with differences between ‹ and ›, for output without colours.
    pub fn bracketed(&self) -> String {
        let piece = |(piece, differs): &(String, bool)| {
            if *differs { format!("‹{piece}›") } else { piece.clone() }
        };
        self.0.iter().map(piece).collect()
    }

    fn push(&mut self, c: char, differs: bool) {
        match self.0.last_mut() {
            Some((piece, marked)) if *marked == differs => piece.push(c),
            _ => self.0.push((c.to_string(), differs)),
        }
    }
}

/// The facts about a sign-in's redirect URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Redirects<'a> {
    pub sent: &'a str,
    /// The URI that the preset demands.
    pub preset: Option<&'a str>,
    /// The port was a free one.
    pub any_port: bool,
}

/// The mismatch, if an error is about the redirect URI.
pub fn mismatch(code: &str, description: &str, redirects: &Redirects<'_>) -> Option<RedirectMismatch> {
    if !is_about_redirect_uri(code, description) {
        return None;
    }
    let sent = sanitized(redirects.sent, MAX_CHARS).into_owned();
    let named = addresses(description).find(|address| *address != sent);
    let by_message = named.map(|address| (address, WantedBy::Message));
    let by_preset = || {
        let preset = redirects.preset.filter(|preset| *preset != redirects.sent)?;
        Some((sanitized(preset, MAX_CHARS).into_owned(), WantedBy::Preset))
    };
    let wanted = by_message.or_else(by_preset);
    let (sent, wanted) = match wanted {
        Some((wanted, by)) => {
            let (sent, wanted) = compare(&sent, &wanted);
            (sent, Some((wanted, by)))
        }
        None => (Marked(vec![(sent, false)]), None),
    };
    Some(RedirectMismatch { sent, wanted, any_port: redirects.any_port })
}

fn is_about_redirect_uri(code: &str, description: &str) -> bool {
    if NUMBERS.iter().any(|number| description.contains(number)) {
        return true;
    }
    // Each text separately: `invalid_request` alone doesn't say what is invalid.
    [code, description].into_iter().any(|text| {
        let said = text.to_lowercase().replace(['_', '-', '"', '\'', '`'], " ");
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        NAMES.iter().any(|name| said.contains(name))
            && COMPLAINTS.iter().any(|complaint| said.contains(complaint))
    })
}

/// The URLs in a text, without surrounding punctuation. Excludes the server's own help pages and URLs with a
/// fragment (RFC 6749, section 3.1.2), which point into a console.
fn addresses(text: &str) -> impl Iterator<Item = String> {
    let around = |c: char| {
        c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>' | '“' | '”' | '[' | ']' | ',')
    };
    // Right after the scheme, `[` and `]` belong to an IPv6 address.
    let text = text.replace("://[::1]", "://\u{1}");
    let words: Vec<String> = text.split(around).map(|word| word.replace('\u{1}', "[::1]")).collect();
    words.into_iter().filter_map(|word| {
        let begin = word.find("://")?;
        let is_not_scheme_char = |c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '-' | '.');
        let scheme = word[..begin].rsplit(is_not_scheme_char).next().unwrap_or_default();
        let address = &word[begin - scheme.len()..];
        let address = address.trim_end_matches(['.', ';', ':', ')', '!', '?']);
        let is_help = ["aka.ms/", "learn.microsoft.com/", "developers.google.com/", "docs.", "/docs"];
        let is_help = address.contains('#') || is_help.iter().any(|part| address.contains(part));
        (!is_help && address.len() > begin).then(|| sanitized(address, MAX_CHARS).into_owned())
    })
}

/// Marks the characters in each text that the other lacks (longest common subsequence).
pub fn compare(one: &str, other: &str) -> (Marked, Marked) {
    let (a, b): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let width = b.len() + 1;
    // The length of the common subsequence of the rests, from each pair of positions on.
    let mut common = vec![0_u16; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            common[i * width + j] = if a[i] == b[j] {
                common[(i + 1) * width + j + 1] + 1
            } else {
                common[(i + 1) * width + j].max(common[i * width + j + 1])
            };
        }
    }
    let (mut marked_a, mut marked_b) = (Marked::default(), Marked::default());
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            marked_a.push(a[i], false);
            marked_b.push(b[j], false);
            (i, j) = (i + 1, j + 1);
        } else if j == b.len() || (i < a.len() && common[(i + 1) * width + j] >= common[i * width + j + 1]) {
            marked_a.push(a[i], true);
            i += 1;
        } else {
            marked_b.push(b[j], true);
            j += 1;
        }
    }
    (marked_a, marked_b)
}

#[cfg(test)]
#[path = "redirect_mismatch_tests.rs"]
mod tests;
