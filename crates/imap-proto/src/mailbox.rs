//! Mailbox names on the wire: modified UTF-7, read strictly. RFC 3501 §5.1.3.
//!
//! What LIST's wildcards match is not said here.

use base64::Engine;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::NO_PAD;

/// Base64 with `,` for `/`, unpadded; bits left over have to be 0.
const BASE64: GeneralPurpose = GeneralPurpose::new(&IMAP_MUTF7, NO_PAD);

/// Whether a character stands for itself.
const fn is_direct(c: char) -> bool {
    matches!(c, ' '..='~') && c != '&'
}

/// The text of a name in modified UTF-7.
///
/// `None` for whatever the RFC forbids: bytes that are not printable US-ASCII, Base64 that does not end or does
/// not hold UTF-16, Base64 for what could stand for itself, and a shift right behind another. Each text has so
/// one spelling only.
#[must_use]
pub fn decode(name: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(name.len());
    let mut rest = std::str::from_utf8(name).ok()?;
    let mut after_shift = false;
    while let Some(c) = rest.chars().next() {
        if c != '&' {
            if !is_direct(c) {
                return None;
            }
            text.push(c);
            rest = rest.get(1..)?;
            after_shift = false;
            continue;
        }
        let (encoded, behind) = rest.get(1..)?.split_once('-')?;
        if encoded.is_empty() {
            text.push('&');
        } else if after_shift {
            return None;
        } else {
            decode_shift(encoded, &mut text)?;
        }
        after_shift = !encoded.is_empty();
        rest = behind;
    }
    Some(text)
}

fn decode_shift(encoded: &str, text: &mut String) -> Option<()> {
    let bytes = BASE64.decode(encoded).ok()?;
    let (units, odd) = bytes.as_chunks::<2>();
    if !odd.is_empty() {
        return None;
    }
    for c in char::decode_utf16(units.iter().map(|&unit| u16::from_be_bytes(unit))) {
        let c = c.ok()?;
        if is_direct(c) || c == '&' {
            return None;
        }
        text.push(c);
    }
    Some(())
}

/// The spelling of a text in modified UTF-7.
#[must_use]
pub fn encode(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if is_direct(c) {
            name.push(c);
            rest = rest.get(1..).unwrap_or_default();
        } else if c == '&' {
            name.push_str("&-");
            rest = rest.get(1..).unwrap_or_default();
        } else {
            let end = rest.find(|c| is_direct(c) || c == '&').unwrap_or(rest.len());
            let (shifted, behind) = rest.split_at(end);
            let bytes: Vec<u8> = shifted.encode_utf16().flat_map(u16::to_be_bytes).collect();
            name.push('&');
            BASE64.encode_string(bytes, &mut name);
            name.push('-');
            rest = behind;
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_examples_of_the_rfc() {
        let name = "~peter/mail/&U,BTFw-/&ZeVnLIqe-";
        assert_eq!(decode(name.as_bytes()).unwrap(), "~peter/mail/\u{53f0}\u{5317}/\u{65e5}\u{672c}\u{8a9e}");
        assert_eq!(encode(&decode(name.as_bytes()).unwrap()), name);
        assert_eq!(decode(b"&Jjo-!").unwrap(), "\u{263a}!");
        assert_eq!(decode(b"Q&-A").unwrap(), "Q&A");
    }

    #[test]
    fn other_spellings_of_a_name_are_refused() {
        for name in [
            &b"&Jjo!"[..],
            b"&U,BTFw-&ZeVnLIqe-",
            b"&AGE-",
            b"&ACY-",
            b"a&",
            b"&A-",
            b"&2D8-",
            b"&Jjp-",
            b"\xe2\x98\xba",
            b"a\tb",
            b"\xff",
        ] {
            assert_eq!(decode(name), None, "{}", String::from_utf8_lossy(name));
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded_again(text in any::<String>()) {
            let name = encode(&text);
            prop_assert!(name.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            prop_assert_eq!(decode(name.as_bytes()), Some(text));
        }

        #[test]
        fn a_name_that_is_decoded_has_no_other_spelling(name in "[&A-Za-z0-9,+-]{0,12}") {
            if let Some(text) = decode(name.as_bytes()) {
                prop_assert_eq!(encode(&text), name);
            }
        }
    }
}
