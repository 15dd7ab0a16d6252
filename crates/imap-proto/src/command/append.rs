//! APPEND up to its message, which does not fit a value: the session streams it. RFC 3501 §6.3.11.

use model::{InternalDate, MailboxName, NamedFlags};

use crate::error::Error;
use crate::lex::Cursor;

/// What stands before the message of an APPEND.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppendHead {
    /// Where the message goes.
    pub mailbox: MailboxName,
    /// Its flags.
    pub flags: NamedFlags,
    /// Its internal date; `None` for now.
    pub date: Option<InternalDate>,
}

impl AppendHead {
    /// Reads from behind the verb to just before the literal, with the space between them.
    pub(crate) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        cursor.space()?;
        let mailbox = cursor.mailbox()?;
        cursor.space()?;
        let mut head = Self { mailbox, flags: NamedFlags::default(), date: None };
        if cursor.peek() == Some(b'(') {
            head.flags = cursor.flag_list()?;
            cursor.space()?;
        }
        if cursor.peek() == Some(b'"') {
            head.date = Some(cursor.date_time()?);
            cursor.space()?;
        }
        Ok(head)
    }
}
