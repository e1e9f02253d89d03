//! Removes a secret from text in every encoding in which a server may repeat it.
//!
//! Encodings: as sent, in another case, in JSON (RFC 8259, section 7), in a URL or a form, in HTML.
//! Invariant: the result of [`without`] has the secret in none of them, nor its beginning at the end of a
//! truncated text.

use std::borrow::Cow;

/// The minimum length of a secret's beginning to remove at the end of a text, in characters.
const BEGINNING_MIN_CHARS: usize = 8;

/// An encoding of a character: how many bytes at the text's start represent it.
type Encoding = fn(&str, char) -> Option<usize>;

const ENCODINGS: [Encoding; 3] = [plain, in_form, in_html];

/// Encodings of a backslash. JSON within JSON doubles them each time, so they are skipped.
const BACKSLASHES: [&str; 4] = ["\\", "%5C", "%5c", "&#92;"];

pub(in crate::domain) fn without<'t>(
    text: &'t str,
    secret: &str,
    mark: impl Fn(&str) -> String,
) -> Cow<'t, str> {
    let mut shown = String::new();
    let mut from = 0;
    while let Some((at, length)) = find(&text[from..], secret) {
        let (begin, end) = (from + at, from + at + length);
        shown.push_str(&text[from..begin]);
        shown.push_str(&mark(&text[begin..end]));
        from = end;
    }
    if from == 0 {
        return Cow::Borrowed(text);
    }
    shown.push_str(&text[from..]);
    Cow::Owned(shown)
}

fn find(text: &str, secret: &str) -> Option<(usize, usize)> {
    let first = secret.chars().find(|c| *c != '\\');
    // Most characters start no encoding, and a text may be long.
    let may_begin = |c: char| {
        let is_first = |first: char| is_same_letter(c, first);
        matches!(c, '\\' | '%' | '+' | '&') || first.is_some_and(is_first)
    };
    text.char_indices().filter(|(_, c)| may_begin(*c)).find_map(|(at, _)| {
        let rest = &text[at..];
        let encoded = ENCODINGS.iter().filter_map(|encoding| encoded_length(rest, secret, *encoding)).max();
        let to_the_letter = (!secret.is_empty() && rest.starts_with(secret)).then_some(secret.len());
        encoded.max(to_the_letter).map(|length| (at, length))
    })
}

/// How many bytes at the text's start represent the secret, or its beginning if the text ends there.
fn encoded_length(text: &str, secret: &str, encoding: Encoding) -> Option<usize> {
    let mut rest = text;
    let wanted = secret.chars().filter(|c| *c != '\\');
    for (place, wanted) in wanted.enumerate() {
        let bare = without_backslashes(rest);
        let escape = bare.strip_prefix('u').filter(|_| bare.len() < rest.len());
        let length = match escape.and_then(|digits| code_unit(digits, wanted)) {
            Some(length) => Some(1 + length),
            None => encoding(bare, wanted),
        };
        match length {
            Some(length) => rest = &bare[length..],
            None if rest.is_empty() && place >= BEGINNING_MIN_CHARS => break,
            None => return None,
        }
    }
    Some(text.len() - rest.len()).filter(|length| *length > 0)
}

fn without_backslashes(mut text: &str) -> &str {
    while let Some(rest) = BACKSLASHES.iter().find_map(|backslash| text.strip_prefix(backslash)) {
        text = rest;
    }
    text
}

/// Unencoded, in either case.
fn plain(text: &str, wanted: char) -> Option<usize> {
    let c = text.chars().next()?;
    is_same_letter(c, wanted).then(|| c.len_utf8())
}

fn is_same_letter(one: char, other: char) -> bool {
    if one.is_ascii() && other.is_ascii() {
        return one.eq_ignore_ascii_case(&other);
    }
    one == other || one.to_lowercase().eq(other.to_lowercase())
}

/// In a URL or a form: percent-encoded bytes, and a plus sign for a space.
fn in_form(text: &str, wanted: char) -> Option<usize> {
    if wanted == ' ' && text.starts_with('+') {
        return Some(1);
    }
    let mut buffer = [0; 4];
    let bytes = wanted.encode_utf8(&mut buffer).as_bytes();
    let is_digits = |(place, byte): (usize, &u8)| {
        let written = text.get(3 * place..3 * place + 3).and_then(|written| written.strip_prefix('%'));
        written.is_some_and(|digits| u8::from_str_radix(digits, 16) == Ok(*byte))
    };
    if bytes.iter().enumerate().all(is_digits) {
        return Some(3 * bytes.len());
    }
    plain(text, wanted).filter(|_| wanted != '%')
}

fn in_html(text: &str, wanted: char) -> Option<usize> {
    let Some(entity) = text.strip_prefix('&') else { return plain(text, wanted) };
    let name = entity.get(..entity.find(';')?)?;
    let number = name.strip_prefix('#').and_then(|number| match number.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => number.parse().ok(),
    });
    let c = match name {
        "quot" => '"',
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "apos" => '\'',
        _ => char::from_u32(number?)?,
    };
    (c == wanted).then_some(name.len() + 2)
}

/// In JSON: `\u` and four digits, twice for a character beyond the Basic Multilingual Plane.
fn code_unit(digits: &str, wanted: char) -> Option<usize> {
    let mut units = [0; 2];
    let mut rest = digits;
    for (place, unit) in wanted.encode_utf16(&mut units).iter().enumerate() {
        if place > 0 {
            rest = without_backslashes(rest).strip_prefix('u')?;
        }
        let written = rest.get(..4)?;
        rest = (u16::from_str_radix(written, 16) == Ok(*unit)).then(|| &rest[4..])?;
    }
    Some(digits.len() - rest.len())
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use proptest::prelude::*;
    use url::form_urlencoded;

    use super::*;

    const SECRET: &str = "CANARY\"a\\b/+&<c> é😀%d";

    fn shown(text: &str) -> String {
        without(text, SECRET, |_| "…".to_owned()).into_owned()
    }

    #[test]
    fn x1_a_secret_is_found_in_whatever_spelling_it_is_repeated() {
        let json = serde_json::Value::from(SECRET).to_string();
        let twice = serde_json::Value::from(json.as_str()).to_string();
        let slashes = json.replace('/', "\\/").replace('é', "\\u00E9").replace('😀', "\\uD83D\\ude00");
        let form: String = form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
        let html =
            SECRET.replace('&', "&amp;").replace('"', "&#34;").replace('<', "&lt;").replace('>', "&#x3E;");
        let inside = |text: &str| text.trim_matches(['"', '\\']).to_owned();
        for encoding in [
            SECRET.to_owned(),
            SECRET.to_uppercase(),
            inside(&json),
            inside(&twice),
            inside(&slashes),
            form.clone(),
            form.to_lowercase(),
            form.replace('+', "%20"),
            html.clone(),
            html.replace("&#34;", "&quot;"),
        ] {
            assert_eq!(shown(&format!("is {encoding}, é")), "is …, é", "{encoding}");
        }
    }

    #[test]
    fn other_words_stay_and_a_beginning_goes_only_where_the_text_ends() {
        for text in ["", "CANARY", "CANARY\"a\\b/+ is no secret", "a %4", "&amp &#; \\u00"] {
            assert_eq!(shown(text), text);
        }
        assert_eq!(shown("cut at CANARY\"a\\b/"), "cut at …");
        assert_eq!(without("ab abab", "ab", |piece| format!("<{piece}>")), "<ab> <ab><ab>");
        assert_eq!(without("a", "", |_| "…".to_owned()), "a");
        assert_eq!(without("a", "\\\\\\\\", |_| "…".to_owned()), "a");
    }

    proptest! {
        /// No panic, and no part of the secret remains, whatever surrounds it.
        #[test]
        fn x1_no_text_around_a_secret_hides_it(before in ".{0,20}", after in ".{0,20}", secret in "[!-~]{4,20}") {
            let text = format!("{before}{secret}{after}");
            let shown = without(&text, &secret, |_| "\u{1}".to_owned());
            prop_assert!(!shown.contains(&secret), "{shown:?}");
        }

        #[test]
        fn any_texts_are_taken(text in ".{0,60}", secret in ".{0,12}") {
            let encoded = base64::engine::general_purpose::STANDARD.encode(&text);
            for text in [&text, &encoded] {
                without(text, &secret, |_| "…".to_owned());
            }
        }
    }
}
