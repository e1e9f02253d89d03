//! Checks the documentation against the program: links, paths, commands, options and keys.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Every page, by its path from the root.
fn pages() -> Vec<PathBuf> {
    let folders = [root().to_owned(), root().join("docs")];
    let files =
        folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()));
    files.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

/// The texts between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// The anchor of each heading, as GitHub generates it.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| {
        let words = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = words.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(anchor).collect()
}

fn keyfob(home: &Path, words: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyfob"));
    let output = command.args(words).env_clear().env("KEYFOB_HOME", home).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn links_between_pages_lead_somewhere() {
    let mut broken = Vec::new();
    for path in pages() {
        let text = fs::read_to_string(&path).unwrap();
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|target| !target.contains("://")) {
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let to = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            let leads = if anchor.is_empty() {
                to.exists()
            } else {
                fs::read_to_string(&to).is_ok_and(|text| anchors(&text).contains(anchor))
            };
            if !leads {
                broken.push(format!("{}: {target}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn paths_that_pages_name_are_there() {
    const FOLDERS: [&str; 6] = ["src/", "tests/", "assets/", "benches/", "docs/", "packaging/"];
    // Written by a test run.
    let made = |path: &str| path.starts_with("tests/output");
    let mut missing = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let named = quoted(&text).filter(|path| FOLDERS.iter().any(|folder| path.starts_with(folder)));
        let plain = named.filter(|path| !path.contains(['*', ' ']) && !made(path));
        missing.extend(plain.filter(|path| !root().join(path).exists()).map(str::to_owned));
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_command_and_option_is_in_the_manual() {
    let (home, manual) = (tempfile::tempdir().unwrap(), page("docs/cli.md"));
    let help = keyfob(home.path(), &["--help"]);
    let list = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let commands: Vec<&str> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(commands.len() > 10, "{help}");
    let mut missing = Vec::new();
    for command in commands {
        let heading = format!("### keyfob {command}");
        let is_heading = |line: &&str| line.strip_prefix(&heading).is_some_and(|rest| !rest.starts_with('-'));
        if !manual.lines().any(|line| is_heading(&line)) {
            missing.push(heading);
        }
        let help = keyfob(home.path(), &[command, "--help"]);
        let words = help.split(|c: char| c.is_whitespace() || matches!(c, '<' | '[' | ',' | ';'));
        let options = words.filter(|word| word.starts_with("--") && word.len() > 2);
        missing
            .extend(options.filter(|option| !manual.contains(*option)).map(|it| format!("{command} {it}")));
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_json_key_of_list_and_show_is_in_the_manual() {
    let home = tempfile::tempdir().unwrap();
    let (file, manual) = (home.path().join("a.toml"), page("docs/cli.md"));
    let text = "[[account]]\nname = \"a\"\nprovider = \"custom\"\ngrant = \"client_credentials\"\nclient_id = \"i\"\n\
                client_secret = \"CANARY\"\n[account.endpoints]\ntoken = \"https://a.example/token\"\n";
    fs::write(&file, text).unwrap();
    keyfob(home.path(), &["--vault", "memory", "import", file.to_str().unwrap()]);
    let documented: BTreeSet<&str> = quoted(&manual).collect();
    let mut missing = BTreeSet::new();
    for words in [&["list", "--json"][..], &["show", "a", "--json"]] {
        let printed: serde_json::Value = serde_json::from_str(&keyfob(home.path(), words)).unwrap();
        let account = printed.get(0).unwrap_or(&printed).as_object().unwrap();
        let inner = account.get("endpoints").and_then(serde_json::Value::as_object);
        let keys = account.keys().chain(inner.into_iter().flat_map(serde_json::Map::keys));
        missing.extend(keys.filter(|key| !documented.contains(key.as_str())).cloned());
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

/// The fields of a struct, read from its source.
fn fields(name: &str) -> Vec<String> {
    fn sources(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
    }
    let head = format!("pub struct {name} {{\n");
    let mut texts = sources(&root().join("src")).into_iter().filter_map(|path| fs::read_to_string(path).ok());
    let body = texts.find_map(|text| Some(text.split_once(&head)?.1.split("\n}").next()?.to_owned()));
    let body = body.unwrap_or_else(|| panic!("no struct {name}"));
    let lines = body.lines().filter_map(|line| line.trim().strip_prefix("pub ")?.split(':').next());
    lines.map(str::to_owned).collect()
}

#[test]
fn every_key_of_a_preset_is_in_its_page() {
    let text = page("docs/presets.md");
    let documented: BTreeSet<&str> =
        quoted(&text).flat_map(|it| it.trim_matches(['[', ']']).split(" = ")).collect();
    let structs = [
        "ProviderSpec",
        "Endpoints",
        "ResponsePaths",
        "RefreshRules",
        "ApiUse",
        "Help",
        "RedirectRule",
        "Toggle",
        "Variable",
        "Choice",
        "SecretHeader",
        "Preset",
    ];
    let fields: Vec<String> = structs.iter().flat_map(|name| fields(name)).collect();
    assert!(fields.len() > 60, "{fields:?}");
    // Computed from a file, not a key of its own.
    let keys = fields.iter().filter(|field| *field != "spec");
    let missing: Vec<&String> = keys.filter(|key| !documented.contains(key.as_str())).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}
