//! The window's process: eframe with the engine and the interface.
//!
//! The window opens before the vault is used. Closing it stops the engine, which clears the clipboard first.
//! A panic before there is a window is reported as the missing package, a later one as a crash, and ends the
//! process.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use eframe::egui;

use crate::base::clock::Clock;
use crate::engine::{self, Deps, EngineHandle, NotTaken};
use crate::messages::command::Command;
use crate::messages::event::Event;
use crate::messages::problem::Problem;
use crate::messages::snapshot::{Snapshot, WindowPlace};
use crate::platform::notifications;
use crate::platform::reduced_motion::SystemMotion;
use crate::platform::single_instance::{self, Claim, Sockets, Wish};
use crate::store::home::Home;
use crate::ui::{self, Ui};

mod crash;
mod file_dialog;
mod login_item;
mod signals;
mod tray;
mod window_placement;

use crash::{CrashMark, Stage};
use file_dialog::FileDialogs;
use login_item::LoginItem;
use signals::CloseRequest;
use tray::Tray;

/// The toolkit allocates a glyph texture as wide as the driver allows: at four times this size it is nearly
/// empty, but still created and uploaded at the start.
const MAX_TEXTURE_SIDE: usize = 4096;

/// Why there is no window.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The engine could not start.
    #[error(
        "Keyfob could not start: the system couldn't start a thread. Close other programs and try again."
    )]
    Engine(#[source] std::io::Error),
    /// There is no display or no renderer.
    #[error(
        "No window could be opened: there is no display, or no graphics driver. Start Keyfob from \
         a desktop session, or use its command line: keyfob --help."
    )]
    NoWindow,
    /// A library that is loaded at run time is missing.
    #[error(
        "No window could be opened, because a system library is missing. On Debian or Ubuntu, run: \
         sudo apt-get install libx11-6 libx11-xcb1 libxcursor1 libxi6 libxkbcommon-x11-0 libgl1 libegl1 \
         libwayland-client0"
    )]
    MissingLibrary,
    /// The window crashed.
    #[error(
        "Keyfob crashed and had to close. Your accounts and their tokens are kept. Start it again: it opens without \
         showing an account. If it crashes at the same account again, use the command line for that one, such as \
         keyfob token NAME."
    )]
    Crashed,
    /// The connection to the display was lost.
    #[error(
        "Keyfob closed because it lost its connection to the screen. Your accounts and their tokens are kept. Start \
         it again."
    )]
    ScreenLost,
}

/// How the window opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// As a window of its own, beside others.
    Beside,
    /// Unless this home has a window, which comes forward instead.
    Alone,
    /// Likewise, with only the palette.
    Pick,
    /// Likewise, hidden in the tray, or minimised.
    Hidden,
}

/// Opens the window and returns when it is closed.
///
/// Sets the waker in `deps`. Sends the engine the commands `first`. A panic ends the process with the code
/// that `at_crash` returns for its error.
///
/// # Errors
/// [`AppError`] if no window can be opened.
pub fn run(
    mut deps: Deps,
    first: Vec<Command>,
    opening: Opening,
    at_crash: impl Fn(&AppError) -> i32 + Send + Sync + 'static,
) -> Result<(), AppError> {
    let claimed = match opening {
        Opening::Beside => Claim::Unknown,
        Opening::Alone | Opening::Hidden => claim(&deps.home, Wish::Raise),
        Opening::Pick => claim(&deps.home, Wish::Pick),
    };
    let mut first_window = match claimed {
        Claim::Taken => return Ok(()),
        Claim::First(window) => Some(window),
        Claim::Unknown => None,
    };
    let context: Arc<OnceLock<egui::Context>> = Arc::default();
    let stage = Stage::default();
    let (waking, at) = (Arc::clone(&context), stage.clone());
    deps.waker = Arc::new(move || {
        if let Some(context) = waking.get().filter(|_| !at.is_crashing()) {
            context.request_repaint();
        }
    });
    let wishes = Arc::new(Wishes::default());
    if let Some(first_window) = &mut first_window {
        let (wishes, wake) = (Arc::clone(&wishes), Arc::clone(&deps.waker));
        first_window.serve(move |wish| {
            wishes.of(wish).store(true, Ordering::SeqCst);
            wake();
        });
    }
    let (clock, mark) = (Arc::clone(&deps.clock), CrashMark::of(&deps.home));
    let (wake, close_request) = (Arc::clone(&deps.waker), CloseRequest::default());
    let window_waker = Arc::clone(&wake);
    let mut engine = engine::spawn(deps).map_err(AppError::Engine)?;
    crash::end_at_panic(mark.clone(), stage.clone(), engine.ending(), at_crash);
    close_request.watch(move || wake(), engine.clipboard_clearer());
    if !first.is_empty() {
        engine.loaded();
    }
    for command in first {
        if engine.send(command).is_err() {
            log::warn!("a first command was not taken");
        }
    }
    let engine = Rc::new(RefCell::new(Some(engine)));
    Launch { context, clock, wishes, opening, close_request, mark, stage, engine, wake: window_waker }.run()
}

fn claim(home: &Home, wish: Wish) -> Claim {
    let lock = home.create().ok().and_then(|()| home.open_window_lock_file().ok());
    let sockets = Sockets { raise: home.window_socket_path("window"), pick: home.window_socket_path("pick") };
    lock.map_or(Claim::Unknown, |lock| single_instance::claim(lock, &sockets, wish))
}

/// What later starts asked for since the last frame.
#[derive(Default)]
struct Wishes {
    raise: AtomicBool,
    pick: AtomicBool,
}

impl Wishes {
    fn of(&self, wish: Wish) -> &AtomicBool {
        match wish {
            Wish::Raise => &self.raise,
            Wish::Pick => &self.pick,
        }
    }

    fn take(&self, wish: Wish) -> bool {
        self.of(wish).swap(false, Ordering::SeqCst)
    }
}

struct Launch {
    context: Arc<OnceLock<egui::Context>>,
    clock: Arc<dyn Clock>,
    wishes: Arc<Wishes>,
    opening: Opening,
    close_request: CloseRequest,
    mark: CrashMark,
    stage: Stage,
    /// Taken by the window.
    engine: Rc<RefCell<Option<EngineHandle>>>,
    /// Makes the window draw a frame.
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl Launch {
    fn run(&self) -> Result<(), AppError> {
        self.open().map_err(|error| {
            log::warn!("no window: {error}");
            if self.stage.is_open() { AppError::ScreenLost } else { AppError::NoWindow }
        })
    }

    /// Opens the window and returns when it is closed.
    fn open(&self) -> eframe::Result {
        let (engine, picks) = (Rc::clone(&self.engine), self.opening == Opening::Pick);
        // Read after the connection to the screen, since the engine reads the database in the meantime.
        let place: eframe::WindowBuilderHook = Box::new(move |builder| {
            let mut engine = engine.borrow_mut();
            let snapshot = engine.as_mut().map(EngineHandle::loaded);
            let place = snapshot.and_then(|snapshot| snapshot.window);
            if picks {
                window_placement::of_pick(builder)
            } else {
                window_placement::viewport(builder, place)
            }
        });
        let options = eframe::NativeOptions {
            viewport: egui::ViewportBuilder::default().with_icon(window_placement::icon()),
            window_builder: Some(place),
            renderer: eframe::Renderer::Glow,
            // There are no gradients, and dithering costs as much as everything else about a pixel.
            dithering: false,
            // The interface installs it, and lists the system's fonts only when it needs one.
            system_font_fallback: false,
            ..eframe::NativeOptions::default()
        };
        let creator: eframe::AppCreator<'_> = Box::new(|creation| {
            self.stage.opened();
            let ctx = &creation.egui_ctx;
            let mut engine = self.engine.borrow_mut().take().ok_or("there is a window already")?;
            let snapshot = engine.loaded();
            let mut ui = Ui::new(ctx);
            ui.apply(&snapshot.preferences, ctx);
            ui.set_folder(dirs::download_dir().or_else(dirs::home_dir).unwrap_or_default());
            if self.mark.take() {
                ui.say_crashed();
            } else {
                ui.restore(&snapshot.remembered);
            }
            if self.opening == Opening::Pick {
                ui.start_quick_pick();
            }
            let _ = self.context.set(ctx.clone());
            Ok(Box::new(App {
                ui,
                engine: Some(engine),
                snapshot,
                clock: Arc::clone(&self.clock),
                file_dialogs: FileDialogs::new(),
                tray: Tray::new(Arc::clone(&self.wake), self.opening == Opening::Hidden),
                login_item: LoginItem::default(),
                place: None,
                vault_tried: false,
                wishes: Arc::clone(&self.wishes),
                close_request: self.close_request.clone(),
                title: String::new(),
                reduced_motion: None,
            }))
        });
        eframe::run_native("Keyfob", options, creator)
    }
}

struct App {
    ui: Ui,
    engine: Option<EngineHandle>,
    snapshot: Arc<Snapshot>,
    clock: Arc<dyn Clock>,
    file_dialogs: FileDialogs,
    tray: Tray,
    login_item: LoginItem,
    place: Option<WindowPlace>,
    vault_tried: bool,
    wishes: Arc<Wishes>,
    close_request: CloseRequest,
    title: String,
    /// Whether the system prefers reduced motion, once queried.
    reduced_motion: Option<Arc<AtomicBool>>,
}

impl eframe::App for App {
    /// The background: pages have none of their own.
    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }

    fn logic(&mut self, ctx: &egui::Context, _: &mut eframe::Frame) {
        let Some(engine) = &mut self.engine else { return };
        if engine.snapshots.has_changed().unwrap_or(false) {
            let before =
                std::mem::replace(&mut self.snapshot, Arc::clone(&engine.snapshots.borrow_and_update()));
            notify_of_needed_sign_ins(&before, &self.snapshot, ctx);
        }
        if self.close_request.take() {
            self.ui.quit_unasked(ctx);
        }
        if self.wishes.take(Wish::Pick) {
            self.ui.pick(ctx);
        }
        if self.wishes.take(Wish::Raise) {
            self.ui.come_forward(ctx);
        }
        while let Ok(event) = engine.events.try_recv() {
            self.ui.take_event(event, ctx);
        }
        if let Some(answer) = self.file_dialogs.answer() {
            self.ui.file_answer(answer);
        }
        if ctx.cumulative_frame_nr() > 0 {
            let reduced = self.reduced_motion.get_or_insert_with(|| watch_motion(ctx));
            self.ui.set_still(reduced.load(Ordering::SeqCst));
        }
        self.tray.follow(&mut self.ui, ctx, &self.snapshot, self.clock.now(), engine);
        self.login_item.follow(&mut self.ui, &self.snapshot, engine);
        self.ui.watch_closing(ctx, &self.snapshot);
        if !self.ui.is_quick_pick() {
            self.place = window_placement::of(ctx).or(self.place);
        }
        let title = self.ui.title(&self.snapshot, self.clock.now());
        if self.title != title {
            self.title.clone_from(&title);
            ctx.send_viewport_cmd(egui::ViewportCommand::Title(title));
        }
    }

    fn raw_input_hook(&mut self, _ctx: &egui::Context, raw_input: &mut egui::RawInput) {
        raw_input.max_texture_side = raw_input.max_texture_side.map(|side| side.min(MAX_TEXTURE_SIDE));
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut eframe::Frame) {
        let now = self.clock.now();
        let mut commands = Vec::new();
        self.ui.show(ui, &self.snapshot, now, &mut commands);
        commands.extend(self.try_vault_at_first_run(ui.ctx()));
        for command in commands {
            let sent = match &self.engine {
                Some(engine) => engine.send(command).map_err(NotTaken::problem),
                None => Err(Problem::Stopped),
            };
            if let Err(problem) = sent {
                self.ui.take_event(Event::Problem { account: None, problem }, ui.ctx());
            }
        }
        if let Some(question) = self.ui.file_question() {
            let ctx = ui.ctx().clone();
            self.file_dialogs.ask(question, frame, move || ctx.request_repaint());
        }
        if let Some(after) = self.ui.next_repaint(&self.snapshot, self.clock.now()) {
            ui.ctx().request_repaint_after(after.max(Duration::from_millis(1)));
        }
    }

    fn on_exit(&mut self, _: Option<&eframe::glow::Context>) {
        let Some(engine) = self.engine.take() else { return };
        if let Some(place) = self.place.filter(|place| self.snapshot.window.as_ref() != Some(place))
            && engine.send(Command::RememberWindow(place)).is_err()
        {
            log::warn!("the window's place was not remembered");
        }
        let remembered = self.ui.remembered();
        if self.snapshot.remembered != remembered && engine.send(Command::Remember(remembered)).is_err() {
            log::warn!("where the user was is not remembered");
        }
        drop(engine);
    }
}

impl App {
    /// Tries the vault on the first page, which names it, instead of at the first save. This happens after
    /// the first frame, so the window never waits for it.
    fn try_vault_at_first_run(&mut self, ctx: &egui::Context) -> Option<Command> {
        let first_run = self.snapshot.loaded && self.snapshot.accounts.is_empty();
        let due = first_run && !self.vault_tried && ctx.cumulative_frame_nr() > 0;
        if first_run && !due && !self.vault_tried {
            ctx.request_repaint();
        }
        self.vault_tried |= due;
        due.then_some(Command::TryVault)
    }
}

/// Watches the system's motion preference; a change applies from the next frame on.
fn watch_motion(ctx: &egui::Context) -> Arc<AtomicBool> {
    let still: Arc<AtomicBool> = Arc::default();
    let (told, ctx) = (Arc::clone(&still), ctx.clone());
    SystemMotion::default().watch(move |less| {
        if told.swap(less, Ordering::SeqCst) != less {
            ctx.request_repaint();
        }
    });
    still
}

/// Notifies the user of accounts that newly need a sign-in, if enabled and the window has no focus.
fn notify_of_needed_sign_ins(before: &Snapshot, now: &Snapshot, ctx: &egui::Context) {
    let looks_here = ctx.input(|input| input.viewport().focused.unwrap_or(true));
    if looks_here || !now.preferences.notify {
        return;
    }
    for name in ui::newly_needing_sign_in(before, now) {
        notifications::needs_sign_in(&name);
        let kind = egui::UserAttentionType::Informational;
        ctx.send_viewport_cmd(egui::ViewportCommand::RequestUserAttention(kind));
    }
}
