//! The five vendors' documents, against the servers that refuse every deviation, and a sign-in in a browser.

use crate::cli::place::Place;
use crate::support::raw;
use crate::support::vendors::Vendor;
use crate::support::wine::Wine;
use crate::vendors::{account, both, token_only};

/// Gets a token, refreshes it and gets the new one. `sign_in` plays the browser, where there is one.
fn is_served(vendor: &Vendor, name: &str, import: &str, sign_in: bool) {
    let wine = Wine::start();
    let place = Place::on(&wine);
    assert_eq!(place.run_with(&["import", "-"], import).ok(), format!("Added {name}\n"));
    if sign_in {
        let waiting = place.sign_in(&["sign-in", name, "--no-browser"]);
        assert_eq!(raw::get(&vendor.browse(&waiting.address)).status, 303);
        waiting.end().ok();
    }
    let held = place.run(&["token", name]).ok();
    place.run(&["refresh", name]).ok();
    let renewed = place.run(&["token", name]).ok();
    assert_eq!([held.trim_end(), renewed.trim_end()], vendor.issued()[..]);
    assert_eq!(vendor.token_requests().len(), 2);
    assert_eq!(vendor.deviations(), [""; 0]);
}

#[test]
#[ignore = "tests/windows.sh runs it"]
fn smartconnect_gives_and_renews_a_token() {
    let vendor = Vendor::smartconnect();
    let extra = format!(
        "username = '{}'\npassword = '{}'\nvariables = {{ region = \"EU2\" }}",
        vendor.known.username, vendor.known.password
    );
    is_served(
        &vendor,
        "smartconnect",
        &account(&vendor, "smartconnect", &extra, &token_only(&vendor)),
        false,
    );
}

#[test]
#[ignore = "tests/windows.sh runs it"]
fn smartdocumentor_gives_and_renews_a_token() {
    let vendor = Vendor::smartdocumentor();
    let import = account(&vendor, "smartdocumentor", "", &token_only(&vendor));
    is_served(&vendor, "smartdocumentor", &import, false);
}

#[test]
#[ignore = "tests/windows.sh runs it"]
fn smartsense_gives_and_renews_a_token() {
    let vendor = Vendor::smartsense();
    is_served(&vendor, "smartsense", &account(&vendor, "smartsense", "", &token_only(&vendor)), false);
}

#[test]
#[ignore = "tests/windows.sh runs it"]
fn connect_gives_and_renews_a_token() {
    let vendor = Vendor::connect(Some("CANARY-key"));
    let extra = "client_auth = \"basic\"\nheaders = { ACCESSTOKEN = 'CANARY-key' }";
    is_served(&vendor, "connect", &account(&vendor, "connect", extra, &both(&vendor)), true);
}

fn smartcar() -> (Vendor, String) {
    let back = format!("http://localhost:{}/callback", raw::free_port());
    let vendor = Vendor::smartcar(&back);
    let extra = format!("redirect_uri = \"{back}\"\nscopes = [\"read_odometer\"]");
    let import = account(&vendor, "smartcar", &extra, &both(&vendor));
    (vendor, import)
}

#[test]
#[ignore = "tests/windows.sh runs it"]
fn smartcar_gives_and_renews_a_token() {
    let (vendor, import) = smartcar();
    is_served(&vendor, "smartcar", &import, true);
}

/// Wine hands a web address to the browser that tests/windows.sh has set: one that follows redirects.
#[test]
#[ignore = "tests/windows.sh runs it"]
fn a_sign_in_opens_the_browser_and_its_redirect_comes_back() {
    let (vendor, import) = smartcar();
    let wine = Wine::start();
    let place = Place::on(&wine);
    place.run_with(&["import", "-"], &import).ok();
    let done = place.run(&["sign-in", "smartcar"]);
    assert!(done.err.contains("Signed in"), "{done:?}");
    assert_eq!(done.ok(), "");
    assert_eq!(vendor.server.requests_to("/oauth/authorize").len(), 1, "the browser asked");
    assert_eq!(place.run(&["token", "smartcar"]).ok(), format!("{}\n", vendor.issued()[0]));
    assert_eq!(vendor.deviations(), [""; 0]);
}
