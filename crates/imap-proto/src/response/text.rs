//! Strings in the form that fits what they hold: atom, quoted or literal. RFC 3501 §4.3 and §9.

use super::number;
use crate::lex::is_astring;

/// The longest string that is quoted; a longer one becomes a literal, which no client has to search for its end.
const QUOTED_BYTES_MAX: usize = 1000;

/// Appends an `astring`: an atom if it can be one.
pub fn astring(out: &mut Vec<u8>, text: &[u8]) {
    let is_nil = text.eq_ignore_ascii_case(b"NIL");
    if !text.is_empty() && !is_nil && text.iter().copied().all(is_astring) {
        out.extend_from_slice(text);
    } else {
        string(out, text);
    }
}

/// Appends an `nstring`: NIL for `None`.
pub fn nstring(out: &mut Vec<u8>, text: Option<&[u8]>) {
    match text {
        None => out.extend_from_slice(b"NIL"),
        Some(text) => string(out, text),
    }
}

/// Appends a `string`: quoted if it can be.
fn string(out: &mut Vec<u8>, text: &[u8]) {
    let is_plain = |&byte: &u8| byte.is_ascii() && !matches!(byte, 0 | b'\r' | b'\n');
    if text.len() <= QUOTED_BYTES_MAX && text.iter().all(is_plain) {
        quoted_bytes(out, text);
    } else {
        literal(out, text);
    }
}

/// Appends a quoted string. Line breaks and NUL, which it cannot hold, become spaces.
pub fn quoted(out: &mut Vec<u8>, text: &str) {
    quoted_bytes(out, text.as_bytes());
}

fn quoted_bytes(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for &byte in text {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            0 | b'\r' | b'\n' => out.push(b' '),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

/// Appends a literal.
pub fn literal(out: &mut Vec<u8>, bytes: &[u8]) {
    literal_start(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends the announcement of a literal whose bytes follow.
pub(super) fn literal_start(out: &mut Vec<u8>, size: u64) {
    out.push(b'{');
    number(out, size);
    out.extend_from_slice(b"}\r\n");
}

/// Appends text for people: one line of printable characters, never empty (RFC 3501 §9, `text`).
pub(super) fn line_text(out: &mut Vec<u8>, text: &str) {
    if text.is_empty() {
        out.push(b'.');
    }
    // `text` is 7-bit; a name quoted in an error may hold anything.
    out.extend(text.chars().map(|c| if matches!(c, ' '..='~') { c as u8 } else { b'?' }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_form_fits_what_a_string_holds() {
        for (text, expected) in [
            ("INBOX", "INBOX"),
            ("a]b", "a]b"),
            ("", "\"\""),
            ("nil", "\"nil\""),
            ("two words", "\"two words\""),
            ("a\"b\\c", "\"a\\\"b\\\\c\""),
            ("a\r\nb", "{4}\r\na\r\nb"),
            ("\u{e9}", "{2}\r\n\u{e9}"),
        ] {
            assert_eq!(written(|out| astring(out, text.as_bytes())), expected);
        }
        assert_eq!(written(|out| nstring(out, None)), "NIL");
        assert_eq!(written(|out| nstring(out, Some(b"x"))), "\"x\"");
    }

    #[test]
    fn text_for_people_cannot_end_the_line() {
        assert_eq!(written(|out| line_text(out, "a\r\nb")), "a??b");
        assert_eq!(written(|out| line_text(out, "")), ".");
        assert_eq!(written(|out| quoted(out, "a\r\n\"")), "\"a  \\\"\"");
    }
}
