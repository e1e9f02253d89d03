//! The window without a display: a snapshot in, nodes found by role and name, commands out.

use std::cell::RefCell;
use std::rc::Rc;

use chrono::{DateTime, TimeDelta, Utc};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use keyfob::messages::command::Command;
use keyfob::messages::event::Event;
use keyfob::messages::snapshot::Snapshot;
use keyfob::ui::{FileAnswer, FileQuestion, Ui};

use super::fixtures;

/// The window's inputs and outputs.
pub(crate) struct World {
    ui: Rc<RefCell<Option<Ui>>>,
    /// The snapshot of the next frame.
    pub(crate) snapshot: Snapshot,
    /// The instant of the next frame.
    pub(crate) now: DateTime<Utc>,
    events: Vec<Event>,
    commands: Vec<Command>,
}

impl World {
    /// Sends an event before the next frame.
    pub(crate) fn tell_later(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Does to the window what its process would.
    pub(crate) fn with_ui<R>(&mut self, act: impl FnOnce(&mut Ui) -> R) -> R {
        act(self.ui.borrow_mut().as_mut().expect("made before the first frame"))
    }

    /// The position that the window would store.
    pub(crate) fn remembered(&self) -> keyfob::messages::remembered::Remembered {
        self.ui.borrow().as_ref().expect("made before the first frame").remembered()
    }

    /// All commands, including requests for the mask.
    pub(crate) fn commands_raw(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.commands)
    }
}

pub(crate) struct Rig(pub(crate) Harness<'static, World>);

impl Rig {
    /// A window of the default size.
    pub(crate) fn new(snapshot: Snapshot) -> Self {
        Self::sized(snapshot, keyfob::ui::FIRST_SIZE)
    }

    /// A window of another size.
    pub(crate) fn sized(snapshot: Snapshot, size: (f32, f32)) -> Self {
        let ui = Rc::new(RefCell::new(None));
        let (made, preferences) = (Rc::clone(&ui), snapshot.preferences.clone());
        let remembered = snapshot.remembered.clone();
        let world = World { ui, snapshot, now: fixtures::now(), events: Vec::new(), commands: Vec::new() };
        let mut harness = Harness::builder()
            .with_size(egui::vec2(size.0, size.1))
            .allow_missing_glyphs()
            .with_context_setup(move |ctx| {
                let mut ui = Ui::new(ctx);
                ui.apply(&preferences, ctx);
                ui.set_folder("/home/me".into());
                ui.restore(&remembered);
                *made.borrow_mut() = Some(ui);
            })
            .build_ui_state(draw, world);
        harness.run();
        Self(harness)
    }

    /// Presses a button by its name, as an assistive technology does.
    #[track_caller]
    pub(crate) fn press(&mut self, name: &str) {
        {
            let mut named = self.0.query_all_by_role_and_label(egui::accesskit::Role::Button, name);
            let enabled = named.find(|node| !node.accesskit_node().is_disabled());
            enabled.unwrap_or_else(|| panic!("no button {name} in:\n{}", self.tree())).click_accesskit();
        }
        self.0.run();
    }

    /// Opens a section of the settings.
    #[track_caller]
    pub(crate) fn open_settings(&mut self, section: &str) {
        use egui::accesskit::Role;
        self.press("Settings");
        if self.0.query_by_role_and_label(Role::ComboBox, "Section").is_some() {
            return self.choose("Section", section);
        }
        self.0.get_by_role_and_label(Role::Tab, section).click_accesskit();
        self.0.run();
    }

    #[track_caller]
    pub(crate) fn tick(&mut self, label: &str) {
        self.0.get_by_role_and_label(egui::accesskit::Role::CheckBox, label).click_accesskit();
        self.0.run();
    }

    /// Clears a field, then types into it.
    #[track_caller]
    pub(crate) fn refill(&mut self, label: &str, text: &str) {
        self.field(label).focus();
        self.0.run();
        self.0.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
        self.field(label).type_text(text);
        self.0.run();
    }

    /// Types into a field by its label.
    #[track_caller]
    pub(crate) fn fill(&mut self, label: &str, text: &str) {
        let field = self.field(label);
        field.focus();
        field.type_text(text);
        self.0.run();
    }

    #[track_caller]
    pub(crate) fn field<'a>(&'a self, label: &'a str) -> egui_kittest::Node<'a> {
        self.0.get_by(move |node| {
            use egui::accesskit::Role;
            matches!(node.role(), Role::TextInput | Role::PasswordInput | Role::SearchInput)
                && node.label().as_deref() == Some(label)
        })
    }

    #[track_caller]
    pub(crate) fn choose(&mut self, label: &str, choice: &str) {
        self.0.get_by_role_and_label(egui::accesskit::Role::ComboBox, label).click_accesskit();
        self.0.run();
        self.press(choice);
    }

    pub(crate) fn can_press(&self, name: &str) -> bool {
        let mut named = self.0.query_all_by_role_and_label(egui::accesskit::Role::Button, name);
        named.any(|node| !node.accesskit_node().is_disabled())
    }

    pub(crate) fn title(&self) -> String {
        let world = self.0.state();
        let ui = world.ui.borrow();
        ui.as_ref().expect("made before the first frame").title(&world.snapshot, world.now)
    }

    /// Sets the system's preference for reduced motion.
    pub(crate) fn set_still(&mut self, still: bool) {
        if let Some(ui) = self.0.state_mut().ui.borrow_mut().as_mut() {
            ui.set_still(still);
        }
        self.0.run();
    }

    /// Sends the window an event.
    pub(crate) fn tell(&mut self, event: Event) {
        self.0.state_mut().events.push(event);
        self.0.run();
    }

    pub(crate) fn change(&mut self, change: impl FnOnce(&mut Snapshot)) {
        change(&mut self.0.state_mut().snapshot);
        self.0.run();
    }

    /// The pending question for the system's file dialog.
    pub(crate) fn file_question(&mut self) -> Option<FileQuestion> {
        let world = self.0.state_mut();
        let mut ui = world.ui.borrow_mut();
        ui.as_mut().expect("made before the first frame").file_question()
    }

    /// Answers as the system's file dialog does.
    pub(crate) fn answer(&mut self, answer: FileAnswer) {
        if let Some(ui) = self.0.state_mut().ui.borrow_mut().as_mut() {
            ui.file_answer(answer);
        }
        self.0.run();
    }

    /// Advances the clock.
    pub(crate) fn wait(&mut self, span: TimeDelta) {
        self.0.state_mut().now += span;
        self.0.run();
    }

    /// The commands since the last call, without automatic requests.
    pub(crate) fn commands(&mut self) -> Vec<Command> {
        let commands = std::mem::take(&mut self.0.state_mut().commands);
        commands.into_iter().filter(|command| !is_a_question(command)).collect()
    }

    #[track_caller]
    pub(crate) fn command(&mut self) -> Command {
        let mut commands = self.commands();
        assert_eq!(commands.len(), 1, "{commands:?}");
        commands.remove(0)
    }

    /// Everything that an assistive technology could read.
    pub(crate) fn tree(&self) -> String {
        let mut read = Vec::new();
        for node in self.0.root().children_recursive() {
            let node = node.accesskit_node();
            read.extend([
                node.label(),
                node.value(),
                node.description(),
                node.placeholder().map(str::to_owned),
            ]);
        }
        read.into_iter().flatten().collect::<Vec<_>>().join("\n")
    }

    /// When the window wants to be drawn again.
    pub(crate) fn next_repaint(&self) -> Option<std::time::Duration> {
        let world = self.0.state();
        let ui = world.ui.borrow();
        ui.as_ref().expect("made before the first frame").next_repaint(&world.snapshot, world.now)
    }
}

/// Whether a command only requests data.
fn is_a_question(command: &Command) -> bool {
    matches!(command, Command::ReadMask(_) | Command::CheckRedirect(_))
}

fn draw(ui: &mut egui::Ui, world: &mut World) {
    let World { ui: window, snapshot, now, events, commands } = world;
    let mut window = window.borrow_mut();
    let window = window.as_mut().expect("made before the first frame");
    for event in events.drain(..) {
        window.take_event(event, ui.ctx());
    }
    window.watch_closing(ui.ctx(), snapshot);
    window.show(ui, snapshot, *now, commands);
}
