//! Bodies with NUL put into base64, so that a message which came in binary can be told to every client.
//!
//! RFC 3516 §4.4 and §6: what is told has to be as the base specification has it, without NUL (RFC 3501 §9, `CHAR8`).
//! Only bodies that hold NUL are touched, since another encoding breaks signatures; their content stays the same to
//! the byte.

use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::decode::TransferEncoding;
use crate::header::{CONSIDERED_BYTES_MAX, fields};
use crate::mime::PartHeader;
use crate::structure::{Kind, Node, Tree};

/// Content bytes in a line of base64, which then has 76 characters (RFC 2045 §6.8).
const LINE_BYTES: usize = 57;
/// Lines that are encoded at a time.
const LINES_AT_ONCE: usize = 512;

/// A message whose bodies with NUL are encoded, as pieces of the one that came.
#[derive(Debug)]
pub struct Recoded<'m> {
    pieces: Vec<Piece<'m>>,
}

#[derive(Debug)]
enum Piece<'m> {
    AsItStands(&'m [u8]),
    Field(&'static [u8]),
    Body(&'m [u8]),
    LineBreak,
}

/// There is NUL where no transfer encoding can help: in a header, between parts, or in a body that is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("NUL outside of a body in binary")]
pub struct StrayNul;

impl<'m> Recoded<'m> {
    /// Looks for NUL; `None` if the message has none and stays as it is.
    ///
    /// # Errors
    /// [`StrayNul`]
    pub fn of(message: &'m [u8]) -> Result<Option<Self>, StrayNul> {
        if !has_nul(message) {
            return Ok(None);
        }
        let tree = Tree::of(message);
        let (mut recoded, mut at) = (Self { pieces: Vec::new() }, 0);
        let mut leaves = Vec::new();
        leaves_of(tree.root(), &mut leaves);
        for leaf in leaves {
            let body = bytes(message, &leaf.body());
            if !has_nul(body) {
                continue;
            }
            let header = leaf.header();
            recoded.copy(bytes(message, &(at..header.start)))?;
            recoded.header(bytes(message, &header), header.start == 0)?;
            recoded.pieces.push(Piece::Body(body));
            at = leaf.body().end;
        }
        recoded.copy(bytes(message, &(at..message.len())))?;
        if at == message.len() {
            recoded.pieces.push(Piece::LineBreak);
        }
        Ok(Some(recoded))
    }

    fn copy(&mut self, bytes: &'m [u8]) -> Result<(), StrayNul> {
        if has_nul(bytes) {
            return Err(StrayNul);
        }
        self.pieces.push(Piece::AsItStands(bytes));
        Ok(())
    }

    /// The header of a part in base64. That of the message says that it is MIME (RFC 2045 §4).
    fn header(&mut self, header: &'m [u8], is_message: bool) -> Result<(), StrayNul> {
        let encoding = PartHeader::parse(header).encoding;
        let is_binary =
            encoding.is_none_or(|name| TransferEncoding::known(&name) == Some(TransferEncoding::Identity));
        // A field beyond what is considered could contradict ours.
        if !is_binary || header.len() > CONSIDERED_BYTES_MAX {
            return Err(StrayNul);
        }
        let (mut all, mut is_mime) = (fields(header), false);
        for field in all.by_ref() {
            is_mime |= field.is("mime-version");
            if !field.is("content-transfer-encoding") {
                self.copy(bytes(header, &field.range))?;
            }
        }
        if is_message && !is_mime {
            self.pieces.push(Piece::Field(b"MIME-Version: 1.0\r\n"));
        }
        self.pieces.push(Piece::Field(b"Content-Transfer-Encoding: base64\r\n"));
        self.copy(bytes(header, &(all.position()..header.len())))
    }

    /// Gives the message piece by piece.
    ///
    /// # Errors
    /// Those of `take`.
    pub fn write<E>(&self, mut take: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        for piece in &self.pieces {
            match piece {
                Piece::AsItStands(bytes) => take(bytes)?,
                Piece::Field(field) => take(field)?,
                Piece::LineBreak => take(b"\r\n")?,
                Piece::Body(body) => write_base64(body, &mut take)?,
            }
        }
        Ok(())
    }
}

/// Lines of base64, the last without its end, which belongs to the boundary behind it.
fn write_base64<E>(body: &[u8], take: &mut impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
    let mut lines = String::new();
    for (i, some) in body.chunks(LINE_BYTES * LINES_AT_ONCE).enumerate() {
        lines.clear();
        for (j, line) in some.chunks(LINE_BYTES).enumerate() {
            if i + j > 0 {
                lines.push_str("\r\n");
            }
            STANDARD.encode_string(line, &mut lines);
        }
        take(lines.as_bytes())?;
    }
    Ok(())
}

/// The parts that have content of their own, in the order of the message.
fn leaves_of<'t>(node: Node<'t>, leaves: &mut Vec<Node<'t>>) {
    match node.kind() {
        Kind::Leaf => leaves.push(node),
        Kind::Multipart | Kind::Message => node.children().for_each(|child| leaves_of(child, leaves)),
    }
}

fn has_nul(bytes: &[u8]) -> bool {
    memchr::memchr(0, bytes).is_some()
}

fn bytes<'m>(of: &'m [u8], range: &Range<usize>) -> &'m [u8] {
    of.get(range.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BinaryPlace;
    use proptest::prelude::*;
    use std::convert::Infallible;

    fn recode(message: &[u8]) -> Result<Option<Vec<u8>>, StrayNul> {
        Ok(Recoded::of(message)?.map(|recoded| {
            let mut out = Vec::new();
            let Ok(()) = recoded.write(|piece| {
                out.extend_from_slice(piece);
                Ok::<_, Infallible>(())
            });
            out
        }))
    }

    #[test]
    fn a_message_without_nul_stays_as_it_is() {
        assert_eq!(recode(b"Subject: x\r\nContent-Transfer-Encoding: binary\r\n\r\n\xff\r\n"), Ok(None));
    }

    #[test]
    fn a_body_with_nul_becomes_base64() {
        let recoded =
            recode(b"Subject: x\r\nContent-Transfer-Encoding: BINARY\r\n\r\na\0b").unwrap().unwrap();
        let expected = "Subject: x\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\n\r\nYQBi\r\n";
        assert_eq!(String::from_utf8(recoded).unwrap(), expected);
    }

    #[test]
    fn only_the_part_with_nul_is_touched() {
        let message =
            b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nplain\r\n\
            --b\r\nContent-Transfer-Encoding: binary\r\nContent-Type: image/x\r\n\r\n\0\r\n--b--\r\n";
        let expected = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nplain\r\n\
            --b\r\nContent-Type: image/x\r\nContent-Transfer-Encoding: base64\r\n\r\nAA==\r\n--b--\r\n";
        assert_eq!(String::from_utf8(recode(message).unwrap().unwrap()).unwrap(), expected);
    }

    #[test]
    fn nul_that_no_encoding_can_hide_is_an_error() {
        for message in [
            &b"Subject: \0\r\n\r\nbody"[..],
            b"Content-Transfer-Encoding: base64\r\n\r\nAA\0AA",
            b"Content-Transfer-Encoding: x-unknown\r\n\r\n\0",
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n\0\r\n--b\r\n\r\nx\r\n--b--\r\n",
        ] {
            assert_eq!(recode(message), Err(StrayNul), "{}", String::from_utf8_lossy(message));
        }
    }

    proptest! {
        #[test]
        fn the_content_of_each_part_stays_the_same(
            bodies in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 1..4),
        ) {
            let mut message = b"Content-Type: multipart/mixed; boundary=\"=_unlikely\"\r\n\r\n".to_vec();
            for body in &bodies {
                message.extend_from_slice(b"--=_unlikely\r\nContent-Transfer-Encoding: binary\r\n\r\n");
                message.extend_from_slice(body);
                message.extend_from_slice(b"\r\n");
            }
            message.extend_from_slice(b"--=_unlikely--\r\n");
            let recoded = recode(&message).unwrap().unwrap_or(message);
            prop_assert!(!has_nul(&recoded));
            let tree = Tree::of(&recoded);
            for (number, body) in (1..).zip(&bodies) {
                let place = BinaryPlace::locate(&[number], &tree).unwrap();
                prop_assert_eq!(&*place.of(&recoded).unwrap().decode(), &body[..]);
            }
        }
    }
}
