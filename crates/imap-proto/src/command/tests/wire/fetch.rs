//! FETCH as a client writes it.

use super::{Wire, named};
use crate::command::*;

impl Wire {
    pub(super) fn fetch(&mut self, fetch: &Fetch) {
        self.by_uid(fetch.uid).word("FETCH ").message_set(&fetch.set).raw(" ");
        match fetch.items.as_slice() {
            [item] if self.coin() => self.fetch_item(item),
            items => self.list(items, Self::fetch_item).done(),
        }
        let mut modifiers = named(&[("VANISHED", fetch.vanished)]);
        modifiers.extend(fetch.changed_since.map(|_| "CHANGEDSINCE "));
        modifiers.extend(fetch.partial.map(|_| "PARTIAL "));
        if !modifiers.is_empty() {
            self.raw(" ").list(&modifiers, |wire, &modifier| {
                wire.word(modifier);
                match (modifier, fetch.changed_since, fetch.partial) {
                    ("CHANGEDSINCE ", Some(since), _) => wire.number(since).done(),
                    ("PARTIAL ", _, Some(range)) => wire.partial_range(range).done(),
                    _ => {}
                }
            });
        }
    }

    fn fetch_item(&mut self, item: &FetchItem) {
        let plain = match item {
            FetchItem::Flags => "FLAGS",
            FetchItem::InternalDate => "INTERNALDATE",
            FetchItem::Size => "RFC822.SIZE",
            FetchItem::Envelope => "ENVELOPE",
            FetchItem::Body => "BODY",
            FetchItem::BodyStructure => "BODYSTRUCTURE",
            FetchItem::Uid => "UID",
            FetchItem::ModSeq => "MODSEQ",
            FetchItem::EmailId => "EMAILID",
            FetchItem::ThreadId => "THREADID",
            FetchItem::SaveDate => "SAVEDATE",
            FetchItem::Preview { lazy: false } => "PREVIEW",
            FetchItem::Preview { lazy: true } => "PREVIEW (LAZY)",
            FetchItem::Rfc822 => "RFC822",
            FetchItem::Rfc822Header => "RFC822.HEADER",
            FetchItem::Rfc822Text => "RFC822.TEXT",
            FetchItem::Section(item) => {
                self.word(if item.peek { "BODY.PEEK[" } else { "BODY[" });
                self.section(&item.section);
                return self.end_of_section(item.partial);
            }
            FetchItem::Binary(item) => {
                self.word(if item.peek { "BINARY.PEEK[" } else { "BINARY[" }).raw(dotted(&item.path));
                return self.end_of_section(item.partial);
            }
            FetchItem::BinarySize(path) => {
                self.word("BINARY.SIZE[").raw(dotted(path));
                return self.end_of_section(None);
            }
        };
        self.word(plain);
    }

    fn end_of_section(&mut self, partial: Option<Partial>) {
        self.raw("]");
        if let Some(Partial { offset, length }) = partial {
            self.raw(format!("<{offset}.{length}>"));
        }
    }

    fn section(&mut self, section: &Section) {
        self.raw(dotted(&section.path));
        if !section.path.is_empty() && section.what != SectionText::All {
            self.raw(".");
        }
        match &section.what {
            SectionText::All => {}
            SectionText::Header => self.word("HEADER").done(),
            SectionText::Text => self.word("TEXT").done(),
            SectionText::Mime => self.word("MIME").done(),
            SectionText::HeaderFields(names) => {
                self.word("HEADER.FIELDS ").list(names, |wire, name| wire.astring(name).done());
            }
            SectionText::HeaderFieldsNot(names) => {
                self.word("HEADER.FIELDS.NOT ").list(names, |wire, name| wire.astring(name).done());
            }
        }
    }
}

fn dotted(path: &[u32]) -> String {
    path.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
}
