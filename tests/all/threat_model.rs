//! Checks `docs/threat-model.md` against the tests: each promise has a test with its number, and the page
//! lists them.
//!
//! `KEYFOB_WRITE_SNAPSHOTS=1 cargo test --test all threat_model` rewrites the lists.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::floors::sources;

/// The names of the tests in a file, in order.
fn tests_in(text: &str) -> Vec<&str> {
    let mut is_test = false;
    let mut names = Vec::new();
    for line in text.lines().map(str::trim_start) {
        if line.starts_with("#[test]") {
            is_test = true;
        } else if let Some(rest) = line.strip_prefix("fn ") {
            names.extend(rest.split('(').next().filter(|_| is_test));
            is_test = false;
        }
    }
    names
}

/// The number at the start of a test's name, as the page writes it.
fn row_of(test: &str) -> Option<String> {
    let (row, _) = test.split_once('_')?;
    let number = row.strip_prefix(|c: char| c.is_ascii_lowercase())?;
    let is_row = matches!(number.len(), 1 | 2) && number.bytes().all(|byte| byte.is_ascii_digit());
    is_row.then(|| row.to_ascii_uppercase())
}

/// The number of the promise in a line of the page.
fn promised(line: &str) -> Option<&str> {
    line.strip_prefix("**")?.split_once(".** ").map(|(row, _)| row)
}

/// The tests of each row, by file.
fn tests_by_row(root: &Path) -> BTreeMap<String, BTreeMap<String, Vec<String>>> {
    let mut rows = BTreeMap::<_, BTreeMap<_, Vec<_>>>::new();
    for path in ["src", "tests"].iter().flat_map(|folder| sources(&root.join(folder))) {
        let text = fs::read_to_string(&path).unwrap();
        let file = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
        for name in tests_in(&text) {
            if let Some(row) = row_of(name) {
                rows.entry(row).or_default().entry(file.clone()).or_default().push(name.to_owned());
            }
        }
    }
    rows
}

#[test]
fn the_threat_model_lists_the_tests_of_each_promise() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = root.join("docs/threat-model.md");
    let text = fs::read_to_string(&page).unwrap();
    let mut tests = tests_by_row(root);
    let mut without = Vec::new();
    let mut fresh = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        fresh.push_str(line);
        fresh.push('\n');
        let Some(row) = promised(line) else { continue };
        while lines.next_if(|line| line.is_empty() || line.starts_with("- `")).is_some() {}
        fresh.push('\n');
        let Some(files) = tests.remove(row) else {
            without.push(row);
            continue;
        };
        for (file, names) in files {
            let _ = writeln!(fresh, "- `{file}`: `{}`", names.join("`, `"));
        }
        if lines.peek().is_some() {
            fresh.push('\n');
        }
    }
    let is_written = std::env::var_os("KEYFOB_WRITE_SNAPSHOTS").is_some();
    if is_written {
        fs::write(&page, &fresh).unwrap();
    }
    assert!(without.is_empty(), "promises without a test: {without:?}");
    assert!(tests.is_empty(), "tests whose number is not on the page: {tests:?}");
    assert!(is_written || text == fresh, "docs/threat-model.md is out of date: write its lists anew");
}

#[test]
fn a_row_is_a_letter_and_a_number_of_at_most_two_digits() {
    let text =
        "#[test]\nfn a1_b() {}\nfn a2_helper() {}\n    #[test]\n    /// Doc.\n    fn x10_c(n in 0..2) {}\n";
    assert_eq!(tests_in(text), ["a1_b", "x10_c"]);
    let rows = ["a1_b", "x10_c", "p256_key", "a_b", "ui1_x", "a1"].map(row_of);
    assert_eq!(rows, [Some("A1".to_owned()), Some("X10".to_owned()), None, None, None, None]);
    assert_eq!(promised("**L1.** The listener"), Some("L1"));
    assert_eq!(promised("L1. The listener"), None);
}
