//! Whether a message is text as mail is (RFC 5321 §2.3.8): its lines end in CRLF, and are not endless. It is asked after
//! the message has been cut out of the stream, by DATA or by BDAT, and has no say in where it ends.

use super::limits::BareLineEnds;

/// Why a message is none that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unfit {
    #[error("the message has a CR or an LF that is no CRLF")]
    BareLineEnd,
    #[error("the message has a line of more than {limit} bytes")]
    LongLine { limit: usize },
}

/// Looks at a message as it passes.
#[derive(Debug)]
pub(super) struct TextCheck {
    bare: BareLineEnds,
    limit: usize,
    /// Bytes of the current line.
    line: usize,
    after_cr: bool,
}

impl TextCheck {
    pub(super) const fn new(bare: BareLineEnds, limit: usize) -> Self {
        Self { bare, limit, line: 0, after_cr: false }
    }

    /// Appends the bytes to `out`, with line ends put right where that was chosen.
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Unfit> {
        for &byte in bytes {
            let was_cr = std::mem::replace(&mut self.after_cr, byte == b'\r');
            match byte {
                b'\r' if !was_cr => {}
                b'\n' if was_cr => self.end_line(out),
                // Behind a CR: that one was bare. An LF: this one is.
                _ if was_cr || byte == b'\n' => {
                    if self.bare == BareLineEnds::Refuse {
                        return Err(Unfit::BareLineEnd);
                    }
                    self.end_line(out);
                    if !matches!(byte, b'\r' | b'\n') {
                        self.add(byte, out)?;
                    }
                }
                _ => self.add(byte, out)?,
            }
        }
        Ok(())
    }

    /// The message is over.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) -> Result<(), Unfit> {
        match (std::mem::take(&mut self.after_cr), self.bare) {
            (false, _) => Ok(()),
            (true, BareLineEnds::Refuse) => Err(Unfit::BareLineEnd),
            (true, BareLineEnds::Convert) => {
                self.end_line(out);
                Ok(())
            }
        }
    }

    fn add(&mut self, byte: u8, out: &mut Vec<u8>) -> Result<(), Unfit> {
        out.push(byte);
        self.line += 1;
        // With the CRLF that is to come.
        if self.line + 2 > self.limit { Err(Unfit::LongLine { limit: self.limit }) } else { Ok(()) }
    }

    fn end_line(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\r\n");
        self.line = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn checked(bare: BareLineEnds, text: &str, pieces: usize) -> Result<String, Unfit> {
        let (mut check, mut out) = (TextCheck::new(bare, 12), Vec::new());
        for piece in text.as_bytes().chunks(pieces.max(1)) {
            check.push(piece, &mut out)?;
        }
        check.end(&mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn bare_line_ends_are_refused_or_put_right() {
        for (text, right) in [
            ("a\nb", "a\r\nb"),
            ("a\rb", "a\r\nb"),
            ("a\r\r\nb", "a\r\n\r\nb"),
            ("\n", "\r\n"),
            ("a\r", "a\r\n"),
            ("a\n\rb\r\n", "a\r\n\r\nb\r\n"),
        ] {
            for pieces in [1, 9] {
                assert_eq!(checked(BareLineEnds::Refuse, text, pieces), Err(Unfit::BareLineEnd), "{text:?}");
                assert_eq!(checked(BareLineEnds::Convert, text, pieces).as_deref(), Ok(right), "{text:?}");
            }
        }
    }

    #[test]
    fn a_line_of_the_limit_passes_and_a_longer_one_does_not() {
        let line = "0123456789\r\n";
        assert_eq!(checked(BareLineEnds::Refuse, &line.repeat(3), 5).unwrap(), line.repeat(3));
        let long = checked(BareLineEnds::Refuse, "01234567890\r\n", 5);
        assert_eq!(long, Err(Unfit::LongLine { limit: 12 }));
    }

    proptest! {
        #[test]
        fn what_is_put_right_is_right(text in "[ab\r\n]{0,9}", pieces in 1..5usize) {
            let right = checked(BareLineEnds::Convert, &text, pieces).unwrap();
            prop_assert_eq!(checked(BareLineEnds::Refuse, &right, 1), Ok(right));
        }
    }
}
