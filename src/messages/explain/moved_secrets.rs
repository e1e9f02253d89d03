//! Texts about secrets that would go to a destination their owner has not seen.

use crate::base::sanitize::sanitized;
use crate::domain::provider::destinations::Destination;
use crate::messages::problem::{MovedUrl, OtherDestination, SecretsWouldMove};

use super::{Action, UserMessage, quoted, words};

const URL_CHARS: usize = 200;

pub(in crate::messages::explain) fn other_destination(problem: &OtherDestination) -> UserMessage {
    let OtherDestination { account, moved, row_differs } = problem;
    let here = quoted(account.as_str());
    let what = match named(moved) {
        Some(MovedUrl { destination, old, new }) => {
            let (label, new) = (destination.label(), shown(new.as_str()));
            let old = match old {
                Some(old) => format!("its secrets were stored for {}", shown(old.as_str())),
                None => "there was none when its secrets were stored".to_owned(),
            };
            format!("Nothing was sent for {here}: its {label} is {new} now, and {old}{}.", more(moved))
        }
        None => {
            format!("Nothing was sent for {here}: its settings differ from those stored with its secrets.")
        }
    };
    if *row_differs {
        let mut said = words(
            what,
            "Its settings were changed outside Keyfob, or an edit was cut short. Choose Recover accounts, or use \
             keyfob recover, to restore what is stored with its secrets. Or edit the account, check its \
             endpoints and save it.",
        );
        said.others.push(Action::EditAccount);
        return said.offering(Action::RecoverAccounts);
    }
    words(
        what,
        "Your preset file was changed. Restore it; or, if the secrets may go there, edit the account and save it.",
    )
    .offering(Action::EditAccount)
}

pub(in crate::messages::explain) fn secrets_would_move(problem: &SecretsWouldMove) -> UserMessage {
    let SecretsWouldMove { account, moved } = problem;
    let from_to = named(moved).map(|MovedUrl { destination, old, new }| {
        let old = match old {
            Some(old) => format!("instead of {}", shown(old.as_str())),
            None => "(none before)".to_owned(),
        };
        format!("to {} as its {} {old}", shown(new.as_str()), destination.label())
    });
    words(
        format!(
            "Stored secrets of {} would be sent {}{}, so nothing was saved.",
            quoted(account.as_str()),
            from_to.unwrap_or_default(),
            more(moved)
        ),
        "Put the account's secrets into the file, or give it another name there. If the stored secrets may be \
         sent there, select the checkbox that says so in the window, or use --move-secrets on the command line.",
    )
}

/// The one to name: preferably the token endpoint, which receives the most.
fn named(moved: &[MovedUrl]) -> Option<&MovedUrl> {
    moved.iter().find(|moved| moved.destination == Destination::Token).or_else(|| moved.first())
}

fn more(moved: &[MovedUrl]) -> String {
    match moved.len() {
        0 | 1 => String::new(),
        2 => " (and 1 other URL differs)".to_owned(),
        count => format!(" (and {} other URLs differ)", count - 1),
    }
}

fn shown(url: &str) -> String {
    sanitized(url, URL_CHARS).into_owned()
}

#[cfg(test)]
pub(in crate::messages::explain) mod tests {
    use super::*;
    use crate::messages::explain::explain;
    use crate::messages::problem::{Problem, UntrustedText};

    fn words_of(problem: &Problem) -> String {
        explain(problem, Some("car-dev"), Some("Smartcar")).paragraph()
    }

    pub(in crate::messages::explain) fn every() -> Vec<Problem> {
        let account = || UntrustedText::new("car\u{202e}-dev");
        let url = |host: &str| UntrustedText::new(&format!("https://{host}/token"));
        let token = |old: Option<&str>| MovedUrl {
            destination: Destination::Token,
            old: old.map(url),
            new: url("evil.example"),
        };
        let all = [vec![token(None)], vec![token(Some("a.example")); 2], vec![token(Some("a.example")); 3]];
        let of = |moved: Vec<MovedUrl>| {
            let other =
                OtherDestination { account: account(), moved: moved.clone(), row_differs: moved.len() > 1 };
            [
                Problem::OtherDestination(Box::new(other)),
                Problem::SecretsWouldMove(Box::new(SecretsWouldMove { account: account(), moved })),
            ]
        };
        let settings = OtherDestination { account: account(), moved: Vec::new(), row_differs: true };
        let rest = [Problem::Outdated, Problem::OtherDestination(Box::new(settings))];
        all.into_iter().flat_map(of).chain(rest).collect()
    }

    #[test]
    fn i2_words_about_moved_secrets_name_account_and_both_hosts() {
        for problem in every().iter().filter(|problem| !matches!(problem, Problem::Outdated)).take(6) {
            let said = words_of(problem);
            assert!(said.contains("https://evil.example/token") && said.contains("token endpoint"), "{said}");
            assert!(said.contains("-dev”") && !said.contains('\u{202e}'), "{said}");
        }
        let said = words_of(&every()[2]);
        assert!(said.contains("were stored for https://a.example/token (and 1 other URL differs)"), "{said}");
        assert!(said.contains("keyfob recover"), "{said}");
    }
}
