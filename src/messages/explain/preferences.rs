//! Texts about preferences that are not used until confirmed.

use crate::base::sanitize::sanitized;
use crate::messages::preferences::Unconfirmed;

use super::{Action, UserMessage, words};

const VALUE_CHARS: usize = 200;

pub(in crate::messages::explain) const NEXT: &str = "If this was you, open Settings in the window and choose Use these settings; \
                               otherwise set them back there.";

pub(in crate::messages::explain) fn unconfirmed(changed: &Unconfirmed) -> UserMessage {
    let named = changed
        .0
        .iter()
        .map(|(it, value)| format!("the {} is now “{}”", it.label(), sanitized(value, VALUE_CHARS)));
    let named = named.collect::<Vec<_>>().join(", ");
    words(format!("Settings were changed outside Keyfob and are not used: {named}."), NEXT)
        .offering(Action::OpenSettings)
}
