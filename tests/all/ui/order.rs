//! The list: search, filters, sorting, grouping, and their stored state.

use std::sync::Arc;

use chrono::TimeDelta;
use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use keyfob::domain::account::tags::Tags;
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::messages::remembered::ListFilter;
use keyfob::messages::snapshot::{AccountView, Activity, Snapshot};

use super::fixtures::{account, now, snapshot, token};
use super::harness::Rig;

fn view(number: u8, name: &str, provider: &str, left_secs: Option<i64>, tags: &str) -> AccountView {
    let mut view = account(number, name, provider, GrantType::AuthorizationCode);
    view.token = left_secs.map(|left| token(3600, Some(left)));
    view.settings.tags = Tags::typed(tags).unwrap();
    view
}

/// By name: alpha is valid, beta expiring, delta without a token, gamma expired.
fn four() -> Snapshot {
    snapshot(vec![
        view(1, "alpha", "Smartcar", Some(3000), "work, prod"),
        view(2, "beta", "SmartSense", Some(200), "home"),
        view(3, "delta", "Smartcar", None, "work"),
        view(4, "gamma", "SmartConnect", Some(-10), ""),
    ])
}

/// The accounts in the list and its headings, from the top.
pub(crate) fn listed(rig: &Rig) -> Vec<String> {
    let is_of_the_list = |label: &str| ["alpha", "beta", "delta", "gamma"].contains(&label);
    let mut found: Vec<_> = rig
        .0
        .query_all_by(|node| {
            let label = node.label().unwrap_or_default();
            let heading = node.role() == Role::Heading && label.contains(", ");
            heading || (node.role() == Role::Button && is_of_the_list(&label))
        })
        .map(|node| (node.rect().top(), node.accesskit_node().label().unwrap_or_default()))
        .collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    found.into_iter().map(|(_, label)| label).collect()
}

pub(crate) fn arrange(rig: &mut Rig, choice: &str) {
    rig.press("Sort, group and filter");
    rig.press(choice);
}

#[test]
fn the_menu_counts_and_filters_by_status_and_follows_the_time() {
    let mut rig = Rig::new(four());
    rig.press("Sort, group and filter");
    for status in ["Valid 1", "Expiring 1", "Expired 1", "Needs sign-in 1"] {
        assert!(rig.can_press(status), "{status} in {}", rig.tree());
    }
    rig.press("Expired 1");
    assert_eq!(listed(&rig), ["gamma"]);
    // Activity doesn't remove an account from the filtered list.
    rig.change(|snapshot| {
        let mut gamma = view(4, "gamma", "SmartConnect", Some(-10), "");
        gamma.activity = Activity::Refreshing;
        snapshot.accounts[3] = Arc::new(gamma);
    });
    assert_eq!(listed(&rig), ["gamma"]);
    rig.wait(TimeDelta::seconds(201));
    assert_eq!(listed(&rig), ["beta", "gamma"]);
    // A clock that was set back is noticed.
    rig.wait(TimeDelta::seconds(-201));
    assert_eq!(listed(&rig), ["gamma"]);
    arrange(&mut rig, "Any status");
    assert_eq!(listed(&rig).len(), 4);
}

#[test]
fn the_list_can_be_narrowed_to_what_needs_attention() {
    let mut rig = Rig::new(four());
    rig.press("Needs attention 1");
    assert_eq!(listed(&rig), ["delta"]);
    let remembered = rig.0.state().remembered();
    let read = keyfob::messages::remembered::Remembered::read(&remembered.text());
    assert_eq!(read.filter, Some(ListFilter::NeedsAttention));
    // A sign-in that is under way removes nothing from under the pointer.
    rig.change(|snapshot| Arc::make_mut(&mut snapshot.accounts[2]).activity = Activity::Exchanging);
    assert_eq!(listed(&rig), ["delta"]);
    rig.press("All");
    assert_eq!(listed(&rig).len(), 4);
    // A failure without a usable token counts, an expired token that is refreshed by itself doesn't.
    rig.change(|snapshot| {
        let gamma = Arc::make_mut(&mut snapshot.accounts[3]);
        gamma.problem = Some(keyfob::messages::problem::Problem::Busy);
    });
    assert!(rig.can_press("Needs attention 2"), "{}", rig.tree());
}

#[test]
fn the_menu_counts_what_the_search_leaves_and_an_empty_list_offers_to_clear_both() {
    let mut rig = Rig::new(four());
    rig.fill("Search accounts", "work");
    assert_eq!(listed(&rig), ["alpha", "delta"], "tags are searched");
    rig.press("Sort, group and filter");
    assert!(rig.can_press("Valid 1") && !rig.tree().contains("Expired 1"));
    rig.press("Valid 1");
    rig.refill("Search accounts", "delta");
    assert!(listed(&rig).is_empty());
    rig.press("Clear filters");
    assert_eq!(listed(&rig).len(), 4);
}

#[test]
fn copying_moves_a_row_only_if_the_user_sorts_by_it() {
    let mut rig = Rig::new(four());
    assert_eq!(listed(&rig), ["alpha", "beta", "delta", "gamma"]);
    rig.change(|snapshot| {
        for (place, minutes) in [(3, 1), (1, 5)] {
            let mut used = AccountView::clone(&snapshot.accounts[place]);
            used.last_used_at = Some(now() - TimeDelta::minutes(minutes));
            snapshot.accounts[place] = Arc::new(used);
        }
    });
    assert_eq!(listed(&rig), ["alpha", "beta", "delta", "gamma"]);
    arrange(&mut rig, "Last copied");
    assert_eq!(listed(&rig), ["gamma", "beta", "alpha", "delta"]);
    arrange(&mut rig, "Name");
    assert_eq!(listed(&rig), ["alpha", "beta", "delta", "gamma"]);
    arrange(&mut rig, "Expiry");
    assert_eq!(listed(&rig), ["gamma", "beta", "alpha", "delta"]);
}

#[test]
fn groups_have_headings_that_count() {
    let mut rig = Rig::new(four());
    arrange(&mut rig, "Provider");
    assert_eq!(
        listed(&rig),
        ["Smartcar, 2", "alpha", "delta", "SmartConnect, 1", "gamma", "SmartSense, 1", "beta"]
    );
    arrange(&mut rig, "First tag");
    assert_eq!(listed(&rig), ["home, 1", "beta", "work, 2", "alpha", "delta", "No tag, 1", "gamma"]);
    arrange(&mut rig, "Status");
    let by_status =
        ["Needs sign-in, 1", "delta", "Expired, 1", "gamma", "Expiring, 1", "beta", "Valid, 1", "alpha"];
    assert_eq!(listed(&rig), by_status);
    // The arrow keys skip headings.
    rig.press("delta");
    rig.0.key_press(egui::Key::ArrowDown);
    rig.0.run();
    let remembered = rig.0.state().remembered();
    assert_eq!(remembered.selected, Some(super::fixtures::id(4)));
}

#[test]
fn tags_that_differ_in_case_are_one_group() {
    let mut accounts = four();
    let delta = std::sync::Arc::make_mut(&mut accounts.accounts[2]);
    delta.settings.tags = Tags::typed("Work").unwrap();
    let mut rig = Rig::new(accounts);
    arrange(&mut rig, "First tag");
    assert_eq!(listed(&rig), ["home, 1", "beta", "work, 2", "alpha", "delta", "No tag, 1", "gamma"]);
}

#[test]
fn the_next_start_finds_the_list_as_it_was_left() {
    let mut rig = Rig::new(four());
    arrange(&mut rig, "Expiry");
    arrange(&mut rig, "Provider");
    arrange(&mut rig, "Expired 1");
    rig.press("gamma");
    let remembered = rig.0.state().remembered();
    let mut next = four();
    next.remembered = keyfob::messages::remembered::Remembered::read(&remembered.text());
    let next = Rig::new(next);
    assert_eq!(listed(&next), ["SmartConnect, 1", "gamma"]);
    assert_eq!(next.0.state().remembered(), remembered);
    assert!(!remembered.text().contains("gamma"), "no name is stored");
}

#[test]
fn what_is_called_so_stands_before_what_merely_has_to_do_with_it() {
    let mut rig = Rig::new(snapshot(vec![
        view(1, "alpha", "Tamarind", None, ""),
        view(2, "beta", "Smartcar", None, ""),
        view(3, "gamma", "Smartcar", None, "beta"),
    ]));
    rig.fill("Search accounts", "TA");
    assert_eq!(listed(&rig), ["beta", "alpha", "gamma"]);
    arrange(&mut rig, "Provider");
    assert_eq!(listed(&rig), ["Smartcar, 2", "beta", "gamma", "Tamarind, 1", "alpha"]);
}

#[test]
fn after_an_account_has_gone_its_neighbour_is_chosen() {
    let mut rig = Rig::new(four());
    let chosen = |rig: &Rig| rig.0.state().remembered().selected;
    rig.press("beta");
    rig.change(|snapshot| snapshot.accounts.retain(|view| view.name.as_str() != "beta"));
    assert_eq!(chosen(&rig), Some(super::fixtures::id(3)));
    rig.press("gamma");
    rig.change(|snapshot| snapshot.accounts.retain(|view| view.name.as_str() != "gamma"));
    assert_eq!(chosen(&rig), Some(super::fixtures::id(3)), "the last one's is the one before it");
}
