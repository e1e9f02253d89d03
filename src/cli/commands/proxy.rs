//! `keyfob proxy`: accounts' APIs on this computer.

use std::sync::Arc;

use chrono::TimeDelta;

use super::token;
use crate::base::clock::{Clock as _, SystemClock};
use crate::cli::failure::Failure;
use crate::cli::format::quoted;
use crate::cli::output;
use crate::cli::passphrase::VaultOptions;
use crate::cli::session::{CliSession, with_engine};
use crate::domain::api::proxy_rule::ProxyRule;
use crate::domain::token::token_format;
use crate::engine::Asker;
use crate::messages::command::Command;
use crate::messages::event::{HeldToken, Reply};
use crate::messages::problem::Problem;
use crate::messages::snapshot::AccountView;
use crate::net::api_proxy::{
    ApiToken, LogLine, NoToken, NotStarted, ProxiedAccount, ProxyConfig, RunningProxy, TokenSource,
};
use crate::net::http_client::HttpPolicy;

/// How long a token is used that could not be renewed in time but is still valid.
const RETRY: TimeDelta = TimeDelta::seconds(5);

pub(in crate::cli) fn run(
    vault: &VaultOptions,
    names: &[String],
    port: u16,
    rules: Vec<ProxyRule>,
) -> Result<(), Failure> {
    with_engine(vault, |session| {
        let end = EndSignal::listen();
        let accounts = accounts(session, names)?;
        let options = ProxyOptions { port, rules, says_requests: true };
        let proxy = start(session, &accounts, options)?;
        output::needed(&format!("{URL_VARIABLE}={}", proxy.url()))?;
        output::needed(&format!("{KEY_VARIABLE}={}", proxy.key().expose()))?;
        end.wait();
        drop(proxy);
        settle(session, &accounts)
    })
}

pub(in crate::cli) const URL_VARIABLE: &str = "KEYFOB_PROXY_URL";
pub(in crate::cli) const KEY_VARIABLE: &str = "KEYFOB_PROXY_KEY";

pub(in crate::cli) struct ProxyOptions {
    pub(in crate::cli) port: u16,
    pub(in crate::cli) rules: Vec<ProxyRule>,
    /// A line on standard error for each request.
    pub(in crate::cli) says_requests: bool,
}

/// The accounts with these names, each once.
pub(in crate::cli) fn accounts(
    session: &mut CliSession,
    names: &[String],
) -> Result<Vec<Arc<AccountView>>, Failure> {
    let mut accounts: Vec<Arc<AccountView>> = Vec::new();
    for name in names {
        let account = session.find(name)?;
        if accounts.iter().all(|known| known.id != account.id) {
            accounts.push(account);
        }
    }
    Ok(accounts)
}

/// Starts a proxy once each account has a valid token.
pub(in crate::cli) fn start(
    session: &mut CliSession,
    accounts: &[Arc<AccountView>],
    options: ProxyOptions,
) -> Result<RunningProxy, Failure> {
    let (mut proxied, mut policy) = (Vec::new(), HttpPolicy::default());
    for account in accounts {
        let host = session.needed_api_host(account)?;
        let held = token::valid(session, account, None)?;
        // A key in the query would need another URL for each request.
        held.header().map_err(|problem| Failure::of_account(&problem, account))?;
        policy = session.api_policy(account, &host)?;
        proxied.push(ProxiedAccount { name: account.name.as_str().to_owned(), host });
    }
    let tokens = EngineTokens { asker: session.engine.asker(), accounts: accounts.to_vec() };
    let started = RunningProxy::start(ProxyConfig {
        accounts: proxied,
        rules: options.rules,
        port: options.port,
        policy,
        tokens: Arc::new(tokens),
        log: if options.says_requests { Some(Box::new(say)) } else { None },
    });
    started.map_err(|error| not_started(&error, options.port))
}

fn say(line: &LogLine<'_>) {
    output::say(&line.to_string());
}

fn not_started(error: &NotStarted, port: u16) -> Failure {
    match error {
        NotStarted::Io(error) => Failure::refused(format!(
            "The proxy could not start on port {port}: {error}. Choose another one with --port, or none."
        )),
        NotStarted::Client(unreachable) => Failure::of(&Problem::Unreachable(unreachable.clone())),
        NotStarted::NoRandomness => Failure::of(&Problem::NoRandomness),
    }
}

/// Offers tokens that the vault refused again before the process ends.
pub(in crate::cli) fn settle(session: &mut CliSession, accounts: &[Arc<AccountView>]) -> Result<(), Failure> {
    accounts.iter().try_for_each(|account| token::warn_if_unsaved(session, account))
}

/// The engine as the proxy's source of tokens.
struct EngineTokens {
    asker: Asker,
    accounts: Vec<Arc<AccountView>>,
}

impl TokenSource for EngineTokens {
    fn token(&self, number: usize) -> Result<ApiToken, NoToken> {
        let account = &self.accounts[number];
        match self.ask(account, None) {
            Ok(held) => Ok(api_token(&held)),
            // A token that can't be renewed is used to its end.
            Err(problem) => match self.ask(account, Some(TimeDelta::seconds(1))) {
                Ok(held) => {
                    log::warn!("account {}: a token could not be renewed yet", account.id);
                    let token = api_token(&held);
                    Ok(ApiToken { refresh_at: Some(SystemClock.now() + RETRY), ..token })
                }
                Err(_) => Err(no_token(&problem, account)),
            },
        }
    }

    fn renewed(&self, number: usize) -> Result<ApiToken, NoToken> {
        let account = &self.accounts[number];
        let renewed = self.asker.ask(Command::Refresh(account.id.clone()));
        renewed.map_err(|problem| no_token(&problem, account))?;
        self.ask(account, None).map(|held| api_token(&held)).map_err(|problem| no_token(&problem, account))
    }
}

impl EngineTokens {
    fn ask(&self, account: &AccountView, min_valid: Option<TimeDelta>) -> Result<Box<HeldToken>, Problem> {
        match self.asker.ask(Command::Token { account: account.id.clone(), min_valid })? {
            Reply::Token(held) => Ok(held),
            _ => Err(Problem::NeedsSignIn),
        }
    }
}

fn api_token(held: &HeldToken) -> ApiToken {
    ApiToken {
        header: token_format::header(&held.api, &held.access_token),
        generation: held.facts.generation,
        refresh_at: held.refresh_at,
    }
}

fn no_token(problem: &Problem, account: &AccountView) -> NoToken {
    let failure = Failure::of_account(problem, account);
    let reason = format!("there is no token of {}: {}", quoted(account.name.as_str()), failure.words());
    NoToken { needs_sign_in: failure.needs_sign_in(), reason }
}

/// Ctrl-C, a closed terminal, or a request to end.
#[cfg(unix)]
pub(in crate::cli) struct EndSignal(Option<signal_hook::iterator::Signals>);

#[cfg(unix)]
impl EndSignal {
    /// From now on these signals end nothing by themselves.
    pub(in crate::cli) fn listen() -> Self {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        Self(signal_hook::iterator::Signals::new([SIGTERM, SIGINT, SIGHUP]).ok())
    }

    fn wait(self) {
        match self.0 {
            Some(mut signals) => drop(signals.forever().next()),
            None => park(),
        }
    }
}

/// Windows ends the process itself.
#[cfg(not(unix))]
pub(in crate::cli) struct EndSignal;

#[cfg(not(unix))]
impl EndSignal {
    pub(in crate::cli) fn listen() -> Self {
        Self
    }

    fn wait(self) {
        park();
    }
}

fn park() {
    loop {
        std::thread::park();
    }
}
