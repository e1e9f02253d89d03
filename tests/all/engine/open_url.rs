//! Pages that the user opens.

use keyfob::messages::command::Command;
use keyfob::messages::problem::{Problem, UntrustedText};

use crate::support::engine::Place;

#[test]
fn b1_only_a_page_of_the_web_reaches_the_browser() {
    let place = Place::new();
    let rig = place.window();
    for page in ["file:///etc/passwd", "javascript:alert(1)", "--help", "", "ftp://a.example/", "https://"] {
        let refused = rig.ask(Command::OpenPage(page.to_owned()));
        assert_eq!(refused.unwrap_err(), Problem::PageNotOpened(UntrustedText::new(page)), "{page}");
    }
    assert!(rig.browser.opened.lock().unwrap().is_empty());
    rig.ask(Command::OpenPage("https://a.example/register?x=1;&\"".to_owned())).unwrap();
    assert_eq!(rig.browser.opened.lock().unwrap()[0].as_str(), "https://a.example/register?x=1;&%22");
}
