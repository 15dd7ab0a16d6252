//! What is computed once, when a message arrives, and stored beside it.

use model::InternalDate;

use crate::bodystructure::{self, Form};
use crate::decode::encoded_words;
use crate::envelope::Envelope;
use crate::header::{self, Field};
use crate::structure::Tree;
use crate::{date, msgid, subject};

/// The most references that are kept; of more, the first (the root of the thread) and the last ones.
const REFERENCES_MAX: usize = 100;

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
    /// The first id of Message-ID, with its angle brackets, normalised.
    pub message_id: Option<String>,
    /// The ids of In-Reply-To.
    pub in_reply_to: Vec<String>,
    /// The ids of References, oldest first.
    pub references: Vec<String>,
    /// The base subject (RFC 5256 §2.1).
    pub base_subject: String,
}

impl Digest {
    /// Reads a message. Any bytes have a digest.
    #[must_use]
    pub fn of(message: &[u8]) -> Self {
        let tree = Tree::of(message);
        let header_bytes = tree.root().header().end;
        let header = message.get(..header_bytes).unwrap_or_default();
        let mut envelope = Vec::new();
        Envelope::parse(header).write(&mut envelope);
        let mut body = Vec::new();
        bodystructure::write(&mut body, &tree, message, Form::Body);
        let mut bodystructure = Vec::new();
        bodystructure::write(&mut bodystructure, &tree, message, Form::Extended);
        let facts = HeaderFacts::parse(header);
        Self {
            envelope,
            body,
            bodystructure,
            tree,
            header_bytes,
            sent: facts.date.as_ref().and_then(|field| date::parse(field.value)),
            message_id: facts.message_id.and_then(|field| msgid::ids(field.value).next()),
            in_reply_to: facts.in_reply_to.map(|field| bounded(msgid::ids(field.value))).unwrap_or_default(),
            references: facts.references.map(|field| bounded(msgid::ids(field.value))).unwrap_or_default(),
            base_subject: facts.subject.map(|f| subject::base(&encoded_words(f.value))).unwrap_or_default(),
        }
    }
}

/// The fields that dates and threads are read from; the first of each name counts.
#[derive(Default)]
struct HeaderFacts<'a> {
    date: Option<Field<'a>>,
    subject: Option<Field<'a>>,
    message_id: Option<Field<'a>>,
    in_reply_to: Option<Field<'a>>,
    references: Option<Field<'a>>,
}

impl<'a> HeaderFacts<'a> {
    fn parse(header: &'a [u8]) -> Self {
        let mut facts = Self::default();
        for field in header::considered(header) {
            let slot = match field.name.to_ascii_lowercase().as_slice() {
                b"date" => &mut facts.date,
                b"subject" => &mut facts.subject,
                b"message-id" => &mut facts.message_id,
                b"in-reply-to" => &mut facts.in_reply_to,
                b"references" => &mut facts.references,
                _ => continue,
            };
            slot.get_or_insert(field);
        }
        facts
    }
}

/// The ids in their order; of too many, the first and the last ones.
fn bounded(ids: impl Iterator<Item = String>) -> Vec<String> {
    let mut kept: Vec<String> = ids.collect();
    if kept.len() > REFERENCES_MAX {
        kept.drain(1..=kept.len() - REFERENCES_MAX);
    }
    kept
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
        assert_eq!(digest.base_subject, "ä");
        assert_eq!(digest.message_id.unwrap(), "<m@x>");
        assert_eq!(digest.in_reply_to, vec!["<a@x>"]);
        assert_eq!(digest.references, vec!["<r@x>", "<a@x>"]);
        assert_eq!(digest.tree.message_bytes() - digest.header_bytes, 6);
    }

    #[test]
    fn of_many_references_the_first_and_the_last_are_kept() {
        let kept = bounded((0..1000).map(|n| n.to_string()));
        assert_eq!(kept.len(), REFERENCES_MAX);
        assert_eq!((kept[0].as_str(), kept[1].as_str(), kept[99].as_str()), ("0", "901", "999"));
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
        fn random_bytes_are_digested(message in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(is_one_list(&Digest::of(&message).envelope));
        }
    }
}
