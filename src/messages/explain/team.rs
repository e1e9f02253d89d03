//! Texts about the team vault.

use chrono::{DateTime, Utc};

use super::{Action, UserMessage, quoted, words};
use crate::domain::refusal::transport::{Unreachable, UnreachableKind};
use crate::domain::team::{Change, Difference, Role, TeamError};

#[expect(clippy::too_many_lines, reason = "one arm an error")]
pub(in crate::messages::explain) fn team(error: &TeamError, here: &str) -> UserMessage {
    match error {
        TeamError::NotConnected => words(
            "Keyfob isn't connected to a team vault.",
            "Connect to it with keyfob team connect ADDRESS --auth METHOD, or in Settings.",
        ),
        TeamError::Sealed => words(
            "The team vault is sealed, so nothing can be read or written.",
            "Ask its operator to unseal it, then try again. Nothing was lost.",
        )
        .offering(Action::TryAgain),
        TeamError::Unreachable(unreachable) => unreached(unreachable),
        TeamError::Slow => words(
            "The team vault responds too slowly, so nothing was sent.",
            "Check the network, then try again. Nothing was lost.",
        )
        .offering(Action::TryAgain),
        TeamError::TokenExpired => words(
            "The team vault's token has expired or was revoked.",
            "Sign in to the team vault again with keyfob team connect. Your accounts are kept.",
        ),
        TeamError::Denied => words(
            "The team vault denied permission: the policies of your token don't allow this.",
            "Ask its operator for a policy; keyfob team policy use, renew or manage prints one.",
        ),
        TeamError::MountDenied(mount) => words(
            format!(
                "The team vault denied permission: your token may use nothing at the mount {}, or no secrets \
                 engine is there.",
                quoted(mount)
            ),
            "Check --mount against bao secrets list, or ask its operator for a policy; keyfob team policy use \
             prints one.",
        ),
        TeamError::RoleTooLow { has, needs } => role_too_low(*has, *needs),
        TeamError::WrongMount(mount) => words(
            format!("The team vault has no KV secrets engine at the mount {}.", quoted(mount)),
            "Check --mount against bao secrets list, then connect again.",
        ),
        TeamError::KvVersion1(mount) => words(
            format!("The secrets engine at {} is KV version 1, which has no check-and-set.", quoted(mount)),
            "Name a mount of KV version 2 with --mount, or have it upgraded with bao kv enable-versioning.",
        ),
        TeamError::SignInRefused => words(
            "The team vault refused the sign-in, so nothing was kept.",
            "Check the token, the user name and password, or the role ID and secret ID, then try again.",
        ),
        TeamError::CredentialsFile(path) => words(
            format!(
                "The file {} with credentials for the team vault can't be read or is empty.",
                quoted(path)
            ),
            "Check its path and its permissions, then try again.",
        ),
        TeamError::Conflict
        | TeamError::EditedByOther(_)
        | TeamError::Claimed(_)
        | TeamError::ClaimLost(_) => by_others(error, here),
        TeamError::BadAnswer(status) => words(
            format!("The team vault sent a response that Keyfob can't use (HTTP {status})."),
            "Check that the address is that of OpenBao or HashiCorp Vault, then try again.",
        )
        .offering(Action::TryAgain),
    }
}

/// What another machine did.
fn by_others(error: &TeamError, here: &str) -> UserMessage {
    match error {
        TeamError::EditedByOther(edit) => edited(&edit.0, &edit.1, here),
        TeamError::Claimed(change) => words(
            format!(
                "{} has been refreshing {here} since {} and hasn't finished, so nothing was sent.",
                quoted(&change.by),
                utc(change.at)
            ),
            "Try again in a minute. If that machine is gone, its claim ends by itself.",
        )
        .offering(Action::TryAgain),
        TeamError::ClaimLost(change) => words(
            format!(
                "{} began to refresh {here} at {} and never saved the answer, so the refresh token may be used up. \
                 It was not sent again.",
                quoted(&change.by),
                utc(change.at)
            ),
            "Start Keyfob on that machine, which finishes it, or sign in again.",
        )
        .offering(Action::SignIn),
        _ => words(
            format!("Another machine changed {here} in the meantime, so nothing was saved."),
            "Look at its change, then try again.",
        )
        .offering(Action::TryAgain),
    }
}

fn unreached(unreachable: &Unreachable) -> UserMessage {
    let host = quoted(&unreachable.host);
    match unreachable.kind {
        UnreachableKind::Certificate | UnreachableKind::NoRootCertificates => words(
            format!("The certificate of the team vault at {host} isn't trusted, so nothing was sent."),
            "Name the certificate of its authority with --ca FILE and connect again.",
        ),
        UnreachableKind::BadRootCertificate => words(
            "The file with the team vault's root certificate can't be read.",
            "Check --ca: it must be a file of PEM certificates. Then connect again.",
        ),
        kind => words(
            format!("The team vault at {host} is unreachable: {kind}."),
            "Check the address and the network, then try again. Nothing was lost.",
        )
        .offering(Action::TryAgain),
    }
}

fn role_too_low(has: Role, needs: Role) -> UserMessage {
    let what = match needs {
        Role::Use => "be used",
        Role::Renew => "be refreshed, signed in or exported",
        Role::Manage => "be added, changed or removed",
    };
    words(
        format!(
            "Your role in the team vault is {has}, with which accounts can't {what}, so no request was sent."
        ),
        format!("Ask its operator for the role {needs}; keyfob team policy {needs} prints its policy."),
    )
}

fn edited(change: &Change, differences: &[Difference], here: &str) -> UserMessage {
    let shown = |text: &str| if text.is_empty() { "nothing".to_owned() } else { quoted(text) };
    let each = differences.iter().map(|Difference { key, theirs, yours }| {
        format!("{key}: theirs is {}, yours is {}", shown(theirs), shown(yours))
    });
    let each = each.collect::<Vec<_>>().join("; ");
    let each = if each.is_empty() { "the secrets".to_owned() } else { each };
    words(
        format!(
            "{} changed {here} at {} while you edited it, so nothing was saved. What differs: {each}.",
            quoted(&change.by),
            utc(change.at)
        ),
        "Open it again and repeat your change.",
    )
}

fn utc(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}
