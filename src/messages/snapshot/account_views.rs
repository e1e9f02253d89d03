//! The list of accounts in a snapshot.
//!
//! Invariants: a list is shared and copied only for a change; two lists that [are the same](AccountViews::is)
//! have the same accounts, so a result computed from one is valid for the other.

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, OnceLock};

use super::AccountView;
use crate::domain::account::AccountId;

#[derive(Debug, Clone, Default)]
pub struct AccountViews(Arc<Listed>);

#[derive(Debug, Clone, Default)]
struct Listed {
    views: Vec<Arc<AccountView>>,
    /// The index of each account; computed on first use, shared by lists with the same order.
    places: Arc<OnceLock<HashMap<AccountId, usize>>>,
}

impl AccountViews {
    pub fn place(&self, id: &AccountId) -> Option<usize> {
        let places = self.0.places.get_or_init(|| {
            self.0.views.iter().enumerate().map(|(place, view)| (view.id.clone(), place)).collect()
        });
        places.get(id).copied()
    }

    pub fn find(&self, id: &AccountId) -> Option<&Arc<AccountView>> {
        self.0.views.get(self.place(id)?)
    }

    /// Returns true if both are the same list, not only equal.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Replaces an account's view. Returns false if the list lacks the account, or its new name may move it.
    pub fn replace(&mut self, view: Arc<AccountView>) -> bool {
        let Some(place) = self.place(&view.id).filter(|place| self.0.views[*place].name == view.name) else {
            return false;
        };
        Arc::make_mut(&mut self.0).views[place] = view;
        true
    }
}

/// By [`AccountViews::is`]: every change makes another list.
impl PartialEq for AccountViews {
    fn eq(&self, other: &Self) -> bool {
        self.is(other)
    }
}

impl From<Vec<Arc<AccountView>>> for AccountViews {
    fn from(views: Vec<Arc<AccountView>>) -> Self {
        Self(Arc::new(Listed { views, places: Arc::default() }))
    }
}

impl FromIterator<Arc<AccountView>> for AccountViews {
    fn from_iter<I: IntoIterator<Item = Arc<AccountView>>>(views: I) -> Self {
        Self::from(views.into_iter().collect::<Vec<_>>())
    }
}

impl Deref for AccountViews {
    type Target = Vec<Arc<AccountView>>;

    fn deref(&self) -> &Self::Target {
        &self.0.views
    }
}

/// Copies the list for a change; other holders keep the old one.
impl DerefMut for AccountViews {
    fn deref_mut(&mut self) -> &mut Self::Target {
        let listed = Arc::make_mut(&mut self.0);
        listed.places = Arc::default();
        &mut listed.views
    }
}
