//! Tokens where they are used: the commands of the command line, and real programs over an expiry.

mod api;
mod git;
mod helpers;
mod programs;
mod proxy;
mod proxy_load;
mod request;
mod run;
mod streams;
mod tools;
