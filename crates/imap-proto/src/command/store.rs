//! STORE. RFC 3501 §6.4.6, RFC 7162 §3.1.3.

use model::{ModSeq, NamedFlags};

use crate::error::Error;
use crate::lex::Cursor;
use crate::sequence::MessageSet;

/// STORE or UID STORE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// Whether `set` holds UIDs, not message numbers.
    pub uid: bool,
    /// The messages.
    pub set: MessageSet,
    /// Only messages that did not change since (RFC 7162 §3.1.3).
    pub unchanged_since: Option<ModSeq>,
    /// What is done with the flags.
    pub op: StoreOp,
    /// Whether the client wants no FETCH responses for its own change.
    pub silent: bool,
    /// The flags.
    pub flags: NamedFlags,
}

/// What STORE does with the flags it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreOp {
    /// `FLAGS`: the messages have these and no others.
    Replace,
    /// `+FLAGS`
    Add,
    /// `-FLAGS`
    Remove,
}

impl Store {
    pub(super) fn parse(cursor: &mut Cursor<'_>, uid: bool) -> Result<Self, Error> {
        cursor.space()?;
        let set = cursor.message_set()?;
        cursor.space()?;
        let unchanged_since = modifier(cursor)?;
        let op = match cursor.peek() {
            Some(b'+') => StoreOp::Add,
            Some(b'-') => StoreOp::Remove,
            _ => StoreOp::Replace,
        };
        if op != StoreOp::Replace {
            cursor.advance(1);
        }
        let silent = cursor.keyword("FLAGS.SILENT");
        if !silent && !cursor.keyword("FLAGS") {
            return Err(cursor.expected("FLAGS or FLAGS.SILENT"));
        }
        cursor.space()?;
        let flags = if cursor.peek() == Some(b'(') { cursor.flag_list()? } else { cursor.bare_flags()? };
        Ok(Self { uid, set, unchanged_since, op, silent, flags })
    }
}

/// `(UNCHANGEDSINCE n)` and the space behind it.
fn modifier(cursor: &mut Cursor<'_>) -> Result<Option<ModSeq>, Error> {
    if cursor.peek() != Some(b'(') {
        return Ok(None);
    }
    let mut since = None;
    cursor.list("UNCHANGEDSINCE", |cursor| {
        if since.is_some() || !cursor.keyword("UNCHANGEDSINCE") {
            return Err(cursor.expected("UNCHANGEDSINCE, once"));
        }
        cursor.space()?;
        since = Some(cursor.mod_sequence()?);
        Ok(())
    })?;
    cursor.space()?;
    Ok(since)
}
