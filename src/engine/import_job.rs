//! Saving many accounts at once.
//!
//! Owns the rule "all or none". Invariant: every draft is checked before the first is saved, and
//! new accounts go again where a later one can't be saved.

use super::account_jobs::{Absent, Checked, Saved, Saver};
use super::core::{Engine, Replies, Then, answer};
use super::deletion;
use crate::domain::account::AccountName;
use crate::messages::command::ImportDraft;
use crate::messages::event::{Event, Reply};
use crate::messages::problem::Problem;

impl Engine {
    /// Saves all of them or none. Nobody is asked for anything: addresses that only an issuer knows were looked
    /// up, and shown, before.
    pub(crate) fn import(&mut self, drafts: Vec<ImportDraft>, replies: Replies) {
        let checked: Result<Vec<(Saver, Checked, Absent)>, Problem> =
            drafts.into_iter().map(|draft| self.check_import(draft)).collect();
        let checked = match checked {
            Ok(checked) => checked,
            Err(problem) => return self.fail(None, problem, replies),
        };
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
                Err(problem) => engine.fail(None, problem, replies),
            });
            then
        });
    }

    fn check_import(&self, imported: ImportDraft) -> Result<(Saver, Checked, Absent), Problem> {
        let ImportDraft { mut draft, grant, incomplete, replace } = imported;
        let name = AccountName::new(&draft.name).map_err(Problem::BadName)?;
        if let Some(id) = self.find(&name).filter(|_| replace) {
            let revision = self.entry(&id)?.account.revision;
            draft.editing = Some((id, revision));
        }
        let checked = Checked { grant, ..self.check(draft, incomplete)? };
        let absent = if incomplete { Absent::Keeps } else { Absent::Removes };
        Ok((self.saver(&checked.account.id), checked, absent))
    }
}

async fn save_all(checked: Vec<(Saver, Checked, Absent)>) -> Result<Vec<Saved>, Problem> {
    let mut done: Vec<(Saver, Saved)> = Vec::with_capacity(checked.len());
    for (saver, checked, absent) in checked {
        match saver.save(checked, absent).await {
            Ok(saved) => done.push((saver, saved)),
            Err(problem) => {
                for (saver, saved) in done.into_iter().filter(|(_, saved)| saved.is_new) {
                    if deletion::delete(&saver, &saved.account.id, None, None).await.is_err() {
                        log::warn!("an import could not be taken back whole");
                    }
                }
                return Err(problem);
            }
        }
    }
    Ok(done.into_iter().map(|(_, saved)| saved).collect())
}
