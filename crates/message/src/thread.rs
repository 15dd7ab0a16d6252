//! What decides which thread a message belongs to (RFC 5256 §2.1 and §3, RFC 8474 §5.2).
//!
//! Only gathered here; who has which THREADID is the store's to say.

use crate::decode::encoded_words;
use crate::header::{self, Field};
use crate::msgid;
use crate::subject::BaseSubject;

/// The most ids that are kept of a field; of more, the first (the root of the thread) and the last ones.
pub const REFERENCES_MAX: usize = 100;

/// The ids and the subject by which messages are put together.
///
/// Ids are normalised: in angle brackets, without quoting, comments and white space, so that equal ids are equal
/// strings. The first field of each name counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thread {
    /// The first id of Message-ID.
    pub message_id: Option<String>,
    /// The ids of In-Reply-To, at most [`REFERENCES_MAX`].
    pub in_reply_to: Vec<String>,
    /// The ids of References, oldest first, at most [`REFERENCES_MAX`].
    pub references: Vec<String>,
    /// The base subject: what replies, forwards and lists add is gone (RFC 5256 §2.1).
    pub base_subject: String,
}

impl Thread {
    /// Reads a header. Any bytes have an answer.
    #[must_use]
    pub fn of(header: &[u8]) -> Self {
        let [mut message_id, mut in_reply_to, mut references, mut subject] = [const { None::<Field<'_>> }; 4];
        for field in header::considered(header) {
            let slot = match field.name.to_ascii_lowercase().as_slice() {
                b"message-id" => &mut message_id,
                b"in-reply-to" => &mut in_reply_to,
                b"references" => &mut references,
                b"subject" => &mut subject,
                _ => continue,
            };
            slot.get_or_insert(field);
        }
        Self {
            message_id: message_id.and_then(|field| msgid::ids(field.value).next()),
            in_reply_to: in_reply_to.map(|field| bounded(msgid::ids(field.value))).unwrap_or_default(),
            references: references.map(|field| bounded(msgid::ids(field.value))).unwrap_or_default(),
            base_subject: subject.map(|f| BaseSubject::of(&encoded_words(f.value)).text).unwrap_or_default(),
        }
    }

    /// All ids that tie the message to others, each once: its own, then its forebears from the oldest on.
    #[must_use]
    pub fn ids(&self) -> Vec<&str> {
        let all = self.message_id.iter().chain(&self.references).chain(&self.in_reply_to);
        let mut ids: Vec<&str> = Vec::new();
        for id in all {
            if !ids.contains(&id.as_str()) {
                ids.push(id);
            }
        }
        ids
    }
}

/// The ids in their order; of too many, the first and the last ones.
fn bounded(ids: impl Iterator<Item = String>) -> Vec<String> {
    let mut kept = Vec::new();
    for id in ids {
        if kept.len() == REFERENCES_MAX {
            kept.remove(1);
        }
        kept.push(id);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_tells_its_forebears() {
        let thread = Thread::of(
            b"Subject: Re: =?utf-8?q?=C3=A4?=\r\nMessage-ID: <\"m\"@x>\r\nmessage-id: <second@x>\r\n\
              In-Reply-To: Your message of today <a@x> <other@x>\r\nReferences: <r@x>\r\n (old) <a@x>\r\n\r\nbody",
        );
        assert_eq!(thread.base_subject, "ä");
        assert_eq!(thread.message_id.as_deref(), Some("<m@x>"));
        assert_eq!(thread.in_reply_to, ["<a@x>", "<other@x>"]);
        assert_eq!(thread.references, ["<r@x>", "<a@x>"]);
        assert_eq!(thread.ids(), ["<m@x>", "<r@x>", "<a@x>", "<other@x>"]);
        assert_eq!(Thread::of(b""), Thread::default());
    }

    #[test]
    fn of_many_references_the_first_and_the_last_are_kept() {
        let kept = bounded((0..1000).map(|n| n.to_string()));
        assert_eq!(kept.len(), REFERENCES_MAX);
        assert_eq!((kept[0].as_str(), kept[1].as_str(), kept[99].as_str()), ("0", "901", "999"));
    }
}
