//! Encoded words in header fields (RFC 2047, with the language of RFC 2231 §5).

use super::{base64, charset, quoted_printable};
use crate::header::unfold;

/// The longest encoded word that is looked for. RFC 2047 §2 allows 75 bytes.
const WORD_BYTES_MAX: usize = 1000;

/// One encoded word, its transfer encoding undone.
struct Word<'a> {
    charset: &'a [u8],
    bytes: Vec<u8>,
    /// How long it is as it stands.
    length: usize,
}

/// A field's value as text: unfolded, with encoded words decoded wherever they stand.
///
/// Words next to each other are joined before their charset is decoded, since some mailers cut characters
/// in two. What is not encoded is UTF-8, or else windows-1252.
#[must_use]
pub fn encoded_words(value: &[u8]) -> String {
    let value = unfold(value);
    let mut rest: &[u8] = &value;
    let mut out = String::new();
    let mut pending: Option<(&[u8], Vec<u8>)> = None;
    while let Some((start, word)) = first_word(rest) {
        let before = rest.get(..start).unwrap_or_default();
        // RFC 2047 §6.2: white space between encoded words is not shown.
        let is_adjacent = pending.is_some() && before.trim_ascii().is_empty();
        match &mut pending {
            Some((charset, bytes)) if is_adjacent && charset.eq_ignore_ascii_case(word.charset) => {
                bytes.extend_from_slice(&word.bytes);
            }
            _ => {
                flush(&mut pending, &mut out);
                if !is_adjacent {
                    out.push_str(&charset::text(None, before));
                }
                pending = Some((word.charset, word.bytes));
            }
        }
        rest = rest.get(start + word.length..).unwrap_or_default();
    }
    flush(&mut pending, &mut out);
    out.push_str(&charset::text(None, rest));
    out
}

fn flush(pending: &mut Option<(&[u8], Vec<u8>)>, out: &mut String) {
    if let Some((charset, bytes)) = pending.take() {
        out.push_str(&charset::text(Some(charset), &bytes));
    }
}

/// The first encoded word and where it begins.
fn first_word(text: &[u8]) -> Option<(usize, Word<'_>)> {
    memchr::memmem::find_iter(text, b"=?").find_map(|at| Some((at, word(text.get(at..)?)?)))
}

/// The encoded word that the text begins with: `=?charset?encoding?text?=`.
fn word(text: &[u8]) -> Option<Word<'_>> {
    let considered = text.get(..WORD_BYTES_MAX).unwrap_or(text).strip_prefix(b"=?")?;
    let charset_end = considered.iter().position(|b| *b == b'?' || b.is_ascii_whitespace())?;
    let (charset, after) = considered.split_at_checked(charset_end)?;
    let [b'?', encoding, b'?', encoded @ ..] = after else { return None };
    let is_base64 = match encoding {
        b'b' | b'B' => true,
        b'q' | b'Q' => false,
        _ => return None,
    };
    let end = memchr::memmem::find(encoded, b"?=")?;
    let content = encoded.get(..end)?;
    let bytes = if is_base64 {
        base64(content)
    } else {
        // RFC 2047 §4.2: an underscore is a space.
        quoted_printable(&content.iter().map(|&b| if b == b'_' { b' ' } else { b }).collect::<Vec<_>>())
    };
    let charset = charset.split(|&b| b == b'*').next().unwrap_or(charset);
    Some(Word { charset, bytes, length: 2 + charset_end + 3 + end + 2 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rfcs_examples_are_decoded() {
        // RFC 2047 §8
        for (value, expected) in [
            ("(=?ISO-8859-1?Q?a?=)", "(a)"),
            ("(=?ISO-8859-1?Q?a?= b)", "(a b)"),
            ("(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)", "(ab)"),
            ("(=?ISO-8859-1?Q?a?=\r\n   =?ISO-8859-1?Q?b?=)", "(ab)"),
            ("(=?ISO-8859-1?Q?a_b?=)", "(a b)"),
            ("(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)", "(a b)"),
            ("=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?= <keld@dkuug.dk>", "Keld Jørn Simonsen <keld@dkuug.dk>"),
            ("=?US-ASCII*EN?Q?Keith_Moore?=", "Keith Moore"),
            (
                "=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
                "If you can read this you understand the example.",
            ),
        ] {
            assert_eq!(encoded_words(value.as_bytes()), expected);
        }
    }

    #[test]
    fn a_character_may_be_cut_between_words() {
        assert_eq!(encoded_words(b"=?utf-8?q?=C3?= =?UTF-8?q?=A4?= x"), "ä x");
    }

    #[test]
    fn what_is_no_encoded_word_stands() {
        for value in ["=?utf-8?q?open", "=?utf-8?x?a?=", "=? ?q?a?=", "a =?= b", ""] {
            assert_eq!(encoded_words(value.as_bytes()), value);
        }
        assert_eq!(encoded_words(b"J\xf6rg"), "Jörg");
        assert_eq!(encoded_words("Jörg".as_bytes()), "Jörg");
    }
}
