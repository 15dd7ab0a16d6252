//! Sections of a message and stretches of them, as FETCH names them. RFC 3501 §6.4.5.

use std::num::NonZeroU64;

use crate::error::Error;
use crate::lex::Cursor;

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

/// A stretch of a section: `<offset.length>`, of 63 bits each in IMAP4rev2 (RFC 9051 §9, `partial`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partial {
    /// Its first byte, from 0.
    pub offset: u64,
    /// Its length in bytes.
    pub length: NonZeroU64,
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

impl SectionItem {
    /// From behind the opening bracket.
    pub(super) fn parse(cursor: &mut Cursor<'_>, peek: bool) -> Result<Self, Error> {
        let section = Section::parse(cursor)?;
        cursor.token(b']', "a closing bracket")?;
        let partial = Partial::parse_optional(cursor)?;
        Ok(Self { peek, section, partial })
    }
}

impl Partial {
    /// `[<offset.length>]`
    pub(super) fn parse_optional(cursor: &mut Cursor<'_>) -> Result<Option<Self>, Error> {
        if cursor.skip(b"<") { Self::parse(cursor).map(Some) } else { Ok(None) }
    }

    fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        let offset = cursor.number64("an offset")?;
        cursor.token(b'.', "a dot")?;
        let length = cursor.nz_number64("a length")?;
        cursor.token(b'>', "a closing angle bracket")?;
        Ok(Self { offset, length })
    }
}

/// Part numbers, and whether a dot follows the last, behind which something else has to stand.
pub(super) fn part_numbers(cursor: &mut Cursor<'_>) -> Result<(Vec<u32>, bool), Error> {
    let mut path = Vec::new();
    while cursor.peek().is_some_and(|byte| byte.is_ascii_digit()) {
        cursor.at_most("levels of a section", path.len() + 1, cursor.limits().section_depth)?;
        path.push(cursor.nz_number("a part number")?.get());
        if !cursor.skip(b".") {
            return Ok((path, false));
        }
    }
    let dot = !path.is_empty();
    Ok((path, dot))
}

impl Section {
    fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        let (path, dot) = part_numbers(cursor)?;
        if !path.is_empty() && !dot {
            return Ok(Self { path, what: SectionText::All });
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
