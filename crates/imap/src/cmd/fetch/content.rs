//! The part of FETCH that needs more than the image: envelope, structure, and sections of the content.
//!
//! RFC 3501 §6.4.5. A message's content is loaded and checked whole before a byte of its response is written, so
//! that damage never shows as a cut or wrong section.

use std::borrow::Cow;
use std::sync::Arc;

use imap_proto::command::{FetchItem, Partial, Section, SectionItem, SectionText};
use imap_proto::response::{FetchWriter, SectionName};
use mailstore::{Access, Email};
use message::Tree;

use super::rows::Columns;
use crate::io::Io;
use crate::reply::Failure;

/// The items of a FETCH that rows do not answer.
pub(super) struct Contents<'f> {
    facts: Vec<Fact>,
    stretches: Vec<Stretch<'f>>,
}

/// What is stored in wire form.
#[derive(Clone, Copy)]
enum Fact {
    Envelope,
    Body,
    BodyStructure,
}

/// A stretch of the content under its name.
struct Stretch<'f> {
    name: SectionName<'f>,
    section: message::Section,
    partial: Option<Partial>,
}

/// What is loaded of one message.
pub(super) struct Loaded {
    /// `None` when no item needs it.
    content: Option<(Arc<[u8]>, Tree)>,
}

impl<'f> Contents<'f> {
    pub(super) fn of(items: &'f [FetchItem]) -> Self {
        let mut contents = Self { facts: Vec::new(), stretches: Vec::new() };
        for item in items {
            match item {
                FetchItem::Envelope => contents.facts.push(Fact::Envelope),
                FetchItem::Body => contents.facts.push(Fact::Body),
                FetchItem::BodyStructure => contents.facts.push(Fact::BodyStructure),
                FetchItem::Section(item) => contents.stretches.push(Stretch::of(item)),
                FetchItem::Rfc822 => contents.add(SectionName::Rfc822, message::SectionText::All),
                FetchItem::Rfc822Header => {
                    contents.add(SectionName::Rfc822Header, message::SectionText::Header)
                }
                FetchItem::Rfc822Text => contents.add(SectionName::Rfc822Text, message::SectionText::Text),
                FetchItem::Flags
                | FetchItem::InternalDate
                | FetchItem::Size
                | FetchItem::Uid
                | FetchItem::ModSeq => {}
                // Not offered, and refused before they come here.
                FetchItem::EmailId
                | FetchItem::ThreadId
                | FetchItem::SaveDate
                | FetchItem::Preview { .. }
                | FetchItem::Binary(_)
                | FetchItem::BinarySize(_) => {}
            }
        }
        contents
    }

    fn add(&mut self, name: SectionName<'f>, what: message::SectionText) {
        let section = message::Section { path: Vec::new(), what };
        self.stretches.push(Stretch { name, section, partial: None });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.facts.is_empty() && self.stretches.is_empty()
    }

    pub(super) fn needs_body(&self) -> bool {
        !self.stretches.is_empty()
    }

    /// Loads what the items need of a message; `None` if it has been given up.
    ///
    /// # Errors
    /// The content is damaged or cannot be read.
    pub(super) async fn load(&self, access: &Access, email: &Email) -> Result<Option<Loaded>, Failure> {
        if !self.needs_body() {
            return Ok(Some(Loaded { content: None }));
        }
        let Some(content) = access.body(email).await? else { return Ok(None) };
        let tree = email.tree().map_err(|damaged| Failure::ours("read part tree", damaged))?;
        Ok(Some(Loaded { content: Some((content, tree)) }))
    }

    /// Writes a whole response: the columns, then these items.
    pub(super) async fn write(
        &self,
        (email, loaded): (&Email, &Loaded),
        columns: Columns<'_>,
        io: &mut Io,
    ) -> Result<(), Failure> {
        let mut line = columns.begin(io);
        for fact in &self.facts {
            match fact {
                Fact::Envelope => line.wire("ENVELOPE", &email.envelope),
                Fact::Body => line.wire("BODY", &email.body),
                Fact::BodyStructure => line.wire("BODYSTRUCTURE", &email.body_structure),
            }
        }
        let Some((content, tree)) = &loaded.content else {
            line.finish();
            return Ok(());
        };
        for stretch in &self.stretches {
            let Some(bytes) = stretch.of_message(content, tree) else {
                line.section(stretch.name, None);
                continue;
            };
            line.section_start(stretch.name, bytes.len() as u64);
            io.send(&bytes).await?;
            line = FetchWriter::resume(io.out());
        }
        line.finish();
        Ok(())
    }
}

impl<'f> Stretch<'f> {
    fn of(item: &'f SectionItem) -> Self {
        let origin = item.partial.map(|partial| partial.offset);
        let name = SectionName::Body { section: &item.section, origin };
        Self { name, section: section(&item.section), partial: item.partial }
    }

    /// Its bytes; `None` if the message has no such part. A stretch behind the end is empty (RFC 3501 §6.4.5).
    fn of_message<'m>(&self, content: &'m [u8], tree: &Tree) -> Option<Cow<'m, [u8]>> {
        let whole = self.section.of(tree, content)?;
        let Some(partial) = self.partial else { return Some(whole) };
        let clamped = |n: u64| usize::try_from(n).map_or(whole.len(), |n| n.min(whole.len()));
        let from = clamped(partial.offset);
        let to = clamped(partial.offset.saturating_add(partial.length.get()));
        Some(match whole {
            Cow::Borrowed(bytes) => bytes.get(from..to).unwrap_or_default().into(),
            Cow::Owned(bytes) => bytes.get(from..to).unwrap_or_default().to_vec().into(),
        })
    }
}

/// The same section in the words of the crate that knows messages.
fn section(asked: &Section) -> message::Section {
    let what = match &asked.what {
        SectionText::All => message::SectionText::All,
        SectionText::Header => message::SectionText::Header,
        SectionText::HeaderFields(names) => message::SectionText::HeaderFields(names.clone()),
        SectionText::HeaderFieldsNot(names) => message::SectionText::HeaderFieldsNot(names.clone()),
        SectionText::Text => message::SectionText::Text,
        SectionText::Mime => message::SectionText::Mime,
    };
    message::Section { path: asked.path.clone(), what }
}
