//! What is said of a request: method, path, status and time.

use std::fmt;
use std::time::Duration;

use crate::base::sanitize::sanitized;

/// The longest path in a line, in characters.
const PATH_CHARS: usize = 500;

/// One request. No header, query or key is in it.
pub struct LogLine<'a> {
    pub method: &'a str,
    /// The path without its query and without what is or may be a key.
    pub path: &'a str,
    pub status: u16,
    /// Until the head of the answer.
    pub took: Duration,
}

impl fmt::Display for LogLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = sanitized(self.path, PATH_CHARS);
        write!(f, "{} {path} {} {} ms", self.method, self.status, self.took.as_millis())
    }
}
