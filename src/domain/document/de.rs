//! Deserialises a file's tree into the domain's types, through serde.
//!
//! Invariant: an error has the key's path and position, never a value: serde's own messages, which repeat
//! values, are replaced.

use std::fmt;

use serde::de::{self, DeserializeSeed, IntoDeserializer as _, MapAccess, SeqAccess, Unexpected, Visitor};

use super::file_error::{FileError, shown, suggestion};
use super::{Entry, Node, NodeValue};

#[derive(Debug)]
pub(in crate::domain) struct NodeError {
    offset: Option<usize>,
    /// From the innermost to the outermost key.
    path: Vec<String>,
    wrong: Wrong,
}

#[derive(Debug)]
enum Wrong {
    /// A text that follows the key.
    Value(String),
    Unknown(&'static [&'static str]),
    Missing,
    Twice,
}

impl NodeError {
    fn new(wrong: Wrong) -> Self {
        Self { offset: None, path: Vec::new(), wrong }
    }

    fn of_key(key: &str, wrong: Wrong) -> Self {
        Self { offset: None, path: vec![key.to_owned()], wrong }
    }

    fn within(mut self, entry: &Entry<'_>) -> Self {
        self.offset.get_or_insert(entry.offset);
        self.path.push(entry.key.clone().into_owned());
        self
    }

    /// Formats the mistake. `offset` is the position of the whole, and `also` holds keys that are known at
    /// its top beside the type's own.
    pub(in crate::domain) fn into_file_error(self, text: &str, offset: usize, also: &[&str]) -> FileError {
        let path: Vec<&str> = self.path.iter().rev().map(String::as_str).collect();
        let key = path.join(".");
        let what = match &self.wrong {
            Wrong::Value(words) if key.is_empty() => format!("the file {words}"),
            Wrong::Value(words) => format!("\"{}\" {words}", shown(&key)),
            Wrong::Missing => FileError::missing(&key),
            Wrong::Twice => FileError::twice(&key),
            Wrong::Unknown(known) => {
                let also = if path.len() == 1 { also } else { &[] };
                let near = suggestion(path.last().unwrap_or(&""), known.iter().chain(also).copied());
                format!("unknown key \"{}\"{near}", shown(&key))
            }
        };
        let error = FileError::at(text, self.offset.unwrap_or(offset), &what);
        if key.is_empty() { error } else { error.of_key(&key) }
    }
}

impl fmt::Display for NodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value has the wrong type")
    }
}

impl std::error::Error for NodeError {}

impl de::Error for NodeError {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::new(Wrong::Value("can't be used".to_owned()))
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::new(Wrong::Value(format!("must be {}, not {}", in_words(expected), kind(&unexpected))))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::new(Wrong::Value(format!("must be {}", in_words(expected))))
    }

    fn invalid_length(_: usize, _: &dyn de::Expected) -> Self {
        Self::new(Wrong::Value("has the wrong number of items".to_owned()))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let near = suggestion(variant, expected.iter().copied());
        Self::new(Wrong::Value(format!("must be one of {}{near}", expected.join(", "))))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::of_key(field, Wrong::Unknown(expected))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::of_key(field, Wrong::Missing)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::of_key(field, Wrong::Twice)
    }
}

/// A type in plain words. What serde expects is a fixed text of the type, never a value.
fn in_words(expected: &dyn de::Expected) -> String {
    match expected.to_string().as_str() {
        "a string" => "a string in quotes".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more, and not too large".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".to_owned(),
        words if words == "a map" || words.starts_with("struct ") => "a table".to_owned(),
        words => words.to_owned(),
    }
}

fn kind(unexpected: &Unexpected<'_>) -> &'static str {
    match unexpected {
        Unexpected::Bool(_) => "true or false",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "a whole number",
        Unexpected::Float(_) => "a number",
        Unexpected::Str(_) | Unexpected::Char(_) => "a string",
        Unexpected::Unit | Unexpected::Option => "nothing",
        Unexpected::Seq => "a list",
        Unexpected::Map => "a table",
        _ => "something else",
    }
}

impl<'n> de::Deserializer<'n> for &'n Node<'_> {
    type Error = NodeError;

    fn deserialize_any<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, NodeError> {
        match &self.value {
            NodeValue::Null => visitor.visit_unit(),
            NodeValue::Bool(value) => visitor.visit_bool(*value),
            NodeValue::Integer(number) => visitor.visit_i64(*number),
            NodeValue::Float(number) => visitor.visit_f64(*number),
            NodeValue::Date => {
                let words = format!("must be {}, not a date", in_words(&visitor));
                Err(NodeError::new(Wrong::Value(words)))
            }
            NodeValue::Text(text) => visitor.visit_str(text),
            NodeValue::List(items) => visitor.visit_seq(Items(items.iter())),
            NodeValue::Table(entries) => Entries::all(entries).deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, NodeError> {
        match self.value {
            NodeValue::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'n>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, NodeError> {
        visitor.visit_newtype_struct(self)
    }

    /// serde would accept a list as a struct's values, in the order of its fields.
    fn deserialize_struct<V: Visitor<'n>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, NodeError> {
        match &self.value {
            NodeValue::List(_) => Err(de::Error::invalid_type(Unexpected::Seq, &visitor)),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'n>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, NodeError> {
        match &self.value {
            NodeValue::Text(text) => visitor.visit_enum(text.as_ref().into_deserializer()),
            _ => Err(NodeError::new(Wrong::Value("must be a string in quotes".to_owned()))),
        }
    }

    serde::forward_to_deserialize_any! { <V: Visitor<'n>>
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

struct Items<'n, 'i>(std::slice::Iter<'n, Node<'i>>);

impl<'n> SeqAccess<'n> for Items<'n, '_> {
    type Error = NodeError;

    fn next_element_seed<T: DeserializeSeed<'n>>(&mut self, seed: T) -> Result<Option<T::Value>, NodeError> {
        let Some(node) = self.0.next() else { return Ok(None) };
        seed.deserialize(node).map(Some).map_err(|mut error| {
            error.offset.get_or_insert(node.offset);
            error
        })
    }
}

pub(in crate::domain) struct Entries<'n, 'i> {
    rest: std::vec::IntoIter<&'n Entry<'i>>,
    current: Option<&'n Entry<'i>>,
}

impl<'n, 'i> Entries<'n, 'i> {
    fn all(entries: &'n [Entry<'i>]) -> Self {
        Self::some(entries, |_| true)
    }

    pub(in crate::domain) fn some(entries: &'n [Entry<'i>], wanted: impl Fn(&str) -> bool) -> Self {
        let entries: Vec<_> = entries.iter().filter(|entry| wanted(&entry.key)).collect();
        Self { rest: entries.into_iter(), current: None }
    }
}

impl<'n> de::Deserializer<'n> for Entries<'n, '_> {
    type Error = NodeError;

    fn deserialize_any<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, NodeError> {
        visitor.visit_map(self)
    }

    serde::forward_to_deserialize_any! { <V: Visitor<'n>>
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'n> MapAccess<'n> for Entries<'n, '_> {
    type Error = NodeError;

    fn next_key_seed<K: DeserializeSeed<'n>>(&mut self, seed: K) -> Result<Option<K::Value>, NodeError> {
        self.current = self.rest.next();
        let Some(entry) = self.current else { return Ok(None) };
        let key: de::value::StrDeserializer<'_, NodeError> = entry.key.as_ref().into_deserializer();
        seed.deserialize(key).map(Some).map_err(|mut error| {
            error.offset.get_or_insert(entry.offset);
            error
        })
    }

    fn next_value_seed<T: DeserializeSeed<'n>>(&mut self, seed: T) -> Result<T::Value, NodeError> {
        let Some(entry) = self.current else { return Err(NodeError::new(Wrong::Missing)) };
        seed.deserialize(&entry.node).map_err(|error| error.within(entry))
    }
}
