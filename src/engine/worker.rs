//! A named thread that owns one blocking thing and does its work in order.
//!
//! Owns the crossing between the engine's runtime and code that blocks. Invariant: the queue is
//! bounded, and nobody waits for the thread to end: one that is stuck is left behind.

use std::io;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread;

use tokio::sync::oneshot;

use crate::messages::problem::VaultProblem;

type Job<T> = Box<dyn FnOnce(&mut T) + Send>;

/// Jobs that may wait for one thread.
const QUEUE: usize = 256;

/// Why a job was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WorkerError {
    /// The queue is full: the thread is stuck.
    Full,
    /// The thread is gone.
    Gone,
}

/// A thread that owns a `T`.
pub(crate) struct Worker<T> {
    jobs: SyncSender<Job<T>>,
}

/// A vault's thread that can't be started, or that is gone.
pub(crate) const NO_THREAD: VaultProblem = VaultProblem::Failed("the system couldn't start a thread");

impl<T: 'static> Worker<T> {
    /// Starts the thread; `make` runs on it at the first job, so `T` need not be `Send`.
    pub(crate) fn start(name: &str, make: impl FnOnce() -> T + Send + 'static) -> io::Result<Self> {
        let (jobs, queue) = sync_channel::<Job<T>>(QUEUE);
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            // Not before somebody asks: to make it may take a while, and a processor from others.
            let Ok(first) = queue.recv() else { return };
            let mut owned = make();
            first(&mut owned);
            while let Ok(job) = queue.recv() {
                job(&mut owned);
            }
        })?;
        Ok(Self { jobs })
    }

    /// Does a job on the thread and returns its result.
    pub(crate) fn run<R: Send + 'static>(
        &self,
        job: impl FnOnce(&mut T) -> R + Send + 'static,
    ) -> impl Future<Output = Result<R, WorkerError>> + 'static {
        let (reply, result) = oneshot::channel();
        let queued = self.jobs.try_send(Box::new(move |owned| {
            // Whoever asked may have gone; the work is done all the same.
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
