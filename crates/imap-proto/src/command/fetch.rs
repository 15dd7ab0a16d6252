//! FETCH: items, sections and modifiers. RFC 3501 §6.4.5, RFC 7162 §3.1.4 and §3.2.6.

use std::num::NonZeroU32;

use model::ModSeq;

use crate::error::{Error, Violation};
use crate::lex::Cursor;
use crate::sequence::SequenceSet;

/// FETCH or UID FETCH.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// Whether `set` holds UIDs, not message numbers.
    pub uid: bool,
    /// The messages.
    pub set: SequenceSet,
    /// What is wanted, macros written out, in the client's order, nothing twice.
    pub items: Vec<FetchItem>,
    /// Only messages that changed since (RFC 7162 §3.1.4).
    pub changed_since: Option<ModSeq>,
    /// Whether expunged messages are wanted as well; only with `uid` and `changed_since` (RFC 7162 §3.2.6).
    pub vanished: bool,
}

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
    /// RFC822: as `BODY[]`, by another name.
    Rfc822,
    /// RFC822.HEADER: as `BODY.PEEK[HEADER]`, by another name.
    Rfc822Header,
    /// RFC822.TEXT: as `BODY[TEXT]`, by another name.
    Rfc822Text,
}

/// A section to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectionItem {
    /// Whether the message stays unseen.
    pub peek: bool,
    /// Which section.
    pub section: Section,
    /// Which stretch of it; `None` for all.
    pub partial: Option<Partial>,
}

/// A stretch of a section: `<offset.length>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partial {
    /// Its first byte, from 0.
    pub offset: u32,
    /// Its length in bytes.
    pub length: NonZeroU32,
}

/// A section of a message (RFC 3501 §6.4.5).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Section {
    /// The part numbers, each from 1; empty for the message itself.
    pub path: Vec<u32>,
    /// What is asked for.
    pub what: SectionText,
}

/// What of a part or message is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SectionText {
    /// The message whole, or a part's body.
    All,
    /// HEADER
    Header,
    /// HEADER.FIELDS, with the names as they were spelt.
    HeaderFields(Vec<String>),
    /// HEADER.FIELDS.NOT, with the names as they were spelt.
    HeaderFieldsNot(Vec<String>),
    /// TEXT
    Text,
    /// MIME
    Mime,
}

const FAST: [FetchItem; 3] = [FetchItem::Flags, FetchItem::InternalDate, FetchItem::Size];

/// Items without arguments. A name that begins with another stands before it.
static PLAIN: [(&str, FetchItem); 11] = [
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
];

impl FetchItem {
    /// Whether fetching it sets `\Seen` (RFC 3501 §6.4.5).
    #[must_use]
    pub const fn sets_seen(&self) -> bool {
        match self {
            Self::Section(item) => !item.peek,
            Self::Rfc822 | Self::Rfc822Text => true,
            Self::Flags
            | Self::InternalDate
            | Self::Size
            | Self::Envelope
            | Self::Body
            | Self::BodyStructure
            | Self::Uid
            | Self::ModSeq
            | Self::Rfc822Header => false,
        }
    }

    fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        let peek = cursor.skip_ignoring_case("BODY.PEEK[");
        if peek || cursor.skip_ignoring_case("BODY[") {
            return Ok(Self::Section(SectionItem::parse(cursor, peek)?));
        }
        let plain = PLAIN.iter().find(|(name, _)| cursor.keyword(name));
        plain.map(|(_, item)| item.clone()).ok_or_else(|| cursor.expected("a FETCH item"))
    }
}

impl Fetch {
    pub(super) fn parse(cursor: &mut Cursor<'_>, uid: bool) -> Result<Self, Error> {
        cursor.space()?;
        let set = cursor.sequence_set()?;
        cursor.space()?;
        let items = items(cursor)?;
        let mut fetch = Self { uid, set, items, changed_since: None, vanished: false };
        if cursor.skip(b" ") {
            cursor.list("a FETCH modifier", |cursor| fetch.modify(cursor))?;
        }
        if fetch.vanished && !(uid && fetch.changed_since.is_some()) {
            return Err(Violation::VanishedAlone.into());
        }
        Ok(fetch)
    }

    fn modify(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Error> {
        if cursor.keyword("CHANGEDSINCE") {
            cursor.space()?;
            // CLIENT: Apple Mail sends 0, which the grammar does not allow (RFC 7162 §7, mod-sequence-value).
            self.changed_since = Some(cursor.mod_sequence()?);
        } else if cursor.keyword("VANISHED") {
            self.vanished = true;
        } else {
            return Err(cursor.expected("CHANGEDSINCE or VANISHED"));
        }
        Ok(())
    }
}

fn items(cursor: &mut Cursor<'_>) -> Result<Vec<FetchItem>, Error> {
    let mut items = Vec::new();
    if cursor.peek() == Some(b'(') {
        cursor.list("a FETCH item", |cursor| {
            let item = FetchItem::parse(cursor)?;
            if !items.contains(&item) {
                cursor.at_most("FETCH items", items.len() + 1, cursor.limits().fetch_items)?;
                items.push(item);
            }
            Ok(())
        })?;
        return Ok(items);
    }
    // RFC 3501 §6.4.5: a macro stands alone.
    if cursor.keyword("FAST") {
        items.extend(FAST);
    } else if cursor.keyword("ALL") {
        items.extend(FAST.into_iter().chain([FetchItem::Envelope]));
    } else if cursor.keyword("FULL") {
        items.extend(FAST.into_iter().chain([FetchItem::Envelope, FetchItem::Body]));
    } else {
        items.push(FetchItem::parse(cursor)?);
    }
    Ok(items)
}

impl SectionItem {
    /// From behind the opening bracket.
    fn parse(cursor: &mut Cursor<'_>, peek: bool) -> Result<Self, Error> {
        let section = Section::parse(cursor)?;
        cursor.token(b']', "a closing bracket")?;
        let partial = if cursor.skip(b"<") { Some(Partial::parse(cursor)?) } else { None };
        Ok(Self { peek, section, partial })
    }
}

impl Partial {
    fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        let offset = cursor.number("an offset")?;
        cursor.token(b'.', "a dot")?;
        let length = cursor.nz_number("a length")?;
        cursor.token(b'>', "a closing angle bracket")?;
        Ok(Self { offset, length })
    }
}

impl Section {
    fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        let mut path = Vec::new();
        while cursor.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            cursor.at_most("levels of a section", path.len() + 1, cursor.limits().section_depth)?;
            path.push(cursor.nz_number("a part number")?.get());
            if !cursor.skip(b".") {
                return Ok(Self { path, what: SectionText::All });
            }
        }
        if path.is_empty() && cursor.peek() == Some(b']') {
            return Ok(Self { path, what: SectionText::All });
        }
        let what = SectionText::parse(cursor)?;
        if path.is_empty() && what == SectionText::Mime {
            // RFC 3501 §6.4.5: MIME "MUST be prefixed by one or more numeric part specifiers".
            return Err(cursor.expected("a part number before MIME"));
        }
        Ok(Self { path, what })
    }
}

impl SectionText {
    fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        if cursor.keyword("HEADER.FIELDS.NOT") {
            Ok(Self::HeaderFieldsNot(field_names(cursor)?))
        } else if cursor.keyword("HEADER.FIELDS") {
            Ok(Self::HeaderFields(field_names(cursor)?))
        } else if cursor.keyword("HEADER") {
            Ok(Self::Header)
        } else if cursor.keyword("TEXT") {
            Ok(Self::Text)
        } else if cursor.keyword("MIME") {
            Ok(Self::Mime)
        } else {
            Err(cursor.expected("a section"))
        }
    }
}

fn field_names(cursor: &mut Cursor<'_>) -> Result<Vec<String>, Error> {
    cursor.space()?;
    let mut names = Vec::new();
    cursor.list("a header field name", |cursor| {
        cursor.at_most("header fields", names.len() + 1, cursor.limits().section_fields)?;
        let name = cursor.astring("a header field name")?;
        // RFC 5322 §2.2: a field name is printable US-ASCII without a colon. The answer repeats it.
        match String::from_utf8(name.into_owned()) {
            Ok(name) if !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic() && b != b':') => {
                names.push(name);
                Ok(())
            }
            _ => Err(cursor.expected("a header field name")),
        }
    })?;
    Ok(names)
}
