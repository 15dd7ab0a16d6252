//! FETCH responses, item by item.
//!
//! RFC 3501 §7.4.2, RFC 3516 §4.3, RFC 7162 §3.1.4.2, RFC 8474 §5, RFC 8514 §4.2, RFC 8970 §3.

use std::io::Write;

use model::{InternalDate, ModSeq, SeqNo, Uid};

use super::text::literal_start;
use super::{astring, nstring, number};
use crate::command::{Section, SectionText};

/// Appends one FETCH response. It is complete after [`FetchWriter::finish`].
#[derive(Debug)]
pub struct FetchWriter<'a> {
    out: &'a mut Vec<u8>,
    has_items: bool,
}

/// The name under which a stretch of a message is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SectionName<'a> {
    /// `BODY[section]<origin>`
    Body {
        /// The section.
        section: &'a Section,
        /// Where the stretch begins, if only a stretch was asked for.
        origin: Option<u64>,
    },
    /// `BINARY[section]<origin>` (RFC 3516 §4.3)
    Binary {
        /// The part's numbers.
        path: &'a [u32],
        /// Where the stretch begins, if only a stretch was asked for.
        origin: Option<u64>,
        /// Whether the stretch holds NUL, so that it has to be a literal8. A client that knows no other form than
        /// the plain one is so spared it where it can be.
        has_nul: bool,
    },
    /// `RFC822`
    Rfc822,
    /// `RFC822.HEADER`
    Rfc822Header,
    /// `RFC822.TEXT`
    Rfc822Text,
}

impl SectionName<'_> {
    fn literal_start(self, out: &mut Vec<u8>, size: u64) {
        if matches!(self, Self::Binary { has_nul: true, .. }) {
            out.push(b'~');
        }
        literal_start(out, size);
    }
}

impl<'a> FetchWriter<'a> {
    /// Begins the response for a message.
    pub fn new(out: &'a mut Vec<u8>, seq: SeqNo) -> Self {
        Self::begin(out, seq.0, b" FETCH (")
    }

    /// Begins the response for a message by its UID, as it is under UIDONLY (RFC 9586 §3.3).
    pub fn by_uid(out: &'a mut Vec<u8>, uid: Uid) -> Self {
        Self::begin(out, uid.get(), b" UIDFETCH (")
    }

    fn begin(out: &'a mut Vec<u8>, n: u32, rest: &[u8]) -> Self {
        out.extend_from_slice(b"* ");
        number(out, u64::from(n));
        out.extend_from_slice(rest);
        Self { out, has_items: false }
    }

    /// Goes on with a response in whose last item a literal was streamed; see [`FetchWriter::section_start`].
    pub const fn resume(out: &'a mut Vec<u8>) -> Self {
        Self { out, has_items: true }
    }

    /// The space between two items.
    fn next_item(&mut self) {
        if self.has_items {
            self.out.push(b' ');
        }
        self.has_items = true;
    }

    /// Begins an item: its name and a space.
    fn item(&mut self, name: &str) {
        self.next_item();
        self.out.extend_from_slice(name.as_bytes());
        self.out.push(b' ');
    }

    /// FLAGS, from a list that is spelt already, parentheses included.
    pub fn flags(&mut self, list: &[u8]) {
        self.item("FLAGS");
        self.out.extend_from_slice(list);
    }

    /// UID
    pub fn uid(&mut self, uid: Uid) {
        self.item("UID");
        number(self.out, u64::from(uid.get()));
    }

    /// MODSEQ
    pub fn modseq(&mut self, modseq: ModSeq) {
        self.item("MODSEQ");
        self.out.push(b'(');
        number(self.out, modseq.0);
        self.out.push(b')');
    }

    /// INTERNALDATE
    pub fn internal_date(&mut self, date: InternalDate) {
        self.item("INTERNALDATE");
        // Writing to memory does not fail.
        let _ = write!(self.out, "\"{date}\"");
    }

    /// RFC822.SIZE, in bytes
    pub fn size(&mut self, size: u64) {
        self.item("RFC822.SIZE");
        number(self.out, size);
    }

    /// EMAILID
    pub fn email_id(&mut self, id: &str) {
        self.object_id("EMAILID", id);
    }

    /// THREADID; NIL where messages are not joined to threads (RFC 8474 §5.2).
    pub fn thread_id(&mut self, id: Option<&str>) {
        match id {
            Some(id) => self.object_id("THREADID", id),
            None => self.wire("THREADID", b"NIL"),
        }
    }

    fn object_id(&mut self, name: &str, id: &str) {
        self.item(name);
        self.out.push(b'(');
        self.out.extend_from_slice(id.as_bytes());
        self.out.push(b')');
    }

    /// SAVEDATE; NIL where the mailbox does not know (RFC 8514 §4.2).
    pub fn save_date(&mut self, date: Option<InternalDate>) {
        self.item("SAVEDATE");
        match date {
            // Writing to memory does not fail.
            Some(date) => drop(write!(self.out, "\"{date}\"")),
            None => self.out.extend_from_slice(b"NIL"),
        }
    }

    /// PREVIEW; NIL for one that LAZY did not wait for (RFC 8970 §3.2).
    pub fn preview(&mut self, text: Option<&str>) {
        self.item("PREVIEW");
        nstring(self.out, text.map(str::as_bytes));
    }

    /// `BINARY.SIZE[path]`: the size of a part without its transfer encoding, in bytes (RFC 3516 §4.3).
    pub fn binary_size(&mut self, path: &[u32], size: u64) {
        self.next_item();
        self.out.extend_from_slice(b"BINARY.SIZE[");
        write_path(self.out, path);
        self.out.extend_from_slice(b"] ");
        number(self.out, size);
    }

    /// An item whose value is in wire form already: ENVELOPE, BODY, BODYSTRUCTURE.
    pub fn wire(&mut self, name: &str, value: &[u8]) {
        self.item(name);
        self.out.extend_from_slice(value);
    }

    /// A stretch of the message as a literal; NIL for a section that the message does not have.
    pub fn section(&mut self, name: SectionName<'_>, bytes: Option<&[u8]>) {
        self.section_name(name);
        match bytes {
            None => self.out.extend_from_slice(b"NIL"),
            Some(bytes) => {
                name.literal_start(self.out, bytes.len() as u64);
                self.out.extend_from_slice(bytes);
            }
        }
    }

    /// A stretch of the message whose `size` bytes the caller sends itself, right behind this. The response then
    /// goes on with [`FetchWriter::resume`].
    pub fn section_start(mut self, name: SectionName<'_>, size: u64) {
        self.section_name(name);
        name.literal_start(self.out, size);
    }

    fn section_name(&mut self, name: SectionName<'_>) {
        match name {
            SectionName::Rfc822 => self.item("RFC822"),
            SectionName::Rfc822Header => self.item("RFC822.HEADER"),
            SectionName::Rfc822Text => self.item("RFC822.TEXT"),
            SectionName::Body { section, origin } => {
                self.next_item();
                self.out.extend_from_slice(b"BODY[");
                write_section(self.out, section);
                self.end_section(origin);
            }
            SectionName::Binary { path, origin, .. } => {
                self.next_item();
                self.out.extend_from_slice(b"BINARY[");
                write_path(self.out, path);
                self.end_section(origin);
            }
        }
    }

    fn end_section(&mut self, origin: Option<u64>) {
        self.out.push(b']');
        if let Some(origin) = origin {
            self.out.push(b'<');
            number(self.out, origin);
            self.out.push(b'>');
        }
        self.out.push(b' ');
    }

    /// Ends the response.
    pub fn finish(self) {
        self.out.extend_from_slice(b")\r\n");
    }
}

fn write_path(out: &mut Vec<u8>, path: &[u32]) {
    for (i, part) in path.iter().enumerate() {
        out.extend_from_slice(if i > 0 { b"." } else { b"" });
        number(out, u64::from(*part));
    }
}

fn write_section(out: &mut Vec<u8>, section: &Section) {
    write_path(out, &section.path);
    if !section.path.is_empty() && section.what != SectionText::All {
        out.push(b'.');
    }
    match &section.what {
        SectionText::All => {}
        SectionText::Header => out.extend_from_slice(b"HEADER"),
        SectionText::Text => out.extend_from_slice(b"TEXT"),
        SectionText::Mime => out.extend_from_slice(b"MIME"),
        SectionText::HeaderFields(names) => write_fields(out, b"HEADER.FIELDS (", names),
        SectionText::HeaderFieldsNot(names) => write_fields(out, b"HEADER.FIELDS.NOT (", names),
    }
}

fn write_fields(out: &mut Vec<u8>, start: &[u8], names: &[String]) {
    out.extend_from_slice(start);
    for (i, name) in names.iter().enumerate() {
        out.extend_from_slice(if i > 0 { b" " } else { b"" });
        astring(out, name.as_bytes());
    }
    out.push(b')');
}
