//! Invisible characters, and those that change how their neighbours appear.
//!
//! Invariant: external text passes through [`sanitized`] before display.

use std::borrow::Cow;

/// Returns true for a control, zero-width or text-direction character.
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// Returns true for a character that is invalid in a name: a control or text-direction character. Joiners are
/// valid, since scripts and emoji need them.
pub fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Replaces every such character by U+FFFD, and truncates after `max_chars` with an ellipsis.
pub fn sanitized(text: &str, max_chars: usize) -> Cow<'_, str> {
    let long = text.char_indices().nth(max_chars).map(|(at, _)| at);
    if long.is_none() && !text.chars().any(is_unseen) {
        return Cow::Borrowed(text);
    }
    let mut shown: String = text[..long.unwrap_or(text.len())]
        .chars()
        .map(|c| if is_unseen(c) { '\u{fffd}' } else { c })
        .collect();
    if long.is_some() {
        shown.push('…');
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hides_direction_marks_and_escapes_and_keeps_the_rest() {
        assert_eq!(sanitized("a\u{202e}b\u{1b}[31mc", 99), "a\u{fffd}b\u{fffd}[31mc");
        assert_eq!(sanitized("naïve 東京", 99), "naïve 東京");
        assert_eq!(sanitized("abcdef", 3), "abc…");
    }
}
