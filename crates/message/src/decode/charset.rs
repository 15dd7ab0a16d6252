//! Charsets: bytes to text, in pieces (RFC 2046 §4.1.2; labels as the WHATWG Encoding Standard has them).

use encoding_rs::{
    BIG5, Decoder, EUC_JP, EUC_KR, Encoding, GBK, KOI8_R, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252,
};

use super::legacy::{Legacy, LegacyDecoder};

/// Decodes text whose bytes come in pieces.
pub(crate) struct TextDecoder {
    state: State,
}

enum State {
    /// No charset, or one that says nothing: the first piece decides.
    Undecided,
    Known(Box<Decoder>),
    /// RFC 2152, which `encoding_rs` has not. Pieces end between lines, where no shift is open.
    Utf7,
    /// What it has not either.
    Legacy(LegacyDecoder),
}

/// Names of charsets that the Encoding Standard knows by others only.
const ALIASES: [(&[u8], &Encoding); 6] = [
    (b"cp932", SHIFT_JIS),
    (b"cp936", GBK),
    (b"cp949", EUC_KR),
    (b"cp950", BIG5),
    (b"cp51932", EUC_JP),
    (b"cp20866", KOI8_R),
];

/// The encoding of that label, in any case, unless it is one that decodes to nothing.
pub(crate) fn labelled(label: &[u8]) -> Option<&'static Encoding> {
    let alias = ALIASES.into_iter().find(|(alias, _)| label.eq_ignore_ascii_case(alias));
    alias.map(|(_, encoding)| encoding).or_else(|| Encoding::for_label_no_replacement(label))
}

impl TextDecoder {
    /// A decoder for a charset's label. An unknown one is taken for UTF-8, or else windows-1252.
    pub(crate) fn new(label: Option<&[u8]>) -> Self {
        let label = label.unwrap_or_default().trim_ascii();
        if label.eq_ignore_ascii_case(b"utf-7") {
            return Self { state: State::Utf7 };
        }
        if let Some(legacy) = Legacy::named(label) {
            return Self { state: State::Legacy(LegacyDecoder::new(legacy)) };
        }
        // US-ASCII is often a lie told of UTF-8, and a label without meaning tells nothing.
        let known = labelled(label);
        let state = match known.filter(|_| !label.eq_ignore_ascii_case(b"us-ascii")) {
            // RFC 2781 §4.3: without a byte order mark the big end comes first.
            Some(encoding) if encoding == UTF_16LE && !label.eq_ignore_ascii_case(b"utf-16le") => {
                State::Known(Box::new(UTF_16BE.new_decoder()))
            }
            Some(encoding) => State::Known(Box::new(encoding.new_decoder_with_bom_removal())),
            None => State::Undecided,
        };
        Self { state }
    }

    /// Decodes the next piece.
    pub(crate) fn push(&mut self, bytes: &[u8], out: &mut String) {
        self.decode(bytes, out, false);
    }

    /// Ends the text: what is left of a character becomes U+FFFD.
    pub(crate) fn finish(&mut self, out: &mut String) {
        self.decode(&[], out, true);
    }

    fn decode(&mut self, bytes: &[u8], out: &mut String, is_last: bool) {
        if matches!(self.state, State::Undecided) {
            let guess = guess(bytes).new_decoder_with_bom_removal();
            self.state = State::Known(Box::new(guess));
        }
        match &mut self.state {
            State::Known(decoder) => {
                let needed = decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(bytes.len() * 4 + 16);
                out.reserve(needed);
                let _ = decoder.decode_to_string(bytes, out, is_last);
            }
            State::Utf7 => utf7(bytes, out),
            State::Legacy(decoder) => decoder.push(bytes, out, is_last),
            State::Undecided => {}
        }
    }
}

/// All of a short text.
pub(super) fn text(label: Option<&[u8]>, bytes: &[u8]) -> String {
    let mut out = String::new();
    let mut decoder = TextDecoder::new(label);
    decoder.push(bytes, &mut out);
    decoder.finish(&mut out);
    out
}

/// Shorter pieces are whole texts, at whose end no character is cut.
const CUT_PIECE_BYTES_MIN: usize = 16 * 1024;

/// UTF-8 unless the bytes cannot be.
fn guess(bytes: &[u8]) -> &'static Encoding {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_some() || bytes.len() < CUT_PIECE_BYTES_MIN => WINDOWS_1252,
        _ => UTF_8,
    }
}

/// UTF-7 (RFC 2152): `+`, base64 of UTF-16, and an end that a minus sign may mark.
pub(crate) fn utf7(bytes: &[u8], out: &mut String) {
    let mut rest = bytes;
    while let Some(plus) = memchr::memchr(b'+', rest) {
        out.push_str(&String::from_utf8_lossy(rest.get(..plus).unwrap_or_default()));
        let after = rest.get(plus + 1..).unwrap_or_default();
        let is_base64 = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
        let length = after.iter().take_while(|&b| is_base64(b)).count();
        let shifted = super::base64(after.get(..length).unwrap_or_default());
        let units = shifted.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
        out.extend(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
        let ends_marked = after.get(length) == Some(&b'-');
        if length == 0 && ends_marked {
            out.push('+');
        }
        rest = after.get(length + usize::from(ends_marked)..).unwrap_or_default();
    }
    out.push_str(&String::from_utf8_lossy(rest));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charsets_are_decoded_by_their_labels() {
        assert_eq!(text(Some(b"ISO-8859-15"), b"\xa4"), "€");
        assert_eq!(text(Some(b"koi8-r"), b"\xd0\xd2"), "пр");
        assert_eq!(text(Some(b"iso-2022-jp"), b"\x1b$B4A;z\x1b(B"), "漢字");
        assert_eq!(text(Some(b"utf-7"), b"A+ImIDkQ. 1 +- 1"), "A≢Α. 1 + 1");
        assert_eq!(text(Some(b"CP850"), b"\x81"), "ü");
        assert_eq!(text(Some(b"CP932"), b"\x8a\xbf"), "漢");
    }

    #[test]
    fn a_byte_order_mark_is_no_text() {
        assert_eq!(text(Some(b"utf-16"), b"\xff\xfea\0"), "a");
        assert_eq!(text(Some(b"utf-16"), b"\0a"), "a");
        assert_eq!(text(Some(b"utf-8"), b"\xef\xbb\xbfa"), "a");
        assert_eq!(text(None, b"\xef\xbb\xbfa"), "a");
    }

    #[test]
    fn a_missing_or_unknown_charset_is_guessed() {
        assert_eq!(text(None, "ä".as_bytes()), "ä");
        assert_eq!(text(Some(b"us-ascii"), "ä".as_bytes()), "ä");
        assert_eq!(text(Some(b"x-unknown"), b"\xe4"), "ä");
    }
}
