//! Stretches of a message under the names that FETCH has for them: `BODY[...]`, `BINARY[...]`, RFC822 and its kin.
//!
//! RFC 3501 §6.4.5, RFC 3516 §4.2 and §4.3. What a section is, and how a part is decoded, is the `message` crate's.

use std::borrow::Cow;
use std::ops::Range;

use imap_proto::command::{BinaryItem, FetchItem, Partial, Section, SectionItem, SectionText};
use imap_proto::response::SectionName;
use mailstore::Content;
use message::{BinaryPlace, Encoded, Tree, UnknownEncoding};

/// What a header is taken to have, in bytes, when it is decided how many are read together.
const HEADER_BYTES: u64 = 4 << 10;

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
    /// Bytes of the message, in some form.
    Bytes(Source<'m>),
    /// The part, and how many bytes it is decoded.
    Size(&'m [u32], u64),
}

/// Where the bytes of an answer come from. What does not stand in the content as it is sent is made when its turn comes, so
/// that a FETCH of many items holds one of them at a time.
pub(super) enum Source<'m> {
    /// They stand there; NIL where the message has no such part.
    Stretch(SectionName<'m>, Option<&'m [u8]>),
    /// Fields of a header.
    Fields {
        name: SectionName<'m>,
        section: &'m message::Section,
        header: &'m [u8],
        partial: Option<Partial>,
    },
    /// A part, to be decoded.
    Part { item: &'m BinaryItem, encoded: Encoded<'m> },
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
                let (name, partial) = (*name, *partial);
                Answer::Bytes(match section.locate(tree) {
                    None => Source::Stretch(name, None),
                    Some(located) if section.is_contiguous() => {
                        Source::Stretch(name, content.get(cut(&located, partial)))
                    }
                    Some(located) => match content.get(located) {
                        None => Source::Stretch(name, None),
                        Some(header) => Source::Fields { name, section, header, partial },
                    },
                })
            }
            Self::Binary(item) => Answer::Bytes(match BinaryPlace::locate(&item.path, tree) {
                None => Source::Stretch(binary_name(item, false), None),
                Some(place) => Source::Part { item, encoded: place.of(content.bytes())? },
            }),
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

impl<'m> Source<'m> {
    /// The name of the answer and its bytes; NIL where the message has no such part.
    pub(super) fn bytes(&self) -> (SectionName<'m>, Option<Cow<'m, [u8]>>) {
        match self {
            Self::Stretch(name, bytes) => (*name, bytes.map(Cow::Borrowed)),
            Self::Fields { name, section, header, partial } => {
                let fields = section.extract(header);
                let stretch = cut(&(0..fields.len()), *partial);
                (*name, Some(stretch_of(fields, stretch)))
            }
            Self::Part { item, encoded } => {
                let bytes = decoded(item, *encoded);
                // A literal8 says that there is NUL; without it, clients are spared the unusual form.
                (binary_name(item, bytes.contains(&0)), Some(bytes))
            }
        }
    }
}

fn stretch_of(mut bytes: Cow<'_, [u8]>, stretch: Range<usize>) -> Cow<'_, [u8]> {
    if stretch != (0..bytes.len()) {
        let owned = bytes.to_mut();
        owned.truncate(stretch.end);
        owned.drain(..stretch.start);
    }
    bytes
}

const fn binary_name(item: &BinaryItem, has_nul: bool) -> SectionName<'_> {
    SectionName::Binary { path: item.path.as_slice(), origin: origin(item.partial), has_nul }
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

const fn origin(partial: Option<Partial>) -> Option<u64> {
    match partial {
        Some(partial) => Some(partial.offset),
        None => None,
    }
}

/// A stretch of what was located; one behind its end is empty (RFC 3501 §6.4.5).
fn cut(located: &Range<usize>, partial: Option<Partial>) -> Range<usize> {
    let Some(partial) = partial else { return located.clone() };
    let clamped = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(located.len());
    let end = clamped(partial.offset.saturating_add(partial.length.get()));
    located.start + clamped(partial.offset)..located.start + end
}

/// What is asked for of a part, decoded.
fn decoded<'m>(item: &BinaryItem, encoded: Encoded<'m>) -> Cow<'m, [u8]> {
    let clamped = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    match item.partial {
        None => encoded.decode(),
        Some(partial) => encoded.decode_part(clamped(partial.offset), clamped(partial.length.get())),
    }
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
