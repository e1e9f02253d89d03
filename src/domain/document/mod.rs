//! A user's TOML or JSON file as one tree, in which every key and value has its position.
//!
//! Invariant: a tree is at most `DEPTH_MAX` deep, no key is repeated in a table, and no error repeats a
//! value.

pub(crate) mod de;
pub mod file_error;
pub(crate) mod string_or_list;
pub(crate) mod yaml;

use std::borrow::Cow;

use jsonc_parser::ast;
use jsonc_parser::common::Ranged as _;
use jsonc_parser::errors::ParseErrorKind;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use file_error::FileError;

/// The maximum size of a file, in bytes.
pub const FILE_MAX_BYTES: usize = 4 * 1024 * 1024;

pub(super) const DEPTH_MAX: usize = 32;

pub(super) struct Node<'i> {
    pub(super) offset: usize,
    pub(super) value: NodeValue<'i>,
}

pub(super) enum NodeValue<'i> {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    /// A date or a time, which only TOML has.
    Date,
    Text(Cow<'i, str>),
    List(Vec<Node<'i>>),
    Table(Vec<Entry<'i>>),
}

pub(super) struct Entry<'i> {
    pub(super) offset: usize,
    pub(super) key: Cow<'i, str>,
    pub(super) node: Node<'i>,
}

impl<'i> Node<'i> {
    /// Parses a file: JSON if it starts with a brace, TOML otherwise.
    pub(super) fn parse(text: &'i str) -> Result<Self, FileError> {
        if text.len() > FILE_MAX_BYTES {
            return Err(FileError::at(text, 0, "the file is larger than 4 MiB"));
        }
        // The parsers' offsets start with the text they get, so blank a byte order mark rather than cut it
        // off.
        let start = text.len() - text.trim_start_matches('\u{feff}').len();
        let mut node = if text[start..].trim_start().starts_with('{') {
            from_json_text(&text[start..])
        } else {
            from_toml_text(&text[start..])
        }
        .map_err(|(offset, what)| FileError::at(text, offset + start, &what))?;
        node.shift(start);
        Ok(node)
    }

    pub(super) fn get(&self, key: &str) -> Option<&Entry<'i>> {
        match &self.value {
            NodeValue::Table(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match &self.value {
            NodeValue::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.get(key)?.node.as_text()
    }

    /// The list at a key of a table; empty if there is none.
    pub(super) fn list(&self, key: &str) -> &[Node<'i>] {
        match self.get(key).map(|entry| &entry.node.value) {
            Some(NodeValue::List(items)) => items,
            _ => &[],
        }
    }

    /// The position of the last existing key of a dotted path, else of the node itself.
    pub(super) fn offset_of(&self, path: &str) -> usize {
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        match self.get(first) {
            Some(entry)
                if rest.is_empty() || entry.node.get(rest.split('.').next().unwrap_or(rest)).is_none() =>
            {
                entry.offset
            }
            Some(entry) => entry.node.offset_of(rest),
            None => self.offset,
        }
    }

    fn shift(&mut self, by: usize) {
        if by == 0 {
            return;
        }
        self.offset += by;
        match &mut self.value {
            NodeValue::List(items) => items.iter_mut().for_each(|item| item.shift(by)),
            NodeValue::Table(entries) => {
                for entry in entries {
                    entry.offset += by;
                    entry.node.shift(by);
                }
            }
            _ => {}
        }
    }
}

type Parsed<T> = Result<T, (usize, String)>;

fn from_toml_text(text: &str) -> Parsed<Node<'_>> {
    // Use only the message: the error itself quotes the file.
    let table = DeTable::parse(text).map_err(|error| {
        let span = error.span().unwrap_or_default();
        let what = match text.get(span.clone()) {
            Some(key) if error.message() == "duplicate key" => {
                FileError::twice(key.trim_matches(['"', '\'']))
            }
            _ => format!("this is not TOML: {}", error.message()),
        };
        (span.start, what)
    })?;
    let offset = table.span().start;
    Ok(Node { offset, value: from_toml_table(table.into_inner(), 0)? })
}

fn from_toml_table(table: DeTable<'_>, depth: usize) -> Parsed<NodeValue<'_>> {
    let mut entries = Vec::with_capacity(table.len());
    for (key, value) in table {
        let offset = key.span().start;
        entries.push(Entry { offset, key: key.into_inner(), node: from_toml(value, depth + 1)? });
    }
    entries.sort_by_key(|entry| entry.offset);
    Ok(NodeValue::Table(entries))
}

fn from_toml(value: Spanned<DeValue<'_>>, depth: usize) -> Parsed<Node<'_>> {
    let offset = value.span().start;
    bounded(offset, depth)?;
    let value = match value.into_inner() {
        DeValue::String(text) => NodeValue::Text(text),
        DeValue::Integer(number) => {
            let parsed = i64::from_str_radix(number.as_str(), number.radix());
            NodeValue::Integer(parsed.map_err(|_| (offset, "a number is too large".to_owned()))?)
        }
        DeValue::Float(number) => NodeValue::Float(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(value) => NodeValue::Bool(value),
        DeValue::Datetime(_) => NodeValue::Date,
        DeValue::Array(items) => {
            let items = items.into_iter().map(|item| from_toml(item, depth + 1));
            NodeValue::List(items.collect::<Parsed<_>>()?)
        }
        DeValue::Table(table) => from_toml_table(table, depth)?,
    };
    Ok(Node { offset, value })
}

fn from_json_text(text: &str) -> Parsed<Node<'_>> {
    let strict = ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let parsed = parse_to_ast(text, &CollectOptions::default(), &strict).map_err(|error| {
        let what = match error.kind() {
            // The parser's message repeats a piece of the text.
            ParseErrorKind::String(_) => "a string has no end or a wrong escape (\\)".to_owned(),
            kind => kind.to_string().to_lowercase(),
        };
        (error.range().start, format!("this is not JSON: {what}"))
    })?;
    match parsed.value {
        Some(value) => from_json(value, 0),
        None => Err((0, "the file is empty".to_owned())),
    }
}

fn from_json(value: ast::Value<'_>, depth: usize) -> Parsed<Node<'_>> {
    let offset = value.range().start;
    bounded(offset, depth)?;
    let value = match value {
        ast::Value::StringLit(text) => NodeValue::Text(text.value),
        ast::Value::NumberLit(number) => match number.value.parse() {
            Ok(integer) => NodeValue::Integer(integer),
            Err(_) => NodeValue::Float(number.value.parse().unwrap_or(f64::NAN)),
        },
        ast::Value::BooleanLit(value) => NodeValue::Bool(value.value),
        ast::Value::NullKeyword(_) => NodeValue::Null,
        ast::Value::Array(array) => {
            let items = array.elements.into_iter().map(|item| from_json(item, depth + 1));
            NodeValue::List(items.collect::<Parsed<_>>()?)
        }
        ast::Value::Object(object) => {
            let mut entries = Vec::with_capacity(object.properties.len());
            let mut seen = std::collections::HashSet::new();
            for property in object.properties {
                let offset = property.range.start;
                let key = match property.name {
                    ast::ObjectPropName::String(text) => text.value,
                    ast::ObjectPropName::Word(word) => Cow::Borrowed(word.value),
                };
                if !seen.insert(key.clone()) {
                    return Err((offset, FileError::twice(&key)));
                }
                entries.push(Entry { offset, key, node: from_json(property.value, depth + 1)? });
            }
            NodeValue::Table(entries)
        }
    };
    Ok(Node { offset, value })
}

fn bounded(offset: usize, depth: usize) -> Parsed<()> {
    if depth > DEPTH_MAX {
        return Err((offset, format!("tables and lists are nested more than {DEPTH_MAX} deep")));
    }
    Ok(())
}
