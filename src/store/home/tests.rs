#![cfg(unix)]

use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;

fn id() -> AccountId {
    AccountId::from_random([0xab; 16])
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn f5_files_are_private_and_symlinks_are_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    let home = Home::at(dir.path().join("a/b"));
    // The process's umask is briefly the most permissive; no other test depends on it.
    let before = rustix::process::umask(rustix::fs::Mode::empty());
    let made = home.create().and_then(|()| home.prepare_database());
    let lock = home.open_lock_file(&id());
    rustix::process::umask(before);
    made.unwrap();
    lock.unwrap();
    assert_eq!(mode(home.path()), 0o700);
    assert_eq!(mode(&home.locks_path()), 0o700);
    assert_eq!(mode(&home.database_path()), 0o600);
    assert_eq!(mode(&home.lock_path(&id())), 0o600);

    // Open permissions are removed.
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o777)).unwrap();
    fs::set_permissions(home.database_path(), fs::Permissions::from_mode(0o666)).unwrap();
    fs::set_permissions(home.lock_path(&id()), fs::Permissions::from_mode(0o666)).unwrap();
    home.create().unwrap();
    home.prepare_database().unwrap();
    home.open_lock_file(&id()).unwrap();
    assert_eq!(mode(home.path()), 0o700);
    assert_eq!(mode(&home.database_path()), 0o600);
    assert_eq!(mode(&home.lock_path(&id())), 0o600);

    // Planted links are not followed, and their targets stay unchanged.
    let target = dir.path().join("target");
    fs::write(&target, "untouched").unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o644)).unwrap();
    for path in
        [home.database_path(), home.path().join("keyfob.db-journal"), home.path().join("keyfob.db-wal")]
    {
        let _ = fs::remove_file(&path);
        symlink(&target, &path).unwrap();
        assert!(matches!(home.prepare_database(), Err(HomeError::Symlink(at)) if at == path));
        fs::remove_file(&path).unwrap();
    }
    let dangling = dir.path().join("dangling");
    symlink(&dangling, home.database_path()).unwrap();
    assert!(matches!(home.prepare_database(), Err(HomeError::Symlink(_))));
    fs::remove_file(home.lock_path(&id())).unwrap();
    symlink(&dangling, home.lock_path(&id())).unwrap();
    assert!(home.open_lock_file(&id()).unwrap_err().to_string().contains("symbolic link"));
    fs::remove_dir_all(home.locks_path()).unwrap();
    symlink(dir.path(), home.locks_path()).unwrap();
    assert!(matches!(home.create(), Err(HomeError::Symlink(_))));
    assert!(!dangling.exists());
    assert_eq!(fs::read_to_string(&target).unwrap(), "untouched");
    assert_eq!(mode(&target), 0o644);
}

#[test]
fn f5_the_opening_itself_refuses_a_link() {
    let dir = tempfile::tempdir().unwrap();
    let link = dir.path().join("link");
    symlink(dir.path().join("target"), &link).unwrap();
    assert!(options().create(true).truncate(false).open(&link).is_err());
    assert!(!dir.path().join("target").exists());
}

#[test]
fn f5_a_folder_that_is_none_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(matches!(Home::at(&file).create(), Err(HomeError::Unfit { .. })));
}

#[test]
fn homes_are_told_apart_in_the_keychain_and_keep_their_name() {
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (Home::at(dir.path().join("one")), Home::at(dir.path().join("other")));
    let name = one.service_name();
    assert!(name.strip_prefix("keyfob-").is_some_and(|hex| hex.len() == 12));
    assert_ne!(name, other.service_name());
    one.create().unwrap();
    assert_eq!(name, one.service_name());
    symlink(one.path(), dir.path().join("alias")).unwrap();
    assert_eq!(name, Home::at(dir.path().join("alias")).service_name());
    assert_eq!(name, Home::at(dir.path().join("one/")).service_name());
    assert_eq!(Home::at(default_path().unwrap()).service_name(), "keyfob");
}

#[test]
fn a_lock_file_names_no_account() {
    let home = Home::at("/nowhere");
    assert_eq!(home.lock_path(&id()), Path::new("/nowhere/locks/ab.lock"));
}
