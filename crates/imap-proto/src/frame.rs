//! Cuts the client's bytes into commands: lines and literals, within limits, before any grammar.
//!
//! RFC 3501 §2.2.1 and §4.3, RFC 7888. Whatever is too large is skipped whole, literals included, so that none of
//! it is taken for a command of its own, and only then answered. The message of an APPEND is never held here: it
//! is announced, and the session takes its bytes as they come. Lines may end with LF alone.

mod announcement;

use std::fmt;

use crate::command::{AppendHead, Tag, Tagged, parse};
use crate::error::{Error, Violation};
use crate::lex::Cursor;
use crate::limits::Limits;
use announcement::{ANNOUNCEMENT_BYTES_MAX, Announced, Announcement};

/// A buffer that grew beyond this is given back after the command, for the sake of idle sessions.
const KEPT_BYTES_MAX: usize = 4096;

/// What the session has to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Read more bytes. During an APPEND: take the message's bytes first.
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
    /// The APPEND whose message was taken is complete and can be carried out.
    MessageEnd(Tag),
    /// A command is complete.
    Command(Tagged),
    /// What came is no command. Whatever belonged to it has been skipped; an APPEND that was begun is void.
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
    /// The session takes the message of an APPEND. While `waits`, the client has to be told to send it.
    Message { tag: Tag, remaining: u64, waits: bool },
    /// Reading what follows a message.
    AfterMessage { tag: Tag },
    /// Passing over a line; `tail` is its end so far.
    SkipLine { tail: Vec<u8>, answer: Option<Answer> },
    /// Passing over a literal and the line behind it.
    SkipLiteral { remaining: u64, answer: Option<Answer> },
    /// Passing over a raw line.
    SkipRaw,
}

/// What is answered once everything has been skipped.
#[derive(Debug)]
struct Answer {
    tag: Option<Tag>,
    error: Error,
}

impl Framer {
    /// A framer for a new connection.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self {
            limits,
            authenticated: false,
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

    /// Forgets everything that has come, as STARTTLS demands (RFC 3501 §6.2.1).
    pub fn discard(&mut self, input: &mut Vec<u8>) {
        input.clear();
        self.reset();
    }

    /// Takes what it can from the front of `input` and says what is to be done.
    pub fn next(&mut self, input: &mut Vec<u8>) -> Step {
        loop {
            let step = match &mut self.state {
                State::Line | State::AfterMessage { .. } => self.read_line(input),
                State::Literal { .. } => self.read_literal(input),
                State::Message { remaining: 0, tag, waits: false } => {
                    let tag = tag.clone();
                    self.reset();
                    self.state = State::AfterMessage { tag };
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

    /// The session will take the message of the APPEND. Says whether the client waits for a continuation request.
    #[must_use = "a client that waits has to be told to go on"]
    pub const fn accept_message(&mut self) -> bool {
        match &mut self.state {
            State::Message { waits, .. } => std::mem::replace(waits, false),
            _ => false,
        }
    }

    /// The session has answered the APPEND and wants no more of it: whatever still comes of it is skipped.
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
        if let State::AfterMessage { tag } = &self.state {
            return Some(tag.clone());
        }
        Cursor::new(without_end(&self.command), &self.limits).tag().ok()
    }

    fn read_line(&mut self, input: &mut Vec<u8>) -> Option<Step> {
        let (taken, ended) = line_of(input);
        let line = self.command.len() - self.line_start + taken;
        if line > self.line_bytes() || self.command.len() + taken > self.limits.command_bytes {
            self.skip_long_line(input);
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

    /// A line beyond the limit: keeps as much of it as shows the tag and the end so far.
    fn skip_long_line(&mut self, input: &[u8]) {
        let mut tail = self.command.split_off(self.line_start);
        if self.command.is_empty() {
            // The first line: its tag may be among what has not been taken in yet.
            let first = tail.iter().chain(input).take(self.limits.tag_bytes + 1);
            self.command.extend(first);
            let tag_end = self.command.iter().position(|&byte| byte == b' ').unwrap_or(0);
            self.command.truncate(tag_end);
        }
        let error = Violation::LineTooLong { max: self.line_bytes() }.into();
        let answer = Some(Answer { tag: self.tag(), error });
        keep_end(&mut tail);
        self.reset();
        self.state = State::SkipLine { tail, answer };
    }

    /// The last line of a command has come.
    fn complete(&mut self) -> Step {
        // A literal in front of the last line may itself end in a line end.
        let last = self.command.get(self.line_start..).unwrap_or_default();
        let rest = self.command.get(..self.line_start + without_end(last).len()).unwrap_or_default();
        let step = match &self.state {
            State::AfterMessage { tag } if rest.is_empty() => Step::MessageEnd(tag.clone()),
            State::AfterMessage { tag } => {
                Step::Violation { tag: Some(tag.clone()), error: Violation::Trailing { column: 1 }.into() }
            }
            _ => match parse(rest, &self.limits) {
                Ok(command) => Step::Command(command),
                Err((tag, error)) => Step::Violation { tag, error },
            },
        };
        self.reset();
        step
    }

    /// A line ended with the announcement of a literal.
    fn announced(&mut self, literal: Announcement) -> Option<Step> {
        if matches!(self.state, State::AfterMessage { .. }) {
            return self.reject(literal, Violation::SecondMessage.into());
        }
        match self.append_head(literal) {
            Some(Ok((tag, head))) => {
                self.state =
                    State::Message { tag: tag.clone(), remaining: literal.size, waits: literal.waits };
                return Some(Step::Append { tag, head, size: literal.size });
            }
            Some(Err(error)) => return self.reject(literal, error),
            None => {}
        }
        self.literals += 1;
        if self.literals > self.limits.literals {
            let error = Violation::TooMany { what: "literals", max: self.limits.literals };
            return self.reject(literal, error.into());
        }
        let room = self.limits.command_bytes.saturating_sub(self.command.len());
        let max = self.literal_bytes().min(room);
        match usize::try_from(literal.size) {
            Ok(remaining) if remaining <= max => {
                self.state = State::Literal { remaining };
                literal.waits.then_some(Step::Continue)
            }
            _ => self.reject(literal, Violation::LiteralTooLong { max }.into()),
        }
    }

    /// What stands before the message if this is an APPEND and the literal is its message.
    fn append_head(&self, literal: Announcement) -> Option<Result<(Tag, AppendHead), Error>> {
        let line = without_end(&self.command);
        let mut cursor = Cursor::new(line.get(..line.len() - literal.spelt)?, &self.limits);
        let tag = cursor.tag().ok()?;
        cursor.space().ok()?;
        if !cursor.keyword("APPEND") {
            return None;
        }
        // A literal right behind the verb is the mailbox's name.
        let mut at_name = cursor.clone();
        if at_name.space().is_ok() && at_name.is_at_end() {
            return None;
        }
        Some(AppendHead::parse(&mut cursor).and_then(|head| cursor.end().map(|()| (tag, head))))
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

    fn skip_line(&mut self, input: &mut Vec<u8>) -> Option<Step> {
        let State::SkipLine { tail, answer } = &mut self.state else { return None };
        let (taken, ended) = line_of(input);
        tail.extend(input.drain(..taken).skip(taken.saturating_sub(ANNOUNCEMENT_BYTES_MAX + 2)));
        keep_end(tail);
        if !ended {
            return Some(Step::NeedMore);
        }
        let announced = Announcement::at_end_of(without_end(tail));
        let answer = answer.take();
        self.reset();
        match announced {
            Announced::Literal(literal) if !literal.waits => {
                self.state = State::SkipLiteral { remaining: literal.size, answer };
                None
            }
            Announced::Impossible => {
                let tag = answer.and_then(|answer| answer.tag);
                Some(Step::Violation { tag, error: Violation::LiteralSize.into() })
            }
            Announced::Literal(_) | Announced::Nothing => {
                answer.map(|Answer { tag, error }| Step::Violation { tag, error })
            }
        }
    }

    fn skip_literal(&mut self, input: &mut Vec<u8>) -> Option<Step> {
        let State::SkipLiteral { remaining, answer } = &mut self.state else { return None };
        let count = usize::try_from(*remaining).unwrap_or(usize::MAX).min(input.len());
        input.drain(..count);
        *remaining -= count as u64;
        if *remaining > 0 {
            return Some(Step::NeedMore);
        }
        self.state = State::SkipLine { tail: Vec::new(), answer: answer.take() };
        None
    }

    /// The rest of a raw line whose exchange has ended meanwhile.
    fn skip_raw(&mut self, input: &mut Vec<u8>) -> Option<Step> {
        let (taken, ended) = line_of(input);
        input.drain(..taken);
        if !ended {
            return Some(Step::NeedMore);
        }
        self.reset();
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

/// Keeps what an announcement and a line end can take up at most.
fn keep_end(line: &mut Vec<u8>) {
    line.drain(..line.len().saturating_sub(ANNOUNCEMENT_BYTES_MAX + 2));
}

#[cfg(test)]
mod tests;
