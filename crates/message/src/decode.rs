//! Decoding what mail encodes: transfer encodings, charsets, encoded words and parameters.
//!
//! Every decoder is tolerant: damaged input gives what can be read of it, never an error.

use std::ops::ControlFlow;

mod base64;
mod charset;
mod encoded_word;
mod legacy;
mod parameter;
mod quoted_printable;

pub(crate) use charset::{TextDecoder, labelled, utf7};
pub use encoded_word::encoded_words;
pub(crate) use legacy::{Legacy, LegacyDecoder};
pub use parameter::parameter;

/// How many encoded bytes are decoded at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// A `Content-Transfer-Encoding` (RFC 2045 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferEncoding {
    /// `7bit`, `8bit`, `binary`, and whatever is unknown: the bytes as they are.
    Identity,
    /// `base64`.
    Base64,
    /// `quoted-printable`.
    QuotedPrintable,
}

impl TransferEncoding {
    /// The encoding of that name, in any case; whatever is unknown is taken as it stands.
    #[must_use]
    pub fn named(name: &[u8]) -> Self {
        Self::known(name).unwrap_or(Self::Identity)
    }

    /// The encoding of that name, in any case; `None` if RFC 2045 §6.1 does not define it.
    #[must_use]
    pub fn known(name: &[u8]) -> Option<Self> {
        let is_one_of = |names: &[&str]| names.iter().any(|n| n.as_bytes().eq_ignore_ascii_case(name));
        if is_one_of(&["base64"]) {
            Some(Self::Base64)
        } else if is_one_of(&["quoted-printable"]) {
            Some(Self::QuotedPrintable)
        } else {
            is_one_of(&["7bit", "8bit", "binary"]).then_some(Self::Identity)
        }
    }

    /// The decoded body.
    #[must_use]
    pub fn decode(self, body: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(body.len());
        let _ = self.decode_chunks(body, &mut |chunk| {
            out.extend_from_slice(chunk);
            ControlFlow::Continue(())
        });
        out
    }

    /// Gives the decoded body piece by piece, until `take` breaks.
    pub(crate) fn decode_chunks(
        self,
        body: &[u8],
        take: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut base64 = base64::Decoder::default();
        let mut decoded = Vec::new();
        let mut rest = body;
        while !rest.is_empty() {
            let chunk = rest.get(..chunk_end(rest)).unwrap_or(rest);
            let is_last = chunk.len() == rest.len();
            decoded.clear();
            let done = match self {
                Self::Identity => {
                    take(chunk)?;
                    rest = rest.get(chunk.len()..).unwrap_or_default();
                    continue;
                }
                Self::Base64 => {
                    base64.push(chunk, &mut decoded);
                    chunk.len()
                }
                Self::QuotedPrintable => quoted_printable::decode(chunk, is_last, &mut decoded),
            };
            take(&decoded)?;
            rest = rest.get(done..).unwrap_or_default();
        }
        ControlFlow::Continue(())
    }
}

/// Decodes base64 (RFC 2045 §6.8); other bytes are passed over.
#[must_use]
pub fn base64(text: &[u8]) -> Vec<u8> {
    TransferEncoding::Base64.decode(text)
}

/// Decodes quoted-printable (RFC 2045 §6.7); what is no escape stands for itself.
#[must_use]
pub fn quoted_printable(text: &[u8]) -> Vec<u8> {
    TransferEncoding::QuotedPrintable.decode(text)
}

/// Where to cut: after a line if there is one.
fn chunk_end(rest: &[u8]) -> usize {
    let Some(chunk) = rest.get(..CHUNK_BYTES).filter(|_| rest.len() > CHUNK_BYTES) else {
        return rest.len();
    };
    memchr::memrchr(b'\n', chunk).map_or(CHUNK_BYTES, |line_break| line_break + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_long_body_is_decoded_across_chunks() {
        let body = b"=C3=A4".repeat(40_000);
        assert_eq!(quoted_printable(&body), "ä".repeat(40_000).as_bytes());
        let body = b"aGVsbG8h".repeat(20_000);
        assert_eq!(base64(&body), b"hello!".repeat(20_000));
    }

    #[test]
    fn an_escape_is_whole_wherever_chunks_end() {
        for from in CHUNK_BYTES - 90..=CHUNK_BYTES {
            for escape in ["=41", "=   \r\n", "= =  41", "==41", "=   x"] {
                let text = "x".repeat(from) + escape + "end";
                let mut whole = Vec::new();
                quoted_printable::decode(text.as_bytes(), true, &mut whole);
                assert!(quoted_printable(text.as_bytes()) == whole, "{escape:?} at {from}");
            }
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = base64(&bytes);
            let _ = quoted_printable(&bytes);
            let _ = encoded_words(&bytes);
        }
    }
}
