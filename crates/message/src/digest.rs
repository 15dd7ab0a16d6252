//! What is computed once, when a message arrives, and stored beside it.

use model::InternalDate;

use crate::bodystructure::{self, Form};
use crate::date;
use crate::envelope::Envelope;
use crate::header;
use crate::structure::{Nesting, Tree};
use crate::thread::Thread;

/// All that IMAP's metadata queries need to know of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// ENVELOPE, as it is sent (RFC 3501 §7.4.2).
    pub envelope: Vec<u8>,
    /// BODY, as it is sent.
    pub body: Vec<u8>,
    /// BODYSTRUCTURE, as it is sent.
    pub bodystructure: Vec<u8>,
    /// Where the parts lie.
    pub tree: Tree,
    /// The header's size in bytes, with its blank line.
    pub header_bytes: usize,
    /// The Date field with its zone, if it can be read; [`InternalDate::day`] is the day as written.
    pub sent: Option<InternalDate>,
    /// What decides its thread.
    pub thread: Thread,
}

impl Digest {
    /// Reads a message. Any bytes have a digest.
    #[must_use]
    pub fn of(message: &[u8]) -> Self {
        Self::within(message, Nesting::default())
    }

    /// The same, of a message that is taken apart no further than this.
    #[must_use]
    pub fn within(message: &[u8], nesting: Nesting) -> Self {
        let tree = Tree::within(message, nesting);
        let header_bytes = tree.root().header().end;
        let header = message.get(..header_bytes).unwrap_or_default();
        let mut envelope = Vec::new();
        Envelope::parse(header).write(&mut envelope);
        let mut body = Vec::new();
        bodystructure::write(&mut body, &tree, message, Form::Body);
        let mut bodystructure = Vec::new();
        bodystructure::write(&mut bodystructure, &tree, message, Form::Extended);
        let sent = header::considered(header).find(|field| field.is("date"));
        Self {
            envelope,
            body,
            bodystructure,
            tree,
            header_bytes,
            sent: sent.and_then(|field| date::parse(field.value)),
            thread: Thread::of(header),
        }
    }

    /// The digest of the same message with `bytes` more of header fields before it that say nothing the digest tells of,
    /// such as Delivered-To.
    #[must_use]
    pub fn behind(&self, bytes: usize) -> Self {
        Self { tree: self.tree.behind(bytes), header_bytes: self.header_bytes + bytes, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::structure::tests::messages;
    use crate::text::{Needle, Scope, contains};
    use proptest::prelude::*;

    #[test]
    fn a_message_is_digested() {
        let digest = Digest::of(
            b"Date: Mon, 1 Jan 2024 23:30:00 -0500\r\nSubject: Re: =?utf-8?q?=C3=A4?=\r\nMessage-ID: <m@x>\r\n\
              In-Reply-To: <a@x>\r\nReferences: <r@x>\r\n <a@x>\r\n\r\nbody\r\n",
        );
        assert_eq!(digest.sent.unwrap().ymd(), (2024, 1, 1));
        assert_eq!(digest.thread.ids(), ["<m@x>", "<r@x>", "<a@x>"]);
        assert_eq!(digest.tree.message_bytes() - digest.header_bytes, 6);
    }

    /// Whether the bytes are one parenthesised list, with strings and literals well formed.
    fn is_one_list(wire: &[u8]) -> bool {
        let (mut at, mut depth) = (0, 0);
        while at < wire.len() {
            match wire[at] {
                b'(' => depth += 1,
                b')' => depth -= 1,
                b'"' => {
                    at += 1;
                    while wire[at] != b'"' {
                        assert!(!matches!(wire[at], b'\r' | b'\n' | 0) && wire[at].is_ascii());
                        at += 1 + usize::from(wire[at] == b'\\');
                    }
                }
                b'{' => {
                    let end = at + wire[at..].iter().position(|&b| b == b'}').unwrap();
                    let size: usize = std::str::from_utf8(&wire[at + 1..end]).unwrap().parse().unwrap();
                    assert!(!wire[end + 3..end + 3 + size].contains(&0));
                    at = end + 2 + size;
                }
                byte => assert!(byte.is_ascii_alphanumeric() || byte == b' '),
            }
            at += 1;
            if depth == 0 {
                return at == wire.len();
            }
        }
        false
    }

    proptest! {
        #[test]
        fn what_goes_on_the_wire_is_well_formed(message in messages()) {
            let digest = Digest::of(&message);
            for wire in [&digest.envelope, &digest.body, &digest.bodystructure] {
                prop_assert!(is_one_list(wire), "{}", String::from_utf8_lossy(wire));
            }
            let _ = contains(&message, &digest.tree, Scope::Text, &Needle::new("zzz"));
        }

        #[test]
        fn fields_put_before_a_message_move_its_digest(message in messages()) {
            let fields = b"Return-Path: <a@b>\r\nDelivered-To: c@d\r\n";
            // A message begins with a field; what begins otherwise would become part of the fields before it.
            let message = [b"Received: by x\r\n", &message[..]].concat();
            let whole = [&fields[..], &message].concat();
            prop_assert_eq!(Digest::of(&message).behind(fields.len()), Digest::of(&whole));
        }

        #[test]
        fn random_bytes_are_digested(message in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(is_one_list(&Digest::of(&message).envelope));
        }
    }
}
