//! Ready-made lines that let other programs get an account's token.
//!
//! Invariant: no line has a secret; each names the account, however it is called, as one word of its language.

use std::fmt::Write as _;

use url::Url;

use super::api_host::ApiHost;
use super::api_request::ApiRequest;
use super::proxy_target;
use crate::domain::oauth::http_request::Method;
use crate::domain::token::token_format::{argument, quoted, variable};

/// A line for one program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageLine {
    /// The program or the kind of file.
    pub name: &'static str,
    /// What to do with the line.
    pub note: &'static str,
    pub line: String,
}

/// The lines of an account. `host` is its API's, if it has one.
pub fn of(account: &str, host: Option<&ApiHost>) -> Vec<UsageLine> {
    let (word, name) = (argument(account), variable(account));
    let line = |name, note, line: String| UsageLine { name, note, line };
    let url = host.map_or_else(|| "https://api.example.com/".to_owned(), |host| host.url().to_string());
    let reference = quoted(&format!("{name}={account}"));
    let json = |text: &str| serde_json::Value::from(text).to_string();
    let command = |kind: &str| format!("keyfob helper {kind} {word}");
    let mut lines = vec![
        line("Shell", "In a terminal or a script", format!("keyfob run -e {} -- COMMAND", *reference)),
        line(
            "curl",
            "The token stands in no argument",
            format!("keyfob token --as curl-config {word} | curl --config - {}", *quoted(&url)),
        ),
        line(
            "PowerShell",
            "For this session",
            format!("$env:{name} = keyfob token {}", power_shell(account)),
        ),
        line(
            ".env file",
            "Can be committed; read by keyfob run --env-file .env -- COMMAND",
            format!("{name}=keyfob://{}/token", proxy_target::segment(account)),
        ),
    ];
    let helper = quoted(&format!("!{}", command("git")));
    if let Some(host) = host {
        let url = host.url().as_str().trim_end_matches('/');
        lines.push(line("Git", "Once", format!("git config --global credential.{url}.helper {}", *helper)));
    }
    lines.push(line("kubectl", "Once; then use the user in a context", kubectl(account)));
    if let Some(host) = host {
        lines.push(line(
            "Docker",
            "In ~/.docker/config.json, with a link docker-credential-keyfob to keyfob",
            format!("\"credHelpers\": {{{}: \"keyfob\"}}", json(host.authority())),
        ));
    }
    lines.extend([
        line(
            "Cargo",
            "In .cargo/config.toml, below the registry",
            format!("credential-provider = [\"keyfob\", \"helper\", \"cargo\", {}]", json(account)),
        ),
        line(
            "MCP client",
            "For clients that take headers from a command",
            format!("\"headersHelper\": {}", json(&command("headers"))),
        ),
    ]);
    if host.is_some() {
        let proxy = format!("keyfob run --proxy={} -- COMMAND", *quoted(account));
        lines.push(line("Proxy", "COMMAND gets a URL and a key instead of a token", proxy));
    }
    lines
}

fn kubectl(account: &str) -> String {
    format!(
        "kubectl config set-credentials {} --exec-api-version=client.authentication.k8s.io/v1 \
         --exec-interactive-mode=IfAvailable --exec-command=keyfob --exec-arg=helper --exec-arg=kubectl --exec-arg={}",
        argument(account),
        *quoted(account)
    )
}

/// A command for a request that gets the token when it runs: `keyfob token … | curl --config - …`.
pub fn curl(account: &str, request: &ApiRequest, url: &Url) -> String {
    let mut line = format!("keyfob token --as curl-config {} | curl --config -", argument(account));
    if request.method != Method::Get {
        let _ = write!(line, " --request {}", request.method.as_str());
    }
    for (name, value) in &request.headers {
        let _ = write!(line, " --header {}", *quoted(&format!("{name}: {value}")));
    }
    if request.method.has_body() && !request.body.is_empty() {
        // A line break within quotes is one for a shell, too.
        let parts: Vec<_> = request.body.split('\'').collect();
        let _ = write!(line, " --data-binary '{}'", parts.join(r"'\''"));
    }
    let _ = write!(line, " {}", *quoted(url.as_str()));
    line
}

/// A text as one word of PowerShell.
fn power_shell(text: &str) -> String {
    let doubled = text.chars().flat_map(|c| {
        let is_quote = matches!(c, '\'' | '\u{2018}'..='\u{201b}');
        std::iter::repeat_n(c, if is_quote { 2 } else { 1 })
    });
    format!("'{}'", doubled.collect::<String>())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn lines(account: &str) -> Vec<UsageLine> {
        of(account, ApiHost::parse("https://api.example.com/v1").as_ref())
    }

    fn line<'a>(lines: &'a [UsageLine], name: &str) -> &'a str {
        &lines.iter().find(|line| line.name == name).unwrap().line
    }

    #[test]
    fn each_program_has_its_line() {
        let lines = lines("car-dev");
        for (name, expected) in [
            ("Shell", "keyfob run -e 'CAR_DEV_TOKEN=car-dev' -- COMMAND"),
            ("curl", "keyfob token --as curl-config car-dev | curl --config - 'https://api.example.com/'"),
            ("PowerShell", "$env:CAR_DEV_TOKEN = keyfob token 'car-dev'"),
            (".env file", "CAR_DEV_TOKEN=keyfob://car-dev/token"),
            (
                "Git",
                "git config --global credential.https://api.example.com.helper '!keyfob helper git car-dev'",
            ),
            ("Docker", r#""credHelpers": {"api.example.com": "keyfob"}"#),
            ("Cargo", r#"credential-provider = ["keyfob", "helper", "cargo", "car-dev"]"#),
            ("MCP client", r#""headersHelper": "keyfob helper headers car-dev""#),
            ("Proxy", "keyfob run --proxy='car-dev' -- COMMAND"),
        ] {
            assert_eq!(line(&lines, name), expected);
        }
        assert!(line(&lines, "kubectl").contains("--exec-arg=kubectl --exec-arg='car-dev'"));
        let without = of("car-dev", None);
        assert!(without.iter().all(|line| !matches!(line.name, "Git" | "Docker" | "Proxy")));
    }

    #[test]
    fn a_request_as_curl_has_no_token_and_all_the_rest() {
        let request = ApiRequest {
            method: Method::Post,
            target: "/x".to_owned(),
            headers: vec![("Accept".to_owned(), "it's".to_owned())],
            body: "{\n 'a' }".to_owned(),
        };
        let url = Url::parse("https://api.example.com/x?a=b&c").unwrap();
        let line = curl("car-dev", &request, &url);
        let script = format!("keyfob() {{ echo \"$@\"; }}; curl() {{ cat; printf '<%s>' \"$@\"; }}; {line}");
        let out = Command::new("sh").args(["-c", &script]).output().unwrap();
        assert_eq!(
            String::from_utf8(out.stdout).unwrap(),
            "token --as curl-config car-dev\n<--config><-><--request><POST><--header><Accept: it's>\
             <--data-binary><{\n 'a' }><https://api.example.com/x?a=b&c>"
        );
    }

    #[test]
    fn any_name_is_one_word() {
        let nasty = "it's \"$(x)\" 東京/..";
        let lines = lines(nasty);
        for (name, before) in [("Shell", "KEYFOB_TOKEN="), ("Proxy", "--proxy="), ("kubectl", "--exec-arg=")]
        {
            let script = format!(
                "keyfob() {{ printf '%s\\n' \"$@\"; }}; kubectl() {{ keyfob \"$@\"; }}; {}",
                line(&lines, name)
            );
            let out = Command::new("sh").args(["-c", &script]).output().unwrap();
            let words = String::from_utf8(out.stdout).unwrap();
            assert!(words.lines().any(|word| word == format!("{before}{nasty}")), "{name}: {words}");
        }
        assert!(line(&lines, "PowerShell").ends_with("'it''s \"$(x)\" 東京/..'"));
        let toml: toml::Value = toml::from_str(line(&lines, "Cargo")).unwrap();
        assert_eq!(toml["credential-provider"][3].as_str(), Some(nasty));
    }
}
