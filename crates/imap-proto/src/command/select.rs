//! SELECT and EXAMINE with their parameters. RFC 3501 §6.3.1, RFC 7162 §3.1.8 and §3.2.5.

use model::{MailboxName, ModSeq, UidSet, UidValidity};

use crate::error::{Error, Violation};
use crate::lex::Cursor;
use crate::sequence::SequenceSet;

/// SELECT or EXAMINE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Select {
    /// The mailbox.
    pub mailbox: MailboxName,
    /// How the name was sent, if the mailbox's name is spelt otherwise (RFC 9051 §6.3.9.7).
    pub sent_as: Option<String>,
    /// Whether the client wants mod-sequences from now on (RFC 7162 §3.1.8).
    pub condstore: bool,
    /// What the client knows of the mailbox (RFC 7162 §3.2.5).
    pub qresync: Option<Qresync>,
}

/// What a client that comes back knows of a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Qresync {
    /// The UIDVALIDITY for which the rest holds.
    pub uid_validity: UidValidity,
    /// The HIGHESTMODSEQ it was told last.
    pub modseq: ModSeq,
    /// The UIDs it knows of; `None` for all.
    pub known_uids: Option<UidSet>,
    /// Message numbers it remembers with their UIDs (RFC 7162 §3.2.5.2).
    pub seq_match: Option<SeqMatch>,
}

/// Message numbers and the UIDs they stood for: the n-th number belongs to the n-th UID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeqMatch {
    /// The numbers, ascending, without `*`.
    pub numbers: SequenceSet,
    /// Their UIDs.
    pub uids: UidSet,
}

impl Select {
    pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        cursor.space()?;
        let (mailbox, sent_as) = cursor.mailbox_as_sent()?;
        let mut select = Self { mailbox, sent_as, condstore: false, qresync: None };
        if !cursor.skip(b" ") {
            return Ok(select);
        }
        cursor.list("a SELECT parameter", |cursor| {
            if cursor.keyword("CONDSTORE") {
                select.condstore = true;
            } else if cursor.keyword("QRESYNC") && select.qresync.is_none() {
                cursor.space()?;
                select.qresync = Some(Qresync::parse(cursor)?);
            } else {
                return Err(cursor.expected("CONDSTORE or QRESYNC"));
            }
            Ok(())
        })?;
        Ok(select)
    }
}

impl Qresync {
    fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        cursor.token(b'(', "an opening parenthesis")?;
        let validity = cursor.nz_number("a UIDVALIDITY")?;
        let Some(uid_validity) = UidValidity::new(validity.get()) else {
            return Err(cursor.expected("a UIDVALIDITY"));
        };
        cursor.space()?;
        let modseq = cursor.mod_sequence()?;
        let mut qresync = Self { uid_validity, modseq, known_uids: None, seq_match: None };
        // Both are optional, and either may come without the other.
        if cursor.peek() == Some(b' ') && cursor.peek_second() != Some(b'(') {
            cursor.space()?;
            qresync.known_uids = Some(cursor.known_set()?.1);
        }
        if cursor.skip(b" ") {
            if cursor.dialect().uid_only {
                return Err(Violation::UidRequired.into());
            }
            qresync.seq_match = Some(SeqMatch::parse(cursor)?);
        }
        cursor.token(b')', "a closing parenthesis")?;
        Ok(qresync)
    }
}

impl SeqMatch {
    fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        cursor.token(b'(', "an opening parenthesis")?;
        let numbers = cursor.known_set()?.0;
        cursor.space()?;
        let uids = cursor.known_set()?.1;
        cursor.token(b')', "a closing parenthesis")?;
        Ok(Self { numbers, uids })
    }
}
