//! Runs each fuzz target's check on its stored inputs.

use std::fs;
use std::path::Path;

/// The fuzz targets' own checks.
#[path = "../../fuzz/src/lib.rs"]
mod checks;

#[test]
fn every_fuzz_target_passes_its_kept_corpus() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let mut folders: Vec<String> = fs::read_dir(root.join("corpus"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort();
    assert_eq!(folders, checks::TARGETS.map(|(name, _)| name), "a corpus without a target, or the reverse");
    let mut failed = Vec::new();
    for (target, check) in checks::TARGETS {
        assert!(root.join("fuzz_targets").join(target).with_extension("rs").exists(), "{target}");
        let mut inputs = 0;
        for entry in fs::read_dir(root.join("corpus").join(target)).unwrap() {
            let path = entry.unwrap().path();
            let input = fs::read(&path).unwrap();
            if std::panic::catch_unwind(|| check(&input)).is_err() {
                failed.push(path);
            }
            inputs += 1;
        }
        assert!(inputs > 0, "{target} has no input");
    }
    assert!(failed.is_empty(), "{failed:#?}");
}
