//! Sections with their transfer encoding undone: BINARY and BINARY.SIZE (RFC 3516, RFC 9051 §6.4.5.1).
//!
//! Only a part's `Content-Transfer-Encoding` is undone, never a charset or the encoded words of a header
//! (RFC 3516 §5). A multipart or a message has no encoding of its own (RFC 2045 §6.4) and comes as it stands.
//!
//! Damaged content is still answered: base64 without the bytes that are not of its alphabet (RFC 2045 §6.8 has them
//! ignored), and as far as it goes if its end is missing; quoted-printable with what is no escape standing for itself.
//! A size is always that of the bytes that would be sent.

use std::borrow::Cow;
use std::ops::{ControlFlow, Range};

use crate::decode::TransferEncoding;
use crate::mime::PartHeader;
use crate::section;
use crate::structure::{Kind, Tree};

/// Where a section lies that is asked for decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BinaryPlace {
    /// The header that says how the body is encoded; none if it comes as it stands.
    header: Option<Range<usize>>,
    body: Range<usize>,
}

/// A section's content and how it is encoded.
#[derive(Clone, Copy, Debug)]
pub struct Encoded<'m> {
    body: &'m [u8],
    encoding: TransferEncoding,
}

/// A transfer encoding that RFC 2045 does not define (RFC 9051 §7.1, UNKNOWN-CTE).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown transfer encoding {}", String::from_utf8_lossy(.name))]
pub struct UnknownEncoding {
    /// Its name, as the part has it.
    pub name: Vec<u8>,
}

impl BinaryPlace {
    /// The part with these numbers, or with none the whole message; `None` if there is no such part.
    #[must_use]
    pub fn locate(path: &[u32], tree: &Tree) -> Option<Self> {
        if path.is_empty() {
            return Some(Self { header: None, body: 0..tree.message_bytes() });
        }
        let part = section::find(tree.root(), path)?;
        let header = (part.kind() == Kind::Leaf).then(|| part.header());
        Some(Self { header, body: part.body() })
    }

    /// The section of the message that has this tree.
    ///
    /// # Errors
    /// [`UnknownEncoding`] if the part names an encoding that cannot be undone.
    pub fn of<'m>(&self, message: &'m [u8]) -> Result<Encoded<'m>, UnknownEncoding> {
        let bytes = |range: &Range<usize>| message.get(range.clone()).unwrap_or_default();
        let name = self.header.as_ref().and_then(|header| PartHeader::parse(bytes(header)).encoding);
        let encoding = match name {
            None => TransferEncoding::Identity,
            Some(name) => TransferEncoding::known(&name).ok_or(UnknownEncoding { name })?,
        };
        Ok(Encoded { body: bytes(&self.body), encoding })
    }
}

impl<'m> Encoded<'m> {
    /// How many bytes it is decoded. Needs the time of decoding, and memory for one piece of it.
    #[must_use]
    pub fn size(&self) -> usize {
        let mut size = 0;
        if self.encoding == TransferEncoding::Identity {
            return self.body.len();
        }
        let _ = self.encoding.decode_chunks(self.body, &mut |chunk| {
            size += chunk.len();
            ControlFlow::Continue(())
        });
        size
    }

    /// All of it, decoded.
    #[must_use]
    pub fn decode(&self) -> Cow<'m, [u8]> {
        match self.encoding {
            TransferEncoding::Identity => self.body.into(),
            TransferEncoding::Base64 | TransferEncoding::QuotedPrintable => {
                self.encoding.decode(self.body).into()
            }
        }
    }

    /// At most `length` decoded bytes from the decoded byte `offset` on; empty behind the end.
    #[must_use]
    pub fn decode_part(&self, offset: usize, length: usize) -> Cow<'m, [u8]> {
        let end = offset.saturating_add(length);
        if self.encoding == TransferEncoding::Identity {
            let size = self.body.len();
            return self.body.get(offset.min(size)..end.min(size)).unwrap_or_default().into();
        }
        let (mut at, mut part) = (0, Vec::new());
        let _ = self.encoding.decode_chunks(self.body, &mut |chunk| {
            let within = |place: usize| place.saturating_sub(at).min(chunk.len());
            part.extend_from_slice(chunk.get(within(offset)..within(end)).unwrap_or_default());
            at += chunk.len();
            if at >= end { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        part.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::structure::tests::messages;
    use proptest::prelude::*;

    fn binary(message: &[u8], path: &[u32]) -> Option<Result<Vec<u8>, UnknownEncoding>> {
        let place = BinaryPlace::locate(path, &Tree::of(message))?;
        Some(place.of(message).map(|encoded| {
            let decoded = encoded.decode().into_owned();
            assert_eq!(encoded.size(), decoded.len());
            decoded
        }))
    }

    fn single(encoding: &str, body: &str) -> Result<Vec<u8>, UnknownEncoding> {
        let message = format!("Content-Transfer-Encoding: {encoding}\r\n\r\n{body}");
        binary(message.as_bytes(), &[1]).unwrap()
    }

    #[test]
    fn each_encoding_is_undone() {
        assert_eq!(single("BASE64", "AAECAwQ=\r\n").unwrap(), [0, 1, 2, 3, 4]);
        assert_eq!(single("quoted-printable", "a=00=\r\nb\r\n").unwrap(), b"a\0b\r\n");
        for identity in ["7bit", "8BIT", "binary", "", "7bit (plain)"] {
            assert_eq!(single(identity, "a=3D\r\n").unwrap(), b"a=3D\r\n", "{identity}");
        }
    }

    #[test]
    fn an_unknown_encoding_is_an_error_that_names_it() {
        let error = single("x-uuencode", "begin 644 x\r\n").unwrap_err();
        assert_eq!(error, UnknownEncoding { name: b"x-uuencode".to_vec() });
    }

    #[test]
    fn damaged_base64_is_read_as_far_as_it_goes() {
        for (body, expected) in [
            ("aGVsbG8", &b"hello"[..]),
            ("aGVsbG", b"hell"),
            ("aGVsb", b"hel"),
            ("aGVs\r\n***bG8=", b"hello"),
            ("aGVsbG8==\r\nd29ybGQ=", b"helloworld"),
            ("=", b""),
            ("!!!", b""),
        ] {
            assert_eq!(single("base64", body).unwrap(), expected, "{body}");
        }
    }

    #[test]
    fn what_has_parts_comes_as_it_stands() {
        let message =
            b"Content-Type: multipart/mixed; boundary=a\r\nContent-Transfer-Encoding: base64\r\n\r\n--a\r\n\
            Content-Transfer-Encoding: base64\r\n\r\naGk=\r\n--a\r\nContent-Type: message/rfc822\r\n\r\n\
            Content-Transfer-Encoding: quoted-printable\r\n\r\n=41\r\n--a--\r\n";
        assert_eq!(binary(message, &[]).unwrap().unwrap(), message);
        assert_eq!(binary(message, &[1]).unwrap().unwrap(), b"hi");
        assert!(binary(message, &[2]).unwrap().unwrap().ends_with(b"=41"));
        assert_eq!(binary(message, &[2, 1]).unwrap().unwrap(), b"A");
        assert_eq!(binary(message, &[3]), None);
    }

    #[test]
    fn a_part_of_a_long_body_is_cut_from_its_decoded_form() {
        let body = "aGVsbG8h".repeat(50_000);
        let message = format!("Content-Transfer-Encoding: base64\r\n\r\n{body}");
        let place = BinaryPlace::locate(&[1], &Tree::of(message.as_bytes())).unwrap();
        let encoded = place.of(message.as_bytes()).unwrap();
        assert_eq!(encoded.size(), 300_000);
        assert_eq!(&*encoded.decode_part(299_998, 10), b"o!");
        assert_eq!(&*encoded.decode_part(49_150, 4), &encoded.decode()[49_150..49_154]);
        assert_eq!(&*encoded.decode_part(300_000, usize::MAX), b"");
    }

    proptest! {
        #[test]
        fn every_section_has_its_size_and_its_parts(
            message in messages(),
            path in proptest::collection::vec(1u32..3, 0..3),
            offset in 0usize..50,
            length in 0usize..50,
        ) {
            let place = BinaryPlace::locate(&path, &Tree::of(&message));
            if let Some(Ok(encoded)) = place.map(|place| place.of(&message)) {
                let whole = encoded.decode();
                prop_assert_eq!(encoded.size(), whole.len());
                let from = offset.min(whole.len());
                let to = (offset + length).min(whole.len());
                prop_assert_eq!(&*encoded.decode_part(offset, length), &whole[from..to]);
            }
        }
    }
}
