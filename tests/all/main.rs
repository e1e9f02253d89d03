//! The tests of the whole: one binary, a module a promise.

mod ui_accessibility;
mod ui_flow;
mod ui_form;
mod ui_look;
mod ui_rig;
mod ui_support;
