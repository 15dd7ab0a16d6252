//! Stretches of a message under the names that FETCH has for them: `BODY[...]`, `BINARY[...]`, RFC822 and its kin.
//!
//! RFC 3501 §6.4.5, RFC 3516 §4.2 and §4.3. What a section is, and how a part is decoded, is the `message` crate's.

use std::borrow::Cow;
use std::ops::Range;

use imap_proto::command::{BinaryItem, FetchItem, Partial, Section, SectionItem, SectionText};
use imap_proto::response::SectionName;
use mailstore::Content;
use message::{BinaryPlace, Tree, UnknownEncoding};

/// What a header is taken to have at most, in bytes, when it is decided how many are read together.
const HEADER_BYTES: u64 = 16 << 10;

/// An item that the content answers.
pub(super) enum Stretch<'f> {
    /// Bytes of the message as they stand.
    Section { name: SectionName<'f>, section: message::Section, partial: Option<Partial> },
    /// A part without its transfer encoding.
    Binary(&'f BinaryItem),
    /// The length of that.
    BinarySize(&'f [u32]),
}

/// The answer to such an item.
pub(super) enum Answer<'m> {
    /// Its name and its bytes; NIL where the message has no such part.
    Bytes(SectionName<'m>, Option<Cow<'m, [u8]>>),
    /// The part, and how many bytes it is decoded.
    Size(&'m [u32], u64),
}

impl<'f> Stretch<'f> {
    /// `None` for an item that needs no content.
    pub(super) fn of(item: &'f FetchItem) -> Option<Self> {
        Some(match item {
            FetchItem::Section(item) => Self::section(item),
            FetchItem::Rfc822 => Self::plain(SectionName::Rfc822, message::SectionText::All),
            FetchItem::Rfc822Header => Self::plain(SectionName::Rfc822Header, message::SectionText::Header),
            FetchItem::Rfc822Text => Self::plain(SectionName::Rfc822Text, message::SectionText::Text),
            FetchItem::Binary(item) => Self::Binary(item),
            FetchItem::BinarySize(path) => Self::BinarySize(path),
            FetchItem::Flags
            | FetchItem::InternalDate
            | FetchItem::Size
            | FetchItem::Envelope
            | FetchItem::Body
            | FetchItem::BodyStructure
            | FetchItem::Uid
            | FetchItem::ModSeq
            | FetchItem::EmailId
            | FetchItem::ThreadId
            | FetchItem::SaveDate
            | FetchItem::Preview { .. } => return None,
        })
    }

    const fn plain(name: SectionName<'f>, what: message::SectionText) -> Self {
        Self::Section { name, section: message::Section { path: Vec::new(), what }, partial: None }
    }

    fn section(item: &'f SectionItem) -> Self {
        let name = SectionName::Body { section: &item.section, origin: origin(item.partial) };
        Self::Section { name, section: in_words_of_messages(&item.section), partial: item.partial }
    }

    /// What of the content it needs.
    pub(super) fn extent(&self) -> Extent {
        use message::SectionText as What;
        match self {
            Self::Binary(_) | Self::BinarySize(_) => Extent::Whole,
            Self::Section { section, partial, .. } => match (section.path.as_slice(), &section.what) {
                ([], What::Header | What::HeaderFields(_) | What::HeaderFieldsNot(_)) => Extent::Header,
                ([], What::All) if partial.is_none() => Extent::Whole,
                _ => Extent::Section(section.clone(), *partial),
            },
        }
    }

    /// What a message answers, of whose content the extent was read.
    ///
    /// # Errors
    /// The part is encoded in a way that is not known (RFC 3516 §4.3).
    pub(super) fn answer<'m>(
        &'m self,
        content: &'m Content,
        tree: &Tree,
    ) -> Result<Answer<'m>, UnknownEncoding> {
        Ok(match self {
            Self::Section { name, section, partial } => {
                let bytes = section.locate(tree).and_then(|located| {
                    if section.is_contiguous() {
                        return content.get(cut(&located, *partial)).map(Cow::Borrowed);
                    }
                    let fields = section.extract(content.get(located)?);
                    let stretch = cut(&(0..fields.len()), *partial);
                    fields.get(stretch).map(|bytes| Cow::Owned(bytes.to_vec()))
                });
                Answer::Bytes(*name, bytes)
            }
            Self::Binary(item) => {
                let bytes = decoded(item, content.bytes(), tree)?;
                // A literal8 says that there is NUL; without it, clients are spared the unusual form.
                let has_nul = bytes.as_ref().is_some_and(|bytes| bytes.contains(&0));
                let name = SectionName::Binary { path: &item.path, origin: origin(item.partial), has_nul };
                Answer::Bytes(name, bytes)
            }
            Self::BinarySize(path) => {
                let place = BinaryPlace::locate(path, tree);
                // No such part: as long as the NIL that BINARY would answer.
                let size =
                    place.map_or(Ok(0), |place| place.of(content.bytes()).map(|encoded| encoded.size()))?;
                Answer::Size(path, size as u64)
            }
        })
    }
}

/// How much of a content is needed.
#[derive(Clone, Debug)]
pub(super) enum Extent {
    /// The message's header.
    Header,
    /// A section, and of that a stretch.
    Section(message::Section, Option<Partial>),
    /// All of it.
    Whole,
}

impl Extent {
    /// Bytes that it has at most of a message of `size` bytes, as far as the message need not be looked at.
    pub(super) fn bytes_max(&self, size: u64) -> u64 {
        match self {
            Self::Header => size.min(HEADER_BYTES),
            Self::Section(_, Some(partial)) => size.min(partial.length.get()),
            Self::Section(_, None) | Self::Whole => size,
        }
    }

    /// Where it lies; `None` if the message has no such part.
    pub(super) fn locate(&self, tree: &Tree) -> Option<Range<usize>> {
        match self {
            Self::Header => Some(tree.root().header()),
            Self::Section(section, _) if !section.is_contiguous() => section.locate(tree),
            Self::Section(section, partial) => section.locate(tree).map(|located| cut(&located, *partial)),
            Self::Whole => Some(0..tree.root().body().end),
        }
    }
}

fn origin(partial: Option<Partial>) -> Option<u64> {
    partial.map(|partial| partial.offset)
}

/// A stretch of what was located; one behind its end is empty (RFC 3501 §6.4.5).
fn cut(located: &Range<usize>, partial: Option<Partial>) -> Range<usize> {
    let Some(partial) = partial else { return located.clone() };
    let clamped = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(located.len());
    let end = clamped(partial.offset.saturating_add(partial.length.get()));
    located.start + clamped(partial.offset)..located.start + end
}

/// A part, decoded; `None` if the message has none of these numbers.
fn decoded<'m>(
    item: &BinaryItem,
    content: &'m [u8],
    tree: &Tree,
) -> Result<Option<Cow<'m, [u8]>>, UnknownEncoding> {
    let Some(place) = BinaryPlace::locate(&item.path, tree) else { return Ok(None) };
    let encoded = place.of(content)?;
    let clamped = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    Ok(Some(match item.partial {
        None => encoded.decode(),
        Some(partial) => encoded.decode_part(clamped(partial.offset), clamped(partial.length.get())),
    }))
}

/// The same section in the words of the crate that knows messages.
fn in_words_of_messages(asked: &Section) -> message::Section {
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
