//! Every promise that is kept over real sockets, in one binary.

#![expect(clippy::unwrap_used, reason = "a test stops where its ground gives way")]

mod browser;
mod demo;
mod http;
mod loopback;
mod loopback_limits;
mod support;
mod vendor_servers;
