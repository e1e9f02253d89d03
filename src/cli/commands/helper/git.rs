//! Git's credential helper protocol (`git help credential`, section "INPUT/OUTPUT FORMAT").

use std::path::Path;

use zeroize::Zeroizing;

use super::{REQUEST_MAX_BYTES, USER_NAME};
use crate::cli::commands::token;
use crate::cli::failure::Failure;
use crate::cli::input;
use crate::cli::output;
use crate::cli::passphrase::VaultOptions;
use crate::cli::session::with_account;
use crate::domain::api::api_host::HostRule;
use crate::domain::api_address::challenge;
use crate::messages::event::HeldToken;

pub(super) fn run(
    vault: &VaultOptions,
    name: &str,
    hosts: &[String],
    operation: &str,
) -> Result<(), Failure> {
    let asked = input::read(Path::new("-"), REQUEST_MAX_BYTES).and_then(input::text_of);
    let asked = asked.map_err(|_| Failure::refused("Git's request could not be read."))?;
    // There is nothing to store or to erase, and a helper ignores operations that it doesn't know.
    if operation != "get" {
        return Ok(());
    }
    let asked = Asked::parse(&asked);
    with_account(vault, name, |session, account| {
        let api = session.api_host(account);
        if !(HostRule { named: hosts, api: api.as_ref() }).allows(asked.protocol, asked.host) {
            return Ok(());
        }
        let held = token::valid(session, account, None)?;
        output::data(&answer(&asked, &held))?;
        token::warn_if_unsaved(session, account)
    })
}

/// What Git asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked<'a> {
    protocol: &'a str,
    host: &'a str,
    username: Option<&'a str>,
    /// Git understands `authtype` and `credential`.
    knows_schemes: bool,
    /// The schemes of the server's `WWW-Authenticate` headers.
    schemes: Vec<String>,
}

impl<'a> Asked<'a> {
    fn parse(text: &'a str) -> Self {
        let mut asked = Self::default();
        for line in text.lines().take_while(|line| !line.is_empty()) {
            let Some((key, value)) = line.split_once('=') else { continue };
            match key {
                "protocol" => asked.protocol = value,
                "host" => asked.host = value,
                "username" => asked.username = Some(value).filter(|name| !name.is_empty()),
                "capability[]" => asked.knows_schemes |= value == "authtype",
                // An empty value clears the list.
                "wwwauth[]" if value.is_empty() => asked.schemes.clear(),
                "wwwauth[]" => asked.schemes.extend(challenge::schemes(value)),
                _ => {}
            }
        }
        asked
    }

    /// Whether the token goes into a Bearer header, since the server takes no password.
    fn wants_bearer(&self) -> bool {
        let offers = |name: &str| self.schemes.iter().any(|scheme| scheme.eq_ignore_ascii_case(name));
        self.knows_schemes && offers("Bearer") && !offers("Basic")
    }
}

fn answer(asked: &Asked<'_>, held: &HeldToken) -> Zeroizing<String> {
    let token = held.alone();
    let mut text = Zeroizing::new(String::with_capacity(token.len() + 200));
    let mut line = |key: &str, value: &str| {
        for part in [key, "=", value, "\n"] {
            text.push_str(part);
        }
    };
    if asked.wants_bearer() {
        // It comes first, since it says what the others mean.
        line("capability[]", "authtype");
        line("authtype", "Bearer");
        line("credential", token);
        // No other helper keeps it.
        line("ephemeral", "1");
    } else {
        let own = held.login.as_ref().map(|login| login.username.as_str());
        line("username", own.or(asked.username).unwrap_or(USER_NAME));
        line("password", token);
    }
    if let Some(end) = held.facts.expires_at {
        line("password_expiry_utc", &end.timestamp().to_string());
    }
    // The output ends its last line itself.
    text.pop();
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_follows_what_git_and_the_server_understand() {
        let asked = |lines: &str| Asked::parse(lines).wants_bearer();
        let able = "capability[]=authtype\ncapability[]=state\nprotocol=https\nhost=a.example\n";
        assert!(asked(&format!("{able}wwwauth[]=Bearer realm=\"x\"\n")));
        assert!(asked(&format!("{able}wwwauth[]=Negotiate\nwwwauth[]=bearer\n\nwwwauth[]=Basic\n")));
        assert!(!asked(&format!("{able}wwwauth[]=Bearer\nwwwauth[]=Basic realm=\"x\"\n")));
        assert!(!asked(&format!("{able}wwwauth[]=Bearer realm=\"x, y\", Basic realm=\"z\"\n")));
        assert!(!asked(able));
        assert!(!asked("protocol=https\nhost=a.example\nwwwauth[]=Bearer\n"));
        assert!(!asked(&format!("{able}wwwauth[]=Bearer\nwwwauth[]=\n")));
    }

    #[test]
    fn a_request_ends_with_an_empty_line() {
        let asked =
            Asked::parse("protocol=https\nhost=a.example:8443\nusername=me\nx\npath=a=b\n\nhost=evil\n");
        assert_eq!((asked.protocol, asked.host, asked.username), ("https", "a.example:8443", Some("me")));
    }
}
