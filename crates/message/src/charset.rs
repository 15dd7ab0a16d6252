//! The charsets that a SEARCH may be written in, and the text a search string is in one of them.
//!
//! RFC 3501 §6.4.4 and RFC 9051 §6.4.4 (CHARSET, BADCHARSET), RFC 2978 (names of charsets), RFC 5051 §2 step 1 (what is
//! not valid in its charset has no text). Decoding what mail contains is another matter, and more tolerant:
//! [`decode`](crate::decode).

use std::borrow::Cow;

use encoding_rs::Encoding;

use crate::decode::{Legacy, LegacyDecoder, labelled, utf7};

/// A charset that search strings can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charset(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// RFC 20; what is not ASCII is taken for UTF-8.
    UsAscii,
    /// RFC 2152.
    Utf7,
    /// RFC 2781 §4.3: a byte order mark decides, else big endian.
    Utf16,
    Known(&'static Encoding),
    /// What the Encoding Standard leaves out.
    Legacy(Legacy),
}

/// A search string that its charset does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not valid in {charset}")]
pub struct NotInCharset {
    /// The charset's name.
    pub charset: &'static str,
}

/// The names by which IANA knows US-ASCII. The WHATWG Encoding Standard takes most of them for windows-1252.
const US_ASCII: [&str; 10] = [
    "US-ASCII",
    "ASCII",
    "ANSI_X3.4-1968",
    "ANSI_X3.4-1986",
    "ISO_646.irv:1991",
    "ISO646-US",
    "iso-ir-6",
    "us",
    "cp367",
    "csASCII",
];

/// The names of UTF-7.
const UTF_7: [&str; 4] = ["UTF-7", "UNICODE-1-1-UTF-7", "csUnicode11UTF7", "csUTF7"];

/// The charsets that BADCHARSET offers, by the names that mail prefers, the likeliest first.
const OFFERED: [&str; 42] = [
    "US-ASCII",
    "UTF-8",
    "ISO-8859-1",
    "ISO-8859-2",
    "ISO-8859-3",
    "ISO-8859-4",
    "ISO-8859-5",
    "ISO-8859-6",
    "ISO-8859-7",
    "ISO-8859-8",
    "ISO-8859-9",
    "ISO-8859-10",
    "ISO-8859-11",
    "ISO-8859-13",
    "ISO-8859-14",
    "ISO-8859-15",
    "ISO-8859-16",
    "windows-874",
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "windows-1253",
    "windows-1254",
    "windows-1255",
    "windows-1256",
    "windows-1257",
    "windows-1258",
    "KOI8-R",
    "KOI8-U",
    "IBM866",
    "macintosh",
    "ISO-2022-JP",
    "EUC-JP",
    "Shift_JIS",
    "EUC-KR",
    "GB2312",
    "GBK",
    "GB18030",
    "Big5",
    "UTF-7",
    "UTF-16",
    "UTF-16LE",
];

impl Charset {
    /// UTF-8 (RFC 3629).
    pub const UTF_8: Self = Self(Kind::Known(encoding_rs::UTF_8));

    /// The charset without a name in the command (RFC 3501 §6.4.4).
    pub const US_ASCII: Self = Self(Kind::UsAscii);

    /// The charset of that name or alias, in any case; `None` asks for BADCHARSET.
    #[must_use]
    pub fn named(name: &[u8]) -> Option<Self> {
        let name = name.trim_ascii();
        let is_one_of = |names: &[&str]| names.iter().any(|n| n.as_bytes().eq_ignore_ascii_case(name));
        if is_one_of(&US_ASCII) {
            return Some(Self::US_ASCII);
        }
        if is_one_of(&UTF_7) {
            return Some(Self(Kind::Utf7));
        }
        if let Some(legacy) = Legacy::named(name) {
            return Some(Self(Kind::Legacy(legacy)));
        }
        let encoding = labelled(name)?;
        let is_without_order = encoding == encoding_rs::UTF_16LE && !name.eq_ignore_ascii_case(b"utf-16le");
        Some(Self(if is_without_order { Kind::Utf16 } else { Kind::Known(encoding) }))
    }

    /// The name it is known by.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::UsAscii => "US-ASCII",
            Kind::Utf7 => "UTF-7",
            Kind::Utf16 => "UTF-16",
            Kind::Known(encoding) => encoding.name(),
            Kind::Legacy(legacy) => legacy.name(),
        }
    }

    /// The names that BADCHARSET offers (RFC 3501 §7.1); each is an atom, and known to [`Charset::named`].
    pub fn offered() -> impl Iterator<Item = &'static str> {
        OFFERED.into_iter().chain(Legacy::all())
    }

    /// The text that a search string is.
    ///
    /// # Errors
    /// [`NotInCharset`] if the bytes are not valid in the charset.
    pub fn decode(self, bytes: &[u8]) -> Result<Cow<'_, str>, NotInCharset> {
        let text = match self.0 {
            // CLIENT: many send UTF-8 without naming it. It can mean nothing else, so it is taken for what it is.
            Kind::UsAscii => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
            Kind::Utf7 => strict_utf7(bytes).map(Cow::Owned),
            Kind::Utf16 => utf16(bytes),
            Kind::Known(encoding) => encoding.decode_without_bom_handling_and_without_replacement(bytes),
            Kind::Legacy(legacy) => strict_legacy(legacy, bytes).map(Cow::Owned),
        };
        text.ok_or_else(|| NotInCharset { charset: self.name() })
    }
}

fn utf16(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let (encoding, text) = match Encoding::for_bom(bytes) {
        Some((found, length)) if found != encoding_rs::UTF_8 => (found, bytes.get(length..)?),
        _ => (encoding_rs::UTF_16BE, bytes),
    };
    encoding.decode_without_bom_handling_and_without_replacement(text)
}

fn strict_utf7(bytes: &[u8]) -> Option<String> {
    let mut text = String::new();
    if bytes.is_ascii() {
        utf7(bytes, &mut text);
    }
    (bytes.is_ascii() && !text.contains(char::REPLACEMENT_CHARACTER)).then_some(text)
}

fn strict_legacy(charset: Legacy, bytes: &[u8]) -> Option<String> {
    let mut text = String::new();
    LegacyDecoder::new(charset).push(bytes, &mut text, true);
    (!text.contains(char::REPLACEMENT_CHARACTER)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(name: &str, bytes: &[u8]) -> Option<String> {
        Some(Charset::named(name.as_bytes())?.decode(bytes).ok()?.into_owned())
    }

    #[test]
    fn search_strings_are_read_in_their_charset() {
        for (name, bytes, expected) in [
            ("us-ascii", &b"abc"[..], "abc"),
            ("UTF-8", "Grüße".as_bytes(), "Grüße"),
            ("iso-8859-1", b"Gr\xfc\xdfe", "Grüße"),
            ("latin1", b"\xfc", "ü"),
            ("ISO-8859-15", b"\xa4", "€"),
            ("KOI8-R", b"\xd0\xd2", "пр"),
            ("iso-2022-jp", b"\x1b$B4A;z\x1b(B", "漢字"),
            ("Shift_JIS", b"\x8a\xbf", "漢"),
            ("gb2312", b"\xba\xba", "汉"),
            ("big5", b"\xba\x7e", "漢"),
            ("euc-kr", b"\xb0\xa1", "가"),
            ("utf-7", b"A+ImIDkQ. +-", "A≢Α. +"),
            ("utf-16", b"\0a\x03\xb1", "aα"),
            ("utf-16", b"\xff\xfea\0", "a"),
            ("utf-16be", b"\0a", "a"),
            ("utf-16le", b"a\0", "a"),
            ("iso-2022-kr", b"\x1b$)C\x0e0!", "가"),
            ("hz-gb-2312", b"~{::~}", "汉"),
            ("ibm850", b"\x81", "ü"),
            ("cp932", b"\x8a\xbf", "漢"),
        ] {
            assert_eq!(text(name, bytes).as_deref(), Some(expected), "{name}");
        }
    }

    #[test]
    fn utf_8_that_nobody_named_is_understood() {
        assert_eq!(text("us-ascii", "ä".as_bytes()).as_deref(), Some("ä"));
    }

    #[test]
    fn what_is_not_valid_in_its_charset_is_refused() {
        for (name, bytes) in [
            ("us-ascii", &b"\xe4"[..]),
            ("utf-8", b"\xc3"),
            ("utf-8", b"\xc0\x80"),
            ("iso-2022-jp", b"\x1b$Bx"),
            ("utf-16", b"a"),
            ("utf-7", b"+2AA-"),
            ("utf-7", b"\xe4"),
            ("euc-kr", b"\xff"),
            ("iso-2022-kr", b"\x0e\x7f"),
        ] {
            assert_eq!(text(name, bytes), None, "{name}");
            assert!(Charset::named(name.as_bytes()).is_some());
        }
    }

    #[test]
    fn unknown_charsets_and_those_that_cannot_be_decoded_are_none() {
        for name in ["", "x-unknown", "iso-2022-cn", "replacement", "utf-9"] {
            assert_eq!(Charset::named(name.as_bytes()), None, "{name}");
        }
    }

    #[test]
    fn what_is_offered_is_known_and_an_atom() {
        for name in Charset::offered() {
            assert!(Charset::named(name.to_ascii_lowercase().as_bytes()).is_some(), "{name}");
            assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            for name in Charset::offered() {
                let _ = Charset::named(name.as_bytes()).map(|charset| charset.decode(&bytes).is_ok());
            }
        }
    }
}
