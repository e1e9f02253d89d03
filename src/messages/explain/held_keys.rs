//! Texts about keys that an account holds itself.

use chrono::NaiveDate;

use super::{Action, UserMessage, words};
use crate::domain::account::key_dates::KeyDates;
use crate::domain::account::secret_expiry::SecretEnd;
use crate::messages::problem::UntrustedText;

const NEXT: &str = "Make a new one at the provider, then enter it in the account's form.";

pub(in crate::messages::explain) fn in_query(here: &str, name: &UntrustedText) -> UserMessage {
    words(
        format!("The key of {here} goes into the query parameter “{name}”, so there is no header for it."),
        "Print the key alone, or a cURL command.",
    )
}

pub(in crate::messages::explain) fn not_renewed(here: &str) -> UserMessage {
    words(format!("The key of {here} has no renewal: Keyfob holds it and asks no server about it."), NEXT)
        .offering(Action::EditAccount)
}

/// The reminder of a key: that it ends soon, has ended, or is due for rotation. `None` if nothing is due.
pub fn key_reminder(dates: &KeyDates, today: NaiveDate) -> Option<UserMessage> {
    let what = match (dates.end(today), dates.rotation_due(today)) {
        (Some(SecretEnd::Near { days: 0, day }), _) => format!("The key ends today, on {day}."),
        (Some(SecretEnd::Near { days: 1, day }), _) => format!("The key ends tomorrow, on {day}."),
        (Some(SecretEnd::Near { days, day }), _) => format!("The key ends in {days} days, on {day}."),
        (Some(SecretEnd::Past { day }), _) => format!("You noted that the key ended on {day}."),
        (None, Some(day)) => format!("The key is due for rotation since {day}."),
        (None, None) => return None,
    };
    Some(words(what, NEXT).offering(Action::EditAccount))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::secret_expiry::day;

    #[test]
    fn a_key_is_spoken_of_when_it_ends_or_is_due() {
        let today = day("2030-05-10").unwrap();
        let said = |expires: Option<&str>, since: Option<&str>| {
            let dates = KeyDates {
                key_expires: expires.and_then(day),
                key_since: since.and_then(day),
                rotate_after_days: Some(30),
            };
            key_reminder(&dates, today).map(|message| message.what)
        };
        assert_eq!(said(None, None), None);
        assert_eq!(said(Some("2030-06-10"), Some("2030-05-01")), None);
        assert!(said(Some("2030-05-10"), None).unwrap().contains("today"));
        assert!(said(Some("2030-05-20"), None).unwrap().contains("in 10 days, on 2030-05-20"));
        assert!(said(Some("2030-05-09"), None).unwrap().contains("ended on 2030-05-09"));
        assert!(said(None, Some("2030-04-10")).unwrap().contains("rotation since 2030-05-10"));
    }
}
