//! Cuts the client's bytes into commands: lines and literals, within limits, before any grammar.
//!
//! RFC 3501 §2.2.1 and §4.3, RFC 3516 §4.4, RFC 7888. Whatever is too large is skipped whole, literals included, so that none of
//! it is taken for a command of its own, and only then answered. The message of an APPEND is never held here: it
//! is announced, and the session takes its bytes as they come. Lines may end with LF alone.

mod announcement;
mod message;
mod skip;

use std::fmt;

use crate::command::{AppendHead, MessageHead, ReplaceHead, Tag, Tagged, parse};
use crate::dialect::Dialect;
use crate::error::{Error, Violation};
use crate::lex::Cursor;
use crate::limits::Limits;
use announcement::{Announced, Announcement};
use message::Messages;
use skip::Answer;

/// A buffer that grew beyond this is given back after the command, for the sake of idle sessions.
const KEPT_BYTES_MAX: usize = 4096;

/// What the session has to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Read more bytes. During an APPEND or REPLACE: take the message's bytes first.
    NeedMore,
    /// Send a continuation request: the client waits for it before it sends a literal.
    Continue,
    /// An APPEND has come up to its message. [`Framer::accept_message`] or [`Framer::refuse_message`] is next.
    Append {
        /// The command's tag.
        tag: Tag,
        /// Where and how the message is to be stored.
        head: AppendHead,
        /// The message's length in bytes.
        size: u64,
    },
    /// A REPLACE has come up to its message. The same is next.
    Replace {
        /// The command's tag.
        tag: Tag,
        /// Which message is replaced, and where and how the new one is to be stored.
        head: ReplaceHead,
        /// The message's length in bytes.
        size: u64,
    },
    /// The APPEND whose message was taken has come up to another (RFC 3502). The same is next.
    NextMessage {
        /// How it is to be stored.
        head: MessageHead,
        /// Its length in bytes.
        size: u64,
    },
    /// The APPEND or REPLACE whose messages were taken is complete and can be carried out.
    MessageEnd(Tag),
    /// A command is complete.
    Command(Tagged),
    /// What came is no command. Whatever belonged to it has been skipped; an APPEND or REPLACE that was begun is void.
    Violation {
        /// The tag to answer with; `None` if there was none.
        tag: Option<Tag>,
        /// What is wrong.
        error: Error,
    },
}

/// A line that is no command: the answer to a challenge, or IDLE's DONE.
#[derive(PartialEq, Eq)]
pub enum RawLine {
    /// Read more bytes.
    NeedMore,
    /// The line, without its end.
    Line(Vec<u8>),
    /// A line beyond the limit; it has been skipped.
    TooLong,
}

impl fmt::Debug for RawLine {
    /// A line may be a password (RFC 4616): its bytes are not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeedMore => f.write_str("NeedMore"),
            Self::Line(line) => write!(f, "Line({} bytes)", line.len()),
            Self::TooLong => f.write_str("TooLong"),
        }
    }
}

/// Cuts one connection's stream.
pub struct Framer {
    limits: Limits,
    authenticated: bool,
    dialect: Dialect,
    state: State,
    /// What has come of the command, each literal behind its line.
    command: Vec<u8>,
    /// Where in `command` the line begins that is being read.
    line_start: usize,
    /// How many literals have been announced.
    literals: usize,
}

enum State {
    /// Reading a line of a command.
    Line,
    /// Reading a literal into the command.
    Literal { remaining: usize },
    /// The session takes a message. While `waits`, the client has to be told to send it.
    Message { messages: Messages, remaining: u64, waits: bool },
    /// Reading what follows a message.
    AfterMessage(Messages),
    /// Passing over a line; `tail` is its end so far.
    SkipLine { tail: Vec<u8>, answer: Option<Answer> },
    /// Passing over a literal and the line behind it.
    SkipLiteral { remaining: u64, answer: Option<Answer> },
    /// Passing over a raw line.
    SkipRaw,
}

impl Framer {
    /// A framer for a new connection.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self {
            limits,
            authenticated: false,
            dialect: Dialect::REV1,
            state: State::Line,
            command: Vec::new(),
            line_start: 0,
            literals: 0,
        }
    }

    /// From here on the limits of authenticated clients hold.
    pub const fn set_authenticated(&mut self) {
        self.authenticated = true;
    }

    /// From here on nobody is logged in again, and nothing enabled (RFC 8437 §3).
    pub const fn set_unauthenticated(&mut self) {
        self.authenticated = false;
        self.dialect = Dialect::REV1;
    }

    /// From the next command on this dialect is spoken.
    pub const fn set_dialect(&mut self, dialect: Dialect) {
        self.dialect = dialect;
    }

    /// Forgets everything that has come, as STARTTLS demands (RFC 3501 §6.2.1).
    pub fn discard(&mut self, input: &mut Vec<u8>) {
        input.clear();
        self.reset();
    }

    /// Takes what it can from the front of `input` and says what is to be done.
    pub fn next(&mut self, input: &mut Vec<u8>) -> Step {
        loop {
            let step = match &mut self.state {
                State::Line | State::AfterMessage(_) => self.read_line(input),
                State::Literal { .. } => self.read_literal(input),
                State::Message { remaining: 0, messages, waits: false } => {
                    let messages = messages.clone();
                    self.reset();
                    self.state = State::AfterMessage(messages);
                    None
                }
                State::Message { .. } => Some(Step::NeedMore),
                State::SkipLine { .. } => self.skip_line(input),
                State::SkipLiteral { .. } => self.skip_literal(input),
                State::SkipRaw => self.skip_raw(input),
            };
            if let Some(step) = step {
                return step;
            }
        }
    }

    /// Reads one line that is no command. Only between commands, which is where challenges and IDLE are.
    pub fn raw_line(&mut self, input: &mut Vec<u8>) -> RawLine {
        let (taken, ended) = line_of(input);
        let is_too_long = matches!(self.state, State::SkipRaw);
        if is_too_long || self.command.len() + taken > self.line_bytes() {
            self.command.clear();
            self.state = if ended { State::Line } else { State::SkipRaw };
            input.drain(..taken);
            return if ended { RawLine::TooLong } else { RawLine::NeedMore };
        }
        self.command.extend(input.drain(..taken));
        if !ended {
            return RawLine::NeedMore;
        }
        let mut line = std::mem::take(&mut self.command);
        line.truncate(without_end(&line).len());
        RawLine::Line(line)
    }

    const fn line_bytes(&self) -> usize {
        if self.authenticated { self.limits.line_bytes } else { self.limits.line_bytes_before_login }
    }

    const fn literal_bytes(&self) -> usize {
        if self.authenticated { self.limits.literal_bytes } else { self.limits.literal_bytes_before_login }
    }

    fn reset(&mut self) {
        self.command.clear();
        self.command.shrink_to(KEPT_BYTES_MAX);
        self.line_start = 0;
        self.literals = 0;
        self.state = State::Line;
    }

    /// The tag of the command that is being read.
    fn tag(&self) -> Option<Tag> {
        if let State::AfterMessage(messages) = &self.state {
            return Some(messages.tag().clone());
        }
        Cursor::new(without_end(&self.command), &self.limits, self.dialect).tag().ok()
    }

    fn read_line(&mut self, input: &mut Vec<u8>) -> Option<Step> {
        let (taken, ended) = line_of(input);
        // Whichever limit comes first, however many bytes have come at once.
        let line_ends_by = self.line_start.saturating_add(self.line_bytes());
        if self.command.len() + taken > line_ends_by.min(self.limits.command_bytes) {
            let why = match line_ends_by <= self.limits.command_bytes {
                true => Violation::LineTooLong { max: self.line_bytes() },
                false => self.command_too_long(),
            };
            self.skip_long_line(input, why);
            return None;
        }
        self.command.extend(input.drain(..taken));
        if !ended {
            return Some(Step::NeedMore);
        }
        let line = without_end(self.command.get(self.line_start..).unwrap_or_default());
        match Announcement::at_end_of(line) {
            Announced::Nothing => Some(self.complete()),
            Announced::Literal(literal) => self.announced(literal),
            Announced::Impossible => Some(self.violation(Violation::LiteralSize.into())),
        }
    }

    /// The last line of a command has come.
    fn complete(&mut self) -> Step {
        // A literal in front of the last line may itself end in a line end.
        let last = self.command.get(self.line_start..).unwrap_or_default();
        let rest = self.command.get(..self.line_start + without_end(last).len()).unwrap_or_default();
        let step = match &self.state {
            State::AfterMessage(messages) => messages.end(rest),
            _ => match parse(rest, &self.limits, self.dialect) {
                Ok(command) => Step::Command(command),
                Err((tag, error)) => Step::Violation { tag, error },
            },
        };
        self.reset();
        step
    }

    /// A line ended with the announcement of a literal.
    fn announced(&mut self, literal: Announcement) -> Option<Step> {
        let message = match &self.state {
            State::AfterMessage(before) => self.next_message(before.clone(), literal).map(Some),
            _ => self.first_message(literal),
        };
        match message {
            Ok(Some(step)) => return Some(step),
            Err(error) => return self.reject(literal, error),
            Ok(None) => {}
        }
        self.literals += 1;
        if self.literals > self.limits.literals {
            let error = Violation::TooMany { what: "literals", max: self.limits.literals };
            return self.reject(literal, error.into());
        }
        let room = self.limits.command_bytes.saturating_sub(self.command.len());
        let max = self.literal_bytes();
        match usize::try_from(literal.size) {
            Ok(remaining) if remaining <= max.min(room) => {
                self.state = State::Literal { remaining };
                literal.waits.then_some(Step::Continue)
            }
            Ok(size) if size <= max => self.reject(literal, self.command_too_long().into()),
            _ => self.reject(literal, Violation::LiteralTooLong { max }.into()),
        }
    }

    const fn command_too_long(&self) -> Violation {
        Violation::TooMany { what: "bytes in a command", max: self.limits.command_bytes }
    }

    /// Answers at once if the client waits, and otherwise after the literal and what follows it.
    fn reject(&mut self, literal: Announcement, error: Error) -> Option<Step> {
        if literal.waits {
            return Some(self.violation(error));
        }
        let answer = Some(Answer { tag: self.tag(), error });
        self.reset();
        self.state = State::SkipLiteral { remaining: literal.size, answer };
        None
    }

    fn violation(&mut self, error: Error) -> Step {
        let tag = self.tag();
        self.reset();
        Step::Violation { tag, error }
    }

    fn read_literal(&mut self, input: &mut Vec<u8>) -> Option<Step> {
        let State::Literal { remaining } = &mut self.state else { return None };
        let count = (*remaining).min(input.len());
        self.command.extend(input.drain(..count));
        *remaining -= count;
        if *remaining > 0 {
            return Some(Step::NeedMore);
        }
        self.line_start = self.command.len();
        self.state = State::Line;
        None
    }
}

/// How many bytes the first line has, or what there is of it, and whether it has ended.
fn line_of(input: &[u8]) -> (usize, bool) {
    match input.iter().position(|&byte| byte == b'\n') {
        Some(at) => (at + 1, true),
        None => (input.len(), false),
    }
}

fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests;
