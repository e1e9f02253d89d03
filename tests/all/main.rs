//! Every promise, kept by the whole: one binary, a module a promise.

#![expect(clippy::unwrap_used, reason = "a test stops where its ground gives way")]

mod browser;
mod cli;
mod copying;
mod demo;
mod desktop;
mod device;
mod disk;
mod exchanges;
mod floors;
mod http;
mod inquiries;
mod interrupted;
mod loopback;
mod loopback_limits;
mod pages;
mod passphrase;
mod reasons;
mod refresh;
mod rig;
mod sign_in;
mod support;
mod ui_accessibility;
mod ui_device;
mod ui_errands;
mod ui_exchanges;
mod ui_flow;
mod ui_form;
mod ui_list;
mod ui_lock;
mod ui_look;
mod ui_order;
mod ui_passphrase;
mod ui_providers;
mod ui_reasons;
mod ui_rig;
mod ui_settings;
mod ui_support;
mod ui_tabs;
mod ui_vault_window;
mod vault;
mod vaults;
mod vendor_servers;
mod vendors;
