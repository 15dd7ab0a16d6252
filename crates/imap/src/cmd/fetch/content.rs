//! The part of FETCH that needs more than the image: envelope, structure, preview, and stretches of the content.
//!
//! RFC 3501 §6.4.5, RFC 8474 §5.2, RFC 8970. What is needed of a message's content is loaded and checked before a byte of its
//! response is written, so that damage never shows as a cut or wrong section.

use std::ops::Range;

use imap_proto::command::FetchItem;
use imap_proto::response::FetchWriter;
use mailstore::{Content, Email};
use message::{Tree, UnknownEncoding};

use super::rows::Columns;
use super::stretch::{Answer, Extent, Stretch};
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

/// The preview that is made where there is none.
const PREVIEW: Fact = Fact::Preview { lazy: false };

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

    /// How much is read of a message of `size` bytes, at most or about.
    pub(super) fn bytes_read(&self, size: u32) -> u64 {
        self.stretches.iter().map(|stretch| stretch.extent().bytes_max(size.into())).max().unwrap_or(0)
    }

    /// What of its content a message needs.
    pub(super) fn needed(&self) -> impl Fn(&Email) -> Range<u32> + Send + 'static {
        let extents: Vec<Extent> = self.stretches.iter().map(Stretch::extent).collect();
        let preview = self.facts.contains(&PREVIEW);
        move |email| match &extents[..] {
            _ if preview && !email.has_preview() => 0..email.size,
            [] => 0..0,
            [Extent::Whole] => 0..email.size,
            [Extent::Header] => 0..email.header_len,
            extents => hull(extents, email),
        }
    }

    /// Whether the content of this one is needed.
    pub(super) fn need_content_of(&self, email: &Email) -> bool {
        self.are_of_bodies() || self.makes_preview_of(email)
    }

    fn makes_preview_of(&self, email: &Email) -> bool {
        !email.has_preview() && self.facts.contains(&PREVIEW)
    }

    /// Answers what needs the content of an e-mail.
    ///
    /// # Errors
    /// A part is asked for decoded whose encoding is not known.
    pub(super) fn answers<'m>(
        &'m self,
        email: &Email,
        content: &'m Content,
        tree: &Tree,
    ) -> Result<Answers<'m>, UnknownEncoding> {
        let preview = self.makes_preview_of(email).then(|| message::preview(content.bytes(), tree));
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
                Fact::Envelope => line.wire("ENVELOPE", email.envelope()),
                Fact::Body => line.wire("BODY", email.body()),
                Fact::BodyStructure => line.wire("BODYSTRUCTURE", email.body_structure()),
                Fact::ThreadId => line.thread_id(email.thread.map(object_id::of_thread).as_deref()),
                Fact::Preview { .. } => {
                    line.preview(email.preview().as_deref().or(answers.preview.as_deref()))
                }
            }
        }
        for answer in &answers.stretches {
            match answer {
                Answer::Size(path, size) => line.binary_size(path, *size),
                Answer::Bytes(source) => match source.bytes() {
                    (name, None) => line.section(name, None),
                    (name, Some(bytes)) => {
                        line.section_start(name, bytes.len() as u64);
                        io.send(&bytes).await?;
                        line = FetchWriter::resume(io.out());
                    }
                },
            }
        }
        line.finish();
        Ok(())
    }
}

/// From the first byte that is needed to the last.
fn hull(extents: &[Extent], email: &Email) -> Range<u32> {
    // Whoever answers meets the same damage, and reports it.
    let Ok(tree) = email.tree() else { return 0..email.size };
    let located = extents.iter().filter_map(|extent| extent.locate(&tree)).filter(|range| !range.is_empty());
    let hull = located.reduce(|a, b| a.start.min(b.start)..a.end.max(b.end)).unwrap_or_default();
    let clamped = |n: usize| u32::try_from(n).unwrap_or(email.size);
    clamped(hull.start)..clamped(hull.end)
}
