//! What FETCH can ask for of one message.
//!
//! RFC 3501 §6.4.5, RFC 7162 §3.1.4.2, RFC 3516 §4.2 (BINARY), RFC 8474 §5 (object ids), RFC 8514 §4.2, RFC 8970 §3.

use super::section::{Partial, SectionItem, part_numbers};
use crate::error::Error;
use crate::lex::Cursor;

/// One thing to fetch of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchItem {
    /// FLAGS
    Flags,
    /// INTERNALDATE
    InternalDate,
    /// RFC822.SIZE
    Size,
    /// ENVELOPE
    Envelope,
    /// BODY without a section: BODYSTRUCTURE without extension data.
    Body,
    /// BODYSTRUCTURE
    BodyStructure,
    /// UID
    Uid,
    /// MODSEQ (RFC 7162 §3.1.4.2)
    ModSeq,
    /// `BODY[...]` or `BODY.PEEK[...]`
    Section(SectionItem),
    /// EMAILID (RFC 8474 §5.1)
    EmailId,
    /// THREADID (RFC 8474 §5.2)
    ThreadId,
    /// SAVEDATE (RFC 8514 §4.2)
    SaveDate,
    /// PREVIEW (RFC 8970 §3.1)
    Preview {
        /// LAZY: only if the server has it at hand.
        lazy: bool,
    },
    /// `BINARY[...]` or `BINARY.PEEK[...]` (RFC 3516 §4.2)
    Binary(BinaryItem),
    /// `BINARY.SIZE[...]` of the part with these numbers; empty for the message itself (RFC 3516 §4.2)
    BinarySize(Vec<u32>),
    /// RFC822: as `BODY[]`, by another name.
    Rfc822,
    /// RFC822.HEADER: as `BODY.PEEK[HEADER]`, by another name.
    Rfc822Header,
    /// RFC822.TEXT: as `BODY[TEXT]`, by another name.
    Rfc822Text,
}

/// A part to fetch without its transfer encoding (RFC 3516 §4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BinaryItem {
    /// Whether the message stays unseen.
    pub peek: bool,
    /// The part's numbers; empty for the message itself.
    pub path: Vec<u32>,
    /// Which stretch of the decoded part; `None` for all.
    pub partial: Option<Partial>,
}

/// Items without arguments. A name that begins with another stands before it.
static PLAIN: [(&str, FetchItem); 14] = [
    ("FLAGS", FetchItem::Flags),
    ("INTERNALDATE", FetchItem::InternalDate),
    ("RFC822.SIZE", FetchItem::Size),
    ("RFC822.HEADER", FetchItem::Rfc822Header),
    ("RFC822.TEXT", FetchItem::Rfc822Text),
    ("RFC822", FetchItem::Rfc822),
    ("ENVELOPE", FetchItem::Envelope),
    ("BODYSTRUCTURE", FetchItem::BodyStructure),
    ("BODY", FetchItem::Body),
    ("UID", FetchItem::Uid),
    ("MODSEQ", FetchItem::ModSeq),
    ("EMAILID", FetchItem::EmailId),
    ("THREADID", FetchItem::ThreadId),
    ("SAVEDATE", FetchItem::SaveDate),
];

impl FetchItem {
    /// Whether fetching it sets `\Seen` (RFC 3501 §6.4.5).
    #[must_use]
    pub const fn sets_seen(&self) -> bool {
        match self {
            Self::Section(item) => !item.peek,
            Self::Binary(item) => !item.peek,
            Self::Rfc822 | Self::Rfc822Text => true,
            Self::Flags
            | Self::InternalDate
            | Self::Size
            | Self::Envelope
            | Self::Body
            | Self::BodyStructure
            | Self::Uid
            | Self::ModSeq
            | Self::EmailId
            | Self::ThreadId
            | Self::SaveDate
            | Self::Preview { .. }
            | Self::BinarySize(_)
            | Self::Rfc822Header => false,
        }
    }

    pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        let peek = cursor.skip_ignoring_case("BODY.PEEK[");
        if peek || cursor.skip_ignoring_case("BODY[") {
            return Ok(Self::Section(SectionItem::parse(cursor, peek)?));
        }
        let peek = cursor.skip_ignoring_case("BINARY.PEEK[");
        if peek || cursor.skip_ignoring_case("BINARY[") {
            return Ok(Self::Binary(BinaryItem::parse(cursor, peek)?));
        }
        if cursor.skip_ignoring_case("BINARY.SIZE[") {
            return Ok(Self::BinarySize(binary_path(cursor)?));
        }
        if cursor.keyword("PREVIEW") {
            return Ok(Self::Preview { lazy: preview_is_lazy(cursor)? });
        }
        let plain = PLAIN.iter().find(|(name, _)| cursor.keyword(name));
        plain.map(|(_, item)| item.clone()).ok_or_else(|| cursor.expected("a FETCH item"))
    }
}

impl BinaryItem {
    /// From behind the opening bracket.
    fn parse(cursor: &mut Cursor<'_>, peek: bool) -> Result<Self, Error> {
        let path = binary_path(cursor)?;
        Ok(Self { peek, path, partial: Partial::parse_optional(cursor)? })
    }
}

/// `[section-part] "]"` (RFC 3516 §7)
fn binary_path(cursor: &mut Cursor<'_>) -> Result<Vec<u32>, Error> {
    let (path, dot) = part_numbers(cursor)?;
    if dot {
        return Err(cursor.expected("a part number"));
    }
    cursor.token(b']', "a closing bracket")?;
    Ok(path)
}

/// `[SP "(" preview-mod *(SP preview-mod) ")"]` (RFC 8970 §6)
fn preview_is_lazy(cursor: &mut Cursor<'_>) -> Result<bool, Error> {
    // A FETCH modifier may follow PREVIEW as well, in parentheses of its own.
    let mut ahead = cursor.clone();
    if !ahead.skip(b" (") || !ahead.keyword("LAZY") {
        return Ok(false);
    }
    cursor.space()?;
    cursor.list("LAZY", |cursor| match cursor.keyword("LAZY") {
        true => Ok(()),
        false => Err(cursor.expected("LAZY")),
    })?;
    Ok(true)
}
