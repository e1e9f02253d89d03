//! Makes the snapshot from the engine's state, if that has changed.

use std::sync::Arc;

use super::event_loop::Engine;
use crate::messages::problem::Problem;
use crate::messages::snapshot::{DemoView, Snapshot, UndoView};

impl Engine {
    pub(crate) fn publish(&mut self) {
        if !std::mem::take(&mut self.dirty) {
            return;
        }
        let snapshot = Snapshot {
            prepared: self.prepared,
            loaded: self.loaded,
            accounts: self.entries.shown().clone(),
            half_done: self.being_finished + self.half_done.len(),
            presets: Arc::clone(&self.presets),
            preset_mistakes: Arc::clone(&self.preset_mistakes),
            vault: self.door.view(),
            clipboard: self.desk.shown.clone(),
            undo: self.undo_views(),
            demo: self
                .demo
                .as_ref()
                .map(|(demo, account)| DemoView { account: account.clone(), issuer: demo.issuer.clone() }),
            preferences: self.preferences.clone(),
            remembered: self.remembered.clone(),
            window: self.window,
            problem: self.problem.clone(),
            notice: self.set_aside.get().cloned().map(Problem::SetAside),
            unconfirmed: self.trust.unconfirmed(),
            locked: self.locked,
        };
        self.snapshot_out.send_replace(Arc::new(snapshot));
        (self.deps.waker)();
    }

    fn undo_views(&self) -> Vec<UndoView> {
        let deleting = self.entries.values().filter_map(|entry| {
            let (id, name) = (entry.account.id.clone(), entry.account.name.clone());
            entry.deleting_until.map(|until| UndoView { id, name, until })
        });
        deleting.collect()
    }
}
