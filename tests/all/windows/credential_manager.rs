//! Records in the Credential Manager, which holds 2,560 bytes an item.

use crate::cli::place::Place;
use crate::support::vendors::Vendor;
use crate::support::wine::Wine;
use crate::vendors::{account, token_only};

const LONG_BYTES: usize = 9000;

#[test]
#[ignore = "tests/windows.sh runs it"]
fn k6_a_record_over_2560_bytes_is_kept_read_listed_and_removed() {
    let (wine, vendor) = (Wine::start(), Vendor::smartdocumentor());
    let place = Place::on(&wine);
    place.run_with(&["import", "-"], &account(&vendor, "smartdocumentor", "", &token_only(&vendor))).ok();
    let few = Wine::credentials(&place.home).len();
    let long = |mark: &str| format!("{mark}-{}", "CANARY".repeat(LONG_BYTES / 6));
    for mark in ["first", "second"] {
        vendor.next_access_token(&long(mark));
        place.run(&["refresh", "smartdocumentor"]).ok();
        assert_eq!(place.run(&["token", "smartdocumentor"]).ok(), format!("{}\n", long(mark)));
    }
    let many = Wine::credentials(&place.home);
    assert!(many.len() >= few + 4, "{LONG_BYTES} bytes need four items: {many:?}");
    assert_eq!(place.run(&["list", "--json"]).json()[0]["status"], "valid");
    // The database is lost: the records are found by listing the Credential Manager.
    std::fs::remove_file(place.home.join("keyfob.db")).unwrap();
    let recovered = place.run(&["recover"]).ok();
    assert!(recovered.contains("Recovered smartdocumentor"), "{recovered}");
    assert_eq!(place.run(&["token", "smartdocumentor"]).ok(), format!("{}\n", long("second")));
    place.run(&["remove", "smartdocumentor", "--yes"]).ok();
    assert_eq!(Wine::credentials(&place.home), [""; 0], "nothing is left");
    assert_eq!(vendor.deviations(), [""; 0]);
}
