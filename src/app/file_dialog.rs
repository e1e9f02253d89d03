//! The system's file dialogs.
//!
//! The window never waits for a dialog, except on macOS, where dialogs run on the window's thread. One is
//! open at a time. The dialog only returns a path; nothing is read or written here.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use eframe::Frame;
use rfd::FileDialog;

use crate::base::hardening::OpenToPortals;
use crate::ui::{FileAnswer, FileQuestion};

/// A user needs longer than this to cancel a dialog; one that ends sooner never opened.
const MIN_OPEN_TIME: Duration = Duration::from_millis(300);

pub(super) struct FileDialogs {
    sender: SyncSender<FileAnswer>,
    answers: Receiver<FileAnswer>,
    is_open: bool,
}

impl FileDialogs {
    pub(super) fn new() -> Self {
        let (sender, answers) = sync_channel(1);
        Self { sender, answers, is_open: false }
    }

    /// Opens a dialog over the window; calls `wake` when it ends.
    pub(super) fn ask(
        &mut self,
        question: FileQuestion,
        frame: &Frame,
        wake: impl FnOnce() + Send + 'static,
    ) {
        if self.is_open {
            return;
        }
        self.is_open = true;
        let dialog = FileDialog::new().set_parent(frame);
        let sender = self.sender.clone();
        let job = move || {
            // The receiver is gone if the window is closing.
            let _ = sender.try_send(answer(question, dialog));
            wake();
        };
        if cfg!(target_os = "macos") {
            return job();
        }
        if thread::Builder::new().name("file-dialog".to_owned()).spawn(job).is_err() {
            let _ = self.sender.try_send(FileAnswer::NoDialog);
        }
    }

    pub(super) fn answer(&mut self) -> Option<FileAnswer> {
        let answer = self.answers.try_recv().ok()?;
        self.is_open = false;
        Some(answer)
    }
}

fn answer(question: FileQuestion, dialog: FileDialog) -> FileAnswer {
    let opened = Instant::now();
    let _open = OpenToPortals::new();
    match choose(question, dialog) {
        Some(path) => FileAnswer::Chosen(path),
        None if opened.elapsed() < MIN_OPEN_TIME => FileAnswer::NoDialog,
        None => FileAnswer::Left,
    }
}

fn choose(question: FileQuestion, dialog: FileDialog) -> Option<PathBuf> {
    let FileQuestion { title, folder, new_name } = question;
    let dialog = dialog.set_title(title).set_directory(folder);
    match new_name {
        Some(name) => dialog.set_file_name(name).save_file(),
        None => dialog.pick_file(),
    }
}
