//! The tokens of the grammar, read from a whole command. RFC 3501 §9.
//!
//! A command lies in one piece of memory, each literal behind its announcement, as it came. Every error says at
//! which column what was expected. What is built of tokens and shared by several verbs is in `lex/`.

mod argument;

use std::borrow::Cow;
use std::num::{NonZeroU32, NonZeroU64};

use model::ModSeq;

use crate::command::Tag;
use crate::dialect::Dialect;
use crate::error::{Error, Violation};
use crate::limits::Limits;

/// The highest `number64`, and the highest mod-sequence: 63 bits (RFC 9051 §9, RFC 7162 §7).
const NUMBER64_MAX: u64 = i64::MAX as u64;

/// A place in a command.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    limits: &'a Limits,
    dialect: Dialect,
}

/// `ATOM-CHAR`
pub(crate) const fn is_atom(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'(' | b')' | b'{' | b'%' | b'*' | b'"' | b'\\' | b']')
}

/// `ASTRING-CHAR`
pub(crate) const fn is_astring(byte: u8) -> bool {
    is_atom(byte) || byte == b']'
}

/// `list-char`
const fn is_list(byte: u8) -> bool {
    is_astring(byte) || matches!(byte, b'%' | b'*')
}

const fn is_tag(byte: u8) -> bool {
    is_astring(byte) && byte != b'+'
}

impl<'a> Cursor<'a> {
    /// The beginning of a command.
    pub(crate) const fn new(bytes: &'a [u8], limits: &'a Limits, dialect: Dialect) -> Self {
        Self { bytes, at: 0, limits, dialect }
    }

    pub(crate) const fn limits(&self) -> &'a Limits {
        self.limits
    }

    pub(crate) const fn dialect(&self) -> Dialect {
        self.dialect
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Whether all has been read.
    pub(crate) fn is_at_end(&self) -> bool {
        self.rest().is_empty()
    }

    /// The next byte.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// The byte after the next.
    pub(crate) fn peek_second(&self) -> Option<u8> {
        self.bytes.get(self.at + 1).copied()
    }

    /// Passes over bytes that have been looked at.
    pub(crate) const fn advance(&mut self, count: usize) {
        self.at += count;
    }

    /// The error that says what should stand here.
    pub(crate) const fn expected(&self, what: &'static str) -> Error {
        Error::Violation(Violation::Expected { what, column: self.at + 1 })
    }

    /// Nothing may follow a command.
    pub(crate) fn end(&self) -> Result<(), Error> {
        if self.is_at_end() { Ok(()) } else { Err(Violation::Trailing { column: self.at + 1 }.into()) }
    }

    /// Refuses more than `max` of something.
    pub(crate) fn at_most(&self, what: &'static str, count: usize, max: usize) -> Result<(), Error> {
        if count > max { Err(Violation::TooMany { what, max }.into()) } else { Ok(()) }
    }

    /// Passes over `text` if it stands here.
    pub(crate) fn skip(&mut self, text: &[u8]) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    /// Passes over `text` in any case if it stands here.
    pub(crate) fn skip_ignoring_case(&mut self, text: &str) -> bool {
        let found = self.rest().get(..text.len()).is_some_and(|b| b.eq_ignore_ascii_case(text.as_bytes()));
        if found {
            self.at += text.len();
        }
        found
    }

    /// Passes over `word` in any case if it stands here as a whole atom.
    pub(crate) fn keyword(&mut self, word: &str) -> bool {
        let ends = !self.bytes.get(self.at + word.len()).is_some_and(|&byte| is_atom(byte));
        ends && self.skip_ignoring_case(word)
    }

    /// One byte.
    pub(crate) fn token(&mut self, byte: u8, what: &'static str) -> Result<(), Error> {
        if self.skip(&[byte]) { Ok(()) } else { Err(self.expected(what)) }
    }

    /// One space.
    pub(crate) fn space(&mut self) -> Result<(), Error> {
        self.token(b' ', "a space")
    }

    fn take_while(&mut self, is: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.rest();
        let count = rest.iter().position(|&byte| !is(byte)).unwrap_or(rest.len());
        self.at += count;
        rest.get(..count).unwrap_or_default()
    }

    fn ascii(&mut self, is: impl Fn(u8) -> bool, what: &'static str) -> Result<&'a str, Error> {
        let error = self.expected(what);
        match std::str::from_utf8(self.take_while(is)) {
            Ok(text) if !text.is_empty() => Ok(text),
            _ => Err(error),
        }
    }

    /// `tag`
    pub(crate) fn tag(&mut self) -> Result<Tag, Error> {
        let start = self.clone();
        let tag = self.ascii(is_tag, "a tag")?;
        // What follows decides: "a+b" is no tag with something behind it.
        if tag.len() > self.limits.tag_bytes || !matches!(self.peek(), Some(b' ') | None) {
            return Err(start.expected("a tag"));
        }
        Ok(Tag::new(tag))
    }

    /// `atom`
    pub(crate) fn atom(&mut self, what: &'static str) -> Result<&'a str, Error> {
        self.ascii(is_atom, what)
    }

    /// A flag with its backslash: `"\" atom`.
    pub(crate) fn flag_text(&mut self, what: &'static str) -> Result<&'a str, Error> {
        let start = self.clone();
        self.token(b'\\', what)?;
        let name = self.atom(what)?;
        let text = start.rest().get(..name.len() + 1);
        text.and_then(|text| std::str::from_utf8(text).ok()).ok_or_else(|| start.expected(what))
    }

    /// `astring`
    pub(crate) fn astring(&mut self, what: &'static str) -> Result<Cow<'a, [u8]>, Error> {
        self.string_or(is_astring, what)
    }

    /// `list-mailbox`
    pub(super) fn list_mailbox(&mut self) -> Result<Cow<'a, [u8]>, Error> {
        self.string_or(is_list, "a mailbox pattern")
    }

    fn string_or(&mut self, is: impl Fn(u8) -> bool, what: &'static str) -> Result<Cow<'a, [u8]>, Error> {
        match self.peek() {
            Some(b'"' | b'{') => self.string(what),
            _ => self.ascii(is, what).map(|text| Cow::Borrowed(text.as_bytes())),
        }
    }

    /// `string`
    pub(crate) fn string(&mut self, what: &'static str) -> Result<Cow<'a, [u8]>, Error> {
        match self.peek() {
            Some(b'"') => self.quoted(),
            Some(b'{') => self.literal().map(Cow::Borrowed),
            _ => Err(self.expected(what)),
        }
    }

    /// `nstring`
    pub(crate) fn nstring(&mut self, what: &'static str) -> Result<Option<Cow<'a, [u8]>>, Error> {
        if self.keyword("NIL") { Ok(None) } else { self.string(what).map(Some) }
    }

    /// `quoted`. Bytes above 127 are let through, since clients send UTF-8 this way. Once that is enabled, they have to
    /// be UTF-8: the answer to others "MUST" be BAD (RFC 6855 §3).
    fn quoted(&mut self) -> Result<Cow<'a, [u8]>, Error> {
        let start = self.clone();
        let text = self.quoted_bytes()?;
        if self.dialect.has_utf8() && std::str::from_utf8(&text).is_err() {
            return Err(start.expected("a quoted string in UTF-8"));
        }
        Ok(text)
    }

    fn quoted_bytes(&mut self) -> Result<Cow<'a, [u8]>, Error> {
        self.token(b'"', "a quoted string")?;
        let plain = self.take_while(|byte| !matches!(byte, b'"' | b'\\' | b'\r' | b'\n' | 0));
        if self.skip(b"\"") {
            return Ok(Cow::Borrowed(plain));
        }
        let mut text = plain.to_vec();
        while self.skip(b"\\") {
            match self.peek() {
                Some(byte @ (b'"' | b'\\')) => text.push(byte),
                _ => return Err(self.expected("a quote or a backslash after a backslash")),
            }
            self.advance(1);
            text.extend_from_slice(self.take_while(|byte| !matches!(byte, b'"' | b'\\' | b'\r' | b'\n' | 0)));
        }
        self.token(b'"', "the end of a quoted string")?;
        Ok(Cow::Owned(text))
    }

    /// `literal`, announced with or without `+` (RFC 7888 §4).
    fn literal(&mut self) -> Result<&'a [u8], Error> {
        self.token(b'{', "a literal")?;
        let size = self.number("the size of a literal")?;
        self.skip(b"+");
        self.token(b'}', "a closing brace")?;
        self.skip(b"\r");
        self.token(b'\n', "the end of the line")?;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let Some(bytes) = self.rest().get(..size) else {
            return Err(self.expected("the whole literal"));
        };
        // RFC 3501 §9: CHAR8 is "any OCTET except NUL".
        if bytes.contains(&0) {
            return Err(self.expected("a literal without NUL"));
        }
        self.at += size;
        Ok(bytes)
    }

    fn digits(&mut self, what: &'static str, max: u64) -> Result<u64, Error> {
        let start = self.clone();
        let text = self.ascii(|byte| byte.is_ascii_digit(), what)?;
        text.parse().ok().filter(|&n| n <= max).ok_or_else(|| start.expected(what))
    }

    /// `number`: 32 bits
    pub(crate) fn number(&mut self, what: &'static str) -> Result<u32, Error> {
        let start = self.clone();
        u32::try_from(self.digits(what, u64::from(u32::MAX))?).map_err(|_| start.expected(what))
    }

    /// `number64`: 63 bits (RFC 9051 §9)
    pub(crate) fn number64(&mut self, what: &'static str) -> Result<u64, Error> {
        self.digits(what, NUMBER64_MAX)
    }

    /// `nz-number64`
    pub(crate) fn nz_number64(&mut self, what: &'static str) -> Result<NonZeroU64, Error> {
        let start = self.clone();
        NonZeroU64::new(self.number64(what)?).ok_or_else(|| start.expected(what))
    }

    /// `nz-number`
    pub(crate) fn nz_number(&mut self, what: &'static str) -> Result<NonZeroU32, Error> {
        let start = self.clone();
        NonZeroU32::new(self.number(what)?).ok_or_else(|| start.expected(what))
    }

    /// `mod-sequence-valzer` (RFC 7162 §7): 63 bits, 0 allowed everywhere.
    pub(crate) fn mod_sequence(&mut self) -> Result<ModSeq, Error> {
        self.digits("a mod-sequence", NUMBER64_MAX).map(ModSeq)
    }

    /// A Base64 text as it stands, or `=` for an empty one (RFC 4959 §3).
    pub(crate) fn base64(&mut self) -> Result<&'a [u8], Error> {
        let is = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
        self.ascii(is, "a Base64 text").map(str::as_bytes)
    }

    /// `"(" item *(SP item) ")"`
    pub(crate) fn list(
        &mut self,
        what: &'static str,
        mut item: impl FnMut(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if !self.skip(b"(") {
            return Err(self.expected(what));
        }
        item(self)?;
        while self.skip(b" ") {
            item(self)?;
        }
        self.token(b')', "a closing parenthesis")
    }

    /// `"(" [item *(SP item)] ")"`
    pub(crate) fn list_or_empty(
        &mut self,
        what: &'static str,
        item: impl FnMut(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if self.skip(b"()") { Ok(()) } else { self.list(what, item) }
    }
}

#[cfg(test)]
mod tests;
