//! The clipboard, and what is put there.

pub(crate) mod clipboard_service;
pub(crate) mod copied_text;
