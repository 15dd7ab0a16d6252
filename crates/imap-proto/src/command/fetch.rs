//! FETCH and its modifiers. RFC 3501 §6.4.5, RFC 7162 §3.1.4 and §3.2.6, RFC 9394 §3.3.

mod item;
mod section;

use model::ModSeq;

pub use item::{BinaryItem, FetchItem};
pub use section::{Partial, Section, SectionItem, SectionText};

use crate::error::{Error, Violation};
use crate::lex::Cursor;
use crate::partial::PartialRange;
use crate::sequence::MessageSet;

/// FETCH or UID FETCH.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// Whether `set` holds UIDs, not message numbers.
    pub uid: bool,
    /// The messages.
    pub set: MessageSet,
    /// What is wanted, macros written out, in the client's order, nothing twice.
    pub items: Vec<FetchItem>,
    /// Only messages that changed since (RFC 7162 §3.1.4).
    pub changed_since: Option<ModSeq>,
    /// Whether expunged messages are wanted as well; only with `uid` and `changed_since` (RFC 7162 §3.2.6).
    pub vanished: bool,
    /// Only those messages of the set; only with `uid`. It applies before `changed_since` (RFC 9394 §3.3, §3.4).
    pub partial: Option<PartialRange>,
}

/// What FAST stands for; ALL and FULL add to it (RFC 3501 §6.4.5).
const FAST: [FetchItem; 3] = [FetchItem::Flags, FetchItem::InternalDate, FetchItem::Size];

impl Fetch {
    pub(super) fn parse(cursor: &mut Cursor<'_>, uid: bool) -> Result<Self, Error> {
        cursor.space()?;
        let set = cursor.message_set()?;
        cursor.space()?;
        let items = items(cursor)?;
        let mut fetch = Self { uid, set, items, changed_since: None, vanished: false, partial: None };
        if cursor.skip(b" ") {
            cursor.list("a FETCH modifier", |cursor| fetch.modify(cursor))?;
        }
        if fetch.vanished && !(uid && fetch.changed_since.is_some()) {
            return Err(Violation::VanishedAlone.into());
        }
        if fetch.partial.is_some() && !uid {
            return Err(Violation::PartialByNumber.into());
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
        } else if self.partial.is_none() && cursor.keyword("PARTIAL") {
            cursor.space()?;
            self.partial = Some(cursor.partial_range()?);
        } else {
            return Err(cursor.expected("CHANGEDSINCE, VANISHED or PARTIAL"));
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
