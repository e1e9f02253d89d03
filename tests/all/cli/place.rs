//! An environment for the program: a machine with a keychain, a home, and a server.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::support::canary;
use crate::support::desktop::Bus;
use crate::support::raw;
use crate::support::server::{Request, Response, ScriptedServer};
use crate::support::wine::Wine;

/// An account of [`Server::accounts`] whose name needs quoting.
pub(crate) const BATCH: &str = "batch: a/b 東京";

/// Downgrades a database to the first version's schema.
pub(crate) const TO_THE_FIRST_SCHEMA: &str = "DROP TABLE exchanges; DROP TABLE in_flight; DROP TABLE waits;
     ALTER TABLE accounts DROP COLUMN kept_in; PRAGMA user_version = 1";

#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    /// The output of a successful run.
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }

    /// The same, parsed as JSON.
    pub(crate) fn json(self) -> serde_json::Value {
        serde_json::from_str(&self.ok()).expect("JSON")
    }

    /// The message of a failed run with this exit code: nothing on stdout, one paragraph on stderr.
    pub(crate) fn failed(self, code: i32) -> String {
        assert_eq!(self.code, code, "{self:?}");
        assert_eq!(self.out, "", "{self:?}");
        let said = self.err.trim_end();
        assert!(!said.is_empty() && !said.contains("\n\n"), "{self:?}");
        said.to_owned()
    }
}

/// What the program runs on.
#[derive(Clone, Copy)]
pub(crate) enum Machine<'a> {
    /// The built program, on a bus of its own.
    Linux(&'a Bus),
    /// The Windows program.
    Windows(&'a Wine),
}

impl<'a> From<&'a Bus> for Machine<'a> {
    fn from(bus: &'a Bus) -> Self {
        Self::Linux(bus)
    }
}

impl<'a> From<&'a Wine> for Machine<'a> {
    fn from(wine: &'a Wine) -> Self {
        Self::Windows(wine)
    }
}

impl Machine<'_> {
    fn command(self) -> Command {
        match self {
            Self::Linux(bus) => bus.command(env!("CARGO_BIN_EXE_keyfob")),
            Self::Windows(wine) => wine.command(),
        }
    }

    /// A path for a file or folder with this name.
    pub(crate) fn path(self, name: &str) -> PathBuf {
        match self {
            Self::Linux(bus) => bus.path(name),
            Self::Windows(wine) => wine.path(name),
        }
    }

    /// A path as the program knows it.
    pub(crate) fn argument(self, path: &Path) -> String {
        match self {
            Self::Linux(_) => path.to_str().expect("UTF-8").to_owned(),
            Self::Windows(_) => Wine::argument(path),
        }
    }
}

pub(crate) struct Place<'bus> {
    machine: Machine<'bus>,
    pub(crate) home: PathBuf,
    pub(crate) log: bool,
    /// Arguments before each command, such as another vault.
    pub(crate) before: Vec<String>,
}

impl<'bus> Place<'bus> {
    pub(crate) fn on(machine: impl Into<Machine<'bus>>) -> Self {
        let machine = machine.into();
        Self { machine, home: machine.path("home of keyfob"), log: false, before: Vec::new() }
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = self.machine.command();
        command.args(&self.before).args(words).env("KEYFOB_HOME", self.machine.argument(&self.home));
        if self.log {
            command.env("KEYFOB_LOG", "trace");
        }
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, words: &[&str]) -> Run {
        self.run_with(words, "")
    }

    pub(crate) fn run_with(&self, words: &[&str], input: &str) -> Run {
        let mut child = self.command(words).stdin(Stdio::piped()).spawn().expect("the program");
        let mut stdin = child.stdin.take().expect("its input");
        // The program may exit without reading it.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let output = child.wait_with_output().expect("its end");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Run {
            code: output.status.code().expect("an exit code"),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }

    /// Writes a file beside the home that only this user can read.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.machine.path(name);
        std::fs::write(&path, text).expect("a file");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).expect("its rights");
        self.machine.argument(&path)
    }

    /// Starts a sign-in without a browser, up to the sign-in link on its standard output.
    pub(crate) fn sign_in(&self, words: &[&str]) -> SignIn {
        let mut child = self.command(words).stdin(Stdio::piped()).spawn().expect("the program");
        let mut out = BufReader::new(child.stdout.take().expect("its output"));
        let mut err = child.stderr.take().expect("its words");
        let said = std::thread::Builder::new().name("words".to_owned()).spawn(move || {
            let mut said = String::new();
            err.read_to_string(&mut said).expect("UTF-8");
            said
        });
        let mut address = String::new();
        out.read_line(&mut address).expect("a line");
        let stdin = child.stdin.take();
        SignIn { child, address: address.trim_end().to_owned(), out, stdin, said: said.expect("a thread") }
    }
}

pub(crate) struct SignIn {
    pub(crate) child: Child,
    pub(crate) address: String,
    out: BufReader<std::process::ChildStdout>,
    pub(crate) stdin: Option<ChildStdin>,
    said: JoinHandle<String>,
}

impl SignIn {
    pub(crate) fn parameter(&self, name: &str) -> String {
        parameter(&self.address, name)
    }

    /// Takes the next line of its output as the sign-in link.
    pub(crate) fn next_line(&mut self) {
        self.address.clear();
        self.out.read_line(&mut self.address).expect("a line");
        self.address.truncate(self.address.trim_end().len());
    }

    /// Plays the browser's redirect with these parameters and `state`.
    pub(crate) fn come_back(&self, parameters: &[(&str, &str)]) -> raw::Answer {
        come_back(&self.address, parameters)
    }

    pub(crate) fn paste(&mut self, line: &str) {
        writeln!(self.stdin.as_mut().expect("its input"), "{line}").expect("it reads");
    }

    /// Waits for the end; the output doesn't include the sign-in link.
    pub(crate) fn end(mut self) -> Run {
        drop(self.stdin.take());
        let code = self.child.wait().expect("its end").code().expect("an exit code");
        let mut out = String::new();
        self.out.read_to_string(&mut out).expect("UTF-8");
        Run { code, out, err: self.said.join().expect("its words") }
    }
}

pub(crate) fn parameter(address: &str, name: &str) -> String {
    let url = url::Url::parse(address).expect("an address");
    let found = url.query_pairs().find(|(key, _)| key == name);
    found.unwrap_or_else(|| panic!("{name} in {address}")).1.into_owned()
}

/// Plays a browser that is redirected from the sign-in link to the redirect URI, and follows to the page.
pub(crate) fn come_back(address: &str, parameters: &[(&str, &str)]) -> raw::Answer {
    let state = parameter(address, "state");
    let mut back = url::Url::parse(&parameter(address, "redirect_uri")).expect("an address");
    back.query_pairs_mut().extend_pairs(parameters).append_pair("state", &state);
    let answer = raw::get(back.as_str());
    match answer.header("location") {
        Some(location) => {
            // A browser takes its time, and the page must still be there.
            std::thread::sleep(Duration::from_millis(250));
            raw::get(back.join(location).expect("an address").as_str())
        }
        None => answer,
    }
}

/// A server whose tokens and client secrets are canaries.
pub(crate) struct Server {
    pub(crate) server: ScriptedServer,
    pub(crate) canary: String,
}

impl Server {
    /// It issues a new token per request; `facts` are further members of the response.
    pub(crate) fn giving(facts: &str) -> Self {
        let canary = canary();
        let (mark, facts, count) = (canary.clone(), facts.to_owned(), Arc::new(AtomicUsize::new(0)));
        let server = ScriptedServer::judging(move |_: &Request| {
            let number = count.fetch_add(1, Ordering::SeqCst) + 1;
            Response::json(
                200,
                format!(
                    r#"{{"access_token":"at-{number}-{mark}","refresh_token":"rt-{number}-{mark}"{facts}}}"#
                ),
            )
        });
        Self { server, canary }
    }

    /// The token of the response with that number.
    pub(crate) fn token(&self, number: usize) -> String {
        format!("at-{number}-{}", self.canary)
    }

    /// An import file with an account for each of the two grants.
    pub(crate) fn accounts(&self) -> String {
        let (canary, url) = (&self.canary, self.server.url(""));
        format!(
            r#"
[[account]]
name = "car-dev"
provider = "smartcar"
grant = "authorization_code"
client_id = "the-client"
client_secret = "secret-{canary}"
scopes = ["read_odometer"]
redirect_uri = "http://127.0.0.1/callback"
[account.endpoints]
authorize = "{url}/authorize"
token = "{url}/token"

[[account]]
name = "batch: a/b 東京"
provider = "custom"
grant = "client_credentials"
client_id = "the-client"
client_secret = "other-{canary}"
headers = {{ X-Key = "header-{canary}" }}
[account.endpoints]
token = "{url}/token"
"#
        )
    }
}

/// Whether a file below a folder, or its name, contains these bytes.
pub(crate) fn holds(folder: &Path, needle: &str) -> bool {
    let entries: Vec<_> = std::fs::read_dir(folder).into_iter().flatten().flatten().collect();
    entries.iter().any(|entry| {
        let path = entry.path();
        let bytes = if path.is_dir() { Vec::new() } else { std::fs::read(&path).unwrap_or_default() };
        entry.file_name().to_string_lossy().contains(needle)
            || bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
            || (path.is_dir() && holds(&path, needle))
    })
}
