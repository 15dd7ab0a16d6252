//! Arguments that several verbs share: mailbox names, sets of messages, flags, dates. RFC 3501 §9.

use std::num::NonZeroU32;

use model::{Flags, InternalDate, Keyword, MailboxName, NamedFlags, SEPARATOR, UidSet};

use super::Cursor;
use crate::error::{Error, Refusal};
use crate::mailbox;
use crate::partial::{CountFrom, PartialRange};
use crate::sequence::{Bound, MessageSet, SequenceSet};

/// The longest object id, in bytes (RFC 8474 §7).
const OBJECT_ID_BYTES_MAX: usize = 255;

impl Cursor<'_> {
    /// `mailbox`
    pub(crate) fn mailbox(&mut self) -> Result<MailboxName, Error> {
        let text = self.mailbox_text()?;
        Ok(MailboxName::new(&text).map_err(Refusal::from)?)
    }

    /// `mailbox`, and how it was sent if that is not how it is spelt (RFC 9051 §6.3.9.7). `Inbox` is no other
    /// spelling: every client knows that it is the same.
    pub(crate) fn mailbox_as_sent(&mut self) -> Result<(MailboxName, Option<String>), Error> {
        let text = self.mailbox_text()?;
        let name = MailboxName::new(&text).map_err(Refusal::from)?;
        let differs = name.as_str() != text;
        Ok((name, differs.then_some(text)))
    }

    /// `mailbox` of CREATE, where a separator at the end only announces names below (RFC 3501 §6.3.3), and how it
    /// was sent if that is not how it is spelt.
    pub(crate) fn new_mailbox(&mut self) -> Result<(MailboxName, Option<String>), Error> {
        let mut text = self.mailbox_text()?;
        text.truncate(text.strip_suffix(SEPARATOR).unwrap_or(&text).len());
        let name = MailboxName::new(&text).map_err(Refusal::from)?;
        let differs = name.as_str() != text;
        Ok((name, differs.then_some(text)))
    }

    fn mailbox_text(&mut self) -> Result<String, Error> {
        let bytes = self.astring("a mailbox name")?;
        self.decode_name(&bytes)
    }

    fn decode_name(&self, bytes: &[u8]) -> Result<String, Error> {
        if self.dialect().has_utf8() {
            // CLIENT: Thunderbird sends a bare & then, which would not be modified UTF-7.
            return Ok(std::str::from_utf8(bytes).map_err(|_| Refusal::MailboxUtf8)?.to_owned());
        }
        Ok(mailbox::decode(bytes).ok_or(Refusal::MailboxEncoding)?)
    }

    /// The reference of LIST and LSUB, decoded.
    pub(crate) fn reference(&mut self) -> Result<String, Error> {
        self.mailbox_text()
    }

    /// `list-mailbox`, decoded.
    pub(crate) fn pattern(&mut self) -> Result<String, Error> {
        let bytes = self.list_mailbox()?;
        self.decode_name(&bytes)
    }

    /// `sequence-set`, with `$` (RFC 5182 §3), which stands alone.
    pub(crate) fn message_set(&mut self) -> Result<MessageSet, Error> {
        if self.skip(b"$") { Ok(MessageSet::Saved) } else { self.sequence_set().map(MessageSet::Listed) }
    }

    /// `sequence-set` without `$`
    pub(crate) fn sequence_set(&mut self) -> Result<SequenceSet, Error> {
        let mut ranges = Vec::new();
        loop {
            self.at_most("ranges in a set of messages", ranges.len() + 1, self.limits().set_ranges)?;
            let from = self.bound()?;
            let to = if self.skip(b":") { self.bound()? } else { from };
            ranges.push((from, to));
            if !self.skip(b",") {
                return Ok(SequenceSet::new(ranges));
            }
        }
    }

    /// `seq-number`
    pub(crate) fn bound(&mut self) -> Result<Bound, Error> {
        if self.skip(b"*") {
            return Ok(Bound::Last);
        }
        self.nz_number("a message number or *").map(Bound::Number)
    }

    /// `known-uids` and its like (RFC 7162 §7): a set without `*`, as it stands and in order.
    pub(crate) fn known_set(&mut self) -> Result<(SequenceSet, UidSet), Error> {
        let start = self.clone();
        let set = self.sequence_set()?;
        if set.has_last() {
            return Err(start.expected("a set without *"));
        }
        let uids = UidSet::from_ranges(set.resolve(0));
        Ok((set, uids))
    }

    /// `partial-range` (RFC 9394 §4)
    pub(crate) fn partial_range(&mut self) -> Result<PartialRange, Error> {
        let from = if self.peek() == Some(b'-') { CountFrom::Last } else { CountFrom::First };
        let start = self.partial_bound(from)?;
        self.token(b':', "a colon")?;
        Ok(PartialRange { from, start, end: self.partial_bound(from)? })
    }

    fn partial_bound(&mut self, from: CountFrom) -> Result<NonZeroU32, Error> {
        if from == CountFrom::Last {
            self.token(b'-', "a minus")?;
        }
        self.nz_number("a place among the results")
    }

    /// `objectid` (RFC 8474 §7)
    pub(crate) fn object_id(&mut self) -> Result<&str, Error> {
        let start = self.clone();
        let id = self.atom("an object id")?;
        let fits = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        if fits && id.len() <= OBJECT_ID_BYTES_MAX { Ok(id) } else { Err(start.expected("an object id")) }
    }

    /// `flag-list`
    pub(crate) fn flag_list(&mut self) -> Result<NamedFlags, Error> {
        let mut flags = NamedFlags::default();
        let mut count = 0;
        self.list_or_empty("a list of flags", |cursor| {
            count += 1;
            cursor.flag(&mut flags, count)
        })?;
        Ok(flags)
    }

    /// Flags without parentheses, as STORE may have them.
    pub(crate) fn bare_flags(&mut self) -> Result<NamedFlags, Error> {
        let mut flags = NamedFlags::default();
        let mut count = 1;
        self.flag(&mut flags, count)?;
        while self.skip(b" ") {
            count += 1;
            self.flag(&mut flags, count)?;
        }
        Ok(flags)
    }

    /// `flag`: a system flag other than `\Recent`, which no client can set (RFC 3501 §2.3.2), or a keyword.
    fn flag(&mut self, flags: &mut NamedFlags, count: usize) -> Result<(), Error> {
        self.at_most("flags", count, self.limits().keywords)?;
        if self.peek() == Some(b'\\') {
            let start = self.clone();
            let name = self.flag_text("a flag")?;
            let flag = Flags::system(name).ok_or_else(|| start.expected("a flag that can be set"))?;
            flags.system = flags.system.with(flag);
        } else {
            let keyword = self.flag_keyword()?;
            if !flags.keywords.contains(&keyword) {
                flags.keywords.push(keyword);
            }
        }
        Ok(())
    }

    /// `flag-keyword`
    pub(crate) fn flag_keyword(&mut self) -> Result<Keyword, Error> {
        Ok(Keyword::new(self.atom("a flag")?).map_err(Refusal::from)?)
    }

    /// `date`: days since 1970-01-01.
    pub(crate) fn date(&mut self) -> Result<i64, Error> {
        let start = self.clone();
        let quoted = self.skip(b"\"");
        let day = self.number("a date")?;
        self.token(b'-', "a date such as 1-Feb-1994")?;
        let month =
            InternalDate::month_of(self.letters()).ok_or_else(|| start.expected("a date with a month"))?;
        self.token(b'-', "a date such as 1-Feb-1994")?;
        let year = self.number("a year")?;
        if quoted {
            self.token(b'"', "the end of a quoted date")?;
        }
        InternalDate::days_of(i64::from(year), month, day).ok_or_else(|| start.expected("a date that exists"))
    }

    fn letters(&mut self) -> &str {
        std::str::from_utf8(self.take_while(|byte| byte.is_ascii_alphabetic())).unwrap_or_default()
    }

    /// `date-time`
    pub(crate) fn date_time(&mut self) -> Result<InternalDate, Error> {
        let start = self.clone();
        let text = self.string("a date and time")?;
        let date = std::str::from_utf8(&text).ok().and_then(|text| InternalDate::parse(text).ok());
        date.ok_or_else(|| start.expected("a date and time such as \"17-Jul-1996 02:44:25 -0700\""))
    }
}
