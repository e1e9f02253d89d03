//! Pages that are not about one account.

pub(crate) mod crash;
pub(crate) mod diagnostics;
pub(crate) mod first_run;
pub(crate) mod lock_screen;
pub(crate) mod provider_picker;
