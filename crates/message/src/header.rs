//! The fields of a header (RFC 5322 §2.2): where each begins and ends, its name and its raw value.
//!
//! Values are given as they stand; [`unfold`] takes the line breaks out, and `decode` reads
//! encoded words.

use std::borrow::Cow;
use std::ops::Range;

/// The part of one header that envelope, body structure and dates are read from, in bytes.
///
/// What lies beyond is still part of the header that a client fetches and that SEARCH looks at.
pub const CONSIDERED_BYTES_MAX: usize = 256 * 1024;

/// One header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// The field's name; empty for a line that has no colon.
    pub name: &'a [u8],
    /// What follows the colon, folded as it stands, without the last line break.
    pub value: &'a [u8],
    /// The whole field in the header, line breaks included.
    pub range: Range<usize>,
}

impl Field<'_> {
    /// Whether the field has this name, in any case.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// The fields of a header, in order; ends at the blank line or with the bytes.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    header: &'a [u8],
    at: usize,
}

/// Walks over the fields of `header`, which may be followed by a body.
#[must_use]
pub const fn fields(header: &[u8]) -> Fields<'_> {
    Fields { header, at: 0 }
}

/// As [`fields`], over the first [`CONSIDERED_BYTES_MAX`] bytes.
pub(crate) fn considered(header: &[u8]) -> Fields<'_> {
    fields(header.get(..CONSIDERED_BYTES_MAX).unwrap_or(header))
}

impl Fields<'_> {
    /// Where the next field begins; at the end, where the blank line does.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.at
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        let start = self.at;
        let first = self.header.get(start..line_end(self.header, start))?;
        if is_blank_line(first) || first.is_empty() {
            return None;
        }
        let mut end = start + first.len();
        while matches!(self.header.get(end), Some(b' ' | b'\t')) {
            end = line_end(self.header, end);
        }
        self.at = end;
        let field = without_line_break(self.header.get(start..end)?);
        // RFC 5322 §4.5: obsolete syntax lets white space stand before the colon. A colon that only
        // comes in a continuation line names nothing.
        let (name, value) = match memchr::memchr(b':', without_line_break(first)) {
            Some(colon) => (trim(field.get(..colon)?), field.get(colon + 1..)?),
            None => (&[][..], field),
        };
        Some(Field { name, value, range: start..end })
    }
}

/// Where the line that begins at `from` ends, line break included.
pub(crate) fn line_end(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    memchr::memchr(b'\n', rest).map_or(bytes.len(), |at| from + at + 1)
}

/// Whether the line is the one between header and body.
pub(crate) fn is_blank_line(line: &[u8]) -> bool {
    line == b"\r\n" || line == b"\n"
}

/// The line less the LF or CRLF at its end.
pub(crate) fn without_line_break(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Takes white space off both ends.
pub(crate) fn trim(value: &[u8]) -> &[u8] {
    value.trim_ascii()
}

/// A value on one line: line breaks removed (RFC 5322 §2.2.3), white space trimmed at both ends.
#[must_use]
pub fn unfold(value: &[u8]) -> Cow<'_, [u8]> {
    let value = trim(value);
    if memchr::memchr2(b'\r', b'\n', value).is_none() {
        return Cow::Borrowed(value);
    }
    Cow::Owned(value.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_cut_at_their_continuation_lines() {
        let header = b"Subject: a\r\n b\r\nX :y\nnothing\r\n\r\nBody: no\r\n";
        let found: Vec<_> = fields(header).collect();
        assert_eq!(found.len(), 3);
        assert_eq!(found[0].name, b"Subject");
        assert_eq!(*unfold(found[0].value), *b"a b");
        assert_eq!(found[0].range, 0..16);
        assert!(found[1].is("x"));
        assert_eq!(found[1].value, b"y");
        assert_eq!((found[2].name, found[2].value), (&b""[..], &b"nothing"[..]));
    }

    #[test]
    fn the_ranges_of_all_fields_are_the_header() {
        let header = b" odd\r\nA: b\r\n\tc\r\nD";
        let joined: Vec<u8> = fields(header).flat_map(|f| header[f.range].to_vec()).collect();
        assert_eq!(joined, header);
    }
}
