//! Replies and events on their way out.
//!
//! Owns the order in which the outside learns of a step. Invariant: the snapshot goes first, so
//! whoever is told that something happened also finds it there.

use std::cell::RefCell;
use std::rc::Rc;

use tokio::sync::mpsc;

use crate::messages::event::{Event, Reply};
use crate::messages::problem::Problem;

type Answer = Result<Reply, Problem>;

/// What waits for the next publication.
#[derive(Default)]
struct Waiting {
    answers: Vec<(mpsc::Sender<Answer>, Answer)>,
    events: Vec<Event>,
}

/// The outbox; clones share it.
#[derive(Clone, Default)]
pub(crate) struct Outbox(Rc<RefCell<Waiting>>);

/// Where the answers to one command go.
#[derive(Clone)]
pub(crate) struct ReplyTo {
    sender: mpsc::Sender<Answer>,
    outbox: Outbox,
}

impl ReplyTo {
    /// Answers, once the snapshot is out.
    pub(crate) fn answer(&self, answer: Answer) {
        self.outbox.0.borrow_mut().answers.push((self.sender.clone(), answer));
    }
}

impl Outbox {
    /// Answers over this sender go through the outbox.
    pub(crate) fn reply_to(&self, sender: mpsc::Sender<Answer>) -> ReplyTo {
        ReplyTo { sender, outbox: self.clone() }
    }

    /// An event, to be told once the snapshot is out.
    pub(crate) fn tell(&self, event: Event) {
        self.0.borrow_mut().events.push(event);
    }

    /// Sends what waits; `true` where there was an event.
    pub(crate) fn flush(&self, events: &mpsc::Sender<Event>) -> bool {
        let Waiting { answers, events: told } = self.0.take();
        for (sender, answer) in answers {
            // A caller that went away needs no answer.
            let _ = sender.try_send(answer);
        }
        let any = !told.is_empty();
        for event in told {
            // A window that takes no events is hidden or gone: the snapshot tells it what lasts.
            let _ = events.try_send(event);
        }
        any
    }
}
