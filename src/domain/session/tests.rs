use proptest::prelude::*;

use super::*;
use crate::domain::token::expiry::{Status, next_change, next_status_change};
use crate::domain::token::grant::ExpirySource;

const CODE: RenewalPolicy = RenewalPolicy {
    grant: GrantType::AuthorizationCode,
    margin: Margin { fixed_secs: Some(60) },
    background: true,
    jitter_thousandths: 0,
};
const CLIENT: RenewalPolicy =
    RenewalPolicy { grant: GrantType::ClientCredentials, background: false, ..CODE };

fn at(secs: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(secs)
}

fn facts(generation: u64, expires: i64, has_refresh_token: bool) -> TokenFacts {
    TokenFacts {
        generation,
        received_at: at(0),
        expires_at: Some(at(expires)),
        expiry_source: ExpirySource::Server,
        has_refresh_token,
        refresh_expires_at: None,
        token_type: "Bearer".to_owned(),
        scope: None,
        clock_skew_secs: None,
        id_token: None,
        sign_in_ends_at: None,
        kept: [].into(),
    }
}

fn holding(policy: &RenewalPolicy, token: TokenFacts) -> Session {
    let mut session = Session::default();
    assert!(session.step(policy, Input::Found(Some(token)), at(0)).is_empty());
    session
}

/// The effects as one word each, for readable tests.
fn story(effects: &[Effect]) -> Vec<String> {
    let word = |effect: &Effect| match effect {
        Effect::Listen(attempt) => format!("listen {}", attempt.0),
        Effect::AskForCode(attempt) => format!("ask for a code {}", attempt.0),
        Effect::Poll(attempt) => format!("poll {}", attempt.0),
        Effect::StopWaiting => "stop waiting".to_owned(),
        Effect::ExchangeCode(attempt, ..) => format!("exchange {}", attempt.0),
        Effect::Renew(attempt, renewal) => format!("{renewal:?} {}", attempt.0),
        Effect::Answer(request, outcome) => format!("{} gets {outcome:?}", request.0),
        Effect::BrowserReturned => "browser returned".to_owned(),
        Effect::Denied(code, _) => format!("denied {code}"),
    };
    effects.iter().map(word).collect()
}

fn code() -> Returned {
    Returned::Code(AuthCode::new("CANARY-code".to_owned()), [].into())
}

#[test]
fn a_sign_in_goes_from_listening_to_a_token() {
    let mut session = Session::default();
    let one = Attempt(1);
    assert_eq!(story(&session.step(&CODE, Input::SignIn(RequestId(7)), at(0))), ["listen 1"]);
    assert!(session.step(&CODE, Input::Waiting(one), at(1)).is_empty());
    assert_eq!(session.phase(), Phase::AwaitingBrowser { deadline: at(301) });
    let back = session.step(&CODE, Input::Returned(one, code()), at(9));
    assert_eq!(story(&back), ["browser returned", "exchange 1"]);
    let done = session.step(&CODE, Input::Renewed(one, Ok(facts(1, 3600, true))), at(10));
    assert_eq!(story(&done), ["7 gets Token"]);
    assert_eq!(session.phase(), Phase::Idle);
}

#[test]
fn a5_a_reply_is_used_once() {
    let mut session = Session::default();
    session.step(&CODE, Input::SignIn(RequestId(1)), at(0));
    session.step(&CODE, Input::Waiting(Attempt(1)), at(0));
    session.step(&CODE, Input::Returned(Attempt(1), code()), at(1));
    for _ in 0..50 {
        assert!(session.step(&CODE, Input::Returned(Attempt(1), code()), at(1)).is_empty());
    }
}

#[test]
fn a_sign_in_times_out_can_be_extended_and_cancelled() {
    let mut session = Session::default();
    session.step(&CODE, Input::SignIn(RequestId(1)), at(0));
    session.step(&CODE, Input::Waiting(Attempt(1)), at(0));
    session.step(&CODE, Input::Extend, at(200));
    assert!(session.step(&CODE, Input::Tick, at(301)).is_empty());
    let late = session.step(&CODE, Input::Tick, at(600));
    assert_eq!(story(&late), ["stop waiting", "1 gets TimedOut"]);

    session.step(&CODE, Input::SignIn(RequestId(2)), at(700));
    session.step(&CODE, Input::Waiting(Attempt(2)), at(700));
    let cancelled = session.step(&CODE, Input::Cancel, at(701));
    assert_eq!(story(&cancelled), ["stop waiting", "2 gets Cancelled"]);
}

#[test]
fn a_second_sign_in_replaces_the_first_and_ignores_its_reply() {
    let mut session = Session::default();
    session.step(&CODE, Input::SignIn(RequestId(1)), at(0));
    session.step(&CODE, Input::Waiting(Attempt(1)), at(0));
    let second = session.step(&CODE, Input::SignIn(RequestId(2)), at(5));
    assert_eq!(story(&second), ["stop waiting", "1 gets Cancelled", "listen 2"]);
    assert!(session.step(&CODE, Input::Returned(Attempt(1), code()), at(6)).is_empty());
}

#[test]
fn r1_a_hundred_callers_share_one_refresh() {
    let mut session = holding(&CODE, facts(1, 3600, true));
    let mut effects = Vec::new();
    for caller in 0..100 {
        effects.extend(session.step(&CODE, Input::Want(RequestId(caller), None), at(3590)));
    }
    assert_eq!(story(&effects), ["Refresh 1"]);
    let answers = session.step(&CODE, Input::Renewed(Attempt(1), Ok(facts(2, 7200, true))), at(3591));
    assert_eq!(answers.len(), 100);
    assert!(answers.iter().all(|effect| matches!(effect, Effect::Answer(_, Outcome::Token))));
}

#[test]
fn a_valid_token_is_given_at_once_and_an_old_one_is_renewed() {
    let mut session = holding(&CLIENT, facts(1, 3600, false));
    assert_eq!(story(&session.step(&CLIENT, Input::Want(RequestId(1), None), at(3000))), ["1 gets Token"]);
    let longer = Some(TimeDelta::seconds(700));
    assert_eq!(story(&session.step(&CLIENT, Input::Want(RequestId(2), longer), at(3000))), ["Repeat 1"]);
}

#[test]
fn without_a_refresh_token_only_a_person_helps() {
    let mut session = holding(&CODE, facts(1, 3600, false));
    let wanted = session.step(&CODE, Input::Want(RequestId(1), None), at(3600));
    assert_eq!(story(&wanted), ["1 gets NeedsSignIn"]);
    assert_eq!(session.next_wake(&CODE), None);
}

#[test]
fn a_refused_refresh_token_is_not_sent_again() {
    let mut session = holding(&CODE, facts(1, 3600, true));
    session.step(&CODE, Input::Want(RequestId(1), None), at(3590));
    let refused = session.step(&CODE, Input::Renewed(Attempt(1), Err(Failure::RefreshRefused)), at(3591));
    assert_eq!(story(&refused), ["1 gets Failed"]);
    assert!(session.refresh_refused());
    assert_eq!(session.next_wake(&CODE), None);
    assert_eq!(story(&session.step(&CODE, Input::Renew(RequestId(2)), at(3592))), ["2 gets NeedsSignIn"]);
    // A newer token, from another process, ends that.
    session.step(&CODE, Input::Found(Some(facts(2, 7200, true))), at(3593));
    assert!(!session.refresh_refused());
}

#[test]
fn the_background_renews_ahead_of_expiry_and_pauses_after_a_failure() {
    let mut session = holding(&CODE, facts(1, 3600, true));
    assert_eq!((session.next_wake(&CODE), session.next_refresh(&CODE)), (Some(at(3540)), Some(at(3540))));
    assert!(session.step(&CODE, Input::Tick, at(3539)).is_empty());
    assert_eq!(story(&session.step(&CODE, Input::Tick, at(3540))), ["Refresh 1"]);
    assert_eq!(session.next_refresh(&CODE), None, "it is under way");
    let later = Failure::Transient { retry_at: Some(at(4000)) };
    assert!(session.step(&CODE, Input::Renewed(Attempt(1), Err(later)), at(3541)).is_empty());
    assert_eq!((session.retrying_at(&CODE), session.next_refresh(&CODE)), (Some(at(4000)), Some(at(4000))));
    assert!(session.step(&CODE, Input::Tick, at(3999)).is_empty());
    assert_eq!(story(&session.step(&CODE, Input::Tick, at(4000))), ["Refresh 2"]);
    // A permanent failure ends it: a refused request isn't repeated in the background.
    session.step(&CODE, Input::Renewed(Attempt(2), Err(Failure::Permanent)), at(4001));
    assert_eq!(session.next_wake(&CODE), None);
}

#[test]
fn accounts_that_expire_together_are_renewed_one_after_the_other() {
    let session = holding(&CODE, facts(1, 3600, true));
    // A tenth of a margin of one minute.
    assert_eq!(session.next_refresh(&RenewalPolicy { jitter_thousandths: 100, ..CODE }), Some(at(3546)));
}

#[test]
fn a_repeated_grant_is_never_repeated_in_the_background() {
    let policy = RenewalPolicy { background: true, ..CLIENT };
    let mut session = holding(&policy, facts(1, 3600, false));
    assert_eq!(session.next_wake(&policy), None);
    assert!(session.step(&policy, Input::Tick, at(9999)).is_empty());
}

#[test]
fn c2_jumps_of_the_clock_neither_loop_nor_fake_validity() {
    let mut session = holding(&CODE, facts(1, 3600, true));
    let decade = 10 * 365 * 86_400;
    assert_eq!(story(&session.step(&CODE, Input::Tick, at(decade))), ["Refresh 1"]);
    assert!(session.step(&CODE, Input::Tick, at(decade)).is_empty());
    session.step(&CODE, Input::Renewed(Attempt(1), Ok(facts(2, decade + 3600, true))), at(decade));
    assert!(session.step(&CODE, Input::Tick, at(-decade)).is_empty());
    // An expired token is not handed out, however far the clock moved.
    let mut session = holding(&CLIENT, facts(1, 3600, false));
    let none = Some(TimeDelta::zero());
    let wanted = session.step(&CLIENT, Input::Want(RequestId(1), none), at(decade));
    assert_eq!(story(&wanted), ["Repeat 1"]);
}

#[test]
fn a_late_token_of_a_cancelled_exchange_is_taken() {
    let mut session = Session::default();
    session.step(&CODE, Input::SignIn(RequestId(1)), at(0));
    session.step(&CODE, Input::Waiting(Attempt(1)), at(0));
    session.step(&CODE, Input::Returned(Attempt(1), code()), at(1));
    assert_eq!(story(&session.step(&CODE, Input::Cancel, at(2))), ["1 gets Cancelled"]);
    session.step(&CODE, Input::Renewed(Attempt(1), Ok(facts(1, 3600, true))), at(3));
    assert_eq!(session.facts().map(|facts| facts.generation), Some(1));
}

#[test]
fn a_code_for_a_device_is_asked_about_until_it_is_used_or_expires() {
    const DEVICE: RenewalPolicy = RenewalPolicy { grant: GrantType::DeviceCode, ..CODE };
    let mut session = Session::default();
    let one = Attempt(1);
    let not_yet = |slow_down| Input::Renewed(one, Err(Failure::NotYet { slow_down }));
    assert_eq!(story(&session.step(&DEVICE, Input::SignIn(RequestId(7)), at(0))), ["ask for a code 1"]);
    session.step(&DEVICE, Input::CodeGiven(one, Polling::new(TimeDelta::seconds(5), at(0), at(60))), at(0));
    assert_eq!(session.next_wake(&DEVICE), Some(at(5)));
    assert_eq!(story(&session.step(&DEVICE, Input::Want(RequestId(8), None), at(1))), ["8 gets NeedsSignIn"]);
    assert_eq!(story(&session.step(&DEVICE, Input::Tick, at(5))), ["poll 1"]);
    assert_eq!(session.next_wake(&DEVICE), None);
    assert!(session.step(&DEVICE, not_yet(true), at(6)).is_empty());
    assert_eq!(session.next_wake(&DEVICE), Some(at(16)));
    assert_eq!(story(&session.step(&DEVICE, Input::Tick, at(16))), ["poll 1"]);
    let transient = Input::Renewed(one, Err(Failure::Transient { retry_at: None }));
    assert!(session.step(&DEVICE, transient, at(17)).is_empty());
    assert_eq!(story(&session.step(&DEVICE, Input::Tick, at(37))), ["poll 1"]);
    let done = session.step(&DEVICE, Input::Renewed(one, Ok(facts(1, 3600, true))), at(38));
    assert_eq!(story(&done), ["stop waiting", "7 gets Token"]);

    session.step(&DEVICE, Input::SignIn(RequestId(9)), at(40));
    let late = Polling::new(TimeDelta::seconds(5), at(40), at(50));
    session.step(&DEVICE, Input::CodeGiven(Attempt(2), late), at(40));
    // A late token from an earlier poll is kept, and the wait goes on.
    assert!(session.step(&DEVICE, Input::Renewed(one, Ok(facts(2, 3600, true))), at(41)).is_empty());
    assert_eq!(session.facts().map(|facts| facts.generation), Some(2));
    assert_eq!(story(&session.step(&DEVICE, Input::Tick, at(50))), ["stop waiting", "9 gets TimedOut"]);
    // The older token is still refreshed in the background.
    assert!(session.next_wake(&DEVICE).is_some());
}

#[test]
fn t6_a_wait_that_the_server_asks_for_is_kept_unless_a_person_insists() {
    let mut session = holding(&CODE, facts(1, 100, true));
    let want = |session: &mut Session, number, now| {
        story(&session.step(&CODE, Input::Want(RequestId(number), None), at(now)))
    };
    assert_eq!(want(&mut session, 1, 200), ["Refresh 1"]);
    let later = Failure::Transient { retry_at: Some(at(320)) };
    let refused = session.step(&CODE, Input::Renewed(Attempt(1), Err(later)), at(200));
    assert_eq!(story(&refused), ["1 gets Failed"]);
    assert_eq!(want(&mut session, 2, 319), ["2 gets RetryAfter"], "nothing is sent");
    assert!(session.step(&CODE, Input::Tick, at(319)).is_empty());
    assert_eq!(session.retrying_at(&CODE), Some(at(320)), "and it is shown until when");
    assert_eq!(want(&mut session, 3, 320), ["Refresh 2"]);
    session.step(
        &CODE,
        Input::Renewed(Attempt(2), Err(Failure::Transient { retry_at: Some(at(900)) })),
        at(320),
    );
    assert_eq!(want(&mut session, 4, 100), ["Refresh 3"], "a clock that was set back waits no longer");
    session.step(
        &CODE,
        Input::Renewed(Attempt(3), Err(Failure::Transient { retry_at: Some(at(900)) })),
        at(320),
    );
    assert_eq!(story(&session.step(&CODE, Input::Renew(RequestId(5)), at(321))), ["Refresh 4"]);
    session.step(&CODE, Input::Renewed(Attempt(4), Ok(facts(2, 400, true))), at(322));
    assert_eq!(want(&mut session, 6, 500), ["Refresh 5"], "a success ends the wait");
}

#[test]
fn c2_tokens_that_live_for_a_moment_or_not_at_all_make_no_loop() {
    // The margin exceeds the lifetime: wait half of it, and at least ten seconds.
    let mut session = holding(&CODE, facts(1, 40, true));
    assert_eq!(session.next_wake(&CODE), Some(at(20)));
    session.step(&CODE, Input::Found(Some(facts(2, 2, true))), at(0));
    assert_eq!(session.next_wake(&CODE), Some(at(10)));
    // A token that has expired on receipt isn't refreshed: another would be no better.
    for expires in [0, -5, -100_000_000] {
        let mut session = holding(&CODE, facts(1, expires, true));
        assert_eq!(session.next_wake(&CODE), None, "{expires}");
        assert!(session.step(&CODE, Input::Tick, at(1)).is_empty());
        assert_eq!(story(&session.step(&CODE, Input::Want(RequestId(1), None), at(1))), ["Refresh 1"]);
        let renewed = Input::Renewed(Attempt(1), Ok(facts(2, expires, true)));
        assert_eq!(story(&session.step(&CODE, renewed, at(2))), ["1 gets Token"]);
    }
}

#[test]
fn t6_a_server_that_wants_to_be_asked_at_once_every_time_is_asked_less_and_less_often() {
    let mut session = holding(&CODE, facts(1, 3600, true));
    let mut now = 3540;
    let mut pauses = Vec::new();
    for attempt in 1..=4 {
        assert_eq!(story(&session.step(&CODE, Input::Tick, at(now))), [format!("Refresh {attempt}")]);
        let at_once = Failure::Transient { retry_at: Some(at(now)) };
        session.step(&CODE, Input::Renewed(Attempt(attempt), Err(at_once)), at(now));
        let next = session.next_wake(&CODE).unwrap().timestamp();
        pauses.push(next - now);
        now = next;
    }
    assert_eq!(pauses, [1, 60, 120, 240]);
}

#[test]
fn c2_a_refresh_token_that_ended_while_nobody_looked_makes_no_loop() {
    let mut token = facts(1, 3600, true);
    token.refresh_expires_at = Some(at(7200));
    let mut session = holding(&CODE, token);
    // The computer slept past both expiries.
    assert!(session.step(&CODE, Input::Tick, at(8000)).is_empty());
    assert_eq!(session.next_wake(&CODE), None, "there is nothing to wake up for");
    assert_eq!(
        story(&session.step(&CODE, Input::Want(RequestId(1), None), at(8000))),
        ["1 gets NeedsSignIn"]
    );
    session.step(&CODE, Input::Found(Some(facts(2, 12_000, true))), at(8001));
    assert_eq!(session.next_wake(&CODE), Some(at(11_940)));
}

/// An outcome of a refresh: a token with any lifetime, to be delivered later, or a failure.
fn any_end() -> impl Strategy<Value = Result<TokenFacts, Failure>> {
    let secs = || prop::option::weighted(0.8, -5000_i64..20_000);
    prop_oneof![
        (secs(), secs(), any::<bool>()).prop_map(|(expires, ends, has_refresh_token)| {
            let (expires_at, refresh_expires_at) = (expires.map(at), ends.map(at));
            Ok(TokenFacts { expires_at, refresh_expires_at, ..facts(1, 0, has_refresh_token) })
        }),
        Just(Err(Failure::RefreshRefused)),
        Just(Err(Failure::Permanent)),
        secs().prop_map(|retry| Err(Failure::Transient { retry_at: retry.map(at) })),
    ]
}

proptest! {
    /// A wake-up without work repeats at once and keeps a processor busy; refreshing a token that was just
    /// refreshed keeps a server busy.
    #[test]
    fn c2_whoever_is_woken_has_something_to_do_and_then_sleeps(
        repeatable in any::<bool>(),
        fixed_secs in prop::option::of(0..9000_u32),
        story in prop::collection::vec((0..9000_i64, any_end()), 1..8),
    ) {
        let grant = if repeatable { GrantType::ClientCredentials } else { GrantType::AuthorizationCode };
        let policy = RenewalPolicy { grant, margin: Margin { fixed_secs }, ..CODE };
        let mut session = holding(&policy, facts(1, 100, true));
        for (now, end) in story {
            let now = at(now);
            session.step(&policy, Input::Tick, now);
            if session.phase() != Phase::Idle {
                let generation = session.generation() + 1;
                let end = end.map(|facts| TokenFacts { generation, received_at: now, ..facts });
                session.step(&policy, Input::Renewed(session.attempt(), end), now);
                session.step(&policy, Input::Tick, now);
            }
            prop_assert_eq!(session.phase(), Phase::Idle);
            prop_assert!(session.next_wake(&policy).is_none_or(|next| next > now));
        }
    }
}

#[test]
fn c3_the_first_and_the_last_moment_never_overflow() {
    let ends = [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC].map(crate::domain::time_parse::nearest);
    let margins = [None, Some(0), Some(u32::MAX)];
    let refresh_ends = [None, Some(ends[0]), Some(ends[1])];
    for (received, expires, refresh_expires_at) in
        ends.into_iter().flat_map(|a| ends.into_iter().flat_map(move |b| refresh_ends.map(|c| (a, b, c))))
    {
        let facts = TokenFacts {
            received_at: received,
            expires_at: Some(expires),
            refresh_expires_at,
            ..facts(1, 0, true)
        };
        for (fixed_secs, now) in margins.into_iter().flat_map(|margin| ends.map(|now| (margin, now))) {
            for jitter_thousandths in [-200, 200] {
                let policy = RenewalPolicy { margin: Margin { fixed_secs }, jitter_thousandths, ..CODE };
                let mut session = holding(&policy, facts.clone());
                let _ = (session.next_wake(&policy), session.retrying_at(&policy));
                session.step(&policy, Input::Tick, now);
                session.step(&policy, Input::Want(RequestId(1), Some(TimeDelta::MAX)), now);
                let failed = Failure::Transient { retry_at: Some(expires) };
                session.step(&policy, Input::Renewed(session.attempt(), Err(failed)), now);
                let _ = (session.next_wake(&policy), session.retrying_at(&policy));
            }
            let _ = Status::at(&facts, now);
            assert!(next_change(&facts, now).is_none_or(|wait| wait > TimeDelta::zero()));
            assert!(next_status_change(&facts, now).is_none_or(|at| at > now));
        }
    }
}
