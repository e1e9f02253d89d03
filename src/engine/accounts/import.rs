//! Saves many accounts: all or none.
//!
//! Every draft is checked, and every replaced account compared with the vault, before the first write. If a
//! later one fails, new accounts are removed and replaced ones get their records, rows and tokens back.
//!
//! A process killed in between leaves every account usable or with a message: those before the kill are
//! saved, those after it unchanged, and the one in progress has lost its token or has a row that its vault
//! record disagrees with. The file can be imported again.

use super::account_change::{Before, Planned};
use super::account_save::{AccountWriter, Checked, Saved, Terms};
use crate::messages::problem::Problem;

/// A checked draft, who writes it, and the conditions.
pub(crate) type ImportItem = (AccountWriter, Checked, Terms);

enum Write {
    New(Box<Checked>),
    Change(Box<Planned>),
}

/// Saves all or none. Sends no request: endpoints from discovery were looked up and shown before.
///
/// # Errors
/// The first item's error; nothing of the import is stored then.
pub(crate) async fn save_all(drafts: Vec<ImportItem>) -> Result<Vec<Saved>, Problem> {
    let Some((first, _, _)) = drafts.first() else { return Ok(Vec::new()) };
    let ids = drafts.iter().map(|(_, checked, _)| checked.account.id.clone());
    // Held to the end, so that what is put back is what was there.
    let _locks = first.store.locks().acquire_all(ids).await?;
    let mut writes = Vec::with_capacity(drafts.len());
    for (saver, checked, terms) in drafts {
        let write = if checked.is_new {
            Write::New(Box::new(checked))
        } else {
            Write::Change(Box::new(saver.plan(checked, terms).await?))
        };
        writes.push((saver, write));
    }
    let mut done: Vec<(AccountWriter, Saved, Option<Before>)> = Vec::with_capacity(writes.len());
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
async fn take_back(done: Vec<(AccountWriter, Saved, Option<Before>)>) {
    for (saver, saved, before) in done.into_iter().rev() {
        match before {
            Some(before) => saver.put_back(before).await,
            None => saver.remove_new(&saved.account.id).await,
        }
    }
}
