//! From the keys that were sent to a program for this mailbox: numbers become UIDs, names of flags their bits,
//! strings text. RFC 3501 §6.4.4, RFC 5032, RFC 5182 §2, RFC 6203, RFC 8474 §6, RFC 8514 §4.3.

use std::cell::OnceCell;
use std::num::NonZeroU32;
use std::sync::Arc;

use imap_proto::command::{self, Search, SearchKey};
use mailstore::{Keywords, Likeness, TextIn};
use message::Comparator;
use message::charset::Charset;
use message::text::Needle;
use model::{Flags, Keyword, Timestamp, Uid, UidSet};

use super::program::{Age, Days, Test};
use crate::object_id;
use crate::reply::{Failure, Wrong};
use crate::view::View;

/// What the keys refer to.
pub(super) struct Context<'a> {
    pub(super) view: &'a View,
    /// A copy for the program, made when a key needs it and shared by all that do: what a key takes up in memory is
    /// as much as the client wrote, however large the mailbox is.
    pub(super) shared: OnceCell<Arc<View>>,
    /// `$`
    pub(super) saved: &'a Arc<UidSet>,
    pub(super) keywords: &'a Keywords,
    pub(super) charset: Charset,
    pub(super) comparator: Comparator,
    /// What FUZZY makes of a text.
    pub(super) likeness: &'a dyn Fn(TextIn, &str) -> Option<Likeness>,
    /// What OLDER and YOUNGER count from.
    pub(super) now: Timestamp,
}

/// How what is written in a key is meant.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Matching {
    /// As it is written.
    Exact,
    /// Text also as what is like it; everything else as it is written (RFC 6203 §5).
    Fuzzy,
}

/// The program for a SEARCH.
///
/// # Errors
/// A string is not written in the character set.
pub(super) fn compile(search: &Search, context: &Context<'_>) -> Result<Test, Failure> {
    context.every(&search.keys, Matching::Exact)
}

/// The character set that a SEARCH is written in.
///
/// # Errors
/// It is not known (RFC 3501 §6.4.4: BADCHARSET).
pub(super) fn charset(search: &Search) -> Result<Charset, Failure> {
    let named = match &search.charset {
        command::Charset::UsAscii => return Ok(Charset::US_ASCII),
        command::Charset::Utf8 => Charset::named(b"UTF-8"),
        command::Charset::Named(name) => Charset::named(name.as_bytes()),
    };
    named.ok_or(Failure::UnknownCharset)
}

impl Context<'_> {
    fn every(&self, keys: &[SearchKey], matching: Matching) -> Result<Test, Failure> {
        Ok(Test::every(keys.iter().map(|key| self.test(key, matching)).collect::<Result<_, _>>()?))
    }

    fn test(&self, key: &SearchKey, matching: Matching) -> Result<Test, Failure> {
        Ok(match key {
            SearchKey::All => Test::Always(true),
            SearchKey::Flag(flags) => Test::Flags(*flags),
            SearchKey::NotFlag(flags) => Test::Flags(*flags).not(),
            SearchKey::Keyword(keyword) => self.keyword(keyword),
            SearchKey::NotKeyword(keyword) => self.keyword(keyword).not(),
            SearchKey::Recent => self.recent(),
            SearchKey::Old => self.recent().not(),
            SearchKey::New => Test::every(vec![self.recent(), Test::Flags(Flags::SEEN).not()]),
            SearchKey::Before(day) => Test::Arrived(Days::Before(*day)),
            SearchKey::On(day) => Test::Arrived(Days::On(*day)),
            SearchKey::Since(day) => Test::Arrived(Days::Since(*day)),
            SearchKey::SentBefore(day) => Test::Sent(Days::Before(*day)),
            SearchKey::SentOn(day) => Test::Sent(Days::On(*day)),
            SearchKey::SentSince(day) => Test::Sent(Days::Since(*day)),
            SearchKey::Header { name, value } => self.text(TextIn::Header(name.clone()), value, matching)?,
            SearchKey::Body(value) => self.text(TextIn::Body, value, matching)?,
            SearchKey::Text(value) => self.text(TextIn::Text, value, matching)?,
            SearchKey::Larger(size) => Test::Larger(*size),
            SearchKey::Smaller(size) => Test::Smaller(*size),
            SearchKey::Uid(set) => {
                Test::Uids(UidSet::from_ranges(set.resolve(self.view.last_uid().map_or(0, Uid::get))))
            }
            SearchKey::Numbers(set) => {
                Test::Numbers(self.shared_view(), UidSet::from_ranges(set.resolve(self.view.exists())))
            }
            SearchKey::ModSeq(modseq) => Test::ModSeq(*modseq),
            SearchKey::Saved => Test::Saved(Arc::clone(self.saved)),
            SearchKey::Older(seconds) => Test::Age(Age::AtLeast(self.ago(*seconds))),
            SearchKey::Younger(seconds) => Test::Age(Age::AtMost(self.ago(*seconds))),
            SearchKey::SavedBefore(day) => Test::PutIn(Days::Before(*day)),
            SearchKey::SavedOn(day) => Test::PutIn(Days::On(*day)),
            SearchKey::SavedSince(day) => Test::PutIn(Days::Since(*day)),
            // RFC 8514 §4.3: every mailbox does.
            SearchKey::SaveDateSupported => Test::Always(true),
            // What is no id of ours is that of no message.
            SearchKey::EmailId(id) => object_id::email(id).map_or(Test::Always(false), Test::Email),
            SearchKey::ThreadId(id) => object_id::thread(id).map_or(Test::Always(false), Test::Thread),
            SearchKey::Fuzzy(key) => self.test(key, Matching::Fuzzy)?,
            SearchKey::Not(key) => self.test(key, matching)?.not(),
            SearchKey::Or(one, other) => {
                Test::any(vec![self.test(one, matching)?, self.test(other, matching)?])
            }
            SearchKey::And(keys) => self.every(keys, matching)?,
        })
    }

    /// A keyword that no message of the account ever had is on none.
    fn keyword(&self, keyword: &Keyword) -> Test {
        self.keywords.bit(keyword).map_or(Test::Always(false), Test::Flags)
    }

    /// The moment so many seconds ago, in seconds since the epoch (RFC 5032 §2).
    fn ago(&self, seconds: NonZeroU32) -> i64 {
        let now = i64::try_from(self.now.seconds()).unwrap_or(i64::MAX);
        now.saturating_sub(seconds.get().into())
    }

    fn recent(&self) -> Test {
        Test::Recent(self.shared_view())
    }

    fn shared_view(&self) -> Arc<View> {
        Arc::clone(self.shared.get_or_init(|| Arc::new(self.view.clone())))
    }

    fn text(&self, place: TextIn, value: &[u8], matching: Matching) -> Result<Test, Failure> {
        let text = self.charset.decode(value).map_err(Wrong::SearchText)?;
        let likeness = match matching {
            Matching::Fuzzy => (self.likeness)(place.clone(), &text),
            Matching::Exact => None,
        };
        Ok(match likeness {
            Some(likeness) => Test::like(likeness),
            None => Test::text(place, Needle::by(self.comparator, &text)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use imap_proto::limits::Limits;
    use imap_proto::{Command, Framer, Step};
    use model::ModSeq;

    fn search(keys: &str) -> Search {
        let mut input = format!("t SEARCH {keys}\r\n").into_bytes();
        match Framer::new(Limits::DEFAULT).next(&mut input) {
            Step::Command(tagged) => match tagged.command {
                Command::Search(search) => search,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_key_takes_up_no_more_than_was_written_however_many_messages_it_names() {
        let view = View::new(&(1..2000).step_by(2).filter_map(Uid::new).collect(), ModSeq(1));
        let (keywords, saved) = (Keywords::default(), Arc::default());
        let search = search("1:* RECENT OLD NEW 2,3 NOT 5:*");
        let context = Context {
            view: &view,
            shared: OnceCell::new(),
            saved: &saved,
            keywords: &keywords,
            charset: Charset::US_ASCII,
            comparator: Comparator::default(),
            likeness: &Likeness::new,
            now: Timestamp::default(),
        };
        let test = compile(&search, &context).unwrap();
        assert_eq!(Arc::strong_count(context.shared.get().unwrap()), 7, "one copy is shared by six keys");
        let Test::Every(tests) = test else { panic!("a conjunction") };
        let Test::Numbers(_, numbers) = &tests[0] else { panic!("message numbers") };
        assert_eq!(numbers.ranges().count(), 1);
    }
}
