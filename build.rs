//! Puts the icon, the version and the manifest into the Windows programs.

use std::error::Error;

const ICON: &str = "assets/icons/keyfob.ico";
const MANIFEST: &str = "packaging/windows/keyfob.manifest";

fn main() -> Result<(), Box<dyn Error>> {
    for file in ["build.rs", ICON, MANIFEST] {
        println!("cargo::rerun-if-changed={file}");
    }
    if std::env::var("CARGO_CFG_TARGET_OS")? == "windows" {
        // Windows shows the description as the program's name, in the task manager and in questions about it.
        winresource::WindowsResource::new()
            .set_icon(ICON)
            .set_manifest_file(MANIFEST)
            .set("FileDescription", "Keyfob")
            .set("ProductName", "Keyfob")
            .set("LegalCopyright", "The Keyfob maintainers, MIT or Apache-2.0")
            .compile()?;
    }
    Ok(())
}
