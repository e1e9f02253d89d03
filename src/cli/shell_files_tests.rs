//! The manual pages and the shells' completions in `packaging/` are those of the arguments.
//!
//! They are files, so that no package has to run or build anything to get them.
//! `KEYFOB_WRITE_SNAPSHOTS=1 cargo test shell_files` writes them anew. Review the diff like any other.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::env::Shells;

use super::args::Arguments;

type Files = BTreeMap<String, String>;

fn files(folder: &Path) -> Files {
    let read = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().unwrap();
        (name, fs::read_to_string(entry.path()).unwrap())
    };
    fs::read_dir(folder).unwrap().map(|entry| read(entry.unwrap())).collect()
}

/// Compares a folder of `packaging/` with what `generate` writes.
fn is_up_to_date(folder: &str, generate: impl Fn(&Path)) {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging").join(folder);
    let fresh = tempfile::tempdir().unwrap();
    generate(fresh.path());
    let (fresh, old) = (files(fresh.path()), files(&kept));
    if std::env::var_os("KEYFOB_WRITE_SNAPSHOTS").is_some() {
        for name in old.keys().filter(|name| !fresh.contains_key(*name)) {
            fs::remove_file(kept.join(name)).unwrap();
        }
        for (name, text) in &fresh {
            fs::write(kept.join(name), text).unwrap();
        }
        return;
    }
    let differ = |name: &&String| fresh.get(*name) != old.get(*name);
    let names: Vec<_> = fresh.keys().chain(old.keys()).filter(differ).collect();
    assert!(names.is_empty(), "packaging/{folder} is out of date: {names:?}");
}

const ZSH_END: &str = "if [ \"$funcstack[1]\" = _keyfob ]; then _clap_dynamic_completer_keyfob \"$@\"; fi\n";

#[test]
fn manual_pages_are_those_of_the_arguments() {
    is_up_to_date("man", |folder| clap_mangen::generate_to(Arguments::command(), folder).unwrap());
}

#[test]
fn completions_are_those_of_the_arguments() {
    is_up_to_date("completions", |folder| {
        let shells = Shells::builtins();
        for (shell, file, end) in [
            ("bash", "keyfob.bash", ""),
            ("fish", "keyfob.fish", ""),
            ("powershell", "_keyfob.ps1", ""),
            // zsh runs the file at the first completion, which the file must then answer.
            ("zsh", "_keyfob", ZSH_END),
        ] {
            let mut text = Vec::new();
            let shell = shells.completer(shell).unwrap();
            shell.write_registration("COMPLETE", "keyfob", "keyfob", "keyfob", &mut text).unwrap();
            text.extend(end.as_bytes());
            fs::write(folder.join(file), text).unwrap();
        }
    });
}
