//! Output formats of a token: plain, header, command, variable.
//!
//! Invariant: whatever a token, a name or a URL contains, the output is one line, and a shell reads exactly
//! the intended words.

use std::fmt::Write as _;

use url::Url;
use zeroize::Zeroizing;

use crate::base::sanitize::is_unseen;
use crate::base::secret::{AccessToken, SecretText};
use crate::domain::oauth::token_syntax::is_header_name;
use crate::domain::provider::spec::ApiUse;

/// The default scheme before a token (RFC 6750, section 2.1).
const BEARER: &str = "Bearer";

/// The formats of *Copy* and of `token --as`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyForm {
    Plain,
    Header,
    Curl,
    Env,
    PowerShell,
    /// The ID token in the place of the access token.
    IdToken,
}

/// The name and the value of the request header that APIs expect.
///
/// The scheme is the provider's own, else `Bearer`. The token type isn't used: many types that servers send
/// (`bot`, `JWT`, `N_A`) are not schemes, and those of other standards need more than a scheme. A name or
/// scheme that a header can't carry is replaced by `Authorization` or `Bearer`.
pub fn header(api: &ApiUse, token: &AccessToken) -> (String, SecretText) {
    let name = api.header.as_deref().map(str::trim).filter(|name| is_header_name(name));
    let scheme = api.scheme.as_deref().map(str::trim).filter(|scheme| is_scheme(scheme)).unwrap_or(BEARER);
    let space = if scheme.is_empty() { "" } else { " " };
    let value = SecretText::new([scheme, space, token.expose()].concat());
    (name.unwrap_or("Authorization").to_owned(), value)
}

/// The key of a value that a request can't carry, if there is one.
pub(in crate::domain) fn unusable_key(api: &ApiUse) -> Option<&'static str> {
    let fails = |text: &Option<String>, passes: fn(&str) -> bool| {
        text.as_deref().is_some_and(|text| !passes(text.trim()))
    };
    let header = fails(&api.header, is_header_name).then_some("api.header");
    let query = || fails(&api.query, is_header_name).then_some("api.query");
    header.or_else(|| fails(&api.scheme, is_scheme).then_some("api.scheme")).or_else(query)
}

/// Returns true if a text is valid before the token; an empty one means the token alone.
fn is_scheme(text: &str) -> bool {
    text.bytes().all(|b| (b' '..=b'~').contains(&b))
}

/// A request's headers and URL with the token. Its header replaces one of the same name.
pub fn into_request(
    api: &ApiUse,
    token: &AccessToken,
    headers: &[(String, String)],
    url: &Url,
) -> (Vec<(String, SecretText)>, Url) {
    let mut url = url.clone();
    let own = match &api.query {
        Some(query) => {
            url.query_pairs_mut().append_pair(query, token.expose());
            None
        }
        None => Some(header(api, token)),
    };
    let is_other = |name: &str| own.as_ref().is_none_or(|(own, _)| !own.eq_ignore_ascii_case(name));
    let others = headers.iter().filter(|(name, _)| is_other(name));
    let others = others.map(|(name, value)| (name.clone(), SecretText::new(value.clone())));
    let mut all: Vec<_> = others.collect();
    all.extend(own);
    (all, url)
}

/// The header as a line: `Authorization: Bearer …`.
pub fn header_line(api: &ApiUse, token: &AccessToken) -> SecretText {
    let (name, value) = header(api, token);
    SecretText::new([name.as_str(), ": ", value.expose()].concat())
}

/// A cURL command for a request to `url`: `curl --header '…' 'URL'`. A text that is not an http URL is
/// omitted, so that it can't become an option of cURL.
pub fn curl(api: &ApiUse, token: &AccessToken, url: &str) -> SecretText {
    let line = header_line(api, token);
    let header = quoted(line.expose());
    let url = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let url = url.map_or_else(String::new, |url| format!(" {}", quoted(url.as_str()).as_str()));
    SecretText::new(["curl --header ", &header, &url].concat())
}

/// A cURL command whose token goes into the URL's query. Without an http URL, cURL itself adds it to the one
/// that the user writes.
pub fn curl_with_query(name: &str, token: &AccessToken, url: &str) -> SecretText {
    let url = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let Some(mut url) = url else {
        let pair = Zeroizing::new([name, "=", token.expose()].concat());
        return SecretText::new(["curl --get --data-urlencode ", &quoted(&pair)].concat());
    };
    url.query_pairs_mut().append_pair(name, token.expose());
    let text = Zeroizing::new(String::from(url));
    SecretText::new(["curl ", &quoted(&text)].concat())
}

/// Lines for `curl --config -`, which keep the token out of the arguments: `header = "Authorization: Bearer …"`, or
/// the query of a GET request.
pub fn curl_config(api: &ApiUse, token: &AccessToken) -> SecretText {
    let (before, line) = match &api.query {
        Some(query) => {
            let pair = Zeroizing::new([query, "=", token.expose()].concat());
            ("get\ndata-urlencode", SecretText::new(pair.to_string()))
        }
        None => ("header", header_line(api, token)),
    };
    let mut config = Zeroizing::new(String::with_capacity(line.expose().len() * 2 + 32));
    config.push_str(before);
    config.push_str(" = \"");
    for c in line.expose().chars().filter(|c| !c.is_control()) {
        if matches!(c, '"' | '\\') {
            config.push('\\');
        }
        config.push(c);
    }
    config.push('"');
    SecretText::new(config.to_string())
}

/// A shell's `export` of the token: `export CAR_DEV_TOKEN='…'`, safe for `eval`.
pub fn env(account_name: &str, token: &str) -> SecretText {
    let value = quoted(token);
    SecretText::new(["export ", &variable(account_name), "=", &value].concat())
}

/// A PowerShell environment variable: `$env:CAR_DEV_TOKEN = '…'`.
pub fn power_shell(account_name: &str, token: &str) -> SecretText {
    let mut quoted = Zeroizing::new(String::with_capacity(token.len() * 2 + 2));
    for c in token.chars().filter(|c| !c.is_control()) {
        // Within quotes, PowerShell treats typographic ones as equal, and two as one.
        if matches!(c, '\'' | '\u{2018}'..='\u{201b}') {
            quoted.push(c);
        }
        quoted.push(c);
    }
    SecretText::new(["$env:", &variable(account_name), " = '", &quoted, "'"].concat())
}

/// A variable name from an account's name: `car-dev` becomes `CAR_DEV_TOKEN`. A name with non-ASCII letters
/// becomes `KEYFOB_TOKEN`.
pub fn variable(account_name: &str) -> String {
    if !account_name.is_ascii() {
        return "KEYFOB_TOKEN".to_owned();
    }
    let upper = account_name.to_ascii_uppercase();
    let words: Vec<&str> =
        upper.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    match words.first() {
        None => "KEYFOB_TOKEN".to_owned(),
        Some(first) if first.starts_with(|c: char| c.is_ascii_digit()) => {
            format!("KEYFOB_{}_TOKEN", words.join("_"))
        }
        Some(_) => format!("{}_TOKEN", words.join("_")),
    }
}

/// Single-quotes a text, so that a POSIX shell reads everything literally. A single quote goes between two
/// such texts.
pub(in crate::domain) fn quoted(text: &str) -> Zeroizing<String> {
    let mut quoted = Zeroizing::new(String::with_capacity(text.len() * 4 + 2));
    quoted.push('\'');
    for c in text.chars() {
        match c {
            '\'' => quoted.push_str(r"'\''"),
            // Tokens and URLs have no control characters; the output must stay one line.
            c if c.is_control() => {}
            c => quoted.push(c),
        }
    }
    quoted.push('\'');
    quoted
}

/// Formats a text as an argument to paste into a POSIX shell: unquoted if a shell keeps it as it is, else
/// quoted; after `--` if it would be an option. Invisible characters are escaped, since no terminal shows
/// them.
pub fn argument(text: &str) -> String {
    let is_plain = |c: char| (c.is_alphanumeric() && !is_unseen(c)) || "._@+-".contains(c);
    let word =
        if !text.is_empty() && text.chars().all(is_plain) { text.to_owned() } else { printable_quoted(text) };
    if text.starts_with('-') { format!("-- {word}") } else { word }
}

/// Single-quotes a text, with invisible characters as escaped bytes outside the quotes.
fn printable_quoted(text: &str) -> String {
    let mut word = String::with_capacity(text.len() + 2);
    for c in quoted(text).chars() {
        if is_unseen(c) {
            word.push_str(r#"'"$(printf '"#);
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(word, r"\{byte:03o}");
            }
            word.push_str(r#"')"'"#);
        } else {
            word.push(c);
        }
    }
    word
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const NASTY: &str = r#"CANARY'"`$(echo no)\!${HOME}*;&|<>#~"#;

    fn api(header: Option<&str>, scheme: Option<&str>) -> ApiUse {
        ApiUse { header: header.map(str::to_owned), scheme: scheme.map(str::to_owned), ..ApiUse::default() }
    }

    fn token(text: &str) -> AccessToken {
        AccessToken::new(text.to_owned())
    }

    fn sh(script: &str) -> String {
        let output = Command::new("sh").args(["-eu", "-c", script]).output().unwrap();
        assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn a_config_of_curl_has_a_header_or_a_query() {
        let token = AccessToken::new("CANARY\"1".to_owned());
        let config = |query: Option<&str>| {
            let api = ApiUse { query: query.map(str::to_owned), ..ApiUse::default() };
            curl_config(&api, &token).expose().to_owned()
        };
        assert_eq!(config(None), r#"header = "Authorization: Bearer CANARY\"1""#);
        assert_eq!(config(Some("key")), "get\ndata-urlencode = \"key=CANARY\\\"1\"");
    }

    #[test]
    fn a_token_goes_into_a_requests_header_or_its_query() {
        let url = Url::parse("https://api.example/v1?a=b").unwrap();
        let token = AccessToken::new("CANARY&1".to_owned());
        let headers = [("Accept", "text/csv"), ("authorization", "of the caller")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let (sent, to) = into_request(&ApiUse::default(), &token, &headers, &url);
        let sent: Vec<_> = sent.iter().map(|(name, value)| (name.as_str(), value.expose())).collect();
        assert_eq!(sent, [("Accept", "text/csv"), ("Authorization", "Bearer CANARY&1")]);
        assert_eq!(to, url);
        let in_query = ApiUse { query: Some("key".to_owned()), ..ApiUse::default() };
        let (sent, to) = into_request(&in_query, &token, &headers, &url);
        assert_eq!(sent.len(), 2, "a header of the caller's stays");
        assert_eq!(to.as_str(), "https://api.example/v1?a=b&key=CANARY%261");
    }

    #[test]
    fn the_header_is_the_providers_else_the_standards() {
        for (header, scheme, expected) in [
            (None, None, "Authorization: Bearer T"),
            (None, Some("Token"), "Authorization: Token T"),
            (Some("X-Api-Key"), Some(""), "X-Api-Key: T"),
            (Some("X-Api-Key"), None, "X-Api-Key: Bearer T"),
            (Some("X\r\nEvil"), Some("a\r\nb"), "Authorization: Bearer T"),
            (Some(""), Some(" "), "Authorization: T"),
        ] {
            assert_eq!(header_line(&api(header, scheme), &token("T")).expose(), expected);
        }
    }

    #[test]
    fn a_config_of_curl_is_one_quoted_line() {
        let line = curl_config(&api(None, None), &token("a\"b\\c\nd"));
        assert_eq!(line.expose(), r#"header = "Authorization: Bearer a\"b\\cd""#);
    }

    #[test]
    fn a_curl_line_is_split_by_a_shell_as_it_is_meant() {
        let url = "https://api.example.com/v1/it's?a=b&c=$d";
        let line = curl(&api(None, None), &token("T"), url);
        assert_eq!(
            line.expose(),
            r"curl --header 'Authorization: Bearer T' 'https://api.example.com/v1/it'\''s?a=b&c=$d'"
        );
        let line = curl(&api(None, None), &token(NASTY), url);
        let words = sh(&format!("curl() {{ printf '%s\\n' \"$@\"; }}; {}", line.expose()));
        assert_eq!(words, format!("--header\nAuthorization: Bearer {NASTY}\n{url}\n"));
        for no_address in ["--config=evil", "file:///etc/passwd", "", "javascript:1"] {
            let line = curl(&api(None, None), &token("T"), no_address);
            assert_eq!(line.expose(), "curl --header 'Authorization: Bearer T'");
        }
    }

    #[test]
    fn an_export_is_safe_for_eval() {
        assert_eq!(env("car-dev", "T").expose(), "export CAR_DEV_TOKEN='T'");
        for name in ["car-dev", "a; rm -rf /", "$(id)", "x=1 y", "東京", "9 lives", "'", "-n"] {
            let line = env(name, NASTY);
            let (variable, line) = (variable(name), line.expose());
            let script = format!(
                "line=$(cat <<'END'\n{line}\nEND\n)\neval \"$line\"; sh -c 'printf %s \"${variable}\"'"
            );
            assert_eq!(sh(&script), NASTY, "{name}");
        }
        assert_eq!(env("a", "a\nb").expose().lines().count(), 1);
    }

    #[test]
    fn a_power_shell_variable_ends_where_its_quotes_end() {
        assert_eq!(power_shell("car-dev", "T").expose(), "$env:CAR_DEV_TOKEN = 'T'");
        for (text, quoted) in
            [("a'b", "a''b"), ("a\u{2019}b", "a\u{2019}\u{2019}b"), ("a$b`n", "a$b`n"), ("a\nb", "ab")]
        {
            assert_eq!(power_shell("a", text).expose(), format!("$env:A_TOKEN = '{quoted}'"));
        }
    }

    #[test]
    fn a_variables_name_is_an_identifier() {
        for (name, expected) in [
            ("car-dev", "CAR_DEV_TOKEN"),
            ("  Orders / EU: 2 ", "ORDERS_EU_2_TOKEN"),
            ("2cars", "KEYFOB_2CARS_TOKEN"),
            ("_", "KEYFOB_TOKEN"),
            ("", "KEYFOB_TOKEN"),
            ("naïve", "KEYFOB_TOKEN"),
            ("東京", "KEYFOB_TOKEN"),
        ] {
            assert_eq!(variable(name), expected);
        }
    }
    #[test]
    fn an_argument_can_be_pasted_into_a_shell_whatever_is_in_it() {
        for (text, written) in [
            ("car-dev", "car-dev"),
            ("Straße", "Straße"),
            ("Wagen 2", "'Wagen 2'"),
            ("orders/EU: 東京", "'orders/EU: 東京'"),
            ("it's", r"'it'\''s'"),
            ("-x", "-- -x"),
            ("-x y", "-- '-x y'"),
            ("", "''"),
        ] {
            assert_eq!(argument(text), written);
        }
        for text in [
            NASTY,
            "$(id)",
            "~",
            "*",
            "!x",
            "a\\nb",
            "#",
            "👩\u{200d}💻",
            "\u{3164}",
            "مرحبا",
            "{a,b}",
            "=ls",
        ] {
            let written = argument(text);
            assert!(!written.chars().any(is_unseen), "{written:?}");
            assert_eq!(sh(&format!("printf %s {written}")), text);
        }
    }
}
