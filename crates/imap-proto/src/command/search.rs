//! SEARCH: keys, nested as deep as the limits allow. RFC 3501 §6.4.4, RFC 7162 §3.1.5.
//!
//! Strings stay as they were sent; comparing them is for the one that has the messages.

use model::{Flags, Keyword, ModSeq};

use crate::error::{Error, Refusal};
use crate::lex::Cursor;
use crate::sequence::SequenceSet;

/// SEARCH or UID SEARCH.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// Whether the answer holds UIDs, not message numbers.
    pub uid: bool,
    /// What the strings of the keys are written in.
    pub charset: Charset,
    /// The keys, all of which have to hold; at least one.
    pub keys: Vec<SearchKey>,
}

/// A character set that SEARCH understands (RFC 3501 §6.4.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// US-ASCII, also when none was named.
    UsAscii,
    /// UTF-8
    Utf8,
}

/// What a message has to be. Days are counted from 1970-01-01, as by `InternalDate::day`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SearchKey {
    /// ALL
    All,
    /// ANSWERED, DELETED, DRAFT, FLAGGED, SEEN: it has the flag.
    Flag(Flags),
    /// UNANSWERED and so on: it does not have the flag.
    NotFlag(Flags),
    /// KEYWORD
    Keyword(Keyword),
    /// UNKEYWORD
    NotKeyword(Keyword),
    /// RECENT
    Recent,
    /// OLD: not recent.
    Old,
    /// NEW: recent and not seen.
    New,
    /// BEFORE: its internal date is earlier.
    Before(i64),
    /// ON
    On(i64),
    /// SINCE: on that day or later.
    Since(i64),
    /// SENTBEFORE: its Date field is earlier.
    SentBefore(i64),
    /// SENTON
    SentOn(i64),
    /// SENTSINCE
    SentSince(i64),
    /// FROM, TO, CC, BCC, SUBJECT or HEADER: a field of that name holds the string; an empty one asks for the
    /// field alone.
    Header {
        /// The field's name; in capitals if the key implies it.
        name: String,
        /// What it holds.
        value: Vec<u8>,
    },
    /// BODY
    Body(Vec<u8>),
    /// TEXT: header or body.
    Text(Vec<u8>),
    /// LARGER than so many bytes.
    Larger(u32),
    /// SMALLER than so many bytes.
    Smaller(u32),
    /// UID
    Uid(SequenceSet),
    /// Message numbers.
    Numbers(SequenceSet),
    /// MODSEQ: its mod-sequence is at least this. Which flag it is of plays no part (RFC 7162 §3.1.5).
    ModSeq(ModSeq),
    /// NOT
    Not(Box<Self>),
    /// OR
    Or(Box<Self>, Box<Self>),
    /// A parenthesised list: all of them.
    And(Vec<Self>),
}

/// Keys without arguments.
static PLAIN: [(&str, SearchKey); 14] = [
    ("ALL", SearchKey::All),
    ("ANSWERED", SearchKey::Flag(Flags::ANSWERED)),
    ("DELETED", SearchKey::Flag(Flags::DELETED)),
    ("DRAFT", SearchKey::Flag(Flags::DRAFT)),
    ("FLAGGED", SearchKey::Flag(Flags::FLAGGED)),
    ("SEEN", SearchKey::Flag(Flags::SEEN)),
    ("UNANSWERED", SearchKey::NotFlag(Flags::ANSWERED)),
    ("UNDELETED", SearchKey::NotFlag(Flags::DELETED)),
    ("UNDRAFT", SearchKey::NotFlag(Flags::DRAFT)),
    ("UNFLAGGED", SearchKey::NotFlag(Flags::FLAGGED)),
    ("UNSEEN", SearchKey::NotFlag(Flags::SEEN)),
    ("RECENT", SearchKey::Recent),
    ("OLD", SearchKey::Old),
    ("NEW", SearchKey::New),
];

/// A key's name, and how the key is made of a day.
type DayKey = (&'static str, fn(i64) -> SearchKey);

/// Keys with a day.
const DAYS: [DayKey; 6] = [
    ("BEFORE", SearchKey::Before),
    ("ON", SearchKey::On),
    ("SINCE", SearchKey::Since),
    ("SENTBEFORE", SearchKey::SentBefore),
    ("SENTON", SearchKey::SentOn),
    ("SENTSINCE", SearchKey::SentSince),
];

/// Keys that name a header field.
const FIELDS: [&str; 5] = ["BCC", "CC", "FROM", "SUBJECT", "TO"];

impl SearchKey {
    /// Whether `is` holds for this key or for one within it.
    fn any(&self, is: &mut impl FnMut(&Self) -> bool) -> bool {
        is(self)
            || match self {
                Self::Not(key) => key.any(is),
                Self::Or(a, b) => a.any(is) || b.any(is),
                Self::And(keys) => keys.iter().any(|key| key.any(is)),
                _ => false,
            }
    }
}

impl Search {
    pub(super) fn parse(cursor: &mut Cursor<'_>, uid: bool) -> Result<Self, Error> {
        cursor.space()?;
        let mut charset = Charset::UsAscii;
        if cursor.keyword("CHARSET") {
            cursor.space()?;
            charset = Charset::parse(cursor)?;
            cursor.space()?;
        }
        let mut parser = Parser { cursor, keys: 0, depth: 0 };
        let mut keys = vec![parser.key()?];
        while parser.cursor.skip(b" ") {
            keys.push(parser.key()?);
        }
        Ok(Self { uid, charset, keys })
    }

    /// Whether a MODSEQ key stands anywhere, so that the answer tells the highest mod-sequence (RFC 7162 §3.1.5).
    #[must_use]
    pub fn has_modseq(&self) -> bool {
        self.keys.iter().any(|key| key.any(&mut |key| matches!(key, SearchKey::ModSeq(_))))
    }
}

/// So much of an unknown charset's name is told back.
const CHARSET_TOLD_BYTES: usize = 40;

impl Charset {
    fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        let name = cursor.astring("a character set")?;
        if name.eq_ignore_ascii_case(b"UTF-8") {
            Ok(Self::Utf8)
        } else if name.eq_ignore_ascii_case(b"US-ASCII") {
            Ok(Self::UsAscii)
        } else {
            let name = name.get(..CHARSET_TOLD_BYTES).unwrap_or(&name);
            Err(Refusal::Charset { name: String::from_utf8_lossy(name).into_owned() }.into())
        }
    }
}

/// Reads keys and counts them.
struct Parser<'c, 'a> {
    cursor: &'c mut Cursor<'a>,
    keys: usize,
    depth: usize,
}

impl Parser<'_, '_> {
    fn key(&mut self) -> Result<SearchKey, Error> {
        self.keys += 1;
        self.depth += 1;
        let limits = self.cursor.limits();
        self.cursor.at_most("search keys", self.keys, limits.search_keys)?;
        self.cursor.at_most("levels of search keys", self.depth, limits.search_depth)?;
        let key = self.nested()?;
        self.depth -= 1;
        Ok(key)
    }

    fn nested(&mut self) -> Result<SearchKey, Error> {
        if self.cursor.skip(b"(") {
            let mut keys = vec![self.key()?];
            while self.cursor.skip(b" ") {
                keys.push(self.key()?);
            }
            self.cursor.token(b')', "a closing parenthesis")?;
            Ok(SearchKey::And(keys))
        } else if self.cursor.keyword("NOT") {
            self.cursor.space()?;
            Ok(SearchKey::Not(Box::new(self.key()?)))
        } else if self.cursor.keyword("OR") {
            self.cursor.space()?;
            let first = Box::new(self.key()?);
            self.cursor.space()?;
            Ok(SearchKey::Or(first, Box::new(self.key()?)))
        } else {
            simple(self.cursor)
        }
    }
}

/// A key that holds no other.
fn simple(cursor: &mut Cursor<'_>) -> Result<SearchKey, Error> {
    if cursor.peek().is_some_and(|byte| byte.is_ascii_digit() || byte == b'*') {
        return Ok(SearchKey::Numbers(cursor.sequence_set()?));
    }
    if let Some((_, key)) = PLAIN.iter().find(|(name, _)| cursor.keyword(name)) {
        return Ok(key.clone());
    }
    if let Some((_, key)) = DAYS.iter().find(|(name, _)| cursor.keyword(name)) {
        cursor.space()?;
        return Ok(key(cursor.date()?));
    }
    if let Some(name) = FIELDS.into_iter().find(|name| cursor.keyword(name)) {
        cursor.space()?;
        return Ok(SearchKey::Header { name: name.to_owned(), value: text(cursor)? });
    }
    with_argument(cursor)
}

fn with_argument(cursor: &mut Cursor<'_>) -> Result<SearchKey, Error> {
    const NAMES: [&str; 9] =
        ["BODY", "TEXT", "HEADER", "KEYWORD", "UNKEYWORD", "LARGER", "SMALLER", "UID", "MODSEQ"];
    let Some(name) = NAMES.into_iter().find(|name| cursor.keyword(name)) else {
        return Err(cursor.expected("a search key"));
    };
    cursor.space()?;
    Ok(match name {
        "BODY" => SearchKey::Body(text(cursor)?),
        "TEXT" => SearchKey::Text(text(cursor)?),
        "HEADER" => {
            let name = String::from_utf8_lossy(&cursor.astring("a header field name")?).into_owned();
            cursor.space()?;
            SearchKey::Header { name, value: text(cursor)? }
        }
        "KEYWORD" => SearchKey::Keyword(cursor.flag_keyword()?),
        "UNKEYWORD" => SearchKey::NotKeyword(cursor.flag_keyword()?),
        "LARGER" => SearchKey::Larger(cursor.number("a size")?),
        "SMALLER" => SearchKey::Smaller(cursor.number("a size")?),
        "UID" => SearchKey::Uid(cursor.sequence_set()?),
        _ => SearchKey::ModSeq(modseq(cursor)?),
    })
}

fn text(cursor: &mut Cursor<'_>) -> Result<Vec<u8>, Error> {
    Ok(cursor.astring("a string to search for")?.into_owned())
}

/// `[entry-name SP entry-type-req SP] mod-sequence-valzer` (RFC 7162 §7).
fn modseq(cursor: &mut Cursor<'_>) -> Result<ModSeq, Error> {
    if cursor.peek() == Some(b'"') {
        cursor.string("a metadata entry")?;
        cursor.space()?;
        if !["priv", "shared", "all"].into_iter().any(|kind| cursor.keyword(kind)) {
            return Err(cursor.expected("priv, shared or all"));
        }
        cursor.space()?;
    }
    cursor.mod_sequence()
}
