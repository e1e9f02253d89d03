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
//! | 0 | [`clock`] | What time is it? |
//! | 0 | [`secret`] | What is a secret, and where may it leave its wrapper? |
//! | 0 | [`failpoint`], [`limits`], [`logging`] | What may this process leave behind? |
//! | 1 | [`domain`] | What does the protocol want? Pure: requests, replies, expiry, the session's machine. |
//! | 2 | [`messages`] | What can be asked, shown and go wrong, and in which words? |
//! | 2 | [`store`] | What is kept, and where: vaults for secrets, a database for the rest. |
//! | 2 | [`net`] | The HTTP client's policy, the redirect listener, the browser, the system's sleep. |
//! | 3 | [`engine`] | What happens, and in which order? |
//! | 3 | [`demo`] | The authorization server of *Try the demo*. |
//! | 3 | [`ui`] | What does the window look like? |
//! | 4 | [`app`] | The window's process. |
//! | 4 | [`cli`] | The command line: the same engine without a window. |
//!
//! # Where to find what
//!
//! - A vendor's ways: `assets/providers/*.toml`, read by [`domain::presets`], laid over by
//!   [`domain::provider`].
//! - A preset of the user's own: `store::own_presets` reads the folder.
//! - A token answer that doesn't fit: [`domain::token_response`], and where a person must say how it is read,
//!   [`domain::answer_map`].
//! - What may be kept of a request and its answer: [`domain::redact`].
//! - What happens after a press of *Copy token*: [`domain::session`] decides, `engine::copying`
//!   carries it out.
//! - The order of a refresh: `engine::renewal`.
//! - What an issuer says of itself: [`domain::discovery`]. A code for another device: [`domain::device`].
//! - The words of an error: [`messages::words`].

pub mod app;
pub mod cli;
pub mod clock;
pub mod demo;
pub mod domain;
pub mod engine;
pub mod failpoint;
pub mod limits;
pub mod logging;
pub mod messages;
pub mod net;
pub mod secret;
pub mod store;
pub mod ui;
