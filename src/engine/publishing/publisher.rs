//! Publishes snapshots, then replies and events.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use super::outbox::Outbox;
use crate::messages::event::Event;
use crate::messages::snapshot::Snapshot;

pub(crate) struct Publisher {
    snapshots: watch::Sender<Arc<Snapshot>>,
    events: mpsc::Sender<Event>,
    /// Wakes the window.
    waker: Arc<dyn Fn() + Send + Sync>,
}

impl Publisher {
    pub(crate) fn new(
        snapshots: watch::Sender<Arc<Snapshot>>,
        events: mpsc::Sender<Event>,
        waker: Arc<dyn Fn() + Send + Sync>,
    ) -> Self {
        Self { snapshots, events, waker }
    }

    /// Publishes the snapshot if it differs from the last one, then sends what waits in the outbox, so that
    /// the snapshot already contains what a reply or event reports.
    pub(crate) fn publish(&self, snapshot: Snapshot, outbox: &Outbox) {
        let is_new = self.snapshots.send_if_modified(|last| {
            let is_new = **last != snapshot;
            if is_new {
                *last = Arc::new(snapshot);
            }
            is_new
        });
        if outbox.flush(&self.events) || is_new {
            (self.waker)();
        }
    }
}
