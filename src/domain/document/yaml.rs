//! YAML as the same tree as TOML and JSON.
//!
//! Invariants: a tree is at most [`DEPTH_MAX`] deep; aliases, which could expand a small file to a huge tree,
//! are rejected; no error repeats a value.

use std::borrow::Cow;

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::file_error::FileError;
use super::{DEPTH_MAX, Entry, FILE_MAX_BYTES, Node, NodeValue};

struct Open<'i> {
    offset: usize,
    items: Vec<Node<'i>>,
    entries: Vec<Entry<'i>>,
    /// A key that waits for its value.
    key: Option<(usize, Cow<'i, str>)>,
    is_table: bool,
}

/// Reads the first document of a YAML file.
pub(in crate::domain) fn parse(text: &str) -> Result<Node<'_>, FileError> {
    if text.len() > FILE_MAX_BYTES {
        return Err(FileError::at(text, 0, "the file is larger than 4 MiB"));
    }
    let starts: Vec<usize> =
        std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let place = |line: usize| starts.get(line.saturating_sub(1)).copied().unwrap_or(text.len());
    let mut open: Vec<Open<'_>> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            // The parser's message may repeat a piece of the text.
            FileError::at(text, place(error.marker().line()), "this is not YAML")
        })?;
        let offset = place(span.start.line());
        let wrong = |what: &str| Err(FileError::at(text, offset, what));
        let done = match event {
            Event::Alias(_) => return wrong("aliases (*) are not supported"),
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                if open.len() >= DEPTH_MAX {
                    return wrong(&format!("tables and lists are nested more than {DEPTH_MAX} deep"));
                }
                let is_table = matches!(event, Event::MappingStart(..));
                open.push(Open { offset, items: Vec::new(), entries: Vec::new(), key: None, is_table });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(Open { offset, items, entries, is_table, .. }) = open.pop() else {
                    return wrong("this is not YAML");
                };
                let value = if is_table { NodeValue::Table(entries) } else { NodeValue::List(items) };
                Node { offset, value }
            }
            Event::Scalar(value, style, ..) => {
                let waits = open.last_mut().filter(|open| open.is_table && open.key.is_none());
                if let Some(table) = waits {
                    if table.entries.iter().any(|entry| entry.key == value) {
                        return Err(FileError::at(text, offset, &FileError::twice(&value)).of_key(&value));
                    }
                    table.key = Some((offset, value));
                    continue;
                }
                Node { offset, value: scalar(value, style) }
            }
            Event::DocumentEnd | Event::StreamEnd => break,
            _ => continue,
        };
        match open.last_mut() {
            None => return Ok(done),
            Some(list) if !list.is_table => list.items.push(done),
            Some(table) => match table.key.take() {
                Some((offset, key)) => table.entries.push(Entry { offset, key, node: done }),
                None => return wrong("a key must be a string"),
            },
        }
    }
    Err(FileError::at(text, 0, "the file is empty"))
}

/// A scalar by YAML's core schema, as far as the supported formats use it.
fn scalar(value: Cow<'_, str>, style: ScalarStyle) -> NodeValue<'_> {
    if style != ScalarStyle::Plain {
        return NodeValue::Text(value);
    }
    match value.as_ref() {
        "" | "~" | "null" => NodeValue::Null,
        "true" => NodeValue::Bool(true),
        "false" => NodeValue::Bool(false),
        // Numbers too: some providers' client IDs consist of digits only.
        _ => NodeValue::Text(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake(text: &str) -> String {
        parse(text).err().expect("a mistake").to_string()
    }

    #[test]
    fn lists_tables_and_scalars() {
        let text =
            "# a file\na: 1\nb:\n  - x\n  - {c: \"2\", d: true, e: null}\nf: |\n  two\n  lines\ng: 007\n";
        let node = parse(text).unwrap();
        assert_eq!(node.text("a"), Some("1"));
        let items = node.list("b");
        assert_eq!((items[0].as_text(), items[1].text("c")), (Some("x"), Some("2")));
        assert!(matches!(items[1].get("d").unwrap().node.value, NodeValue::Bool(true)));
        assert!(matches!(items[1].get("e").unwrap().node.value, NodeValue::Null));
        assert_eq!((node.text("f"), node.text("g")), (Some("two\nlines\n"), Some("007")));
        assert_eq!(node.offset_of("f"), text.find("f:").unwrap());
    }

    #[test]
    fn i1_a_yaml_file_is_bounded_and_its_mistakes_have_a_line() {
        assert_eq!(mistake(""), "line 1: the file is empty");
        assert_eq!(mistake("a: 1\nb: [CANARY"), "line 2: this is not YAML");
        assert_eq!(mistake("a: 1\na: CANARY"), "line 2: key \"a\" appears twice");
        assert_eq!(mistake("a: &x [1]\nb: *x"), "line 2: aliases (*) are not supported");
        for depth in [40, 200, 300, 100_000] {
            for (open, close) in [("[", "]"), ("{a: ", "}")] {
                let nested = format!("a: {}{}", open.repeat(depth), close.repeat(depth));
                assert!(parse(&nested).is_err(), "{open} {depth}");
            }
        }
        let deep: Vec<String> = (0..200).map(|depth| " ".repeat(depth) + "a:").collect();
        assert!(parse(&deep.join("\n")).is_err());
        assert!(mistake(&"x".repeat(FILE_MAX_BYTES + 1)).contains("larger than 4 MiB"));
    }
}
