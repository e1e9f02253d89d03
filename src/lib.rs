//! Keyfob gets, keeps and refreshes API tokens.
//!
//! A pure core makes every decision, an engine carries out its effects, and the window draws one
//! snapshot at one instant.
//!
//! # The map
//!
//! Imports go downward only; a test holds them to it.
//!
//! | floor | room | what it answers |
//! |---|---|---|
//! | 0 | [`base`] | What time is it, what is a secret, and what may this process leave behind? |
//! | 1 | [`domain`] | What does the protocol want? Pure: requests, responses, expiry, the session's machine. |
//! | 2 | [`messages`] | What can be asked, shown and go wrong, and in which words? |
//! | 2 | [`store`] | What is kept, and where: vaults for secrets, a database for the rest. |
//! | 2 | [`net`] | The HTTP client's policy, the redirect listener. |
//! | 2 | [`platform`] | What the system offers: browser, clipboard, notifications, suspend. |
//! | 3 | [`engine`] | What happens, and in which order? |
//! | 3 | [`demo`] | The authorization server of *Try the demo*. |
//! | 3 | [`ui`] | What does the window look like? |
//! | 4 | [`app`] | The window's process. |
//! | 4 | [`cli`] | The command line: the same engine without a window. |
//!
//! # Where to find what
//!
//! - A provider: `assets/providers/*.toml`, read by [`domain::provider::presets`]; an account's choices
//!   are laid over it by [`domain::provider`].
//! - A preset of the user's own: `store::user_presets` reads the folder.
//! - Where secrets may be sent: [`domain::provider::destinations`], [`domain::account::secret_binding`].
//! - A token response: [`domain::oauth::token_response`], and one that a person has to map,
//!   [`domain::oauth::response_mapping`].
//! - What is kept of a request and its response: [`domain::http_log`].
//! - What happens after *Copy token*: [`domain::session`] decides, `engine::tokens::copying` carries it out.
//! - The order of a refresh: `engine::tokens::renewal`.
//! - The text of an error: [`messages::explain`].

pub mod app;
pub mod base;
pub mod cli;
pub mod demo;
pub mod domain;
pub mod engine;
pub mod messages;
pub mod net;
pub mod platform;
pub mod store;
pub mod ui;
