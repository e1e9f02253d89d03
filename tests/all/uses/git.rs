//! Git over smart HTTP, from `git http-backend` behind an API that wants a token.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::api::{Api, CAR};
use super::tools::{ArgumentWatch, Tools};
use crate::cli::place::Place;
use crate::support::desktop::{Bus, Keyring};
use crate::support::server::{Request, Response};

const LIFE: Duration = Duration::from_secs(2);

/// Answers with the CGI program of Git (RFC 3875).
fn backend(root: &Path, request: &Request) -> Response {
    let mut command = Command::new("git");
    command.arg("http-backend").env("GIT_PROJECT_ROOT", root).env("GIT_HTTP_EXPORT_ALL", "1");
    command.env("REQUEST_METHOD", &request.method).env("PATH_INFO", &request.path);
    command.env("QUERY_STRING", &request.query).env("REMOTE_USER", "someone");
    let header = |name: &str| request.header(name).unwrap_or_default().to_owned();
    command.env("CONTENT_TYPE", header("content-type")).env("CONTENT_LENGTH", request.body.len().to_string());
    command.env("HTTP_CONTENT_ENCODING", header("content-encoding"));
    command.env("GIT_PROTOCOL", header("git-protocol"));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&request.body).unwrap();
    let out = child.wait_with_output().unwrap().stdout;
    let end = out.windows(4).position(|end| end == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&out[..end]).into_owned();
    let mut response = Response::new(200, "text/plain", &out[end + 4..]);
    response.headers.clear();
    for line in head.lines() {
        match line.split_once(": ").unwrap() {
            ("Status", status) => response.status = status[..3].parse().unwrap(),
            (name, value) => response = response.header(name, value),
        }
    }
    response
}

fn repository(bus: &Bus) -> PathBuf {
    let root = bus.path("repositories");
    let script = format!(
        "git init -q --bare '{0}/car.git' && git -C '{0}/car.git' config http.receivepack true",
        root.display()
    );
    assert!(Command::new("sh").args(["-c", &script]).status().unwrap().success());
    root
}

/// Clones, and pushes and fetches after the token has expired each time.
fn works_over_expiries(challenge: &str) {
    let bus = Bus::start();
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    let root = repository(&bus);
    let api = Api::challenging(challenge, LIFE, move |request| backend(&root, request));
    api.import(&place);
    let watch = ArgumentWatch::start(&api.canary);
    let tools = Tools::on(&bus, &place);
    let url = api.server.url("/car.git");
    let git = format!(
        "git -c credential.helper='!keyfob helper git {CAR}' -c user.name=a -c user.email=a@b.example"
    );
    tools.shell(&format!("{git} clone -q {url} one && {git} clone -q {url} two"));
    for round in 1..=2 {
        api.outlive();
        tools.shell(&format!(
            "cd one && date > {round} && git add . && {git} commit -qm x && {git} push -q origin HEAD:main"
        ));
        tools.shell(&format!("cd two && {git} fetch -q origin main && git cat-file -e FETCH_HEAD:{round}"));
    }
    api.renewed_once_per_expiry();
    assert!(api.issued() >= 3 && api.served().len() > 6, "{} tokens", api.issued());
    watch.end(&bus);
}

#[test]
fn u6_git_with_a_password_goes_on_over_expiries() {
    works_over_expiries("Basic realm=\"git\"");
}

#[test]
fn u6_git_with_a_bearer_token_goes_on_over_expiries() {
    works_over_expiries("Bearer realm=\"git\"");
}
