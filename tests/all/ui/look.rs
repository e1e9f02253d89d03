//! Every view in both themes and at three sizes, and with hostile text.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use egui::{Color32, Shape};
use keyfob::base::secret::AccessToken;
use keyfob::domain::account::AccountName;
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::messages::event::Event;
use keyfob::messages::problem::{Problem, Refusal, SignInProblem, UntrustedText, VaultProblem};
use keyfob::messages::snapshot::{
    AccountView, Activity, Awaiting, ClipboardView, Snapshot, ThemeChoice, UndoView, VaultHealth, VaultKind,
};

use super::fixtures::{account, id, now, snapshot, token};
use super::harness::Rig;

const SIZES: [(f32, f32); 3] = [(960.0, 640.0), (640.0, 420.0), (480.0, 320.0)];

fn awaiting(listening: bool) -> Activity {
    Activity::AwaitingBrowser(Awaiting {
        address: "https://auth.example.com/authorize".to_owned(),
        redirect_uri: "http://127.0.0.1:41234/callback".to_owned(),
        listening,
        since: now() - TimeDelta::seconds(30),
        deadline: now() + TimeDelta::seconds(270),
        browser_opened: listening,
    })
}

fn refusal() -> Refusal {
    Refusal {
        provider: "Smartcar".to_owned(),
        status: 400,
        code: Some(UntrustedText::new("invalid_grant")),
        description: Some(UntrustedText::new("revoked")),
        meaning: None,
        secrets_place: None,
        grant: Some(GrantType::AuthorizationCode),
        retry_at: None,
        hints: Box::default(),
    }
}

fn accounts() -> Vec<AccountView> {
    let by_browser = |number, name| account(number, name, "Smartcar", GrantType::AuthorizationCode);
    let with = |number, name, life, left| {
        let mut view = by_browser(number, name);
        view.token = Some(token(life, left));
        view
    };
    let mut all = vec![
        with(1, "valid", 7200, Some(7000)),
        with(2, "expiring", 7200, Some(60)),
        with(3, "expired", 7200, Some(-60)),
        with(4, "unknown", 7200, None),
        by_browser(5, "none"),
        by_browser(6, "waiting"),
        by_browser(7, "pasting"),
        by_browser(8, "exchanging"),
        with(9, "refreshing", 7200, Some(60)),
        with(10, "retrying", 7200, Some(60)),
        with(11, "refused", 7200, Some(-60)),
        by_browser(12, "denied"),
        with(13, "not saved", 7200, Some(6000)),
    ];
    all[5].activity = awaiting(true);
    all[6].activity = awaiting(false);
    all[6].problem = Some(Problem::SignIn(SignInProblem::NoBrowser));
    all[7].activity = Activity::Exchanging;
    all[8].activity = Activity::Refreshing;
    all[9].activity = Activity::Retrying { at: now() + TimeDelta::seconds(40) };
    all[10].problem = Some(Problem::RefreshRefused(refusal()));
    if let Some(held) = &mut all[10].token {
        held.refresh_refused = true;
        held.facts.refresh_expires_at = Some(now() + TimeDelta::days(60));
    }
    let code = UntrustedText::new("access_denied");
    all[11].problem =
        Some(Problem::SignIn(SignInProblem::Denied { code, description: None, hints: Box::default() }));
    all[12].problem = Some(Problem::NotSaved(VaultProblem::Locked));
    if let Some(held) = &mut all[12].token {
        held.saved = false;
        held.mask = None;
        held.facts.scope = Some(vec!["read".to_owned()]);
        held.facts.clock_skew_secs = Some(-90);
    }
    all
}

fn themed(mut snapshot: Snapshot, theme: ThemeChoice) -> Snapshot {
    snapshot.preferences.theme = theme;
    snapshot
}

#[test]
fn every_view_is_drawn_in_both_themes_at_every_size() {
    for theme in [ThemeChoice::Light, ThemeChoice::Dark] {
        for size in SIZES {
            let mut rig = Rig::sized(themed(snapshot(accounts()), theme), size);
            for number in 1..=13 {
                rig.tell(Event::Saved(id(number)));
            }
            rig.tell(Event::Revealed { account: id(13), token: AccessToken::new("x".repeat(3000)) });
            rig.change(|snapshot| {
                snapshot.vault.health = VaultHealth::Failing(VaultProblem::Slow);
                snapshot.problem = Some(Problem::Disk(UntrustedText::new("read-only file system")));
                let clears_at = Some(now() + TimeDelta::seconds(9));
                snapshot.clipboard = Some(ClipboardView { account: None, clears_at });
                let name = AccountName::new("gone").unwrap();
                snapshot.undo.push(UndoView { id: id(99), name, until: now() + TimeDelta::seconds(9) });
            });
            rig.tell(Event::Problem { account: Some(id(1)), problem: Problem::Busy });
            rig.press("Use a passphrase-protected file");
            rig.change(|snapshot| {
                snapshot.vault.kind = VaultKind::File;
                snapshot.vault.health = VaultHealth::Locked { exists: false };
            });
            let button = egui_kittest::kittest::Queryable::get_by_label(&rig.0, "Use this passphrase").rect();
            assert!(button.bottom() <= size.1, "{button:?}");
            rig.change(|snapshot| snapshot.locked = true);
            assert!(rig.tree().contains("Keyfob is locked"));
            let first_run = Rig::sized(themed(snapshot(Vec::new()), theme), size);
            assert!(first_run.tree().contains("Welcome to Keyfob"));
        }
    }
}

/// The share of the window covered by backgrounds, overlaps included.
fn covered(rig: &Rig) -> f32 {
    let grounds = rig.0.output().shapes.iter().filter_map(|clipped| {
        let Shape::Rect(drawn) = &clipped.shape else { return None };
        let seen = clipped.clip_rect.intersect(drawn.rect);
        (drawn.fill != Color32::TRANSPARENT && seen.is_positive()).then(|| seen.area())
    });
    // The first is the harness's own.
    grounds.skip(1).sum::<f32>() / rig.0.ctx.content_rect().area()
}

#[test]
fn a_countdown_repaints_few_grounds() {
    // Without a GPU each background costs as much as all glyphs. egui draws the whole window in each frame, and
    // the window is cleared to the page's color: only the list needs a ground, not the page or the cards.
    let list = 280.0 / SIZES[0].0;
    for theme in [ThemeChoice::Light, ThemeChoice::Dark] {
        let mut rig = Rig::sized(themed(snapshot(accounts()), theme), SIZES[0]);
        rig.press("valid");
        assert!(rig.tree().contains("Copy token"));
        let share = covered(&rig);
        assert!(share > 0.02, "the value's ground and the buttons are not seen: {share}");
        assert!(share < list + 0.15, "{share} of the window");
    }
}

#[test]
fn a_window_that_knows_nothing_yet_shows_nothing_false() {
    let rig = Rig::new(Snapshot::default());
    assert!(!rig.tree().contains("Welcome"));
}

#[test]
fn d1_hostile_text_is_neutralised_in_the_window() {
    let mut view = account(1, "plain", "Prov\u{202e}ider\u{1b}[31m", GrantType::AuthorizationCode);
    view.problem = Some(Problem::Refused(Refusal {
        provider: "a\u{202e}b\u{7}".to_owned(),
        code: Some(UntrustedText::new("co\u{200b}de")),
        ..refusal()
    }));
    view.token = Some(token(7200, Some(7000)));
    let mut shown = token(7200, Some(7000));
    shown.facts.scope = Some(vec!["read\u{202e}\u{2066}".to_owned()]);
    view.token = Some(shown);
    view.redirect_uri = Some("http://localhost/\u{202e}".to_owned());
    let rig = Rig::new(snapshot(vec![view]));
    let bad = |c: char| c != '\n' && keyfob::base::sanitize::is_unseen(c);
    let labels = rig.tree();
    assert!(!labels.chars().any(bad), "{labels}");
}

/// The page of an account, narrow and with its token revealed; `part` is in all of its texts from outside.
fn page_with(part: &str) -> Rig {
    let name = "n".repeat(120);
    let mut view = account(1, &name, part, GrantType::AuthorizationCode);
    let mut held = token(7200, Some(7000));
    held.facts.scope = Some(vec![part.to_owned()]);
    part.clone_into(&mut held.facts.token_type);
    view.token = Some(held);
    view.redirect_uri = Some(format!("http://localhost/{part}"));
    let mut rig = Rig::sized(snapshot(vec![view]), (640.0, 420.0));
    rig.press(&name);
    rig.tell(Event::Revealed { account: id(1), token: AccessToken::new(part.to_owned()) });
    rig
}

#[test]
fn d2_long_strings_break_neither_the_layout_nor_the_frame_time() {
    let (mut usual, mut long) = (page_with(&"x".repeat(1000)), page_with(&"x".repeat(1_000_000)));
    for name in ["Copy token", "Hide", "Edit"] {
        let rect = egui_kittest::kittest::Queryable::get_by_label(&long.0, name).rect();
        assert!(rect.right() <= 640.0 && rect.left() >= 0.0, "{name}: {rect:?}");
    }
    // Texts a thousand times as long, truncated as usual. The two pages are measured in turns and by the
    // fastest frame of each, since the machine may be busy.
    let (mut of_usual, mut of_long) = (Duration::MAX, Duration::MAX);
    for _ in 0..16 {
        of_usual = of_usual.min(frame(&mut usual));
        of_long = of_long.min(frame(&mut long));
    }
    assert!(of_long < of_usual * 4, "{of_long:?} against {of_usual:?}");
}

fn frame(rig: &mut Rig) -> Duration {
    let start = Instant::now();
    rig.0.step();
    start.elapsed()
}

/// The color under the control with this name.
#[track_caller]
fn ground_of(rig: &Rig, name: &str) -> Color32 {
    let place = egui_kittest::kittest::Queryable::get_by_label(&rig.0, name).rect();
    let mut grounds = rig.0.output().shapes.iter().filter_map(|clipped| {
        let Shape::Rect(drawn) = &clipped.shape else { return None };
        let is_there =
            drawn.rect.contains_rect(place.shrink(1.0)) && place.expand(1.0).contains_rect(drawn.rect);
        (is_there && drawn.fill != Color32::TRANSPARENT).then_some(drawn.fill)
    });
    grounds.next().unwrap_or_else(|| panic!("{name} has no ground"))
}

#[test]
fn what_is_disabled_is_gray_also_behind_a_dialog() {
    for theme in [ThemeChoice::Light, ThemeChoice::Dark] {
        let mut view = account(1, "car-dev", "Smartcar", GrantType::AuthorizationCode);
        let mut held = token(7200, Some(7000));
        held.facts.has_refresh_token = false;
        view.token = Some(held);
        let mut rig = Rig::new(themed(snapshot(vec![view]), theme));
        let (disabled, enabled) = (ground_of(&rig, "Refresh"), ground_of(&rig, "Copy token"));
        assert!(disabled.is_opaque() && disabled != enabled);
        rig.press("Delete");
        assert_eq!(ground_of(&rig, "Refresh"), disabled, "it lights up");
        assert_eq!(ground_of(&rig, "Copy token"), disabled, "it can't be pressed");
        rig.press("Cancel");
        assert_eq!(ground_of(&rig, "Copy token"), enabled);
    }
}
