//! Status responses, and what the server tells of itself: CAPABILITY, ENABLED, ID, continuation requests.
//!
//! RFC 3501 §7.1, §7.2.1, §7.5; RFC 5161 §3.2; RFC 2971 §3.2.

use super::text::line_text;
use super::{Code, quoted};
use crate::command::Tag;
use crate::error::Error;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It was carried out.
    Ok,
    /// It was not.
    No,
    /// It was none.
    Bad,
}

impl Status {
    const fn word(self) -> &'static [u8] {
        match self {
            Self::Ok => b"OK ",
            Self::No => b"NO ",
            Self::Bad => b"BAD ",
        }
    }
}

/// `tag OK [CODE] text`
pub fn tagged(out: &mut Vec<u8>, tag: &Tag, status: Status, code: Option<&Code>, text: &str) {
    out.extend_from_slice(tag.as_str().as_bytes());
    out.push(b' ');
    rest(out, status.word(), code, text);
}

/// `* OK [CODE] text`
pub fn untagged(out: &mut Vec<u8>, status: Status, code: Option<&Code>, text: &str) {
    out.extend_from_slice(b"* ");
    rest(out, status.word(), code, text);
}

/// `* BYE [CODE] text` (RFC 3501 §7.1.5)
pub fn bye(out: &mut Vec<u8>, code: Option<&Code>, text: &str) {
    rest(out, b"* BYE ", code, text);
}

/// The answer to what was no command, or one that cannot be carried out; untagged if there was no tag.
pub fn error(out: &mut Vec<u8>, tag: Option<&Tag>, error: &Error) {
    let (code, text) = (error.code(), error.to_string());
    match tag {
        Some(tag) => tagged(out, tag, error.status(), code.as_ref(), &text),
        None => untagged(out, error.status(), code.as_ref(), &text),
    }
}

fn rest(out: &mut Vec<u8>, status: &[u8], code: Option<&Code>, text: &str) {
    out.extend_from_slice(status);
    if let Some(code) = code {
        code.write(out);
    }
    line_text(out, text);
    out.extend_from_slice(b"\r\n");
}

/// `+ text`: a continuation request (RFC 3501 §7.5). The text may be empty, as the challenge of AUTHENTICATE PLAIN is.
pub fn continuation(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(b"+ ");
    if !text.is_empty() {
        line_text(out, text);
    }
    out.extend_from_slice(b"\r\n");
}

/// `* CAPABILITY` with these names (RFC 3501 §7.2.1)
pub fn capability(out: &mut Vec<u8>, names: &[&str]) {
    words(out, b"* CAPABILITY", names);
}

/// `* ENABLED` with what was switched on, maybe nothing (RFC 5161 §3.2)
pub fn enabled(out: &mut Vec<u8>, names: &[&str]) {
    words(out, b"* ENABLED", names);
}

fn words(out: &mut Vec<u8>, start: &[u8], names: &[&str]) {
    out.extend_from_slice(start);
    for name in names {
        out.push(b' ');
        out.extend_from_slice(name.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}

/// `* ID` with what the server tells of itself; NIL for nothing (RFC 2971 §3.2)
pub fn id(out: &mut Vec<u8>, fields: &[(&str, &str)]) {
    out.extend_from_slice(b"* ID ");
    if fields.is_empty() {
        out.extend_from_slice(b"NIL\r\n");
        return;
    }
    for (i, (name, value)) in fields.iter().enumerate() {
        out.push(if i > 0 { b' ' } else { b'(' });
        quoted(out, name);
        out.push(b' ');
        quoted(out, value);
    }
    out.extend_from_slice(b")\r\n");
}
