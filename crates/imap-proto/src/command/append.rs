//! APPEND and REPLACE up to a message, which does not fit a value: the session streams it.
//!
//! RFC 3501 §6.3.11, RFC 3502 (MULTIAPPEND), RFC 3516 §4.4 and RFC 6855 §4 (how a message can be announced),
//! RFC 8508 §5 (REPLACE).

use model::{InternalDate, MailboxName, NamedFlags};

use crate::error::{Error, Violation};
use crate::lex::Cursor;
use crate::sequence::Bound;

/// What stands before the first message of an APPEND.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppendHead {
    /// Where the messages go.
    pub mailbox: MailboxName,
    /// What is said of the first.
    pub message: MessageHead,
}

/// What stands before the message of a REPLACE or UID REPLACE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplaceHead {
    /// Whether `target` is a UID, not a message number.
    pub uid: bool,
    /// The message that is replaced, in the selected mailbox.
    pub target: Bound,
    /// Where the new message goes.
    pub mailbox: MailboxName,
    /// What is said of it.
    pub message: MessageHead,
}

/// What is said of one message that follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageHead {
    /// Its flags.
    pub flags: NamedFlags,
    /// Its internal date; `None` for now.
    pub date: Option<InternalDate>,
    /// How it is announced.
    pub form: MessageForm,
}

/// How a message is announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageForm {
    /// `{5}`: no NUL, and no header in UTF-8 unless that has been enabled.
    Literal,
    /// `~{5}`: parts may be in binary (RFC 3516 §4.4).
    Literal8,
    /// `UTF8 (~{5}`: headers may be in UTF-8 (RFC 6855 §4).
    Utf8,
}

impl AppendHead {
    /// Reads from behind the verb to just before the literal, whose form is known.
    pub(crate) fn parse(cursor: &mut Cursor<'_>, is_literal8: bool) -> Result<Self, Error> {
        cursor.space()?;
        let mailbox = cursor.mailbox()?;
        Ok(Self { mailbox, message: MessageHead::parse(cursor, is_literal8)? })
    }
}

impl ReplaceHead {
    /// Reads from behind the verb to just before the literal, whose form is known.
    pub(crate) fn parse(cursor: &mut Cursor<'_>, uid: bool, is_literal8: bool) -> Result<Self, Error> {
        if cursor.dialect().uid_only && !uid {
            return Err(Violation::UidRequired.into());
        }
        cursor.space()?;
        let target = cursor.bound()?;
        cursor.space()?;
        let mailbox = cursor.mailbox()?;
        Ok(Self { uid, target, mailbox, message: MessageHead::parse(cursor, is_literal8)? })
    }

    /// Whether the literal that follows is the name of the mailbox, read from behind the verb.
    pub(crate) fn is_at_name(mut cursor: Cursor<'_>) -> bool {
        cursor.space().is_ok() && cursor.bound().is_ok() && cursor.space().is_ok() && cursor.is_at_end()
    }
}

impl MessageHead {
    /// Reads `[SP flag-list] [SP date-time] SP`, and `UTF8 (` where it stands, to just before the literal.
    pub(crate) fn parse(cursor: &mut Cursor<'_>, is_literal8: bool) -> Result<Self, Error> {
        let form = if is_literal8 { MessageForm::Literal8 } else { MessageForm::Literal };
        let mut head = Self { flags: NamedFlags::default(), date: None, form };
        cursor.space()?;
        if cursor.peek() == Some(b'(') {
            head.flags = cursor.flag_list()?;
            cursor.space()?;
        }
        if cursor.peek() == Some(b'"') {
            head.date = Some(cursor.date_time()?);
            cursor.space()?;
        }
        if cursor.keyword("UTF8") {
            cursor.space()?;
            cursor.token(b'(', "an opening parenthesis")?;
            if !is_literal8 {
                return Err(cursor.expected("a message announced with ~"));
            }
            head.form = MessageForm::Utf8;
        }
        Ok(head)
    }
}
