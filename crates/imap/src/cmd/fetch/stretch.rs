//! Stretches of a message under the names that FETCH has for them: `BODY[...]`, `BINARY[...]`, RFC822 and its kin.
//!
//! RFC 3501 §6.4.5, RFC 3516 §4.2 and §4.3. What a section is, and how a part is decoded, is the `message` crate's.

use std::borrow::Cow;

use imap_proto::command::{BinaryItem, FetchItem, Partial, Section, SectionItem, SectionText};
use imap_proto::response::SectionName;
use message::{BinaryPlace, Tree, UnknownEncoding};

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

    /// What a message answers.
    ///
    /// # Errors
    /// The part is encoded in a way that is not known (RFC 3516 §4.3).
    pub(super) fn answer<'m>(
        &'m self,
        content: &'m [u8],
        tree: &Tree,
    ) -> Result<Answer<'m>, UnknownEncoding> {
        Ok(match self {
            Self::Section { name, section, partial } => {
                Answer::Bytes(*name, section.of(tree, content).map(|whole| cut(whole, *partial)))
            }
            Self::Binary(item) => {
                let bytes = decoded(item, content, tree)?;
                // A literal8 says that there is NUL; without it, clients are spared the unusual form.
                let has_nul = bytes.as_ref().is_some_and(|bytes| bytes.contains(&0));
                let name = SectionName::Binary { path: &item.path, origin: origin(item.partial), has_nul };
                Answer::Bytes(name, bytes)
            }
            Self::BinarySize(path) => {
                let place = BinaryPlace::locate(path, tree);
                // No such part: as long as the NIL that BINARY would answer.
                let size = place.map_or(Ok(0), |place| place.of(content).map(|encoded| encoded.size()))?;
                Answer::Size(path, size as u64)
            }
        })
    }
}

fn origin(partial: Option<Partial>) -> Option<u64> {
    partial.map(|partial| partial.offset)
}

/// A stretch behind the end is empty (RFC 3501 §6.4.5).
fn cut(whole: Cow<'_, [u8]>, partial: Option<Partial>) -> Cow<'_, [u8]> {
    let Some(partial) = partial else { return whole };
    let clamped = |n: u64| usize::try_from(n).map_or(whole.len(), |n| n.min(whole.len()));
    let from = clamped(partial.offset);
    let to = clamped(partial.offset.saturating_add(partial.length.get()));
    match whole {
        Cow::Borrowed(bytes) => bytes.get(from..to).unwrap_or_default().into(),
        Cow::Owned(bytes) => bytes.get(from..to).unwrap_or_default().to_vec().into(),
    }
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
