//! Parses the lines of a `.env` file as shells and common libraries do.
//!
//! Invariants: a file is a list of names and values from its first line to its last, or rejected; a value's
//! size is bounded, however often it refers to another one.

use zeroize::Zeroizing;

const NAMES_MAX: usize = 2000;
const NAME_MAX_BYTES: usize = 200;
/// The maximum size of a value over several lines or with references, in bytes.
const VALUE_MAX_BYTES: usize = 64 * 1024;
/// The maximum total size of expanded references, in bytes; further ones stay unexpanded.
const EXPANDED_MAX_BYTES: usize = 16 * 1024 * 1024;

/// Names and values, in order; the last value of a repeated name.
pub(in crate::domain) type Pairs = Vec<(String, Zeroizing<String>)>;

/// Reads a file; `None` if a line is neither a name and a value, a comment, nor empty.
pub(in crate::domain) fn read(text: &str) -> Option<Pairs> {
    let mut pairs = Pairs::new();
    let mut expandable_bytes = EXPANDED_MAX_BYTES;
    let mut rest = text.trim_start_matches('\u{feff}');
    while !rest.is_empty() {
        let end = rest.find('\n').unwrap_or(rest.len());
        let line = &rest[..end];
        let mut next = end;
        match name_of(line.trim()) {
            Some((name, Some(value))) => {
                // The same position in the whole text, since a quoted value may continue on the next line.
                let begin = line.trim_end().len() - value.len();
                let (value, length) = value_of(&rest[begin..], value.len(), &pairs, &mut expandable_bytes);
                next = next.max(begin + length);
                match pairs.iter().position(|(known, _)| known == name) {
                    Some(place) => pairs[place].1 = value,
                    None if pairs.len() < NAMES_MAX => pairs.push((name.to_owned(), value)),
                    None => {}
                }
            }
            Some((_, None)) => {}
            None if line.trim().is_empty() || line.trim_start().starts_with('#') => {}
            None => return None,
        }
        rest = rest[next..].strip_prefix('\n').unwrap_or(&rest[next..]);
    }
    Some(pairs)
}

/// The name in a line and the rest after it; a name alone, in capitals, has no value.
fn name_of(line: &str) -> Option<(&str, Option<&str>)> {
    // The syntaxes of a shell, the command prompt and PowerShell.
    let words = ["export", "set"].iter().find_map(|word| {
        let rest = line.strip_prefix(word)?;
        rest.starts_with([' ', '\t']).then(|| rest.trim_start())
    });
    let line = words.or_else(|| line.strip_prefix("$env:")).unwrap_or(line);
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let is_loud =
        |name: &str| name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    let end = line.find(|c: char| !is_name(c)).unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    let fits =
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.len() <= NAME_MAX_BYTES;
    let rest = rest.trim_start();
    let value = match rest.strip_prefix('=') {
        Some(value) => Some(value),
        None if is_loud(name) => rest.strip_prefix(": "),
        None => None,
    };
    match value {
        _ if !fits => None,
        Some(value) => Some((name, Some(value.trim_start()))),
        None => (rest.is_empty() && is_loud(name)).then_some((name, None)),
    }
}

/// The value at the text's start, and its length in bytes; `line` is the length of the rest of its line.
fn value_of(
    text: &str,
    line: usize,
    pairs: &Pairs,
    expandable_bytes: &mut usize,
) -> (Zeroizing<String>, usize) {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'));
    let closed = quote.and_then(|quote| Some((quote, closing(&text[1..], quote)?)));
    if let Some((quote, length)) = closed {
        let behind = &text[length + 2..];
        let behind = behind[..behind.find('\n').unwrap_or(behind.len())].trim_start();
        // Over several lines only if just a comment follows; otherwise the quote is literal.
        if length + 2 <= line || behind.is_empty() || behind.starts_with('#') {
            let inner = &text[1..=length];
            let value = if quote == '"' {
                filled(inner, true, pairs, expandable_bytes)
            } else {
                inner.to_owned().into()
            };
            return (value, length + 2);
        }
    }
    let bare = &text[..line];
    let comment = bare.match_indices('#').find(|(at, _)| bare[..*at].ends_with([' ', '\t']));
    let bare = comment.map_or(bare, |(at, _)| &bare[..at]).trim_end();
    (filled(bare, false, pairs, expandable_bytes), line)
}

/// The position of the closing quote; in double quotes a backslash escapes the next character.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().take_while(|(at, _)| *at < VALUE_MAX_BYTES) {
        match c {
            _ if escaped => escaped = false,
            '\\' if quote == '"' => escaped = true,
            c if c == quote => return Some(at),
            _ => {}
        }
    }
    None
}

/// Expands each `${NAME}` of an earlier line, and the backslashes of a quoted value.
fn filled(text: &str, in_quotes: bool, pairs: &Pairs, expandable_bytes: &mut usize) -> Zeroizing<String> {
    let mut value = Zeroizing::new(String::with_capacity(text.len()));
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let mut length = c.len_utf8();
        let escaped = rest[length..].chars().next().filter(|_| in_quotes && c == '\\');
        let named = rest.strip_prefix("${").filter(|_| value.len() <= VALUE_MAX_BYTES).and_then(name_before);
        let known = named.and_then(|name| pairs.iter().find(|(known, _)| known == name));
        match (escaped, known) {
            (Some(escape @ ('n' | 'r' | 't')), _) => {
                value.push(if escape == 'n' {
                    '\n'
                } else if escape == 'r' {
                    '\r'
                } else {
                    '\t'
                });
                length += 1;
            }
            (Some(escape @ ('"' | '\\' | '$' | '`')), _) => {
                value.push(escape);
                length += 1;
            }
            (_, Some((name, other)))
                if value.len() + other.len() <= VALUE_MAX_BYTES && other.len() <= *expandable_bytes =>
            {
                *expandable_bytes -= other.len();
                value.push_str(other);
                length = name.len() + 3;
            }
            _ => value.push(c),
        }
        rest = &rest[length..];
    }
    value
}

/// The text before the closing brace, if it is short enough for a name.
fn name_before(rest: &str) -> Option<&str> {
    let end = rest.bytes().take(NAME_MAX_BYTES + 1).position(|byte| byte == b'}')?;
    Some(&rest[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<(String, String)> {
        let pairs = read(text).unwrap();
        pairs.into_iter().map(|(name, value)| (name, value.to_string())).collect()
    }

    #[test]
    fn values_are_read_as_shells_and_libraries_do() {
        for (text, value) in [
            ("A=1", "1"),
            ("\u{feff}A=1\r\n", "1"),
            ("export A=1", "1"),
            ("export\tA = 1\t# a comment", "1"),
            ("set A=1", "1"),
            ("$env:A = \"1\"", "1"),
            ("A: 1", "1"),
            ("A=", ""),
            ("A=#1", "#1"),
            ("A=a#b # c", "a#b"),
            ("A='x # y'  # c", "x # y"),
            ("A=\"a\\\"b\\\\c\\$d\\ne\\f\"", "a\"b\\c$d\ne\\f"),
            ("A='a\\\"b'", "a\\\"b"),
            ("A=a\\nb", "a\\nb"),
            ("A=\"-----BEGIN\nab=\n-----END\" # key", "-----BEGIN\nab=\n-----END"),
            ("A=\"open", "\"open"),
            ("A=it's", "it's"),
            ("A=p$B${B}", "p$B${B}"),
            ("A=0\nA=1", "1"),
        ] {
            assert_eq!(values(text), [("A".to_owned(), value.to_owned())], "{text}");
        }
        let text = "BASE=https://a.example\nDEBUG\nA=${BASE}/token\nB=\"${BASE}\\${BASE}\"\nC='${BASE}'\nD=\"x\nE=\"y\n";
        let values = values(text);
        let of = |name: &str| values.iter().find(|(known, _)| known == name).unwrap().1.as_str();
        assert_eq!((of("A"), of("B")), ("https://a.example/token", "https://a.example${BASE}"));
        assert_eq!((of("C"), of("D"), of("E")), ("${BASE}", "\"x", "\"y"));
    }

    #[test]
    fn i1_what_is_no_such_list_is_none_and_a_value_stays_bounded() {
        for other in ["[[account]]\nname = \"a\"", "{}", "not a pair", "a: 1", "A=1\n- b", "=1", "1A=2"] {
            assert!(read(other).is_none(), "{other}");
        }
        let doubling: Vec<_> = (1..200).map(|n| format!("A{n}=${{A{p}}}${{A{p}}}", p = n - 1)).collect();
        let pairs = read(&format!("A0=0123456789\n{}", doubling.join("\n"))).unwrap();
        assert!(pairs.iter().all(|(_, value)| value.len() <= 2 * VALUE_MAX_BYTES), "bounded");
        assert_eq!(read(&"A".repeat(NAME_MAX_BYTES + 1)), None);
        let many: Vec<_> = (0..5000).map(|n| format!("N{n}=\"")).collect();
        assert!(read(&many.join("\n")).unwrap().len() <= NAMES_MAX);
    }

    #[test]
    fn i5_values_put_into_others_have_16_mib_at_most() {
        let (base, name) = ("x".repeat(60_000), "A".repeat(8));
        let lines: Vec<_> = (0..NAMES_MAX).map(|number| format!("N{number}=${{{name}}}")).collect();
        let pairs = read(&format!("{name}={base}\n{}", lines.join("\n"))).unwrap();
        let bytes: usize = pairs.iter().skip(1).map(|(_, value)| value.len()).sum();
        assert!((15 << 20..=(16 << 20) + NAMES_MAX * 11).contains(&bytes), "{bytes}");
        assert_eq!(pairs[1].1.len(), base.len());
        assert_eq!(pairs.last().unwrap().1.as_str(), "${AAAAAAAA}", "as it is written");
        // Search for a closing brace only within a name's length, not to the end of the file.
        let open = "${".repeat(1 << 20);
        assert_eq!(read(&format!("A={open}")).unwrap()[0].1.len(), open.len());
    }
}
