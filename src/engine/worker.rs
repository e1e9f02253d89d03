//! A named thread that owns a blocking resource and runs jobs in order.
//!
//! The queue is bounded. A stuck thread is left behind; no caller waits for it to end.

use std::io;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread;

use tokio::sync::oneshot;

use crate::messages::problem::VaultProblem;

type Job<T> = Box<dyn FnOnce(&mut T) + Send>;

const QUEUE: usize = 256;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WorkerError {
    /// The queue is full: the thread is stuck.
    Full,
    Gone,
}

pub(crate) struct Worker<T> {
    jobs: SyncSender<Job<T>>,
}

/// The error if a vault's thread can't be started or is gone.
pub(crate) const NO_THREAD: VaultProblem = VaultProblem::Failed("the system couldn't start a thread");

impl<T: 'static> Worker<T> {
    /// Starts the thread; `make` runs on it at the first job, so `T` need not be `Send`.
    pub(crate) fn start(name: &str, make: impl FnOnce() -> T + Send + 'static) -> io::Result<Self> {
        let (jobs, queue) = sync_channel::<Job<T>>(QUEUE);
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            // Only at the first job, since creating it may take time.
            let Ok(first) = queue.recv() else { return };
            let mut owned = make();
            first(&mut owned);
            while let Ok(job) = queue.recv() {
                job(&mut owned);
            }
        })?;
        Ok(Self { jobs })
    }

    pub(crate) fn run<R: Send + 'static>(
        &self,
        job: impl FnOnce(&mut T) -> R + Send + 'static,
    ) -> impl Future<Output = Result<R, WorkerError>> + 'static {
        let (reply, result) = oneshot::channel();
        let queued = self.jobs.try_send(Box::new(move |owned| {
            // The work is done even if the caller is gone.
            let _ = reply.send(job(owned));
        }));
        async move {
            match queued {
                Ok(()) => result.await.map_err(|_| WorkerError::Gone),
                Err(TrySendError::Full(_)) => Err(WorkerError::Full),
                Err(TrySendError::Disconnected(_)) => Err(WorkerError::Gone),
            }
        }
    }
}
