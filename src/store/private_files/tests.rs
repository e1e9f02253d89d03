#![cfg(unix)]

use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;
use crate::store::step::cut_after;

const LIMIT: u64 = 1000;

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn f1_a_replacement_cut_short_leaves_the_old_bytes_or_the_new() {
    for old in [None, Some(&b"old bytes"[..])] {
        let mut ended = false;
        for steps in 0..40 {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("f");
            old.inspect(|bytes| fs::write(&path, bytes).unwrap());
            let (done, was_cut) = cut_after(steps, || replace(&path, b"new, longer bytes", |_| true));
            let now = read(&path, LIMIT).unwrap();
            assert!(now.as_deref() == old || now.as_deref() == Some(b"new, longer bytes"), "{steps}");
            recover(&path, LIMIT, now.is_some(), |_| true).unwrap();
            assert_eq!(read(&path, LIMIT).unwrap(), now, "{steps}");
            assert_eq!(names(dir.path()).len(), usize::from(now.is_some()), "nothing is left behind");
            replace(&path, b"again", |_| true).unwrap();
            assert_eq!(names(dir.path()), ["f"]);
            if !was_cut {
                assert_eq!((done, now.as_deref()), (Ok(()), Some(&b"new, longer bytes"[..])));
                ended = true;
                break;
            }
        }
        assert!(ended, "every step was tried");
    }
}

#[test]
fn f1_what_does_not_come_back_gives_way_to_its_backup() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    fs::write(&path, "old").unwrap();
    assert_eq!(replace(&path, b"new", |_| false), Err(FileError::NotReadBack));
    assert_eq!(read(&path, LIMIT).unwrap().unwrap(), b"old");

    // After a crash: the file is bad, its backup good.
    for (backup, now) in [("good", "good"), ("bad", "bad file")] {
        fs::write(&path, "bad file").unwrap();
        fs::write(with_suffix(&path, ".old"), backup).unwrap();
        recover(&path, LIMIT, false, |bytes| bytes == b"good").unwrap();
        assert_eq!(read(&path, LIMIT).unwrap().unwrap(), now.as_bytes());
    }
    assert_eq!(names(dir.path()), ["f", "f.broken-1", "f.old"]);
    assert_eq!(fs::read(dir.path().join("f.broken-1")).unwrap(), b"bad file");
}

#[test]
fn f2_what_is_set_aside_goes_whole_and_over_nothing() {
    for steps in 0..10 {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let path = at("f");
        fs::write(at("f.broken-1"), "another").unwrap();
        for (name, text) in [("f", "file"), ("f-journal", "journal")] {
            fs::write(at(name), text).unwrap();
        }
        let (_, was_cut) = cut_after(steps, || set_aside(&path, &["-journal", "-wal"]));
        assert!(at("f").exists() || !at("f-journal").exists(), "a journal alone is another file's");
        set_aside(&path, &["-journal", "-wal"]).unwrap();
        assert_eq!(names(dir.path()), ["f.broken-1", "f.broken-2", "f.broken-2-journal"], "{steps}");
        assert_eq!(fs::read(at("f.broken-1")).unwrap(), b"another");
        assert_eq!(fs::read(at("f.broken-2")).unwrap(), b"file");
        assert_eq!(fs::read(at("f.broken-2-journal")).unwrap(), b"journal");
        assert_eq!(set_aside(&path, &[]), Ok(None));
        if !was_cut {
            return;
        }
    }
    panic!("there are more steps");
}

#[test]
fn f5_no_link_is_followed_and_what_is_written_is_private() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let target = dir.path().join("target");
    fs::write(&target, "untouched").unwrap();
    symlink(&target, &path).unwrap();
    assert_eq!(read(&path, LIMIT), Err(FileError::NotAFile));
    assert_eq!(replace(&path, b"new", |_| true), Err(FileError::NotAFile));
    assert_eq!(create(&path, b"new"), Err(FileError::Exists));
    assert_eq!(FileLock::acquire(&path).err(), Some(FileError::NotAFile));
    fs::remove_file(&path).unwrap();
    // Also in place of the temporary files.
    for suffix in [".new", ".old"] {
        symlink(&target, with_suffix(&path, suffix)).unwrap();
        replace(&path, b"new", |_| true).unwrap();
    }
    assert_eq!(fs::read_to_string(&target).unwrap(), "untouched");
    assert_eq!(names(dir.path()), ["f", "target"]);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let lock = dir.path().join("lock");
    drop(FileLock::acquire(&lock).unwrap());
    assert_eq!(fs::metadata(&lock).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_file_is_bounded_and_a_new_one_overwrites_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    assert_eq!(read(&path, LIMIT), Ok(None));
    create(&path, &[b'x'; 1000]).unwrap();
    assert_eq!(read(&path, LIMIT).unwrap().unwrap().len(), 1000);
    assert_eq!(read(&path, 999), Err(FileError::TooLarge));
    assert_eq!(create(&path, b"y"), Err(FileError::Exists));
    assert_eq!(read(&path, LIMIT).unwrap().unwrap().len(), 1000);
    assert_eq!(create(&dir.path().join("none/f"), b"y"), Err(FileError::Failed));
}
