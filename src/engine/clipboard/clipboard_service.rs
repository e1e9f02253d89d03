//! The clipboard on its own thread, and what the window shows of it.

use std::rc::Rc;

use chrono::{DateTime, Utc};

use crate::base::secret::SecretText;
use crate::engine::ClipboardFactory;
use crate::engine::worker::Worker;
use crate::messages::problem::Problem;
use crate::messages::snapshot::ClipboardView;
use crate::platform::clipboard::{Clipboard, ClipboardError};

pub(crate) struct ClipboardService {
    /// Until the first copy.
    factory: Option<ClipboardFactory>,
    worker: Option<Rc<Worker<Box<dyn Clipboard>>>>,
    shown: Option<ClipboardView>,
}

impl ClipboardService {
    pub(crate) fn new(factory: ClipboardFactory) -> Self {
        Self { factory: Some(factory), worker: None, shown: None }
    }

    /// Puts a secret on the clipboard, marked so that clipboard histories leave it out. Report it with
    /// [`Self::show`] afterwards.
    ///
    /// # Errors
    /// [`Problem::Clipboard`].
    pub(crate) fn put_secret(
        &mut self,
        text: SecretText,
    ) -> impl Future<Output = Result<(), Problem>> + 'static {
        self.put(move |clipboard| clipboard.put_secret(text.expose()))
    }

    /// Puts text that isn't secret on the clipboard.
    ///
    /// # Errors
    /// [`Problem::Clipboard`].
    pub(crate) fn put_text(&mut self, text: String) -> impl Future<Output = Result<(), Problem>> + 'static {
        self.put(move |clipboard| clipboard.put_text(&text))
    }

    fn put(
        &mut self,
        job: impl FnOnce(&mut Box<dyn Clipboard>) -> Result<(), ClipboardError> + Send + 'static,
    ) -> impl Future<Output = Result<(), Problem>> + 'static {
        if let Some(factory) = self.factory.take() {
            self.worker = Worker::start("clipboard", factory).ok().map(Rc::new);
        }
        let queued = self.worker.as_ref().map(|worker| worker.run(job));
        async move {
            match queued.ok_or(Problem::Clipboard)?.await {
                Ok(Ok(())) => Ok(()),
                _ => Err(Problem::Clipboard),
            }
        }
    }

    /// Clears the clipboard if its content is from Keyfob.
    pub(crate) fn clear(&mut self) -> impl Future<Output = ()> + 'static {
        self.shown = None;
        let cleared = self.worker.as_ref().map(|worker| worker.run(|clipboard| clipboard.clear_ours()));
        async move {
            if let Some(cleared) = cleared {
                let _ = cleared.await;
            }
        }
    }

    /// Shows what was put on the clipboard; `None` for text that isn't cleared.
    pub(crate) fn show(&mut self, view: Option<ClipboardView>) {
        self.shown = view;
    }

    pub(crate) fn view(&self) -> Option<&ClipboardView> {
        self.shown.as_ref()
    }

    /// When the content is to be cleared.
    pub(crate) fn clears_at(&self) -> Option<DateTime<Utc>> {
        self.shown.as_ref().and_then(|shown| shown.clears_at)
    }
}
