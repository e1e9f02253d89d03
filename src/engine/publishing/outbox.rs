//! Outgoing replies and events.
//!
//! The snapshot is published first, so it already contains what a reply or event reports.

use std::cell::RefCell;
use std::rc::Rc;

use tokio::sync::mpsc;

use crate::messages::event::{Event, Reply};
use crate::messages::problem::Problem;

type Answer = Result<Reply, Problem>;
/// The caller of a command; `None` is the window, which takes events.
pub(crate) type Replies = Option<ReplyTo>;

#[derive(Default)]
struct Waiting {
    answers: Vec<(mpsc::Sender<Answer>, Answer)>,
    events: Vec<Event>,
}

#[derive(Clone, Default)]
pub(crate) struct Outbox(Rc<RefCell<Waiting>>);

#[derive(Clone)]
pub(crate) struct ReplyTo {
    sender: mpsc::Sender<Answer>,
    outbox: Outbox,
}

impl ReplyTo {
    /// Replies after the snapshot is published.
    pub(crate) fn answer(&self, answer: Answer) {
        self.outbox.0.borrow_mut().answers.push((self.sender.clone(), answer));
    }
}

impl Outbox {
    /// Returns a reply channel through the outbox.
    pub(crate) fn reply_to(&self, sender: mpsc::Sender<Answer>) -> ReplyTo {
        ReplyTo { sender, outbox: self.clone() }
    }

    /// Queues an event until the snapshot is published.
    pub(crate) fn emit(&self, event: Event) {
        self.0.borrow_mut().events.push(event);
    }

    /// Sends everything queued; returns `true` if it had an event.
    pub(crate) fn flush(&self, events: &mpsc::Sender<Event>) -> bool {
        let Waiting { answers, events: emitted } = self.0.take();
        for (sender, answer) in answers {
            // A caller that is gone needs no reply.
            let _ = sender.try_send(answer);
        }
        let any = !emitted.is_empty();
        for event in emitted {
            // A window that takes no events is hidden or gone; the snapshot has the lasting facts.
            let _ = events.try_send(event);
        }
        any
    }
}

/// Replies to a caller, if there is one.
pub(crate) fn answer(replies: Replies, result: Answer) {
    if let Some(replies) = replies {
        replies.answer(result);
    }
}
