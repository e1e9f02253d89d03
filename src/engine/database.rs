//! The database on its own thread. It opens at the first call.

use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use super::error_mapping::disk_problem;
use super::worker::Worker;
use crate::messages::problem::{Problem, UntrustedText};
use crate::store::database::{Accounts, DiskError};
use crate::store::home::Home;

/// Clones share the thread.
#[derive(Clone)]
pub(crate) struct Database {
    /// `None` if the system couldn't start the thread.
    worker: Option<Rc<Worker<Result<Accounts, Problem>>>>,
    renamed: Arc<OnceLock<UntrustedText>>,
}

impl Database {
    pub(crate) fn new(home: &Home) -> Self {
        let renamed: Arc<OnceLock<UntrustedText>> = Arc::default();
        let (home, noted) = (home.clone(), Arc::clone(&renamed));
        let worker = Worker::start("database", move || {
            let (accounts, aside) =
                Accounts::open_or_set_aside(&home).map_err(|error| disk_problem(&error))?;
            if let Some(path) = aside {
                let _ = noted.set(UntrustedText::new(&path.display().to_string()));
            }
            Ok(accounts)
        });
        Self { worker: worker.ok().map(Rc::new), renamed }
    }

    /// The new name of a database file that couldn't be read and was set aside.
    pub(crate) fn set_aside(&self) -> Option<UntrustedText> {
        self.renamed.get().cloned()
    }

    /// Queues a job; the future is its result. The job runs even if the future is dropped.
    ///
    /// # Errors
    /// The job's error, the error at opening, or [`Problem::Disk`] if the thread is gone.
    pub(crate) fn run<R: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Accounts) -> Result<R, DiskError> + Send + 'static,
    ) -> impl Future<Output = Result<R, Problem>> + 'static {
        let gone = || Problem::Disk(UntrustedText::new("the database's thread is gone"));
        let queued = self.worker.as_ref().map(|worker| {
            worker.run(|opened| match opened {
                Ok(accounts) => job(accounts).map_err(|error| disk_problem(&error)),
                Err(problem) => Err(problem.clone()),
            })
        });
        async move { queued.ok_or_else(gone)?.await.unwrap_or_else(|_| Err(gone())) }
    }
}
