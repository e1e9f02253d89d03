//! Every promise that is kept over real sockets, in one binary.

mod browser;
mod copying;
mod desktop;
mod disk;
//mod demo;
// mod floors;
mod http;
mod loopback;
mod passphrase;
mod refresh;
mod rig;
mod sign_in;
mod support;
mod vault;
