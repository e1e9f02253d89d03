//! References within an `OpenAPI` document (RFC 6901 pointers after `#`).
//!
//! Invariant: a reference to another document is never opened, and a circle ends in an error.

use std::borrow::Cow;

use crate::domain::document::{Node, NodeValue};

/// The maximum number of references that lead to one object.
const STEPS_MAX: usize = 16;

pub(super) struct References<'r, 'i> {
    root: &'r Node<'i>,
}

impl<'r, 'i> References<'r, 'i> {
    pub(super) fn new(root: &'r Node<'i>) -> Self {
        Self { root }
    }

    /// The object that a node is, or that its `$ref` leads to.
    ///
    /// # Errors
    /// Why it can't be reached, as the end of a sentence.
    pub(super) fn resolved(&self, node: &'r Node<'i>) -> Result<&'r Node<'i>, String> {
        let mut node = node;
        for _ in 0..STEPS_MAX {
            let Some(reference) = node.text("$ref") else { return Ok(node) };
            let Some(pointer) = reference.strip_prefix('#') else {
                return Err("its $ref leads to another document, which is not opened".to_owned());
            };
            node = self.at(pointer).ok_or_else(|| "its $ref leads nowhere".to_owned())?;
        }
        Err("its $ref leads in a circle".to_owned())
    }

    /// The value of [`Self::resolved`].
    pub(super) fn value_of(&self, node: &'r Node<'i>) -> Result<&'r NodeValue<'i>, String> {
        self.resolved(node).map(|node| &node.value)
    }

    fn at(&self, pointer: &str) -> Option<&'r Node<'i>> {
        let pointer = decoded(pointer)?;
        let mut node = self.root;
        let mut steps = pointer.split('/');
        if steps.next() != Some("") {
            return None;
        }
        for step in steps {
            let step: Cow<'_, str> = if step.contains('~') {
                step.replace("~1", "/").replace("~0", "~").into()
            } else {
                step.into()
            };
            node = match &node.value {
                NodeValue::List(items) => items.get(step.parse::<usize>().ok()?)?,
                _ => &node.get(&step)?.node,
            };
        }
        Some(node)
    }
}

/// Decodes a pointer in a URL's fragment (RFC 6901, section 6).
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first == b'%' {
            let (digits, tail) = tail.split_at_checked(2)?;
            bytes.extend(hex::decode(digits).ok()?);
            rest = tail;
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}
