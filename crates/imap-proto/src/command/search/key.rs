//! The keys of SEARCH, nested as deep as the limits allow.
//!
//! RFC 3501 §6.4.4, RFC 5032 §3 (WITHIN), RFC 5182 §2 (`$`), RFC 6203 §3 (FUZZY), RFC 7162 §3.1.5, RFC 8474 §6, RFC 8514 §4.3.

use std::num::NonZeroU32;

use model::{Flags, Keyword, ModSeq};

use crate::error::{Error, Violation};
use crate::lex::Cursor;
use crate::sequence::{MessageSet, SequenceSet};

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
    Larger(u64),
    /// SMALLER than so many bytes.
    Smaller(u64),
    /// UID
    Uid(SequenceSet),
    /// Message numbers.
    Numbers(SequenceSet),
    /// `$` or UID `$`: what the last SEARCH with SAVE found (RFC 5182 §2.1).
    Saved,
    /// OLDER: it arrived so many seconds ago or earlier (RFC 5032 §2).
    Older(NonZeroU32),
    /// YOUNGER: it arrived so many seconds ago or later (RFC 5032 §2).
    Younger(NonZeroU32),
    /// SAVEDBEFORE: it was put into the mailbox earlier (RFC 8514 §4.3).
    SavedBefore(i64),
    /// SAVEDON
    SavedOn(i64),
    /// SAVEDSINCE
    SavedSince(i64),
    /// SAVEDATESUPPORTED: the mailbox knows when messages were put into it.
    SaveDateSupported,
    /// EMAILID (RFC 8474 §6)
    EmailId(String),
    /// THREADID (RFC 8474 §6)
    ThreadId(String),
    /// MODSEQ: its mod-sequence is at least this. Which flag it is of plays no part (RFC 7162 §3.1.5).
    ModSeq(ModSeq),
    /// FUZZY: what is like it will do (RFC 6203 §3).
    Fuzzy(Box<Self>),
    /// NOT
    Not(Box<Self>),
    /// OR
    Or(Box<Self>, Box<Self>),
    /// A parenthesised list: all of them.
    And(Vec<Self>),
}

/// Keys without arguments.
pub(in crate::command) static PLAIN: [(&str, SearchKey); 15] = [
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
    ("SAVEDATESUPPORTED", SearchKey::SaveDateSupported),
];

/// A key's name, and how the key is made of a day.
type DayKey = (&'static str, fn(i64) -> SearchKey);

/// Keys with a day.
const DAYS: [DayKey; 9] = [
    ("BEFORE", SearchKey::Before),
    ("ON", SearchKey::On),
    ("SINCE", SearchKey::Since),
    ("SENTBEFORE", SearchKey::SentBefore),
    ("SENTON", SearchKey::SentOn),
    ("SENTSINCE", SearchKey::SentSince),
    ("SAVEDBEFORE", SearchKey::SavedBefore),
    ("SAVEDON", SearchKey::SavedOn),
    ("SAVEDSINCE", SearchKey::SavedSince),
];

/// Keys that name a header field.
const FIELDS: [&str; 5] = ["BCC", "CC", "FROM", "SUBJECT", "TO"];

impl SearchKey {
    /// Whether `is` holds for this key or for one within it.
    pub(super) fn any(&self, is: &mut impl FnMut(&Self) -> bool) -> bool {
        is(self)
            || match self {
                Self::Not(key) | Self::Fuzzy(key) => key.any(is),
                Self::Or(a, b) => a.any(is) || b.any(is),
                Self::And(keys) => keys.iter().any(|key| key.any(is)),
                _ => false,
            }
    }
}

/// Reads the keys of a SEARCH, at least one.
pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Vec<SearchKey>, Error> {
    let mut parser = Parser { cursor, keys: 0, depth: 0 };
    let mut keys = vec![parser.key()?];
    while parser.cursor.skip(b" ") {
        keys.push(parser.key()?);
    }
    Ok(keys)
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
        } else if self.cursor.keyword("FUZZY") {
            self.cursor.space()?;
            Ok(SearchKey::Fuzzy(Box::new(self.key()?)))
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
    if cursor.peek().is_some_and(|byte| byte.is_ascii_digit() || matches!(byte, b'*' | b'$')) {
        return match cursor.message_set()? {
            MessageSet::Listed(_) if cursor.dialect().uid_only => Err(Violation::UidRequired.into()),
            MessageSet::Listed(set) => Ok(SearchKey::Numbers(set)),
            MessageSet::Saved => Ok(SearchKey::Saved),
        };
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
    const NAMES: [&str; 13] = [
        "BODY",
        "TEXT",
        "HEADER",
        "KEYWORD",
        "UNKEYWORD",
        "LARGER",
        "SMALLER",
        "UID",
        "MODSEQ",
        "OLDER",
        "YOUNGER",
        "EMAILID",
        "THREADID",
    ];
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
        "LARGER" => SearchKey::Larger(cursor.number64("a size")?),
        "SMALLER" => SearchKey::Smaller(cursor.number64("a size")?),
        "UID" => match cursor.message_set()? {
            MessageSet::Listed(set) => SearchKey::Uid(set),
            MessageSet::Saved => SearchKey::Saved,
        },
        "OLDER" => SearchKey::Older(cursor.nz_number("a number of seconds")?),
        "YOUNGER" => SearchKey::Younger(cursor.nz_number("a number of seconds")?),
        "EMAILID" => SearchKey::EmailId(cursor.object_id()?.to_owned()),
        "THREADID" => SearchKey::ThreadId(cursor.object_id()?.to_owned()),
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
