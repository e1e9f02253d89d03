//! The token of the selected account: its card, its actions and its life.

mod copy_button;
mod menu;
pub(crate) mod timeline;
mod token_actions;
pub(crate) mod token_card;
pub(crate) mod token_check;
pub(crate) mod token_commands;
mod token_facts;
pub(crate) mod token_removal;
pub(crate) mod token_value;
