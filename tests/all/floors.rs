//! Checks the crate's layers: imports go downward only, and each large dependency has one room.

mod module_graph;

use std::fs;
use std::path::{Path, PathBuf};

use module_graph::circles;

/// Each room, its floor, and the rooms of its own floor that it may import.
const ROOMS: [(&str, u8, &[&str]); 11] = [
    ("base", 0, &[]),
    ("domain", 1, &[]),
    ("messages", 2, &[]),
    ("store", 2, &[]),
    ("net", 2, &[]),
    ("platform", 2, &[]),
    ("engine", 3, &["demo"]),
    ("demo", 3, &[]),
    ("ui", 3, &[]),
    ("app", 4, &["cli"]),
    ("cli", 4, &["app"]),
];

/// Lower rooms that a room may not import.
const NEVER: [(&str, &[&str]); 1] = [("ui", &["store", "net", "platform"])];

/// Crates, and the only places that may use them.
const KEPT: [(&str, &[&str]); 20] = [
    ("egui", &["src/ui", "src/app"]),
    ("eframe", &["src/app"]),
    ("rfd", &["src/app/file_dialog.rs"]),
    ("tokio", &["src/engine", "src/net", "src/demo"]),
    ("keyring_core", &["src/store/vault/keychain"]),
    ("rusqlite", &["src/store/database"]),
    ("reqwest", &["src/net/http_client.rs", "src/net/api_client.rs", "src/net/api_proxy"]),
    ("arboard", &["src/platform/clipboard"]),
    ("x11rb", &["src/platform/clipboard/x11.rs"]),
    ("open", &["src/platform/browser.rs"]),
    ("clap", &["src/cli"]),
    ("age", &["src/store/encryption.rs"]),
    ("interprocess", &["src/platform/single_instance.rs"]),
    ("qrcode", &["src/ui/widgets/qr.rs"]),
    ("jsonwebtoken", &["src/domain/oauth/jose"]),
    ("ring", &["src/domain/oauth/jose"]),
    (
        "zbus",
        &[
            "src/platform/reduced_motion.rs",
            "src/platform/notifications.rs",
            "src/platform/suspend.rs",
            "src/store/vault/keychain/linux.rs",
        ],
    ),
    ("tauri_winrt_notification", &["src/platform/notifications.rs"]),
    ("zxcvbn", &["src/domain/passphrase_strength.rs"]),
    ("saphyr_parser", &["src/domain/document/yaml.rs"]),
];

pub(crate) fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// Every source file: its path in the crate, and its code without comments.
fn code() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
        (name, lines.collect::<Vec<_>>().join("\n"))
    };
    sources(&root.join("src")).into_iter().map(read).collect()
}

fn room_of(path: &str) -> &str {
    let below = path.strip_prefix("src/").unwrap();
    below.split('/').next().unwrap().trim_end_matches(".rs")
}

fn named(code: &str) -> Vec<&'static str> {
    let names = |room: &&str| {
        let paths = [format!("crate::{room}::"), format!("crate::{room};"), format!("keyfob::{room}::")];
        paths.iter().any(|path| code.contains(path.as_str()))
    };
    ROOMS.iter().map(|(room, _, _)| *room).filter(names).collect()
}

fn uses_crate(code: &str, name: &str) -> bool {
    let path = format!("{name}::");
    code.match_indices(&path).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':')
    })
}

#[test]
fn imports_go_downward_only() {
    let floor = |room: &str| {
        ROOMS.iter().find(|(name, _, _)| *name == room).map(|(_, floor, beside)| (*floor, *beside))
    };
    let mut upward = Vec::new();
    for (path, code) in code() {
        let room = room_of(&path);
        if matches!(room, "lib" | "main") {
            continue;
        }
        let (from, beside) = floor(room).unwrap_or_else(|| panic!("{path} is in no room"));
        // The check below can't read such a list of rooms.
        if code.contains("crate::{") {
            upward.push(format!("{path} names rooms in braces"));
        }
        for other in named(&code).into_iter().filter(|other| *other != room) {
            let (to, _) = floor(other).unwrap();
            let never = NEVER.iter().any(|(name, rooms)| *name == room && rooms.contains(&other));
            if to > from || (to == from && !beside.contains(&other)) || never {
                upward.push(format!("{path} knows {other}"));
            }
        }
    }
    assert!(upward.is_empty(), "{upward:#?}");
}

#[test]
fn no_files_import_each_other() {
    let found = circles(&code());
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn each_large_dependency_has_its_room() {
    let mut strays = Vec::new();
    for (path, code) in code() {
        for (name, places) in KEPT {
            if uses_crate(&code, name) && !places.iter().any(|place| path.starts_with(place)) {
                strays.push(format!("{path} uses {name}"));
            }
        }
    }
    assert!(strays.is_empty(), "{strays:#?}");
}

#[test]
fn each_file_says_what_it_owns() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut faults = Vec::new();
    for path in sources(&root.join("src")) {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.strip_prefix(root).unwrap().display().to_string();
        let is_test = name.ends_with("tests.rs");
        if !is_test && !text.starts_with("//!") {
            faults.push(format!("{name} does not say what it owns"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}
