//! The messages of APPEND and REPLACE, which pass by: announced, taken by the session as they come, never held.
//!
//! RFC 3501 §6.3.11, RFC 3502, RFC 6855 §4, RFC 8508 §5.

use super::{Framer, State, Step, without_end};
use crate::command::{AppendHead, MessageForm, MessageHead, ReplaceHead, Tag};
use crate::error::{Error, Violation};
use crate::frame::announcement::Announcement;
use crate::lex::Cursor;

/// A command whose messages are being taken.
#[derive(Clone, Debug)]
pub(super) struct Messages {
    tag: Tag,
    /// How many have been announced.
    count: usize,
    /// Whether there may be more than one.
    is_append: bool,
    /// Whether a parenthesis has to be closed behind the message (RFC 6855 §4).
    closes: bool,
}

/// What stands before the first message.
enum Head {
    Append(AppendHead),
    Replace(ReplaceHead),
}

impl Head {
    const fn form(&self) -> MessageForm {
        match self {
            Self::Append(head) => head.message.form,
            Self::Replace(head) => head.message.form,
        }
    }
}

impl Messages {
    pub(super) const fn tag(&self) -> &Tag {
        &self.tag
    }

    /// What the last line of the command amounts to.
    pub(super) fn end(&self, line: &[u8]) -> Step {
        let expected: &[u8] = if self.closes { b")" } else { b"" };
        let error = if line == expected {
            return Step::MessageEnd(self.tag.clone());
        } else if self.closes && !line.starts_with(b")") {
            Violation::Expected { what: "a closing parenthesis", column: 1 }
        } else {
            Violation::Trailing { column: 1 + expected.len() }
        };
        Step::Violation { tag: Some(self.tag.clone()), error: error.into() }
    }
}

impl Framer {
    /// The session will take the message. Says whether the client waits for a continuation request.
    #[must_use = "a client that waits has to be told to go on"]
    pub const fn accept_message(&mut self) -> bool {
        match &mut self.state {
            State::Message { waits, .. } => std::mem::replace(waits, false),
            _ => false,
        }
    }

    /// The session has answered the command and wants no more of it: whatever still comes of it is skipped.
    pub fn refuse_message(&mut self) {
        let State::Message { remaining, waits, .. } = self.state else { return };
        self.reset();
        if !waits {
            self.state = State::SkipLiteral { remaining, answer: None };
        }
    }

    /// The bytes of the message that are at the front of `input`; none when all has been taken.
    pub fn take_message_bytes(&mut self, input: &mut Vec<u8>) -> Vec<u8> {
        let State::Message { remaining, waits: false, .. } = &mut self.state else {
            return Vec::new();
        };
        let count = usize::try_from(*remaining).unwrap_or(usize::MAX).min(input.len());
        *remaining -= count as u64;
        if count == input.len() {
            return std::mem::take(input);
        }
        input.drain(..count).collect()
    }

    /// How many bytes of the message have yet to be taken.
    #[must_use]
    pub const fn message_remaining(&self) -> u64 {
        match self.state {
            State::Message { remaining, .. } => remaining,
            _ => 0,
        }
    }

    /// Looks whether a literal is the first message of a command. `Ok(None)` if not.
    pub(super) fn first_message(&mut self, literal: Announcement) -> Result<Option<Step>, Error> {
        let Some((tag, head)) = self.head(literal) else { return Ok(None) };
        let head = head?;
        let size = literal.size;
        let closes = head.form() == MessageForm::Utf8;
        let is_append = matches!(head, Head::Append(_));
        self.take(Messages { tag: tag.clone(), count: 1, is_append, closes }, literal);
        Ok(Some(match head {
            Head::Append(head) => Step::Append { tag, head, size },
            Head::Replace(head) => Step::Replace { tag, head, size },
        }))
    }

    /// A literal was announced behind a message: it is the next one.
    pub(super) fn next_message(&mut self, before: Messages, literal: Announcement) -> Result<Step, Error> {
        if !before.is_append {
            return Err(Violation::SecondMessage.into());
        }
        let max = self.limits.append_messages;
        let count = before.count + 1;
        if count > max {
            return Err(Violation::TooMany { what: "messages", max }.into());
        }
        let head = self.next_head(&before, literal)?;
        let closes = head.form == MessageForm::Utf8;
        self.reset();
        self.take(Messages { count, closes, ..before }, literal);
        Ok(Step::NextMessage { head, size: literal.size })
    }

    fn next_head(&self, before: &Messages, literal: Announcement) -> Result<MessageHead, Error> {
        let mut cursor = self.before(literal);
        if before.closes {
            cursor.token(b')', "a closing parenthesis")?;
        }
        if cursor.peek() == Some(b' ') && cursor.peek_second() == Some(b' ') {
            // CLIENT: IMAPClient writes two spaces between messages when nothing is said of the second.
            cursor.advance(1);
        }
        let head = MessageHead::parse(&mut cursor, literal.is_literal8)?;
        cursor.end()?;
        Ok(head)
    }

    fn take(&mut self, messages: Messages, literal: Announcement) {
        self.state = State::Message { messages, remaining: literal.size, waits: literal.waits };
    }

    /// What has come of the command, up to the announcement of a literal.
    fn before(&self, literal: Announcement) -> Cursor<'_> {
        let line = without_end(&self.command);
        let end = line.len().saturating_sub(literal.spelt);
        Cursor::new(line.get(..end).unwrap_or_default(), &self.limits, self.dialect)
    }

    /// What stands before the message if this is an APPEND or a REPLACE and the literal is its message.
    fn head(&self, literal: Announcement) -> Option<(Tag, Result<Head, Error>)> {
        let mut cursor = self.before(literal);
        let tag = cursor.tag().ok()?;
        cursor.space().ok()?;
        let uid = cursor.keyword("UID");
        if uid {
            cursor.space().ok()?;
        }
        let is_literal8 = literal.is_literal8;
        let head = if !uid && cursor.keyword("APPEND") {
            // A literal right behind the verb is the mailbox's name.
            let mut at_name = cursor.clone();
            if at_name.space().is_ok() && at_name.is_at_end() {
                return None;
            }
            AppendHead::parse(&mut cursor, is_literal8).map(Head::Append)
        } else if cursor.keyword("REPLACE") {
            if ReplaceHead::is_at_name(cursor.clone()) {
                return None;
            }
            ReplaceHead::parse(&mut cursor, uid, is_literal8).map(Head::Replace)
        } else {
            return None;
        };
        Some((tag, head.and_then(|head| cursor.end().map(|()| head))))
    }
}
