//! Charsets that the Encoding Standard leaves out and old mail has all the same: UTF-32, the code pages of DOS, and those
//! that shift between ASCII and a national set in seven bits (RFC 1557, RFC 1843).

use encoding_rs::{Decoder, EUC_KR, GBK};
use oem_cp::code_table::DECODING_TABLE_CP_MAP;
use oem_cp::code_table_type::TableType;

/// Code pages of DOS, by the numbers that their names end with: `IBM850`, `cp850`, `850`, `CP00858`.
const PAGES: [u16; 15] = [437, 720, 737, 775, 850, 852, 855, 857, 858, 860, 861, 862, 863, 865, 869];
/// The longest digits of such a name.
const DIGITS_MAX: usize = 5;

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Legacy {
    /// A code page of DOS.
    Page(u16),
    /// ISO-2022-KR (RFC 1557).
    Korean,
    /// HZ-GB-2312 (RFC 1843).
    Hz,
    /// UTF-32; a byte order mark decides, else as this says.
    Utf32 { is_little: bool },
}

impl Legacy {
    /// The charset of that name, in any case.
    pub(crate) fn named(name: &[u8]) -> Option<Self> {
        let lower = name.to_ascii_lowercase();
        Some(match lower.as_slice() {
            b"iso-2022-kr" | b"csiso2022kr" => Self::Korean,
            b"hz-gb-2312" | b"hz" => Self::Hz,
            b"utf-32" | b"utf-32be" => Self::Utf32 { is_little: false },
            b"utf-32le" => Self::Utf32 { is_little: true },
            other => Self::Page(page(other)?),
        })
    }

    /// Its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Page(437) => "IBM437",
            Self::Page(720) => "IBM720",
            Self::Page(737) => "IBM737",
            Self::Page(775) => "IBM775",
            Self::Page(850) => "IBM850",
            Self::Page(852) => "IBM852",
            Self::Page(855) => "IBM855",
            Self::Page(857) => "IBM857",
            Self::Page(858) => "IBM00858",
            Self::Page(860) => "IBM860",
            Self::Page(861) => "IBM861",
            Self::Page(862) => "IBM862",
            Self::Page(863) => "IBM863",
            Self::Page(865) => "IBM865",
            Self::Page(_) => "IBM869",
            Self::Korean => "ISO-2022-KR",
            Self::Hz => "HZ-GB-2312",
            Self::Utf32 { is_little: false } => "UTF-32",
            Self::Utf32 { is_little: true } => "UTF-32LE",
        }
    }

    /// The names that such charsets have, for those who ask which there are.
    pub(crate) fn all() -> impl Iterator<Item = &'static str> {
        let pages = PAGES.into_iter().map(|page| Self::Page(page).name());
        pages.chain([Self::Korean.name(), Self::Hz.name()])
    }
}

/// The number of a code page of DOS that is named so.
fn page(name: &[u8]) -> Option<u16> {
    let digits = [&b"ibm"[..], b"cp", b"dos-", b"ccsid", b""]
        .into_iter()
        .find_map(|begin| name.strip_prefix(begin))?;
    if digits.is_empty() || digits.len() > DIGITS_MAX || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = digits.iter().fold(0_u32, |sum, digit| sum * 10 + u32::from(digit - b'0'));
    PAGES.into_iter().find(|page| u32::from(*page) == number)
}

/// Decodes text whose bytes come in pieces. What is none becomes U+FFFD.
pub(crate) enum LegacyDecoder {
    Page(&'static TableType),
    Shifted(Box<Shifted>),
    Utf32(Utf32),
}

impl LegacyDecoder {
    pub(crate) fn new(charset: Legacy) -> Self {
        match charset {
            Legacy::Page(number) => match DECODING_TABLE_CP_MAP.get(&number) {
                Some(table) => Self::Page(table),
                // There is one for each that has a name here; a test sees to it.
                None => Self::Utf32(Utf32::new(false)),
            },
            Legacy::Korean => Self::Shifted(Box::new(Shifted::new(false))),
            Legacy::Hz => Self::Shifted(Box::new(Shifted::new(true))),
            Legacy::Utf32 { is_little } => Self::Utf32(Utf32::new(is_little)),
        }
    }

    pub(crate) fn push(&mut self, bytes: &[u8], out: &mut String, is_last: bool) {
        match self {
            Self::Page(table) => out.extend(bytes.iter().map(|byte| of_page(table, *byte))),
            Self::Shifted(shifted) => shifted.push(bytes, out, is_last),
            Self::Utf32(utf32) => utf32.push(bytes, out, is_last),
        }
    }
}

fn of_page(table: &TableType, byte: u8) -> char {
    let Some(upper) = byte.checked_sub(0x80) else { return char::from(byte) };
    let found = match table {
        TableType::Complete(table) => table.get(usize::from(upper)).copied(),
        TableType::Incomplete(table) => table.get(usize::from(upper)).copied().flatten(),
    };
    found.unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// ASCII and a national set, with marks where one ends and the other begins. Shifted characters are those of an eight-bit
/// charset without the eighth bit.
pub(crate) struct Shifted {
    /// RFC 1843, whose marks are a tilde and a character; else RFC 1557, whose marks are SO and SI.
    is_hz: bool,
    is_shifted: bool,
    /// A tilde has come.
    after_tilde: bool,
    /// So many bytes of an escape sequence, which only announces the national set, are still to come.
    escape: u8,
    decoder: Decoder,
    eight_bit: Vec<u8>,
}

impl Shifted {
    fn new(is_hz: bool) -> Self {
        let decoder = if is_hz { GBK } else { EUC_KR }.new_decoder_without_bom_handling();
        Self { is_hz, is_shifted: false, after_tilde: false, escape: 0, decoder, eight_bit: Vec::new() }
    }

    fn push(&mut self, bytes: &[u8], out: &mut String, is_last: bool) {
        self.eight_bit.clear();
        for &byte in bytes {
            if self.is_hz { self.take_hz(byte) } else { self.take_korean(byte) }
        }
        let needed = self.decoder.max_utf8_buffer_length(self.eight_bit.len());
        out.reserve(needed.unwrap_or(self.eight_bit.len() * 4 + 16));
        let _ = self.decoder.decode_to_string(&self.eight_bit, out, is_last);
    }

    fn take_korean(&mut self, byte: u8) {
        match byte {
            _ if self.escape > 0 => self.escape -= 1,
            0x1b => self.escape = 3,
            0x0e => self.is_shifted = true,
            0x0f => self.is_shifted = false,
            _ => self.take(byte),
        }
    }

    fn take_hz(&mut self, byte: u8) {
        match (std::mem::take(&mut self.after_tilde), byte) {
            (false, b'~') => self.after_tilde = true,
            (true, b'{') => self.is_shifted = true,
            (true, b'}') => self.is_shifted = false,
            // A line that goes on.
            (true, b'\n' | b'\r') => {}
            _ => self.take(byte),
        }
    }

    fn take(&mut self, byte: u8) {
        // A line ends what was shifted in it.
        if matches!(byte, b'\r' | b'\n') {
            self.is_shifted = false;
        }
        self.eight_bit.push(if self.is_shifted { byte | 0x80 } else { byte });
    }
}

/// Four bytes for each character.
pub(crate) struct Utf32 {
    is_little: bool,
    /// Whether a byte order mark may still come.
    is_begin: bool,
    unit: Vec<u8>,
}

impl Utf32 {
    const fn new(is_little: bool) -> Self {
        Self { is_little, is_begin: true, unit: Vec::new() }
    }

    fn push(&mut self, bytes: &[u8], out: &mut String, is_last: bool) {
        for &byte in bytes {
            self.unit.push(byte);
            if let Ok(unit) = <[u8; 4]>::try_from(self.unit.as_slice()) {
                self.unit.clear();
                self.take(unit, out);
            }
        }
        if is_last && !self.unit.is_empty() {
            self.unit.clear();
            out.push(char::REPLACEMENT_CHARACTER);
        }
    }

    fn take(&mut self, unit: [u8; 4], out: &mut String) {
        if std::mem::take(&mut self.is_begin) {
            match unit {
                [0, 0, 0xfe, 0xff] => return self.is_little = false,
                [0xff, 0xfe, 0, 0] => return self.is_little = true,
                _ => {}
            }
        }
        let number = if self.is_little { u32::from_le_bytes(unit) } else { u32::from_be_bytes(unit) };
        out.push(char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(name: &str, pieces: &[&[u8]]) -> String {
        let (mut decoder, mut out) =
            (LegacyDecoder::new(Legacy::named(name.as_bytes()).unwrap()), String::new());
        for piece in pieces {
            decoder.push(piece, &mut out, false);
        }
        decoder.push(&[], &mut out, true);
        out
    }

    #[test]
    fn texts_are_decoded_wherever_they_are_cut() {
        for (name, bytes, text) in [
            ("IBM850", &b"Gr\x81\xe1e"[..], "Grüße"),
            ("cp437", b"\x9b", "¢"),
            ("CP00858", b"\xd5", "€"),
            ("852", b"\xe7", "š"),
            ("ISO-2022-KR", b"\x1b$)C\x0e0!\x0f a\r\n\x0e3*", "가 a\r\n나"),
            ("HZ-GB-2312", b"~{<:Ky2;S{~}, ~~ ~\n!", "己所不欲, ~ !"),
            ("UTF-32", b"\0\0\0a\0\x01\xf6\x00", "a\u{1f600}"),
            ("UTF-32", b"\xff\xfe\0\0a\0\0\0", "a"),
            ("utf-32le", b"a\0\0\0", "a"),
        ] {
            for cut in 0..bytes.len() {
                let (one, other) = bytes.split_at(cut);
                assert_eq!(decoded(name, &[one, other]), text, "{name}, cut at {cut}");
            }
        }
    }

    #[test]
    fn what_is_no_text_is_marked() {
        assert_eq!(decoded("UTF-32", &[b"\0\x11\0\0\0\0"]), "\u{fffd}\u{fffd}");
        assert_eq!(decoded("IBM857", &[b"\xd5"]), "\u{fffd}");
        assert!(decoded("ISO-2022-KR", &[b"\x0e\x7f"]).contains('\u{fffd}'));
    }

    #[test]
    fn each_has_a_table_and_its_name() {
        for page in PAGES {
            assert!(DECODING_TABLE_CP_MAP.get(&page).is_some(), "{page}");
            assert_eq!(Legacy::named(Legacy::Page(page).name().as_bytes()), Some(Legacy::Page(page)));
        }
        for name in ["", "cp", "cp9999", "ibm437x", "99999999999", "hz2"] {
            assert_eq!(Legacy::named(name.as_bytes()), None, "{name}");
        }
    }
}
