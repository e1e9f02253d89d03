//! Every problem has texts, and the design's own sentences are exact.

use super::*;
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::oauth::token_response::AnswerFlaw;
use crate::domain::refusal::transport::{Unreachable, UnreachableKind};
use crate::domain::team::{Change, Difference, Role, TeamError};
use crate::messages::preferences::{Guarded, Unconfirmed};
use crate::messages::problem::{
    ArchiveProblem, BadAnswer, Hints, Refusal, SignInProblem, UntrustedText, VaultProblem,
};
use crate::messages::snapshot::VaultKind;

fn refusal(code: &str, status: u16) -> Refusal {
    Refusal {
        provider: "Smartcar".to_owned(),
        status,
        code: (!code.is_empty()).then(|| UntrustedText::new(code)),
        description: None,
        meaning: None,
        secrets_place: None,
        grant: Some(GrantType::AuthorizationCode),
        retry_at: None,
        hints: Box::default(),
    }
}

fn refused_grant(grant: GrantType, code: &str) -> Refusal {
    Refusal { grant: Some(grant), ..refusal(code, 400) }
}

fn said(problem: &Problem) -> String {
    explain(problem, Some("car-dev"), Some("Smartcar")).paragraph()
}

fn unreachable(kind: UnreachableKind) -> Problem {
    Problem::Unreachable(Unreachable { host: "api.example.com".to_owned(), kind, may_have_been_sent: false })
}

#[test]
fn the_sentences_of_the_design_stand_to_the_letter() {
    let web_page = BadAnswer { host: "api.example.com".to_owned(), status: 200, kind: AnswerFlaw::WebPage };
    let password = Refusal {
        provider: "SmartConnect".to_owned(),
        ..refused_grant(GrantType::Password, "invalid_grant")
    };
    for (problem, words) in [
        (
            Problem::Refused(refusal("invalid_client", 401)),
            "Smartcar didn't accept the client ID or secret. Copy both again from Smartcar's developer page and \
             check that the secret hasn't expired.",
        ),
        (
            Problem::SignIn(SignInProblem::PortInUse { port: 8910, free: Vec::new() }),
            "Port 8910 is used by another program, so the browser can't return here. Close that program, or \
             choose another port and register it with Smartcar.",
        ),
        (
            Problem::Vault(VaultProblem::Locked),
            "Your keychain is locked, so saved secrets can't be read. Unlock it and choose Try again. Nothing \
             was lost.",
        ),
        (
            Problem::SignIn(SignInProblem::NoBrowser),
            "No web browser could be opened. Copy the sign-in link and open it in a browser on this computer.",
        ),
        (
            Problem::SignIn(SignInProblem::StateMismatch),
            "That response belongs to a different sign-in, so it was ignored. Close old sign-in tabs and start \
             again.",
        ),
        (
            Problem::RefreshRefused(refusal("invalid_grant", 400)),
            "The saved sign-in has expired or was revoked. Sign in again; your settings are kept.",
        ),
        (
            Problem::Refused(password),
            "SmartConnect rejected the username or password. Check both. Accounts with two-step sign-in often \
             can't use this method.",
        ),
        (
            Problem::BadAnswer(web_page),
            "api.example.com sent a web page instead of a token. Check that the token endpoint isn't the sign-in \
             page.",
        ),
        (
            unreachable(UnreachableKind::Certificate),
            "api.example.com's certificate isn't trusted, so nothing was sent. On a company network, add its \
             root certificate in Settings and try again.",
        ),
    ] {
        assert_eq!(said(&problem), words);
    }
}

fn stores() -> Vec<Problem> {
    let text = || UntrustedText::new("disk\u{202e}full");
    let changed = [(Guarded::Browser, "evil \u{202e}".to_owned())];
    let mut all = vec![
        Problem::Unconfirmed(Unconfirmed(changed.into())),
        unreachable(UnreachableKind::Unconfirmed),
        unreachable(UnreachableKind::Unconfirmable),
    ];
    for problem in [
        VaultProblem::Absent,
        VaultProblem::Locked,
        VaultProblem::PassphraseNeeded,
        VaultProblem::WrongPassphrase,
        VaultProblem::NotLasting,
        VaultProblem::Moved,
        VaultProblem::Elsewhere(VaultKind::Keychain),
        VaultProblem::Elsewhere(VaultKind::File),
        VaultProblem::Denied,
        VaultProblem::Slow,
        VaultProblem::Missing,
        VaultProblem::Corrupt,
        VaultProblem::Newer,
        VaultProblem::Damaged,
        VaultProblem::TooMuchWork,
        VaultProblem::TooLarge,
        VaultProblem::Failed("the disk is full"),
    ] {
        all.push(Problem::Vault(problem.clone()));
        all.push(Problem::NotSaved(problem));
    }
    all.extend(team_errors().into_iter().map(|error| Problem::Vault(VaultProblem::Team(error))));
    for problem in [
        ArchiveProblem::PassphraseNeeded,
        ArchiveProblem::WrongPassphrase,
        ArchiveProblem::Damaged,
        ArchiveProblem::Newer,
        ArchiveProblem::TooMuchWork,
        ArchiveProblem::TooLarge,
        ArchiveProblem::Exists,
        ArchiveProblem::Lacking(text()),
        ArchiveProblem::Unusable(text()),
        ArchiveProblem::Content(text()),
    ] {
        all.push(Problem::Archive(problem));
    }
    all.extend(moved_secrets::tests::every());
    all
}

fn team_errors() -> Vec<TeamError> {
    let change = || Change { by: "disk\u{202e}full".to_owned(), at: chrono::DateTime::UNIX_EPOCH };
    let difference = Difference { key: "name", theirs: String::new(), yours: "b".to_owned() };
    let away = |kind| {
        TeamError::Unreachable(Unreachable { host: "v.example".to_owned(), kind, may_have_been_sent: false })
    };
    vec![
        TeamError::NotConnected,
        TeamError::Sealed,
        away(UnreachableKind::Connect),
        away(UnreachableKind::Certificate),
        away(UnreachableKind::BadRootCertificate),
        TeamError::Slow,
        TeamError::TokenExpired,
        TeamError::Denied,
        TeamError::MountDenied("kv".to_owned()),
        TeamError::RoleTooLow { has: Role::Use, needs: Role::Renew },
        TeamError::RoleTooLow { has: Role::Renew, needs: Role::Manage },
        TeamError::WrongMount("kv".to_owned()),
        TeamError::KvVersion1("kv".to_owned()),
        TeamError::SignInRefused,
        TeamError::CredentialsFile("/run/role".to_owned()),
        TeamError::Conflict,
        TeamError::EditedByOther(Box::new((change(), vec![difference]))),
        TeamError::Claimed(change()),
        TeamError::ClaimLost(change()),
        TeamError::BadAnswer(502),
    ]
}

fn keys() -> impl Iterator<Item = Problem> {
    use crate::domain::oauth::jose::KeyError::{
        Encrypted, Incomplete, OpenSsh, Public, Size, Unreadable, Unsupported, WrongAlg,
    };
    let all = [Unreadable, Encrypted, Public, Unsupported, OpenSsh, Incomplete, Size, WrongAlg];
    all.into_iter().map(Problem::BadKey)
}

fn sign_ins() -> Vec<Problem> {
    let text = || UntrustedText::new("disk\u{202e}full");
    let mut all = Vec::new();
    for code in ["access_denied", "invalid_scope", "unauthorized_client", "server_error", "odd"] {
        let code = UntrustedText::new(code);
        all.push(Problem::SignIn(SignInProblem::Denied {
            code,
            description: Some(text()),
            hints: Box::default(),
        }));
    }
    for problem in [
        SignInProblem::Cancelled,
        SignInProblem::TimedOut,
        SignInProblem::PortForbidden { port: 80, free: vec![8910, 8911, 8912] },
        SignInProblem::NoLoopback,
        SignInProblem::NoReplyInPaste,
        SignInProblem::BareCodeRefused,
        SignInProblem::ReplyTooLong,
        SignInProblem::WrongIssuer,
        SignInProblem::Contradictory,
        SignInProblem::WrongNonce,
        SignInProblem::NotPushed {
            host: "a.example".to_owned(),
            status: 200,
            flaw: AnswerFlaw::NoRequestUri,
        },
    ] {
        all.push(Problem::SignIn(problem));
    }
    all
}

fn every_problem() -> Vec<Problem> {
    let text = || UntrustedText::new("disk\u{202e}full");
    let mut all = vec![
        Problem::UnknownAccount("x".to_owned()),
        Problem::NameTaken("x".to_owned()),
        Problem::BadName(NameError::Empty),
        Problem::BadName(NameError::TooLong),
        Problem::BadName(NameError::Unseen),
        Problem::ChangedElsewhere,
        Problem::ValueMissing("client_secret"),
        Problem::ValueUnusable("password"),
        Problem::NeedsSignIn,
        Problem::OtherSubject,
        Problem::NoIdToken,
        Problem::IdTokenExpired(chrono::DateTime::UNIX_EPOCH),
        Problem::Disk(text()),
        Problem::NewerDatabase(text()),
        Problem::Busy,
        Problem::Locked,
        Problem::SetAside(text()),
        Problem::Clipboard,
        Problem::PageNotOpened(text()),
        Problem::Demo(text()),
        Problem::NoRandomness,
        Problem::QueueFull,
        Problem::Stopped,
        Problem::Settings(ProviderError::UnknownProvider("x".to_owned())),
        Problem::Settings(ProviderError::GrantNotOffered {
            provider: "Smartcar".to_owned(),
            grant: GrantType::Password,
        }),
        Problem::Settings(ProviderError::Redirect(RedirectError::Invalid)),
        Problem::Settings(ProviderError::Redirect(RedirectError::Fragment)),
        Problem::Settings(ProviderError::ApiBaseUrlInvalid),
        Problem::Settings(ProviderError::ApiBaseUrlInsecure),
    ];
    all.extend([true, false].map(|refreshing| Problem::Interrupted { refreshing }));
    all.extend(requests());
    all.extend(stores());
    all.extend(keys());
    all.extend(sign_ins());
    all
}

fn requests() -> Vec<Problem> {
    let mut all = Vec::new();
    for kind in [EndpointKind::Authorize, EndpointKind::Token] {
        all.push(Problem::Settings(ProviderError::EndpointMissing(kind)));
        all.push(Problem::Settings(ProviderError::EndpointInvalid(kind)));
        all.push(Problem::Settings(ProviderError::EndpointInsecure(kind)));
    }
    for code in ["", "invalid_grant", "invalid_scope", "unauthorized_client", "unsupported_grant_type", "odd"]
    {
        for status in [200, 400, 401, 429, 503] {
            all.push(Problem::Refused(refusal(code, status)));
            let meaning = Some("API Key is required".to_owned());
            all.push(Problem::Refused(Refusal { meaning, ..refusal(code, status) }));
        }
    }
    for kind in [
        AnswerFlaw::WebPage,
        AnswerFlaw::Empty,
        AnswerFlaw::Unreadable,
        AnswerFlaw::NoToken,
        AnswerFlaw::NoRequestUri,
        AnswerFlaw::UnusableToken,
        AnswerFlaw::TooLarge,
        AnswerFlaw::Redirect,
    ] {
        all.push(Problem::BadAnswer(BadAnswer { host: "api.example.com".to_owned(), status: 200, kind }));
    }
    for kind in [
        UnreachableKind::Dns,
        UnreachableKind::Connect,
        UnreachableKind::TimedOut,
        UnreachableKind::Certificate,
        UnreachableKind::NoRootCertificates,
        UnreachableKind::Tls,
        UnreachableKind::Broken,
        UnreachableKind::BadRootCertificate,
        UnreachableKind::Proxy,
        UnreachableKind::ProxyPassword,
    ] {
        all.push(unreachable(kind));
    }
    all
}

#[test]
fn every_problem_says_what_happened_and_what_to_do_next() {
    for problem in every_problem() {
        for (account, provider) in [(Some("car-dev"), Some("Smartcar")), (None, None)] {
            let words = explain(&problem, account, provider);
            for sentence in [&words.what, &words.next] {
                assert!(sentence.ends_with('.'), "{problem:?}: {sentence}");
                assert!(!sentence.contains(".."), "{problem:?}: {sentence}");
                assert!(sentence.chars().next().is_some_and(|c| !c.is_whitespace()), "{problem:?}");
            }
        }
    }
}

#[test]
fn d1_hostile_names_are_neutralised_in_words() {
    let hostile = "a\u{202e}b\u{1b}[31m".repeat(1000);
    for problem in [Problem::UnknownAccount(hostile.clone()), Problem::NeedsSignIn] {
        let text = explain(&problem, Some(&hostile), Some(&hostile)).paragraph();
        assert!(!text.chars().any(crate::base::sanitize::is_unseen));
        assert!(text.chars().count() < 400);
    }
}

#[test]
fn a_vendors_code_is_said_in_words_with_a_button() {
    let google = |code: &str, said: &str| {
        let hints = Hints { host: "oauth2.googleapis.com".to_owned(), ..Hints::default() };
        Refusal { description: Some(UntrustedText::new(said)), hints: Box::new(hints), ..refusal(code, 400) }
    };
    let said = |problem| explain(&problem, None, None);
    let gone = said(Problem::RefreshRefused(google("invalid_grant", "Token has been expired or revoked.")));
    assert!(gone.what.starts_with("Google says that the sign-in was revoked or has expired"), "{gone:?}");
    assert_eq!(
        (gone.next.as_str(), gone.action),
        ("Sign in again; publish the app on the consent screen to make it last.", Some(Action::SignIn))
    );
    let nameless = said(Problem::RefreshRefused(google("invalid_grant", "new words")));
    assert_eq!(nameless.next, "Sign in again; your settings are kept.");
    let entra = |text: &str| {
        said(Problem::SignIn(SignInProblem::Denied {
            code: UntrustedText::new("access_denied"),
            description: Some(UntrustedText::new(text)),
            hints: Box::default(),
        }))
    };
    let admin = entra("AADSTS90094: The grant requires admin permission.");
    assert!(admin.next.starts_with("Ask an administrator to grant consent"), "{admin:?}");
    let blocked = entra("AADSTS53003: Access has been blocked by Conditional Access policies.");
    assert_eq!(blocked.action, None, "nothing here helps: somebody else must act");
    assert!(blocked.details.unwrap().contains("AADSTS53003"));
}

#[test]
fn a_refused_grant_is_called_by_what_it_is() {
    let said = |grant, code: &str| explain(&Problem::Refused(refused_grant(grant, code)), None, None);
    for grant in [GrantType::AuthorizationCode, GrantType::DeviceCode] {
        assert_eq!(said(grant, "invalid_grant").action, Some(Action::SignIn), "{grant:?}");
    }
    let assertion = said(GrantType::JwtBearer, "invalid_grant");
    assert!(assertion.what.contains("didn't accept the assertion"), "{assertion:?}");
    assert_eq!(assertion.action, Some(Action::EditAccount));
    // There is no sign-in to start again.
    let machine = said(GrantType::ClientCredentials, "invalid_grant");
    assert!(machine.what.contains("the error “invalid_grant”"), "{machine:?}");
    let hints = Hints { by_key: true, ..Hints::default() };
    let client = Refusal { hints: Box::new(hints), ..refused_grant(GrantType::JwtBearer, "invalid_client") };
    let client = explain(&Problem::Refused(client), None, None).paragraph();
    assert!(client.contains("private key") && !client.contains("secret"), "{client}");
}

#[test]
fn a_secrets_end_is_said_ahead_and_after() {
    use crate::domain::account::secret_expiry::SecretEnd;
    let day = chrono::NaiveDate::from_ymd_opt(2030, 1, 31).unwrap();
    let said = |end| secret_end(end, "Smartcar", None).paragraph();
    assert_eq!(
        said(SecretEnd::Near { day, days: 9 }),
        "The client secret expires in 9 days, on 2030-01-31. Make a new one at Smartcar's developer page, then \
         enter it here with its new expiry date."
    );
    assert!(said(SecretEnd::Near { day, days: 0 }).starts_with("The client secret expires today."));
    assert!(said(SecretEnd::Near { day, days: 1 }).contains("tomorrow"));
    assert!(said(SecretEnd::Past { day }).contains("expired on 2030-01-31"));
}

#[test]
fn a_refusal_says_what_is_known_and_no_more() {
    use crate::domain::refusal::hints::Scopes;
    let said = |refusal| explain(&Problem::Refused(refusal), None, None);
    assert!(said(refusal("", 403)).what.contains("gave no reason"));
    let reason = Refusal { description: Some(UntrustedText::new("not from here")), ..refusal("", 403) };
    assert_eq!(said(reason).what, "Smartcar refused the request (HTTP 403).");
    let page = BadAnswer { host: "a.example".to_owned(), status: 403, kind: AnswerFlaw::WebPage };
    assert!(explain(&Problem::BadAnswer(page), None, None).next.contains("firewall"));
    assert!(said(refusal("invalid_target", 400)).what.contains("resource"));
    assert!(said(refusal("use_dpop_nonce", 400)).what.contains("DPoP"));
    // A wait of a day must not show as no time.
    let retry_at = chrono::DateTime::from_timestamp(1_700_000_000, 0);
    let day = retry_at.unwrap().with_timezone(&chrono::Local).format("%H:%M:%S on %Y-%m-%d.").to_string();
    assert!(said(Refusal { retry_at, ..refusal("", 429) }).next.ends_with(&day));
    let hints = Hints { scopes: Scopes::Refused(vec!["User.Read".to_owned()]), ..Hints::default() };
    let description =
        Some(UntrustedText::new("AADSTS1002012: The provided value for scope User.Read is not valid."));
    let scope = Refusal { description, hints: Box::new(hints), ..refusal("invalid_scope", 400) };
    let scope = said(scope).paragraph();
    assert!(scope.contains("“User.Read”") && scope.contains("/.default"), "{scope}");
    let hints = Hints { secret_expired: chrono::NaiveDate::from_ymd_opt(2030, 1, 31), ..Hints::default() };
    let known = Refusal { hints: Box::new(hints), ..refusal("incorrect_client_credentials", 200) };
    assert!(said(known).next.contains("You noted that the secret expired on 2030-01-31"));
    let hints = Hints { tries: vec![ClientAuth::Body], ..Hints::default() };
    let own = said(Refusal { hints: Box::new(hints), ..refusal("oauth.v2.InvalidApiKey", 401) });
    assert_eq!(own.others, [Action::TryClientAuth(ClientAuth::Body)]);
    let unproved = Hints { unproved: true, ..Hints::default() };
    let unproved = Refusal { hints: Box::new(unproved), ..refusal("invalid_client", 401) };
    assert!(said(unproved).what.ends_with("the client ID. No secret was sent with it."));
    let cause = Problem::Refused(refusal("unsupported_token_type", 400));
    let kept =
        Problem::NotRevoked(Box::new(crate::messages::problem::NotRevoked { refresh_revoked: true, cause }));
    let kept = explain(&kept, None, None);
    assert!(
        kept.what.contains("can't revoke the access token") && !kept.next.contains("Try again"),
        "{kept:?}"
    );
    assert_eq!(kept.action, Some(Action::ForgetTokens));
    let busy = Problem::Refused(Refusal { retry_at, ..refusal("", 503) });
    let checked = explain(&Problem::NotChecked(Box::new(busy.clone())), None, None);
    let kept = crate::messages::problem::NotRevoked { refresh_revoked: false, cause: busy };
    let revoked = explain(&Problem::NotRevoked(Box::new(kept)), None, None);
    for said in [&checked, &revoked] {
        assert!(
            said.what.contains("has a problem at the moment") && said.next.contains(&day[..8]),
            "T6: {said:?}"
        );
    }
    assert_eq!((checked.action, revoked.action), (None, Some(Action::ForgetTokens)));
    let (code, hints) = (UntrustedText::new("login_required"), Box::default());
    let asked = SignInProblem::Denied { code, description: None, hints };
    assert!(explain(&Problem::SignIn(asked), None, None).next.contains("prompt=none"));
}

#[test]
fn a_full_queue_and_no_randomness_have_words_of_their_own() {
    assert_eq!(said(&Problem::QueueFull), "Keyfob is busy, so this was not done. Try again in a moment.");
    assert!(Problem::QueueFull.is_transient() && !Problem::Stopped.is_transient());
    let told = said(&Problem::NoRandomness);
    assert!(told.contains("no random numbers") && !told.contains("disk"), "{told}");
}
