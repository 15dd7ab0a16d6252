//! What a stored ENVELOPE tells of a message: subject and first addresses, by which messages are sorted.
//!
//! It reads what [`super::Envelope::write`] has written, and nothing else.

use std::borrow::Cow;

use crate::decode::encoded_words;
use crate::subject::BaseSubject;

/// An ENVELOPE that was stored as it goes on the wire, as far as SORT and THREAD look at it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredEnvelope<'a> {
    subject: Option<Cow<'a, [u8]>>,
    /// The first address of From.
    pub from: Option<FirstAddress<'a>>,
    /// The first address of To.
    pub to: Option<FirstAddress<'a>>,
    /// The first address of Cc.
    pub cc: Option<FirstAddress<'a>>,
}

/// The first entry of an address list, which may be the beginning of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstAddress<'a> {
    name: Option<Cow<'a, [u8]>>,
    mailbox: Option<Cow<'a, [u8]>>,
    host: Option<Cow<'a, [u8]>>,
}

impl<'a> StoredEnvelope<'a> {
    /// Reads an ENVELOPE; `None` if it is none.
    #[must_use]
    pub fn read(wire: &'a [u8]) -> Option<Self> {
        let mut reader = Reader { rest: wire };
        reader.byte(b'(')?;
        let _date = reader.nstring()?;
        let subject = reader.field(Reader::nstring)?;
        let from = reader.field(Reader::list)?;
        let _sender = reader.field(Reader::list)?;
        let _reply_to = reader.field(Reader::list)?;
        let to = reader.field(Reader::list)?;
        let cc = reader.field(Reader::list)?;
        Some(Self { subject, from, to, cc })
    }

    /// The base subject (RFC 5256 §2.1); empty where there is no Subject.
    #[must_use]
    pub fn base_subject(&self) -> BaseSubject {
        self.subject.as_deref().map(|subject| BaseSubject::of(&encoded_words(subject))).unwrap_or_default()
    }
}

impl FirstAddress<'_> {
    /// `addr-mailbox`: the local part, or the name of a group (RFC 5256 §3, FROM).
    #[must_use]
    pub fn mailbox(&self) -> String {
        self.mailbox.as_deref().map(encoded_words).unwrap_or_default()
    }

    /// What is shown of the address: its name, or else the address itself (RFC 5957 §3).
    #[must_use]
    pub fn display(&self) -> String {
        let name = self.name.as_deref().map(encoded_words).unwrap_or_default();
        if !name.is_empty() {
            return name;
        }
        let mut address = self.mailbox();
        if let (Some(_), Some(host)) = (&self.mailbox, &self.host) {
            address.push('@');
            address.push_str(&String::from_utf8_lossy(host));
        }
        address
    }
}

/// Reads what was written for the wire.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn skip(&mut self, text: &[u8]) -> bool {
        let after = self.rest.strip_prefix(text);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn byte(&mut self, byte: u8) -> Option<()> {
        self.skip(&[byte]).then_some(())
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    /// A field behind the one before.
    fn field<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        self.byte(b' ')?;
        read(self)
    }

    fn nstring(&mut self) -> Option<Option<Cow<'a, [u8]>>> {
        if self.skip(b"NIL") {
            return Some(None);
        }
        if self.skip(b"\"") {
            return self.quoted().map(Some);
        }
        self.byte(b'{')?;
        let end = memchr::memchr(b'}', self.rest)?;
        let size = std::str::from_utf8(self.take(end)?).ok()?.parse().ok()?;
        self.skip(b"}\r\n").then_some(())?;
        self.take(size).map(|text| Some(Cow::Borrowed(text)))
    }

    /// The rest of a quoted string.
    fn quoted(&mut self) -> Option<Cow<'a, [u8]>> {
        let end = memchr::memchr2(b'"', b'\\', self.rest)?;
        let plain = self.take(end)?;
        if self.skip(b"\"") {
            return Some(Cow::Borrowed(plain));
        }
        let mut text = plain.to_vec();
        while self.skip(b"\\") {
            text.extend_from_slice(self.take(1)?);
            let end = memchr::memchr2(b'"', b'\\', self.rest)?;
            text.extend_from_slice(self.take(end)?);
        }
        self.byte(b'"')?;
        Some(Cow::Owned(text))
    }

    /// The first address of a list.
    fn list(&mut self) -> Option<Option<FirstAddress<'a>>> {
        if self.skip(b"NIL") {
            return Some(None);
        }
        self.byte(b'(')?;
        let first = self.address()?;
        while !self.skip(b")") {
            self.address()?;
        }
        Some(Some(first))
    }

    fn address(&mut self) -> Option<FirstAddress<'a>> {
        self.byte(b'(')?;
        let name = self.nstring()?;
        let _route = self.field(Self::nstring)?;
        let mailbox = self.field(Self::nstring)?;
        let host = self.field(Self::nstring)?;
        self.byte(b')')?;
        Some(FirstAddress { name, mailbox, host })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Envelope;
    use super::*;
    use crate::structure::tests::messages;
    use proptest::prelude::*;

    fn wire(header: &str) -> Vec<u8> {
        let mut out = Vec::new();
        Envelope::parse(header.as_bytes()).write(&mut out);
        out
    }

    #[test]
    fn what_was_written_is_read() {
        let wire = wire(
            "Date: x\r\nSubject: Re: =?utf-8?q?=C3=84?= \"b\\\r\nFrom: =?utf-8?q?J=C3=B6rg?= <j@x.org>, b@y\r\n\
             To: Friends: a@b, c@d;\r\nCc: \"a \\\"b\\\"\"@here\r\nSender: Gr\u{fc}n <g@x>\r\n\r\n",
        );
        let envelope = StoredEnvelope::read(&wire).unwrap();
        let base = envelope.base_subject();
        assert_eq!((base.text.as_str(), base.is_reply), ("Ä \"b\\", true));
        let [from, to, cc] = [&envelope.from, &envelope.to, &envelope.cc].map(|a| a.as_ref().unwrap());
        assert_eq!((from.mailbox().as_str(), from.display().as_str()), ("j", "Jörg"));
        assert_eq!((to.mailbox().as_str(), to.display().as_str()), ("Friends", "Friends"));
        assert_eq!((cc.mailbox().as_str(), cc.display().as_str()), ("a \"b\"", "a \"b\"@here"));
    }

    #[test]
    fn what_is_absent_is_empty() {
        let wire = wire("\r\n");
        let envelope = StoredEnvelope::read(&wire).unwrap();
        assert_eq!(envelope, StoredEnvelope::default());
        assert_eq!(envelope.base_subject(), BaseSubject::default());
    }

    #[test]
    fn what_is_no_envelope_is_none() {
        for wire in ["", "(", "(NIL", "(NIL NIL NIL NIL NIL NIL", "(NIL {9}\r\nshort NIL", "(NIL \"open"] {
            assert_eq!(StoredEnvelope::read(wire.as_bytes()), None, "{wire}");
        }
    }

    proptest! {
        #[test]
        fn every_envelope_is_read(message in messages()) {
            let mut out = Vec::new();
            Envelope::parse(&message).write(&mut out);
            prop_assert!(StoredEnvelope::read(&out).is_some());
        }

        #[test]
        fn no_bytes_upset_it(wire in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = StoredEnvelope::read(&wire);
        }
    }
}
