//! The list of accounts in a snapshot.
//!
//! Owns the order and the way from an ID to its account. Invariants: a list is shared, never copied,
//! until somebody changes it; two lists that [are the same](AccountViews::is) hold the same accounts,
//! so whatever was worked out from one holds for the other.

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, OnceLock};

use super::AccountView;
use crate::domain::account::AccountId;

/// Accounts, by name.
#[derive(Debug, Clone, Default)]
pub struct AccountViews(Arc<Listed>);

#[derive(Debug, Clone, Default)]
struct Listed {
    views: Vec<Arc<AccountView>>,
    /// Where each stands; worked out at the first question, shared by lists of one order.
    places: Arc<OnceLock<HashMap<AccountId, usize>>>,
}

impl AccountViews {
    /// Where an account stands.
    pub fn place(&self, id: &AccountId) -> Option<usize> {
        let places = self.0.places.get_or_init(|| {
            self.0.views.iter().enumerate().map(|(place, view)| (view.id.clone(), place)).collect()
        });
        places.get(id).copied()
    }

    /// An account by its ID.
    pub fn find(&self, id: &AccountId) -> Option<&Arc<AccountView>> {
        self.0.views.get(self.place(id)?)
    }

    /// Whether both are one list, and not only alike.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Puts a view in the place of the account's last one. False where the list doesn't have the
    /// account, or its new name may move it.
    pub fn replace(&mut self, view: Arc<AccountView>) -> bool {
        let Some(place) = self.place(&view.id).filter(|place| self.0.views[*place].name == view.name) else {
            return false;
        };
        Arc::make_mut(&mut self.0).views[place] = view;
        true
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

/// Makes another list of it: what holds the old one keeps it.
impl DerefMut for AccountViews {
    fn deref_mut(&mut self) -> &mut Self::Target {
        let listed = Arc::make_mut(&mut self.0);
        listed.places = Arc::default();
        &mut listed.views
    }
}
