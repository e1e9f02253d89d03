//! The user's own presets: `*.toml` files in one folder.
//!
//! Invariants: symbolic links are not followed, and no file or folder that others may write is read, since a
//! preset decides where secrets are sent. Reading is bounded; a bad file is reported and doesn't affect the
//! others.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::base::sanitize::sanitized;
use crate::domain::provider::{Group, Preset};

use super::home::{self, Changeable};

const FILE_MAX_BYTES: u64 = 64 * 1024;
const FILES_MAX: usize = 100;
/// The maximum length of a repeated file name, in characters.
const NAME_MAX_CHARS: usize = 80;

#[derive(Debug, Default, PartialEq, Eq)]
pub struct OwnPresets {
    pub presets: Vec<Preset>,
    /// What is wrong with the others, one sentence each: the file, the line and the key.
    pub mistakes: Vec<String>,
}

/// Reads the folder's presets; empty if there is no folder. An ID in `built_in` is a mistake of the file.
pub fn read(folder: &Path, built_in: &[Preset]) -> OwnPresets {
    let mut found = OwnPresets::default();
    let files = match files(folder) {
        Ok(files) => files,
        Err(mistake) => {
            found.mistakes.extend(mistake);
            return found;
        }
    };
    if files.len() > FILES_MAX {
        let folder = shown(folder);
        found.mistakes.push(format!("{folder} has more than {FILES_MAX} presets; the rest are ignored."));
    }
    for path in files.iter().take(FILES_MAX) {
        let read = preset(path).and_then(|preset| {
            let same = |other: &&Preset| other.id == preset.id;
            match (built_in.iter().find(same), found.presets.iter().find(same)) {
                (Some(_), _) => Err(format!("\"id\" belongs to a built-in preset: {}", preset.id)),
                (None, Some(_)) => Err(format!("\"id\" belongs to another user preset: {}", preset.id)),
                (None, None) => Ok(preset),
            }
        });
        match read {
            Ok(preset) => found.presets.push(Preset { group: Group::Own, ..preset }),
            Err(what) => {
                let name = path.file_name().map_or(path.as_path(), Path::new);
                found.mistakes.push(format!("{}: {what}", shown(name)));
            }
        }
    }
    found
}

/// The folder's files, sorted by name. `Err(None)` if there is no folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Option<String>> {
    let unreadable = |error: &io::Error| Some(format!("{} could not be read: {error}.", shown(folder)));
    match fs::symlink_metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(None),
        Err(error) => return Err(unreadable(&error)),
        Ok(at) if !at.is_dir() => return Err(Some(format!("{} is not a folder.", shown(folder)))),
        Ok(at) => {
            if let Some(why) = home::changeable(&at) {
                return Err(Some(format!("{}: {}.", shown(folder), refused(why, "this folder"))));
            }
        }
    }
    let entries = fs::read_dir(folder).map_err(|error| unreadable(&error))?;
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let is_preset = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "toml");
    let mut files: Vec<PathBuf> = paths.filter(is_preset).take(FILES_MAX * 10).collect();
    files.sort_unstable();
    Ok(files)
}

fn preset(path: &Path) -> Result<Preset, String> {
    let at = fs::symlink_metadata(path).map_err(|error| error.to_string())?;
    if at.is_symlink() {
        return Err("a symbolic link, which is not followed".to_owned());
    }
    if !at.is_file() {
        return Err("not a file".to_owned());
    }
    let file = home::options().write(false).open(path).map_err(|error| error.to_string())?;
    // Check the open file, which can't be exchanged meanwhile.
    let opened = file.metadata().map_err(|error| error.to_string())?;
    if let Some(why) = home::changeable(&opened) {
        return Err(refused(why, "this file"));
    }
    let mut bytes = Vec::new();
    file.take(FILE_MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > FILE_MAX_BYTES {
        return Err("larger than 64 KiB".to_owned());
    }
    let text = String::from_utf8(bytes).map_err(|_| "this is not UTF-8 text".to_owned())?;
    Preset::from_toml(&text).map_err(|error| error.to_string())
}

/// Why a file or a folder is not read, and what to do.
fn refused(why: Changeable, what: &str) -> String {
    match why {
        Changeable::ByItsOwner => {
            format!("not read, because {what} belongs to another user; make it yours with chown")
        }
        Changeable::ByOthers => {
            format!("not read, because other users may change {what}; forbid that with chmod go-w")
        }
    }
}

fn shown(path: &Path) -> String {
    sanitized(&path.display().to_string(), NAME_MAX_CHARS).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::provider::presets::built_in;

    const GOOD: &str = "id = \"acme\"\nname = \"Acme\"\nsummary = \"S\"\ngrants = [\"client_credentials\"]\n\
                        [endpoints]\ntoken = \"https://acme.example/token\"\n";

    #[cfg(unix)]
    fn chmod(path: &Path, mode: u32) {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn put(&self, name: &str, text: &str) -> &Self {
            let path = self.0.path().join(name);
            fs::write(&path, text).unwrap();
            #[cfg(unix)]
            chmod(&path, 0o644);
            self
        }

        fn read(&self) -> (Vec<String>, Vec<String>) {
            let found = read(self.0.path(), &built_in());
            assert!(found.presets.iter().all(|preset| preset.group == Group::Own));
            (found.presets.into_iter().map(|preset| preset.id).collect(), found.mistakes)
        }
    }

    #[test]
    fn a_bad_preset_is_named_and_the_others_are_read() {
        let folder = Folder::new();
        folder
            .put("a.toml", GOOD)
            .put("b.toml", &GOOD.replace("summary", "sumary"))
            .put("c.toml", &GOOD.replace("acme\"", "google\""))
            .put("d.toml", &GOOD.replace("Acme", "Again"))
            .put("e.toml", &GOOD.replace("\"acme\"", "\"other\"").replace("https", "http"))
            .put("f.toml", &GOOD.replace("\"acme\"", "\"third\""))
            .put("g.toml", &GOOD.replace("\"acme\"", "\"a b\""))
            .put("h.toml", &GOOD.replace("/token\"", "/{tenant}\""))
            .put("i.toml", &format!("{GOOD}[help]\nregister_url = \"file:///etc/passwd\""))
            .put("j.toml", &"#".repeat(70_000))
            .put("m.toml", &format!("{GOOD}[api]\nheader = \"X Key\"\n"))
            .put("n.toml", &format!("{GOOD}[api]\nscheme = \"Bear\\ner\"\n"))
            .put("o.toml", &format!("mark = \"ABC\"\n{GOOD}"))
            .put("p.toml", &format!("color = \"grene\"\n{GOOD}"))
            .put("notes.txt", "nothing of ours");
        fs::write(folder.0.path().join("k.toml"), b"\xff").unwrap();
        fs::create_dir(folder.0.path().join("l.toml")).unwrap();
        let (ids, mistakes) = folder.read();
        assert_eq!(ids, ["acme", "third"]);
        assert_eq!(
            mistakes,
            [
                "b.toml: line 3: unknown key \"sumary\"; did you mean \"summary\"?",
                "c.toml: \"id\" belongs to a built-in preset: google",
                "d.toml: \"id\" belongs to another user preset: acme",
                "e.toml: line 6: \"endpoints.token\" must begin with https://; http:// is for this computer only",
                "g.toml: line 1: \"id\" may contain letters, digits, \"-\" and \"_\"",
                "h.toml: line 6: \"endpoints.token\" names an unknown variable in braces",
                "i.toml: line 8: \"help.register_url\" is not a web URL",
                "j.toml: larger than 64 KiB",
                "k.toml: this is not UTF-8 text",
                "l.toml: not a file",
                "m.toml: line 8: \"api.header\" can't stand in a header",
                "n.toml: line 8: \"api.scheme\" can't stand in a header",
                "o.toml: line 1: \"mark\" must be one or two letters or digits",
                "p.toml: line 1: \"color\" must be one of blue, indigo, violet, magenta, pink, red, orange, lime, \
                 green, teal, cyan, gray; did you mean \"green\"?",
            ]
        );
    }

    #[test]
    fn a_folder_that_is_not_there_holds_none() {
        let folder = Folder::new();
        assert_eq!(read(&folder.0.path().join("none"), &[]), OwnPresets::default());
        folder.put("file", "");
        assert_eq!(read(&folder.0.path().join("file"), &[]).mistakes.len(), 1);
    }

    #[test]
    fn no_more_than_a_hundred_are_read() {
        let folder = Folder::new();
        for number in 0..120 {
            folder.put(&format!("{number:03}.toml"), &GOOD.replace("\"acme\"", &format!("\"a{number}\"")));
        }
        let (ids, mistakes) = folder.read();
        assert_eq!((ids.len(), mistakes.len()), (FILES_MAX, 1));
    }

    #[cfg(unix)]
    #[test]
    fn f5_no_symlink_is_followed_and_nothing_read_that_others_may_write() {
        use std::os::unix::fs::symlink;
        let (elsewhere, folder) = (Folder::new(), Folder::new());
        elsewhere.put("acme.toml", GOOD);
        symlink(elsewhere.0.path().join("acme.toml"), folder.0.path().join("acme.toml")).unwrap();
        for (name, mode) in [("all.toml", 0o602), ("group.toml", 0o664), ("mine.toml", 0o644)] {
            let id = name.trim_end_matches(".toml");
            folder.put(name, &GOOD.replace("\"acme\"", &format!("\"{id}\"")));
            chmod(&folder.0.path().join(name), mode);
        }
        let (ids, mistakes) = folder.read();
        assert_eq!(ids, ["mine"]);
        let may = "not read, because other users may change this file; forbid that with chmod go-w";
        assert_eq!(
            mistakes,
            [
                "acme.toml: a symbolic link, which is not followed".to_owned(),
                format!("all.toml: {may}"),
                format!("group.toml: {may}"),
            ]
        );
        let link = elsewhere.0.path().join("link");
        symlink(folder.0.path(), &link).unwrap();
        assert!(read(&link, &[]).mistakes[0].ends_with("is not a folder."));
        for (mode, is_read) in [(0o777, false), (0o775, false), (0o702, false), (0o755, true)] {
            chmod(folder.0.path(), mode);
            let (ids, mistakes) = folder.read();
            assert_eq!(ids.len(), usize::from(is_read), "{mode:o}");
            assert_eq!(mistakes[0].contains("may change this folder"), !is_read, "{mode:o}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn f5_a_preset_of_another_user_is_not_read() {
        use std::os::unix::fs::chown;
        let folder = Folder::new();
        folder.put("acme.toml", GOOD);
        let file = folder.0.path().join("acme.toml");
        // Only root can change a file's owner; root's own files count as the system's.
        if chown(&file, Some(12_345), None).is_err() {
            return;
        }
        assert!(folder.read().1[0].contains("belongs to another user"));
        chown(&file, Some(0), None).unwrap();
        chown(folder.0.path(), Some(12_345), None).unwrap();
        assert!(folder.read().1[0].contains("this folder belongs to another user"));
    }
}
