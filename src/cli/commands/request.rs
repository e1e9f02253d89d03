//! `keyfob request`: one request with an account's token to the host of its API.
//!
//! Invariant: nothing is sent to another host, and no redirect leads there.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use url::Url;

use super::token;
use crate::base::sanitize::sanitized;
use crate::cli::failure::Failure;
use crate::cli::format::quoted;
use crate::cli::output;
use crate::cli::passphrase::VaultOptions;
use crate::cli::session::{CliSession, with_account};
use crate::domain::api::api_host::ApiHost;
use crate::domain::token::token_format;
use crate::messages::command::Command;
use crate::messages::event::HeldToken;
use crate::messages::problem::Problem;
use crate::messages::snapshot::AccountView;
use crate::net::api_client::{ApiAnswer, ApiBody, ApiRequest, BlockingApiClient};

/// The longest standard input that can be sent again, in bytes.
const REPEATABLE_MAX_BYTES: usize = 256 * 1024;
const MAX_REDIRECTS: usize = 10;
const UNAUTHORIZED: u16 = 401;

pub(in crate::cli) struct RequestOptions {
    pub(in crate::cli) method: Option<String>,
    pub(in crate::cli) target: String,
    pub(in crate::cli) data: Option<PathBuf>,
    pub(in crate::cli) headers: Vec<(String, String)>,
    pub(in crate::cli) include: bool,
}

pub(in crate::cli) fn run(vault: &VaultOptions, name: &str, options: &RequestOptions) -> Result<(), Failure> {
    with_account(vault, name, |session, account| {
        let host = session.needed_api_host(account)?;
        let mut sender = Sender {
            url: checked(&host, host.resolve(&options.target), &options.target)?,
            method: method(options)?,
            body: Source::of(options.data.as_deref())?,
            headers: headers(options),
            host,
        };
        let held = token::valid(session, account, None)?;
        let client = BlockingApiClient::new(&session.api_policy(account, &sender.host)?, sender.host.clone());
        let client = client.map_err(|error| Failure::of(&Problem::Unreachable(error)))?;
        let answer = sender.exchange(session, account, &client, held)?;
        let status = answer.status;
        print(answer, options.include)?;
        token::warn_if_unsaved(session, account)?;
        if status < 400 { Ok(()) } else { Err(Failure::ended_with(1)) }
    })
}

fn method(options: &RequestOptions) -> Result<String, Failure> {
    let method = match &options.method {
        Some(method) => method.to_ascii_uppercase(),
        None if options.data.is_some() => "POST".to_owned(),
        None => "GET".to_owned(),
    };
    let is_method = method.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-') && method != "CONNECT";
    if is_method && !method.is_empty() {
        Ok(method)
    } else {
        Err(Failure::refused(format!("{} is not a method, such as GET or POST.", quoted(&method))))
    }
}

fn headers(options: &RequestOptions) -> Vec<(String, String)> {
    let mut headers = options.headers.clone();
    let states_type = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    if options.data.is_some() && !states_type {
        headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
    }
    headers
}

/// Returns the URL if it is on the API's host.
fn checked(host: &ApiHost, url: Option<Url>, text: &str) -> Result<Url, Failure> {
    let url =
        url.ok_or_else(|| Failure::refused(format!("{} is neither a path nor a URL.", quoted(text))))?;
    if host.is_origin_of(&url) {
        return Ok(url);
    }
    Err(Failure::refused(format!(
        "{} is not on {}, the host of the account's API, so nothing was sent there. The token is for that host alone.",
        quoted(&url.origin().ascii_serialization()),
        sanitized(host.authority(), 300)
    )))
}

/// Where the body comes from.
enum Source {
    None,
    File(PathBuf),
    /// Standard input that was read to its end.
    Whole(Vec<u8>),
    /// The beginning of a longer one; can be sent once.
    Start(Vec<u8>),
    Spent,
}

impl Source {
    fn of(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self::None) };
        if path != Path::new("-") {
            return File::open(path)
                .map(|_| Self::File(path.to_owned()))
                .map_err(|error| unread(path, &error));
        }
        let mut start = Vec::new();
        let limit = REPEATABLE_MAX_BYTES as u64 + 1;
        io::stdin().take(limit).read_to_end(&mut start).map_err(|error| unread(path, &error))?;
        Ok(if start.len() > REPEATABLE_MAX_BYTES { Self::Start(start) } else { Self::Whole(start) })
    }

    fn can_repeat(&self) -> bool {
        !matches!(self, Self::Spent)
    }

    fn body(&mut self) -> Result<ApiBody, Failure> {
        Ok(match self {
            Self::None | Self::Spent => ApiBody::None,
            Self::File(path) => {
                let file = File::open(&*path).map_err(|error| unread(path, &error))?;
                let found = file.metadata().map_err(|error| unread(path, &error))?;
                ApiBody::Stream(Box::new(file), found.is_file().then_some(found.len()))
            }
            Self::Whole(bytes) => ApiBody::Whole(bytes.clone().into()),
            Self::Start(start) => {
                let source = io::Cursor::new(std::mem::take(start)).chain(io::stdin());
                *self = Self::Spent;
                ApiBody::Stream(Box::new(source), None)
            }
        })
    }
}

fn unread(path: &Path, error: &io::Error) -> Failure {
    Failure::refused(format!("{} could not be read: {error}.", quoted(&path.display().to_string())))
}

struct Sender {
    host: ApiHost,
    url: Url,
    method: String,
    headers: Vec<(String, String)>,
    body: Source,
}

impl Sender {
    /// Sends the request, follows redirects on the host, and renews the token once if it is rejected.
    fn exchange<'c>(
        &mut self,
        session: &mut CliSession,
        account: &AccountView,
        client: &'c BlockingApiClient,
        mut held: Box<HeldToken>,
    ) -> Result<ApiAnswer<'c>, Failure> {
        let (mut is_renewed, mut redirects) = (false, 0);
        loop {
            let answer = self.send(client, &held)?;
            if answer.status == UNAUTHORIZED && !is_renewed {
                is_renewed = true;
                if session.done(account, Command::Refresh(account.id.clone())).is_ok()
                    && self.body.can_repeat()
                {
                    held = token::valid(session, account, None)?;
                    continue;
                }
            }
            let location = answer.header("location").and_then(|text| std::str::from_utf8(text).ok());
            let place = location.filter(|_| matches!(answer.status, 301 | 302 | 303 | 307 | 308));
            let Some(place) = place.map(str::to_owned) else { return Ok(answer) };
            redirects += 1;
            if redirects > MAX_REDIRECTS {
                return Err(Failure::refused("The server redirects without end, so it was given up."));
            }
            let before = self.method.clone();
            self.redirect(answer.status, &place)?;
            if !self.body.can_repeat() && before == self.method {
                return Ok(answer);
            }
        }
    }

    fn send<'c>(
        &mut self,
        client: &'c BlockingApiClient,
        held: &HeldToken,
    ) -> Result<ApiAnswer<'c>, Failure> {
        let (headers, url) =
            token_format::into_request(&held.api, &held.access_token, &self.headers, &self.url);
        let request = ApiRequest { method: self.method.clone(), url, headers };
        let sent = client.send(&request, self.body.body()?);
        sent.map_err(|error| Failure::of(&Problem::Unreachable(error)))
    }

    /// Goes to another place on the host (RFC 9110, section 15.4).
    fn redirect(&mut self, status: u16, place: &str) -> Result<(), Failure> {
        self.url = checked(&self.host, self.url.join(place).ok(), place)?;
        let becomes_get = status == 303 || (matches!(status, 301 | 302) && self.method == "POST");
        if becomes_get && self.method != "HEAD" {
            "GET".clone_into(&mut self.method);
            self.body = Source::None;
            self.headers.retain(|(name, _)| !name.to_ascii_lowercase().starts_with("content-"));
        }
        Ok(())
    }
}

fn print(mut answer: ApiAnswer<'_>, include: bool) -> Result<(), Failure> {
    let status = format!("HTTP {} {}", answer.status, answer.reason);
    output::say(status.trim_end());
    let mut out = io::stdout().lock();
    if include {
        let mut head = format!("{}\r\n", status.trim_end()).into_bytes();
        for (name, value) in &answer.headers {
            head.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        head.extend(b"\r\n");
        written(out.write_all(&head))?;
    }
    loop {
        let next = answer.next_part().map_err(|error| Failure::of(&Problem::Unreachable(error)))?;
        let Some(bytes) = next else { return Ok(()) };
        // A stream's events are shown as they come.
        written(out.write_all(&bytes).and_then(|()| out.flush()))?;
    }
}

fn written(result: io::Result<()>) -> Result<(), Failure> {
    result.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::reader_gone(),
        _ => Failure::refused(format!("The output could not be written: {error}.")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(method: Option<&str>, data: bool) -> RequestOptions {
        RequestOptions {
            method: method.map(str::to_owned),
            target: "/".to_owned(),
            data: data.then(|| PathBuf::from("-")),
            headers: Vec::new(),
            include: false,
        }
    }

    fn sender(method: &str) -> Sender {
        let host = ApiHost::parse("https://api.example").unwrap();
        Sender {
            url: host.resolve("/v1/a").unwrap(),
            host,
            method: method.to_owned(),
            headers: vec![("Content-Type".to_owned(), "x".to_owned())],
            body: Source::Whole(b"x".to_vec()),
        }
    }

    #[test]
    fn the_method_follows_the_data_unless_it_is_stated() {
        for (given, data, expected) in [
            (None, false, "GET"),
            (None, true, "POST"),
            (Some("patch"), true, "PATCH"),
            (Some("HEAD"), false, "HEAD"),
        ] {
            assert_eq!(method(&options(given, data)).unwrap(), expected);
        }
        for wrong in ["", "GET /", "CONNECT", "G\nT"] {
            assert!(method(&options(Some(wrong), false)).is_err(), "{wrong}");
        }
        assert_eq!(
            headers(&options(None, true)),
            [("Content-Type".to_owned(), "application/json".to_owned())]
        );
    }

    #[test]
    fn u1_a_redirect_to_another_host_is_refused() {
        for place in
            ["https://evil.example/", "//evil.example/", "http://api.example/", "https://api.example:444/"]
        {
            assert!(sender("GET").redirect(302, place).is_err(), "{place}");
        }
        for (method, status, expected) in [
            ("POST", 302, "GET"),
            ("POST", 307, "POST"),
            ("PUT", 303, "GET"),
            ("HEAD", 303, "HEAD"),
            ("GET", 301, "GET"),
        ] {
            let mut sender = sender(method);
            sender.redirect(status, "b?c").unwrap();
            assert_eq!(
                (sender.method.as_str(), sender.url.as_str()),
                (expected, "https://api.example/v1/b?c")
            );
        }
    }
}
