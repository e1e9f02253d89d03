//! Every promise that is kept over real sockets, in one binary.

mod browser;
//mod demo;
mod http;
mod loopback;
mod support;
