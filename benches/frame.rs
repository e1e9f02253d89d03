//! The CPU time of a frame with 1,000 accounts: the window without a screen, while it scrolls, searches,
//! filters and sorts.
//!
//! Prints one line per action with each frame's milliseconds, for `figures.py`. A frame is the work of the
//! window's thread up to the triangles: the interface, text layout and tessellation. Upload to the driver is
//! excluded.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use egui::{Context, Event, MouseWheelUnit, Pos2, RawInput, Rect, pos2, vec2};
use keyfob::domain::account::key_dates::KeyDates;
use keyfob::domain::account::tags::Tags;
use keyfob::domain::account::{AccountId, AccountName, Revision, Settings};
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::domain::token::grant::{ExpirySource, TokenFacts};
use keyfob::messages::remembered::{GroupBy, ListFilter, Remembered, SortBy, StatusFilter};
use keyfob::messages::snapshot::{AccountView, Activity, Snapshot, TokenView, VaultHealth};
use keyfob::ui::{FIRST_SIZE, Ui};

const ACCOUNTS: u16 = 1_000;
/// How often each action is repeated.
const ROUNDS: usize = 60;
/// A position over the list.
const POINTER: Pos2 = pos2(100.0, 400.0);

/// This thread's CPU time.
#[cfg(unix)]
fn used() -> Duration {
    let at = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(at).unwrap_or_default()
}

/// Wall time, on systems without thread CPU time.
#[cfg(not(unix))]
fn used() -> Duration {
    static START: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    START.elapsed()
}

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_413)
}

fn id(number: u16) -> AccountId {
    let mut bytes = [0; 16];
    bytes[..2].copy_from_slice(&number.to_be_bytes());
    AccountId::from_random(bytes)
}

/// Accounts of forty providers and seven tags. One in four has no token; the other tokens' expiries differ.
fn account(number: u16) -> AccountView {
    let left = TimeDelta::seconds(i64::from(number) * 7 % 9000 - 1200);
    let token = (!number.is_multiple_of(4)).then(|| TokenView {
        facts: TokenFacts {
            generation: 1,
            received_at: now() - TimeDelta::hours(2),
            expires_at: Some(now() + left),
            expiry_source: ExpirySource::Server,
            has_refresh_token: true,
            refresh_expires_at: None,
            token_type: "Bearer".to_owned(),
            scope: None,
            clock_skew_secs: None,
            id_token: None,
            sign_in_ends_at: None,
            kept: [].into(),
        },
        mask: None,
        claims: None,
        id_claims: None,
        saved: true,
        refresh_refused: false,
    });
    let grant = GrantType::AuthorizationCode;
    AccountView {
        id: id(number),
        revision: Revision(1),
        name: AccountName::new(&format!("Account {number:05}")).expect("a name"),
        settings: Settings {
            provider: "custom".to_owned(),
            grant,
            variables: std::collections::BTreeMap::default(),
            overrides: Arc::default(),
            background_refresh: None,
            client_secret_expires: None,
            key_dates: KeyDates::default(),
            tags: Tags::typed(&format!("Team {}", number % 7)).expect("a tag"),
            environment: None,
        },
        provider_name: format!("Provider {}", number % 40),
        grant,
        scopes: Vec::new(),
        redirect_uri: None,
        activity: Activity::Idle,
        next_refresh: None,
        token,
        problem: None,
        last_used_at: number.is_multiple_of(3).then(|| now() - TimeDelta::seconds(i64::from(number))),
        answer: None,
        inquiry: None,
        checked: None,
        can_check: false,
        can_revoke: false,
        http_log: None,
        vault: keyfob::messages::snapshot::VaultKind::Keychain,
        change: None,
    }
}

struct Window {
    context: Context,
    ui: Ui,
    snapshot: Snapshot,
    frames: u32,
}

impl Window {
    fn new() -> Self {
        let mut snapshot = Snapshot {
            loaded: true,
            accounts: (0..ACCOUNTS).map(account).map(Arc::new).collect(),
            ..Snapshot::default()
        };
        snapshot.vault.health = VaultHealth::Ready;
        let context = Context::default();
        let mut ui = Ui::new(&context);
        ui.apply(&snapshot.preferences, &context);
        let mut window = Self { context, ui, snapshot, frames: 0 };
        // The first frames rasterize the glyphs.
        for _ in 0..10 {
            window.frame(vec![Event::PointerMoved(POINTER)]);
        }
        window
    }

    /// Draws a frame and returns its CPU time.
    fn frame(&mut self, events: Vec<Event>) -> Duration {
        self.frames += 1;
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, FIRST_SIZE.into())),
            time: Some(f64::from(self.frames) / 60.0),
            events,
            ..RawInput::default()
        };
        let (ui, snapshot) = (&mut self.ui, &self.snapshot);
        let mut commands = Vec::new();
        let start = used();
        let mut output = self.context.run_ui(input, |root| ui.show(root, snapshot, now(), &mut commands));
        let triangles = self.context.tessellate(output.shapes, output.pixels_per_point);
        let took = used().saturating_sub(start);
        assert!(!triangles.is_empty());
        // There is no renderer.
        output.textures_delta.clear();
        took
    }

    /// Scrolls through the list and back, a few rows per frame.
    fn scroll(&mut self) -> Vec<Duration> {
        let wheel = |down: bool| {
            let delta = vec2(0.0, if down { -500.0 } else { 500.0 });
            Event::MouseWheel {
                unit: MouseWheelUnit::Point,
                source: egui::MouseWheelSource::Unknown,
                delta,
                phase: egui::TouchPhase::Move,
                modifiers: egui::Modifiers::NONE,
            }
        };
        (0..ROUNDS * 4).map(|round| self.frame(vec![wheel(round < ROUNDS * 2)])).collect()
    }

    /// Types a search letter by letter and deletes it again.
    fn search(&mut self) -> Vec<Duration> {
        self.frame(vec![key(egui::Key::F, egui::Modifiers::COMMAND)]);
        self.frame(Vec::new());
        assert!(self.context.memory(egui::Memory::focused).is_some(), "nothing would be typed");
        let mut frames = Vec::new();
        for round in 0..ROUNDS / 10 {
            let words = format!("account {round}");
            frames.extend(words.chars().map(|letter| self.frame(vec![Event::Text(letter.to_string())])));
            let back = |_| self.frame(vec![key(egui::Key::Backspace, egui::Modifiers::NONE)]);
            frames.extend(words.chars().map(back));
        }
        frames
    }

    /// Cycles through these choices, one per frame.
    fn choose(&mut self, choices: &[Remembered]) -> Vec<Duration> {
        let chosen = choices.iter().cycle().take(ROUNDS * 2);
        let frames = chosen.map(|choice| {
            self.ui.restore(choice);
            self.frame(Vec::new())
        });
        frames.collect()
    }

    /// Refreshes one account's token before each frame.
    fn change(&mut self) -> Vec<Duration> {
        let frames = (0..ROUNDS * 2).map(|round| {
            let place = round * 83 % usize::from(ACCOUNTS);
            let mut view = AccountView::clone(&self.snapshot.accounts[place]);
            view.last_used_at = Some(now());
            assert!(self.snapshot.accounts.replace(Arc::new(view)));
            self.frame(Vec::new())
        });
        frames.collect()
    }
}

fn key(key: egui::Key, modifiers: egui::Modifiers) -> Event {
    Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers }
}

fn with(change: impl FnOnce(&mut Remembered)) -> Remembered {
    let mut remembered = Remembered { selected: Some(id(0)), ..Remembered::default() };
    change(&mut remembered);
    remembered
}

fn main() -> std::io::Result<()> {
    let mut window = Window::new();
    let filters = [None, Some(StatusFilter::Valid), Some(StatusFilter::Expired), Some(StatusFilter::NoToken)]
        .map(|filter| with(|remembered| remembered.filter = filter.map(ListFilter::Status)));
    let sorts = [SortBy::Name, SortBy::LastUsed, SortBy::Expiry].map(|sort| with(|all| all.sort = sort));
    let groups =
        [GroupBy::Provider, GroupBy::Tag, GroupBy::Status].map(|group| with(|all| all.group = group));
    let done = [
        ("scrolling", window.scroll()),
        ("filtering", window.choose(&filters)),
        ("sorting", window.choose(&sorts)),
        ("grouping", window.choose(&groups)),
        // Grouping by provider takes longest.
        ("searching", {
            window.choose(&groups[..1]);
            window.search()
        }),
        ("renewing a token", window.change()),
    ];
    let mut out = std::io::stdout().lock();
    for (what, frames) in done {
        write!(out, "{what}")?;
        for frame in frames {
            write!(out, "\t{:.3}", frame.as_secs_f64() * 1000.0)?;
        }
        writeln!(out)?;
    }
    Ok(())
}
