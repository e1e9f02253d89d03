//! Access to a vault on its own thread, and its health.
//!
//! The thread creates the vault at the first call. A call longer than [`A_MOMENT`] is shown as waiting; one
//! that exceeds the timeout is abandoned, and [`VaultHandle::reopen`] starts another thread.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::base::failpoint;
use crate::base::panics::VAULT_THREAD;
use crate::domain::account::AccountId;
use crate::domain::team::TeamError;
use crate::domain::token::grant::Grant;
use crate::engine::error_mapping::{vault_problem, vault_problem_of};
use crate::engine::worker::{NO_THREAD, Worker};
use crate::messages::problem::VaultProblem;
use crate::messages::snapshot::{VaultHealth, VaultKind, VaultView};
use crate::store::home::Home;
use crate::store::vault::account_records::Records;
use crate::store::vault::passphrase::PassphraseVault;
use crate::store::vault::records;
use crate::store::vault::{Vault, VaultError};

/// Creates a vault on the thread that owns it.
pub type VaultFactory = Arc<dyn Fn() -> Box<dyn Vault> + Send + Sync>;

type VaultWorker = Worker<Box<dyn Vault>>;

/// After this time a call is shown as waiting.
const A_MOMENT: Duration = Duration::from_millis(400);

#[derive(Clone)]
pub(crate) struct VaultHandle(Rc<Inner>);

struct Inner {
    home: Home,
    kind: Cell<VaultKind>,
    /// Whether this is the vault of the stored choice.
    by_choice: Cell<bool>,
    unfinished_move: Cell<Option<VaultKind>>,
    factory: RefCell<VaultFactory>,
    worker: RefCell<Option<Rc<VaultWorker>>>,
    health: RefCell<VaultHealth>,
    patience: Duration,
    changed: Rc<Notify>,
}

impl VaultHandle {
    /// A handle to a vault that isn't created yet. A call is abandoned after `patience`.
    pub(crate) fn new(
        home: Home,
        kind: VaultKind,
        factory: VaultFactory,
        patience: Duration,
        changed: Rc<Notify>,
    ) -> Self {
        Self(Rc::new(Inner {
            home,
            kind: Cell::new(kind),
            by_choice: Cell::new(false),
            unfinished_move: Cell::new(None),
            factory: RefCell::new(factory),
            worker: RefCell::new(None),
            health: RefCell::new(VaultHealth::Untried),
            patience,
            changed,
        }))
    }

    /// Writes an account's tokens and reads them back.
    pub(crate) async fn write_tokens(&self, id: &AccountId, grant: &Grant) -> Result<(), VaultProblem> {
        let line = records::encode_tokens(grant).map_err(|error| vault_problem(&error))?;
        let id = id.clone();
        self.call(move |vault| Records::new(vault).write_tokens_line(&id, &line)).await
    }

    pub(crate) fn view(&self) -> VaultView {
        VaultView {
            kind: self.kind(),
            health: self.0.health.borrow().clone(),
            unfinished_move: self.0.unfinished_move.get(),
            file_exists: PassphraseVault::exists(&self.0.home),
        }
    }

    pub(crate) fn kind(&self) -> VaultKind {
        self.0.kind.get()
    }

    /// Whether the last call succeeded, so that the next one needs no prompt.
    pub(crate) fn is_ready(&self) -> bool {
        *self.0.health.borrow() == VaultHealth::Ready
    }

    /// Whether this is the stored choice rather than one for this run.
    pub(crate) fn is_by_choice(&self) -> bool {
        self.0.by_choice.get()
    }

    /// Records whether this is the stored choice, and the target of an unfinished move.
    pub(crate) fn note_choice(&self, by_choice: bool, unfinished_move: Option<VaultKind>) {
        self.0.by_choice.set(by_choice);
        self.0.unfinished_move.set(unfinished_move);
    }

    /// Shows that the passphrase is needed.
    pub(crate) fn show_locked(&self) {
        self.set_health(VaultHealth::Locked { exists: PassphraseVault::exists(&self.0.home) });
    }

    /// Shows that a call is running; the caller must show its result.
    pub(crate) fn show(&self, health: VaultHealth) {
        self.set_health(health);
    }

    /// Abandons the current worker thread; the next call starts another.
    pub(crate) fn reopen(&self) {
        self.0.worker.replace(None);
    }

    pub(crate) fn replace(&self, kind: VaultKind, factory: VaultFactory) {
        self.0.kind.set(kind);
        self.0.factory.replace(factory);
        self.0.health.replace(VaultHealth::Untried);
        self.reopen();
    }

    pub(crate) async fn call<R: Send + 'static>(
        &self,
        job: impl FnOnce(&mut dyn Vault) -> Result<R, VaultError> + Send + 'static,
    ) -> Result<R, VaultProblem> {
        let worker = self.worker()?;
        let answer = worker.run(move |vault| {
            failpoint::panic_at("vault");
            job(vault.as_mut())
        });
        tokio::pin!(answer);
        let result = tokio::select! {
            biased;
            result = &mut answer => result,
            () = tokio::time::sleep(A_MOMENT) => {
                self.set_health(VaultHealth::Waiting);
                if let Ok(result) = tokio::time::timeout(self.0.patience, &mut answer).await { result } else {
                    self.reopen();
                    return self.failing(match self.kind() {
                        VaultKind::Team => VaultProblem::Team(TeamError::Slow),
                        _ => VaultProblem::Slow,
                    });
                }
            }
        };
        match result {
            Ok(Ok(value)) => {
                self.set_health(VaultHealth::Ready);
                Ok(value)
            }
            Ok(Err(error)) => self.failing(vault_problem_of(self.kind(), &error)),
            Err(_) => {
                self.reopen();
                self.failing(NO_THREAD)
            }
        }
    }

    fn worker(&self) -> Result<Rc<VaultWorker>, VaultProblem> {
        let mut slot = self.0.worker.borrow_mut();
        if let Some(worker) = &*slot {
            return Ok(Rc::clone(worker));
        }
        let factory = Arc::clone(&self.0.factory.borrow());
        let worker = Worker::start(VAULT_THREAD, move || factory()).map_err(|_| NO_THREAD)?;
        Ok(Rc::clone(slot.insert(Rc::new(worker))))
    }

    fn failing<R>(&self, problem: VaultProblem) -> Result<R, VaultProblem> {
        if problem == VaultProblem::PassphraseNeeded {
            self.show_locked();
            return Err(problem);
        }
        // A damaged or oversized record says nothing about the vault as a whole.
        let about_one_record = matches!(
            problem,
            VaultProblem::Corrupt | VaultProblem::Newer | VaultProblem::TooLarge | VaultProblem::Missing
        );
        let health =
            if about_one_record { VaultHealth::Ready } else { VaultHealth::Failing(problem.clone()) };
        self.set_health(health);
        Err(problem)
    }

    fn set_health(&self, health: VaultHealth) {
        if *self.0.health.borrow() != health {
            self.0.health.replace(health);
            self.0.changed.notify_one();
        }
    }
}
