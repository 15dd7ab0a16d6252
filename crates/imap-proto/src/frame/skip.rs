//! Passing over what is too large or not wanted, literals included, and answering only then.

use super::announcement::{ANNOUNCEMENT_BYTES_MAX, Announced, Announcement};
use super::{Framer, State, Step, line_of, without_end};
use crate::command::Tag;
use crate::error::{Error, Violation};

/// What is answered once everything has been skipped.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) tag: Option<Tag>,
    pub(super) error: Error,
}

impl Framer {
    /// A line beyond the limit: keeps as much of it as shows the tag and the end so far.
    pub(super) fn skip_long_line(&mut self, input: &[u8], why: Violation) {
        let mut tail = self.command.split_off(self.line_start);
        if self.command.is_empty() {
            // The first line: its tag may be among what has not been taken in yet.
            let first = tail.iter().chain(input).take(self.limits.tag_bytes + 1);
            self.command.extend(first);
            let tag_end = self.command.iter().position(|&byte| byte == b' ').unwrap_or(0);
            self.command.truncate(tag_end);
        }
        let answer = Some(Answer { tag: self.tag(), error: why.into() });
        keep_end(&mut tail);
        self.reset();
        self.state = State::SkipLine { tail, answer };
    }

    pub(super) fn skip_line(&mut self, input: &mut Vec<u8>) -> Option<Step> {
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

    pub(super) fn skip_literal(&mut self, input: &mut Vec<u8>) -> Option<Step> {
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
    pub(super) fn skip_raw(&mut self, input: &mut Vec<u8>) -> Option<Step> {
        let (taken, ended) = line_of(input);
        input.drain(..taken);
        if !ended {
            return Some(Step::NeedMore);
        }
        self.reset();
        None
    }
}

/// Keeps what an announcement and a line end can take up at most.
fn keep_end(line: &mut Vec<u8>) {
    line.drain(..line.len().saturating_sub(ANNOUNCEMENT_BYTES_MAX + 2));
}
