//! Saves many accounts: all or none.
//!
//! Every draft is checked, and every replaced account compared with the vault, before the first write. If a
//! later one fails, new accounts are removed and replaced ones get their records, rows and tokens back.
//!
//! A process killed in between leaves every account usable or with a message: those before the kill are
//! saved, those after it unchanged, and the one in progress has lost its token or has a row that its vault
//! record disagrees with. The file can be imported again.

use super::account_change::{Before, Planned};
use super::account_save::{Absent, Checked, Moving, Saved, Saver, Terms};
use crate::domain::account::AccountName;
use crate::engine::event_loop::{Engine, Replies, Then, answer};
use crate::messages::command::ImportDraft;
use crate::messages::event::{Event, Reply};
use crate::messages::problem::Problem;

type Draft = (Saver, Checked, Terms);

enum Write {
    New(Box<Checked>),
    Change(Box<Planned>),
}

impl Engine {
    /// Saves all drafts or none. Sends no request: endpoints from discovery were looked up and shown before.
    pub(crate) fn import(&mut self, drafts: Vec<ImportDraft>, replies: Replies) {
        let checked: Result<Vec<Draft>, Problem> =
            drafts.into_iter().map(|draft| self.check_import(draft)).collect();
        let checked = match checked {
            Ok(checked) => checked,
            Err(problem) => return self.fail(None, problem, replies),
        };
        let replaces = checked.iter().any(|(_, checked, _)| !checked.is_new);
        self.spawn(async move {
            let saved = Box::pin(save_all(checked)).await;
            let then: Then = Box::new(move |engine| match saved {
                Ok(saved) => {
                    for saved in saved {
                        let id = saved.account.id.clone();
                        engine.saved(saved);
                        engine.tell(Event::Saved(id));
                    }
                    answer(replies, Ok(Reply::Done));
                }
                Err(problem) => {
                    // A replaced account that was rolled back has a new revision.
                    if replaces {
                        engine.edits += 1;
                        engine.load();
                    }
                    engine.fail(None, problem, replies);
                }
            });
            then
        });
    }

    fn check_import(&self, imported: ImportDraft) -> Result<Draft, Problem> {
        let ImportDraft { mut draft, grant, incomplete, replace, move_secrets } = imported;
        let name = AccountName::new(&draft.name).map_err(Problem::BadName)?;
        if let Some(id) = self.find(&name).filter(|_| replace) {
            let revision = self.entry(&id)?.account.revision;
            draft.editing = Some((id, revision));
        }
        let checked = Checked { grant, ..self.check(draft, incomplete)? };
        let absent = if incomplete { Absent::Keeps } else { Absent::Removes };
        let moving = if move_secrets { Moving::Agreed } else { Moving::Refused };
        Ok((self.saver(&checked.account.id), checked, Terms { absent, moving }))
    }
}

async fn save_all(drafts: Vec<Draft>) -> Result<Vec<Saved>, Problem> {
    let Some((first, _, _)) = drafts.first() else { return Ok(Vec::new()) };
    let ids = drafts.iter().map(|(_, checked, _)| checked.account.id.clone());
    // Held to the end, so that what is put back is what was there.
    let _locks = first.held_locks.acquire_all(&first.home, ids).await?;
    let mut writes = Vec::with_capacity(drafts.len());
    for (saver, checked, terms) in drafts {
        let write = if checked.is_new {
            Write::New(Box::new(checked))
        } else {
            Write::Change(Box::new(saver.plan(checked, terms).await?))
        };
        writes.push((saver, write));
    }
    let mut done: Vec<(Saver, Saved, Option<Before>)> = Vec::with_capacity(writes.len());
    for (saver, write) in writes {
        let saved = match write {
            Write::New(checked) => saver.save_new(*checked).await.map(|saved| (saved, None)),
            Write::Change(planned) => {
                saver.change(*planned).await.map(|(saved, before)| (saved, Some(before)))
            }
        };
        match saved {
            Ok((saved, before)) => done.push((saver, saved, before)),
            Err(problem) => {
                take_back(done).await;
                return Err(problem);
            }
        }
    }
    Ok(done.into_iter().map(|(_, saved, _)| saved).collect())
}

/// Undoes the newest first, so that a name is free again when its owner comes back. To be called under the
/// accounts' locks.
async fn take_back(done: Vec<(Saver, Saved, Option<Before>)>) {
    for (saver, saved, before) in done.into_iter().rev() {
        match before {
            Some(before) => saver.put_back(before).await,
            None => saver.remove_new(&saved.account.id).await,
        }
    }
}
