//! The text after DATA: its end is CRLF `.` CRLF and nothing else, and a period that was put before a line is taken away
//! (RFC 5321 §4.5.2).
//!
//! Nothing but CRLF ends a line here, so that whatever a sender wraps in bare CR or LF stays within the message.

use memchr::memchr;

/// Where in a line we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// At its beginning.
    Begin,
    /// Behind a period at its beginning.
    Dot,
    /// Behind such a period and a CR.
    DotCr,
    /// Within it.
    Text,
    /// Behind a CR within it.
    Cr,
}

/// Reads the text up to its end.
#[derive(Debug)]
pub(super) struct DotText(At);

impl DotText {
    pub(super) const fn new() -> Self {
        Self(At::Begin)
    }

    /// Takes from `input` up to the end of the text, and appends the text to `out`. How many bytes were taken, and whether
    /// the text is over.
    pub(super) fn take(&mut self, input: &[u8], out: &mut Vec<u8>) -> (usize, bool) {
        let mut at = 0;
        while let Some(&byte) = input.get(at) {
            if self.0 == At::Text && byte != b'\r' {
                let rest = input.get(at..).unwrap_or_default();
                let (text, _) = rest.split_at(memchr(b'\r', rest).unwrap_or(rest.len()));
                out.extend_from_slice(text);
                at += text.len();
                continue;
            }
            at += 1;
            if self.step(byte, out) {
                return (at, true);
            }
        }
        (at, false)
    }

    /// One byte; whether the text is over with it.
    fn step(&mut self, byte: u8, out: &mut Vec<u8>) -> bool {
        self.0 = match (self.0, byte) {
            (At::Begin, b'.') => At::Dot,
            (At::Dot, b'\r') => At::DotCr,
            (At::DotCr, b'\n') => return true,
            (At::DotCr, b'\r') => {
                out.push(b'\r');
                At::Cr
            }
            (At::DotCr, _) => {
                out.extend_from_slice(&[b'\r', byte]);
                At::Text
            }
            (At::Cr, b'\n') => {
                out.push(b'\n');
                At::Begin
            }
            (At::Begin | At::Text | At::Cr, b'\r') => {
                out.push(b'\r');
                At::Cr
            }
            (At::Begin | At::Dot | At::Text | At::Cr, _) => {
                out.push(byte);
                At::Text
            }
        };
        false
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The text, and what is left behind its end; `None` when it has none.
    fn read(input: &[u8], pieces: usize) -> Option<(Vec<u8>, Vec<u8>)> {
        let (mut text, mut out) = (DotText::new(), Vec::new());
        let mut at = 0;
        while at < input.len() {
            let piece = &input[at..(at + pieces.max(1)).min(input.len())];
            let (taken, over) = text.take(piece, &mut out);
            at += taken;
            if over {
                return Some((out, input[at..].to_vec()));
            }
            assert_eq!(taken, piece.len());
        }
        None
    }

    /// What a client sends for a text that ends in CRLF (RFC 5321 §4.5.2).
    fn stuffed(text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut line_begins = true;
        for (at, &byte) in text.iter().enumerate() {
            if line_begins && byte == b'.' {
                out.push(b'.');
            }
            out.push(byte);
            line_begins = byte == b'\n' && at > 0 && text[at - 1] == b'\r';
        }
        out.extend_from_slice(b".\r\n");
        out
    }

    #[test]
    fn periods_are_taken_away_and_the_end_is_found() {
        for (sent, text) in [
            ("a\r\n.\r\nQUIT\r\n", "a\r\n"),
            (".\r\nQUIT\r\n", ""),
            ("..\r\n.\r\nQUIT\r\n", ".\r\n"),
            (".a\r\n..b\r\nc.\r\n.\r\nQUIT\r\n", "a\r\n.b\r\nc.\r\n"),
            ("\r\n.\r\nQUIT\r\n", "\r\n"),
        ] {
            for pieces in [1, 2, 100] {
                let (found, rest) = read(sent.as_bytes(), pieces).unwrap();
                assert_eq!(
                    (found.as_slice(), rest.as_slice()),
                    (text.as_bytes(), &b"QUIT\r\n"[..]),
                    "{sent:?}"
                );
            }
        }
    }

    #[test]
    fn nothing_but_crlf_period_crlf_is_an_end() {
        for almost in [
            "\n.\n",
            "\n.\r\n",
            "\r.\r",
            "\r.\r\n",
            "\r\n.\n",
            "\r\n.\r",
            "\r\n.\r\r\n",
            "\r\n. \r\n",
            "\n\n.\n\n",
        ] {
            let sent = format!("a{almost}b\r\n.\r\nQUIT\r\n");
            let (_, rest) = read(sent.as_bytes(), 1).unwrap();
            assert_eq!(rest, b"QUIT\r\n", "{almost:?}");
            assert_eq!(read(format!("a{almost}").as_bytes(), 1), None, "{almost:?}");
        }
    }

    proptest! {
        #[test]
        fn a_text_is_read_as_it_was_meant(text in proptest::collection::vec(prop::sample::select(b".\r\na".to_vec()), 0..30), pieces in 1..9usize) {
            let mut text = text;
            if !text.is_empty() {
                text.extend_from_slice(b"\r\n");
            }
            let mut sent = stuffed(&text);
            sent.extend_from_slice(b"NOOP\r\n");
            prop_assert_eq!(read(&sent, pieces), Some((text, b"NOOP\r\n".to_vec())));
        }
    }
}
