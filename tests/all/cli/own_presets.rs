//! The user's own presets, from the folder to the command line.

use std::fs;

use super::place::Place;
use crate::support::desktop::Bus;

#[test]
fn own_presets_are_used_and_a_bad_one_is_reported() {
    let bus = Bus::start();
    let place = Place::on(&bus);
    let folder = place.home.join("presets");
    fs::create_dir_all(&folder).unwrap();
    let good = "id = \"acme\"\nname = \"Acme\"\nsummary = \"S\"\ngrants = [\"client_credentials\"]\n\
                [endpoints]\ntoken = \"https://acme.example/token\"\n";
    fs::write(folder.join("acme.toml"), good).unwrap();
    fs::write(folder.join("bad.toml"), good.replace("summary", "sumary")).unwrap();
    let account =
        "[[account]]\nname = \"a\"\nprovider = \"acme\"\nclient_id = \"i\"\nclient_secret = \"CANARY-own\"\n";
    let run = place.run_with(&["--vault", "memory", "import", "-"], account);
    let mistake = "A user preset can't be used: bad.toml: line 3: unknown key \"sumary\"";
    assert!(run.err.contains(mistake), "{run:?}");
    assert_eq!(run.ok(), "Added a\n");
}
