//! Strings as IMAP sends them (RFC 3501 §4.3): `NIL`, quoted, or a literal.

/// The longest text that is sent quoted; longer ones become literals, which clients read without limit.
const QUOTED_BYTES_MAX: usize = 1000;

/// Appends a `string`: quoted if it is short 7-bit text on one line, else a literal.
///
/// NUL is legal in neither (RFC 3501 §9, CHAR8) and becomes a question mark.
pub(crate) fn push_string(out: &mut Vec<u8>, text: &[u8]) {
    let quotable = text.len() <= QUOTED_BYTES_MAX
        && text.iter().all(|b| b.is_ascii() && !matches!(b, b'\r' | b'\n' | 0));
    if quotable {
        out.push(b'"');
        for &byte in text {
            if matches!(byte, b'"' | b'\\') {
                out.push(b'\\');
            }
            out.push(byte);
        }
        out.push(b'"');
    } else {
        out.extend_from_slice(format!("{{{}}}\r\n", text.len()).as_bytes());
        out.extend(text.iter().map(|&b| if b == 0 { b'?' } else { b }));
    }
}

/// Appends an `nstring`.
pub(crate) fn push_nstring(out: &mut Vec<u8>, text: Option<&[u8]>) {
    match text {
        Some(text) => push_string(out, text),
        None => out.extend_from_slice(b"NIL"),
    }
}

/// Appends a `number`.
pub(crate) fn push_number(out: &mut Vec<u8>, number: usize) {
    out.extend_from_slice(number.to_string().as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        push_string(&mut out, text);
        out
    }

    #[test]
    fn the_form_follows_the_bytes() {
        assert_eq!(string(b""), b"\"\"");
        assert_eq!(string(b"a\"b\\c"), b"\"a\\\"b\\\\c\"");
        assert_eq!(string("é".as_bytes()), b"{2}\r\n\xc3\xa9");
        assert_eq!(string(b"a\0b"), b"{3}\r\na?b");
        assert_eq!(string(b"a\r\nb"), b"{4}\r\na\r\nb");
    }
}
