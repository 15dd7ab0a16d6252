//! The announcement of a literal at the end of a line: `{5}` or `{5+}`, or with `~` in front of either.
//!
//! RFC 3501 §4.3, RFC 7888 §4, RFC 3516 §7.

/// The most digits of a size that is read: beyond, no count holds it.
const DIGITS_MAX: usize = 19;
/// The longest announcement that has a meaning: a tilde, braces, a plus and one digit too many.
pub(super) const ANNOUNCEMENT_BYTES_MAX: usize = DIGITS_MAX + 5;

/// A literal that follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Announcement {
    /// Its length in bytes.
    pub(super) size: u64,
    /// Whether the client waits for a continuation request before it sends it.
    pub(super) waits: bool,
    /// Whether a `~` stands before it, so that it may hold NUL.
    pub(super) is_literal8: bool,
    /// How many bytes of the line the announcement takes up.
    pub(super) spelt: usize,
}

/// What the end of a line announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Announced {
    /// Nothing.
    Nothing,
    /// A literal.
    Literal(Announcement),
    /// A literal that nobody waits to be asked for and that is too long to be counted, so that what follows in
    /// the stream cannot be told from it.
    Impossible,
}

impl Announcement {
    /// Looks at the end of a line, or at its last [`ANNOUNCEMENT_BYTES_MAX`] bytes.
    pub(super) fn at_end_of(line: &[u8]) -> Announced {
        let Some(body) = line.strip_suffix(b"}") else { return Announced::Nothing };
        let (body, waits) = body.strip_suffix(b"+").map_or((body, true), |body| (body, false));
        let count = body.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let (before, digits) = body.split_at(body.len() - count);
        if count > DIGITS_MAX {
            return if waits { Announced::Nothing } else { Announced::Impossible };
        }
        let size = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
        match size {
            Some(size) if before.ends_with(b"{") => {
                let is_literal8 = before.ends_with(b"~{");
                let spelt = line.len() + 1 + usize::from(is_literal8) - before.len();
                Announced::Literal(Self { size, waits, is_literal8, spelt })
            }
            _ => Announced::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literal(size: u64, waits: bool, spelt: usize) -> Announced {
        Announced::Literal(Announcement { size, waits, is_literal8: false, spelt })
    }

    #[test]
    fn a_literal_is_announced_at_the_end_of_a_line() {
        assert_eq!(Announcement::at_end_of(b"a LOGIN {5}"), literal(5, true, 3));
        assert_eq!(Announcement::at_end_of(b"a LOGIN {310+}"), literal(310, false, 6));
        assert_eq!(Announcement::at_end_of(b"{0}"), literal(0, true, 3));
        let expected = Announcement { size: 5, waits: false, is_literal8: true, spelt: 5 };
        assert_eq!(Announcement::at_end_of(b"a APPEND b ~{5+}"), Announced::Literal(expected));
        for line in [&b"a {5} b"[..], b"5}", b"{}", b"{+}", b"{5-}", b"{5", b"}", b""] {
            assert_eq!(Announcement::at_end_of(line), Announced::Nothing);
        }
    }

    #[test]
    fn a_size_beyond_counting_is_told_apart() {
        assert_eq!(
            Announcement::at_end_of(b"{9999999999999999999}"),
            literal(9_999_999_999_999_999_999, true, 21)
        );
        assert_eq!(Announcement::at_end_of(b"{99999999999999999999+}"), Announced::Impossible);
        assert_eq!(Announcement::at_end_of(b"{99999999999999999999}"), Announced::Nothing);
    }
}
