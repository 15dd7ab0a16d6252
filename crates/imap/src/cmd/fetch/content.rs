//! The part of FETCH that needs more than the image: envelope, structure, preview, and stretches of the content.
//!
//! RFC 3501 §6.4.5, RFC 8474 §5.2, RFC 8970. A message's content is loaded and checked whole before a byte of its
//! response is written, so that damage never shows as a cut or wrong section.

use imap_proto::command::FetchItem;
use imap_proto::response::FetchWriter;
use mailstore::Email;
use message::{Tree, UnknownEncoding};

use super::rows::Columns;
use super::stretch::{Answer, Stretch};
use crate::io::Io;
use crate::object_id;
use crate::reply::Failure;

/// The items of a FETCH that rows do not answer.
pub(super) struct Contents<'f> {
    facts: Vec<Fact>,
    stretches: Vec<Stretch<'f>>,
}

/// What the e-mail's row knows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fact {
    Envelope,
    Body,
    BodyStructure,
    ThreadId,
    /// Without `lazy` it is made from the content where the row has none (RFC 8970 §3.2).
    Preview {
        lazy: bool,
    },
}

/// The answers to the items that need the content, ready to be written.
#[derive(Default)]
pub(super) struct Answers<'m> {
    preview: Option<String>,
    stretches: Vec<Answer<'m>>,
}

impl<'f> Contents<'f> {
    pub(super) fn of(items: &'f [FetchItem]) -> Self {
        let mut contents = Self { facts: Vec::new(), stretches: Vec::new() };
        for item in items {
            match item {
                FetchItem::Envelope => contents.facts.push(Fact::Envelope),
                FetchItem::Body => contents.facts.push(Fact::Body),
                FetchItem::BodyStructure => contents.facts.push(Fact::BodyStructure),
                FetchItem::ThreadId => contents.facts.push(Fact::ThreadId),
                &FetchItem::Preview { lazy } => contents.facts.push(Fact::Preview { lazy }),
                other => contents.stretches.extend(Stretch::of(other)),
            }
        }
        contents
    }

    pub(super) fn is_empty(&self) -> bool {
        self.facts.is_empty() && self.stretches.is_empty()
    }

    /// Whether the content of every message is needed.
    pub(super) fn are_of_bodies(&self) -> bool {
        !self.stretches.is_empty()
    }

    /// Whether the content of this one is needed.
    pub(super) fn need_body_of(&self, email: &Email) -> bool {
        self.are_of_bodies() || self.makes_preview_of(email)
    }

    /// How much is read for it.
    pub(super) fn bytes_read_of(&self, email: &Email) -> u64 {
        if self.need_body_of(email) { email.size.into() } else { 0 }
    }

    fn makes_preview_of(&self, email: &Email) -> bool {
        email.preview.is_none() && self.facts.contains(&Fact::Preview { lazy: false })
    }

    /// Answers what needs the content of an e-mail.
    ///
    /// # Errors
    /// A part is asked for decoded whose encoding is not known.
    pub(super) fn answers<'m>(
        &'m self,
        email: &Email,
        content: &'m [u8],
        tree: &Tree,
    ) -> Result<Answers<'m>, UnknownEncoding> {
        let preview = self.makes_preview_of(email).then(|| message::preview(content, tree));
        let stretches = self.stretches.iter().map(|stretch| stretch.answer(content, tree));
        Ok(Answers { preview, stretches: stretches.collect::<Result<_, _>>()? })
    }

    /// Writes a whole response: the columns, then these items.
    pub(super) async fn write(
        &self,
        email: &Email,
        answers: &Answers<'_>,
        columns: Columns<'_>,
        io: &mut Io,
    ) -> Result<(), Failure> {
        let mut line = columns.begin(io);
        for fact in &self.facts {
            match fact {
                Fact::Envelope => line.wire("ENVELOPE", &email.envelope),
                Fact::Body => line.wire("BODY", &email.body),
                Fact::BodyStructure => line.wire("BODYSTRUCTURE", &email.body_structure),
                Fact::ThreadId => line.thread_id(email.thread.map(object_id::of_thread).as_deref()),
                Fact::Preview { .. } => line.preview(email.preview.as_deref().or(answers.preview.as_deref())),
            }
        }
        for answer in &answers.stretches {
            match answer {
                Answer::Size(path, size) => line.binary_size(path, *size),
                Answer::Bytes(name, None) => line.section(*name, None),
                Answer::Bytes(name, Some(bytes)) => {
                    line.section_start(*name, bytes.len() as u64);
                    io.send(bytes).await?;
                    line = FetchWriter::resume(io.out());
                }
            }
        }
        line.finish();
        Ok(())
    }
}
