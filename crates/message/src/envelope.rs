//! ENVELOPE as it goes on the wire (RFC 3501 §7.4.2, RFC 9051 §7.5.2).

mod stored;

pub use stored::{FirstAddress, StoredEnvelope};

use crate::address::{self, Entry};
use crate::header::{self, Field};
use crate::wire::{push_nstring, push_string};

/// What ENVELOPE tells of a header.
///
/// Of a field that may stand once the first one counts; address lists are joined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Envelope {
    date: Option<Vec<u8>>,
    subject: Option<Vec<u8>>,
    from: Vec<Entry>,
    sender: Vec<Entry>,
    reply_to: Vec<Entry>,
    to: Vec<Entry>,
    cc: Vec<Entry>,
    bcc: Vec<Entry>,
    in_reply_to: Option<Vec<u8>>,
    message_id: Option<Vec<u8>>,
}

impl Envelope {
    /// Reads a header.
    pub(crate) fn parse(header: &[u8]) -> Self {
        let mut envelope = Self::default();
        for field in header::considered(header) {
            envelope.take(&field);
        }
        envelope
    }

    fn take(&mut self, field: &Field<'_>) {
        let text = |slot: &mut Option<Vec<u8>>| {
            slot.get_or_insert_with(|| header::unfold(field.value).into_owned());
        };
        match field.name.to_ascii_lowercase().as_slice() {
            b"date" => text(&mut self.date),
            b"subject" => text(&mut self.subject),
            b"in-reply-to" => text(&mut self.in_reply_to),
            b"message-id" => text(&mut self.message_id),
            b"from" => address::parse(field.value, &mut self.from),
            b"sender" => address::parse(field.value, &mut self.sender),
            b"reply-to" => address::parse(field.value, &mut self.reply_to),
            b"to" => address::parse(field.value, &mut self.to),
            b"cc" => address::parse(field.value, &mut self.cc),
            b"bcc" => address::parse(field.value, &mut self.bcc),
            _ => {}
        }
    }

    /// Appends the parenthesised list.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        // RFC 3501 §7.4.2: absent or empty, Sender and Reply-To are the same as From.
        let sender = if self.sender.is_empty() { &self.from } else { &self.sender };
        let reply_to = if self.reply_to.is_empty() { &self.from } else { &self.reply_to };
        out.push(b'(');
        push_nstring(out, self.date.as_deref());
        out.push(b' ');
        push_nstring(out, self.subject.as_deref());
        for list in [&self.from, sender, reply_to, &self.to, &self.cc, &self.bcc] {
            out.push(b' ');
            push_list(out, list);
        }
        out.push(b' ');
        push_nstring(out, self.in_reply_to.as_deref());
        out.push(b' ');
        push_nstring(out, self.message_id.as_deref());
        out.push(b')');
    }
}

fn push_list(out: &mut Vec<u8>, list: &[Entry]) {
    if list.is_empty() {
        out.extend_from_slice(b"NIL");
        return;
    }
    out.push(b'(');
    for entry in list {
        push_entry(out, entry);
    }
    out.push(b')');
}

fn push_entry(out: &mut Vec<u8>, entry: &Entry) {
    match entry {
        Entry::Mailbox { name, route, local, domain } => {
            out.push(b'(');
            push_nstring(out, name.as_deref());
            out.push(b' ');
            push_nstring(out, route.as_deref());
            out.push(b' ');
            push_string(out, local);
            out.push(b' ');
            push_string(out, domain);
            out.push(b')');
        }
        Entry::GroupStart(name) => {
            out.extend_from_slice(b"(NIL NIL ");
            push_string(out, name);
            out.extend_from_slice(b" NIL)");
        }
        Entry::GroupEnd => out.extend_from_slice(b"(NIL NIL NIL NIL)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(header: &[u8]) -> String {
        let mut out = Vec::new();
        Envelope::parse(header).write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_rfcs_example_is_answered_as_the_rfc_does() {
        // RFC 3501 §8
        let header =
            b"Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\nFrom: Terry Gray <gray@cac.washington.edu>\r\n\
            Subject: IMAP4rev1 WG mtg summary and minutes\r\nTo: imap@cac.washington.edu\r\n\
            cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\r\n\
            Message-Id: <B27397-0100000@cac.washington.edu>\r\nMIME-Version: 1.0\r\n\
            Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\n\r\n";
        let gray = r#"(("Terry Gray" NIL "gray" "cac.washington.edu"))"#;
        let expected = format!(
            r#"("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev1 WG mtg summary and minutes" {gray} {gray} {gray} ((NIL NIL "imap" "cac.washington.edu")) ((NIL NIL "minutes" "CNRI.Reston.VA.US")("John Klensin" NIL "KLENSIN" "MIT.EDU")) NIL NIL "<B27397-0100000@cac.washington.edu>")"#
        );
        assert_eq!(wire(header), expected);
    }

    #[test]
    fn absent_is_nil_and_empty_is_empty() {
        assert_eq!(wire(b""), "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)");
        assert_eq!(wire(b"Subject:\r\nTo: \r\n"), "(NIL \"\" NIL NIL NIL NIL NIL NIL NIL NIL)");
    }

    #[test]
    fn groups_and_eight_bit_text_have_their_forms() {
        let header = "Subject: Gr\u{fc}\u{df}e\r\n aus \0\r\nTo: g:a@b;\r\nSender: s@x\r\nFrom: f@x\r\n";
        let expected = "(NIL {13}\r\nGr\u{fc}\u{df}e aus ? ((NIL NIL \"f\" \"x\")) ((NIL NIL \"s\" \"x\")) \
            ((NIL NIL \"f\" \"x\")) ((NIL NIL \"g\" NIL)(NIL NIL \"a\" \"b\")(NIL NIL NIL NIL)) NIL NIL NIL NIL)";
        assert_eq!(wire(header.as_bytes()), expected);
    }
}
