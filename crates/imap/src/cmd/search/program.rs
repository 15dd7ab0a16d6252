//! A SEARCH, ready to run: keys with their meaning for this mailbox, the cheap ones first.
//!
//! RFC 3501 §6.4.4, RFC 5032, RFC 6203, RFC 7162 §3.1.5, RFC 8474 §6, RFC 8514 §4.3. A test answers as soon as what is loaded of a message suffices: its row in
//! the image, then its unchanging facts, then its content. Only what stays open has more loaded.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use mailstore::{Email, Likeness, LikenessAnswer, Message, Pick, TextAnswer, TextIn};
use message::Tree;
use message::text::{self, Needle, Scope};
use model::{EmailId, Flags, ModSeq, ThreadId, Uid, UidSet};
use parking_lot::Mutex;

use crate::view::View;

/// One condition on a message.
#[derive(Debug)]
pub(crate) enum Test {
    /// The same for every message.
    Always(bool),
    /// Has all of these flags.
    Flags(Flags),
    /// Is one of these.
    Uids(UidSet),
    /// Is one of these, which is `$`; shared by all keys that name it.
    Saved(Arc<UidSet>),
    /// Its message number, by the view, is one of these.
    Numbers(Arc<View>, UidSet),
    /// Is `\Recent`, by the view.
    Recent(Arc<View>),
    /// Larger than so many bytes.
    Larger(u64),
    /// Smaller than so many bytes.
    Smaller(u64),
    /// INTERNALDATE, as written (RFC 3501 §6.4.4: "disregarding time and timezone").
    Arrived(Days),
    /// How long ago INTERNALDATE is (RFC 5032 §2).
    Age(Age),
    /// When it was put into the mailbox, in UTC; INTERNALDATE where that is not known (RFC 8514 §4.3).
    PutIn(Days),
    /// Is that e-mail (RFC 8474 §6).
    Email(EmailId),
    /// Belongs to that thread (RFC 8474 §6).
    Thread(ThreadId),
    /// The Date field, as written.
    Sent(Days),
    /// Touched by this commit or a later one.
    ModSeq(ModSeq),
    /// Text is in the message.
    Text(Box<Sought>),
    /// Words like these are in the message (RFC 6203 §3).
    Like(Box<Alike>),
    /// Not so.
    Not(Box<Test>),
    /// At least one.
    Any(Vec<Test>),
    /// Every one.
    Every(Vec<Test>),
}

/// Text that is looked for.
#[derive(Clone, Debug)]
pub(crate) struct Sought {
    pub(crate) place: TextIn,
    pub(crate) needle: Needle,
    /// What the index knows, if it was asked.
    pub(crate) known: Option<TextAnswer>,
}

impl Sought {
    fn is_in(&self, loaded: Loaded<'_>) -> Option<bool> {
        if let Some(answer) = self.known.as_ref().and_then(|known| known.says(loaded.message.email)) {
            return Some(answer);
        }
        let (content, tree) = loaded.content?;
        Some(match &self.place {
            TextIn::Header(name) => {
                let header = content.get(tree.root().header()).unwrap_or_default();
                text::header_contains(header, name, &self.needle)
            }
            TextIn::Body => text::contains(content, tree, Scope::Body, &self.needle),
            TextIn::Text => text::contains(content, tree, Scope::Text, &self.needle),
        })
    }

    const fn cost(&self) -> Cost {
        match self.place {
            TextIn::Header(_) => Cost::Header,
            TextIn::Body | TextIn::Text => Cost::Content,
        }
    }
}

/// Words that something is looked for like.
#[derive(Debug)]
pub(crate) struct Alike {
    pub(crate) likeness: Likeness,
    /// What the index knows, if it was asked.
    pub(crate) known: Option<LikenessAnswer>,
    /// The last message that was looked at, and how much it fits: that takes long, and is asked for more than once.
    last: Mutex<Option<(EmailId, f32)>>,
}

impl Alike {
    /// How much the message fits, up to 1, and 0 if it does not.
    fn score(&self, loaded: Loaded<'_>) -> Option<f32> {
        let id = loaded.message.email;
        if let Some(score) = self.known.as_ref().and_then(|known| known.says(id)) {
            return Some(score);
        }
        let (content, tree) = loaded.content?;
        let mut last = self.last.lock();
        match *last {
            Some((looked_at, score)) if looked_at == id => Some(score),
            _ => Some(last.insert((id, self.likeness.of(content, tree))).1),
        }
    }

    const fn cost(&self) -> Cost {
        if self.likeness.is_of_header() { Cost::Header } else { Cost::Content }
    }
}

/// Days since 1970-01-01, as ranges that are open at one end at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Days {
    Before(i64),
    On(i64),
    Since(i64),
}

impl Days {
    const fn hold(self, day: i64) -> bool {
        match self {
            Self::Before(limit) => day < limit,
            Self::On(limit) => day == limit,
            Self::Since(limit) => day >= limit,
        }
    }
}

/// Age by the moment that is its limit, in seconds since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    /// Of that moment or earlier: OLDER.
    AtLeast(i64),
    /// Of that moment or later: YOUNGER.
    AtMost(i64),
}

impl Age {
    const fn holds(self, seconds: i64) -> bool {
        match self {
            Self::AtLeast(limit) => seconds <= limit,
            Self::AtMost(limit) => seconds >= limit,
        }
    }
}

/// What is loaded of a message.
#[derive(Clone, Copy)]
pub(crate) struct Loaded<'a> {
    pub(crate) message: &'a Message,
    pub(crate) email: Option<&'a Email>,
    pub(crate) content: Option<(&'a [u8], &'a Tree)>,
}

/// What has to be loaded to answer a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Cost {
    Row,
    Email,
    Header,
    Content,
}

impl Test {
    /// All of the tests, the cheap ones first.
    pub(crate) fn every(tests: Vec<Self>) -> Self {
        Self::Every(cheap_first(tests))
    }

    /// Any of the tests, the cheap ones first.
    pub(crate) fn any(tests: Vec<Self>) -> Self {
        Self::Any(cheap_first(tests))
    }

    /// The opposite.
    pub(crate) fn not(self) -> Self {
        Self::Not(Box::new(self))
    }

    /// Text that is to be in one place of the message.
    pub(crate) fn text(place: TextIn, needle: Needle) -> Self {
        Self::Text(Box::new(Sought { place, needle, known: None }))
    }

    /// The tests that consist of no others.
    fn simple(&mut self) -> Vec<&mut Self> {
        match self {
            Self::Not(test) => test.simple(),
            Self::Any(tests) | Self::Every(tests) => tests.iter_mut().flat_map(Self::simple).collect(),
            simple => vec![simple],
        }
    }

    /// All texts that are looked for.
    pub(crate) fn sought(&mut self) -> Vec<&mut Sought> {
        let simple = self.simple().into_iter();
        simple
            .filter_map(|test| if let Self::Text(sought) = test { Some(&mut **sought) } else { None })
            .collect()
    }

    /// All words that something is looked for like.
    pub(crate) fn alike(&mut self) -> Vec<&mut Alike> {
        let simple = self.simple().into_iter();
        simple
            .filter_map(|test| if let Self::Like(alike) = test { Some(&mut **alike) } else { None })
            .collect()
    }

    /// How much a message that holds the test fits: the more, the more it is like what is looked for (RFC 6203 §4).
    pub(crate) fn score(&self, loaded: Loaded<'_>) -> f32 {
        match self {
            Self::Like(alike) => alike.score(loaded).unwrap_or(0.0),
            Self::Any(tests) | Self::Every(tests) => tests.iter().map(|test| test.score(loaded)).sum(),
            _ => 0.0,
        }
    }

    /// Words like those that are looked for.
    pub(crate) fn like(likeness: Likeness) -> Self {
        Self::Like(Box::new(Alike { likeness, known: None, last: Mutex::default() }))
    }

    fn cost(&self) -> Cost {
        match self {
            Self::Always(_)
            | Self::Flags(_)
            | Self::Uids(_)
            | Self::Saved(_)
            | Self::Numbers(..)
            | Self::Recent(_)
            | Self::Larger(_)
            | Self::Smaller(_)
            | Self::Arrived(_)
            | Self::Age(_)
            | Self::PutIn(_)
            | Self::Email(_)
            | Self::ModSeq(_) => Cost::Row,
            Self::Sent(_) | Self::Thread(_) => Cost::Email,
            Self::Text(sought) => sought.cost(),
            Self::Like(alike) => alike.cost(),
            Self::Not(test) => test.cost(),
            Self::Any(tests) | Self::Every(tests) => tests.iter().map(Self::cost).max().unwrap_or(Cost::Row),
        }
    }

    /// What flags and size a message that holds the test surely has.
    pub(crate) fn pick(&self) -> Pick {
        let mut pick = Pick::default();
        self.narrow(&mut pick);
        pick
    }

    fn narrow(&self, pick: &mut Pick) {
        match self {
            Self::Flags(flags) => pick.require(*flags),
            Self::Larger(size) => pick.require_larger(*size),
            Self::Smaller(size) => pick.require_smaller(*size),
            Self::Not(test) => {
                if let Self::Flags(flags) = **test {
                    pick.exclude(flags);
                }
            }
            Self::Every(tests) => tests.iter().for_each(|test| test.narrow(pick)),
            _ => {}
        }
    }

    /// The messages among which those that hold the test surely are, where it names any; `None` where it may be any of them.
    pub(crate) fn named<'t>(&'t self, view: &View) -> Option<Cow<'t, UidSet>> {
        match self {
            Self::Uids(uids) => Some(Cow::Borrowed(uids)),
            Self::Saved(uids) => Some(Cow::Borrowed(uids)),
            Self::Numbers(_, numbers) => {
                let ranges = numbers.ranges().map(|range| (*range.start(), *range.end()));
                Some(Cow::Owned(view.uids_of(ranges)))
            }
            Self::Every(tests) => {
                let named = tests.iter().filter_map(|test| test.named(view));
                named.reduce(|one, other| Cow::Owned(one.intersection(&other)))
            }
            _ => None,
        }
    }

    /// What of an e-mail's content suffices to answer.
    pub(crate) fn content_needed(&self, email: &Email) -> Range<u32> {
        match self.cost() {
            Cost::Row | Cost::Email | Cost::Header => 0..email.header_len,
            Cost::Content => 0..email.size,
        }
    }

    /// The answer, or `None` if it takes more of the message than is loaded.
    pub(crate) fn holds(&self, loaded: Loaded<'_>) -> Option<bool> {
        let message = loaded.message;
        match self {
            Self::Always(answer) => Some(*answer),
            Self::Flags(flags) => Some(message.flags.contains(*flags)),
            Self::Uids(uids) => Some(uids.contains(message.uid)),
            Self::Saved(uids) => Some(uids.contains(message.uid)),
            Self::Numbers(view, numbers) => {
                let number = view.number(message.uid).and_then(|number| Uid::new(number.0));
                Some(number.is_some_and(|number| numbers.contains(number)))
            }
            Self::Recent(view) => Some(view.is_recent(message.uid)),
            Self::Larger(size) => Some(u64::from(message.size) > *size),
            Self::Smaller(size) => Some(u64::from(message.size) < *size),
            Self::Arrived(days) => Some(days.hold(message.date.day())),
            Self::Age(age) => Some(age.holds(message.date.seconds)),
            Self::PutIn(days) => Some(days.hold(message.saved.date().unwrap_or(message.date).day())),
            Self::Email(id) => Some(message.email == *id),
            Self::Thread(id) => loaded.email.map(|email| email.thread == Some(*id)),
            Self::ModSeq(modseq) => Some(message.modseq >= *modseq),
            // A message without a readable date was sent on no day.
            Self::Sent(days) => {
                loaded.email.map(|email| email.sent.is_some_and(|sent| days.hold(sent.day())))
            }
            Self::Text(sought) => sought.is_in(loaded),
            Self::Like(alike) => alike.score(loaded).map(|score| score > 0.0),
            Self::Not(test) => test.holds(loaded).map(|answer| !answer),
            Self::Every(tests) => first_answer(tests, loaded, false),
            Self::Any(tests) => first_answer(tests, loaded, true),
        }
    }
}

/// `decisive` as soon as one test says so, its opposite if all tests say that, `None` while one is open.
fn first_answer(tests: &[Test], loaded: Loaded<'_>, decisive: bool) -> Option<bool> {
    let mut open = false;
    for test in tests {
        match test.holds(loaded) {
            Some(answer) if answer == decisive => return Some(decisive),
            Some(_) => {}
            None => open = true,
        }
    }
    (!open).then_some(!decisive)
}

fn cheap_first(mut tests: Vec<Test>) -> Vec<Test> {
    tests.sort_by_key(Test::cost);
    tests
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{EmailId, InternalDate, SaveDate};

    fn message(date: &str) -> Message {
        Message {
            uid: Uid::FIRST,
            email: EmailId(1),
            flags: Flags::SEEN,
            modseq: ModSeq(5),
            size: 100,
            date: InternalDate::parse(date).unwrap(),
            saved: SaveDate::UNKNOWN,
        }
    }

    fn row(test: &Test) -> Option<bool> {
        let message = message("01-Jan-2024 23:30:00 -0500");
        test.holds(Loaded { message: &message, email: None, content: None })
    }

    #[test]
    fn an_answer_comes_as_soon_as_it_is_known() {
        let open = || Test::text(TextIn::Body, Needle::new("x"));
        assert_eq!(row(&open()), None);
        assert_eq!(row(&Test::every(vec![open(), Test::Flags(Flags::DRAFT)])), Some(false));
        assert_eq!(row(&Test::every(vec![open(), Test::Flags(Flags::SEEN)])), None);
        assert_eq!(row(&Test::any(vec![open(), Test::Larger(99)])), Some(true));
        assert_eq!(row(&Test::any(vec![Test::Smaller(100), Test::ModSeq(ModSeq(6))])), Some(false));
        assert_eq!(row(&open().not()), None);
        assert_eq!(row(&Test::every(Vec::new())), Some(true));
    }

    #[test]
    fn only_messages_that_every_key_names_are_looked_at() {
        let view = View::new(&UidSet::from_ranges([(11, 20)]), ModSeq(1));
        let uids = |from, to| UidSet::from_ranges([(from, to)]);
        let (some, first) =
            (|| Test::Uids(uids(13, 30)), || Test::Numbers(Arc::new(view.clone()), uids(1, 5)));
        let named = |test: &Test| test.named(&view).map(Cow::into_owned);
        assert_eq!(named(&some()), Some(uids(13, 30)));
        assert_eq!(named(&first()), Some(uids(11, 15)));
        assert_eq!(named(&Test::every(vec![some(), Test::Flags(Flags::SEEN), first()])), Some(uids(13, 15)));
        for any in [some().not(), Test::any(vec![some(), first()]), Test::Flags(Flags::SEEN)] {
            assert_eq!(named(&any), None);
        }
    }

    #[test]
    fn cheap_tests_come_first() {
        let sorted = Test::every(vec![
            Test::text(TextIn::Body, Needle::new("x")),
            Test::text(TextIn::Header("to".to_owned()), Needle::new("x")),
            Test::Sent(Days::On(1)),
            Test::Always(true),
        ]);
        let Test::Every(tests) = sorted else { panic!("still a conjunction") };
        assert!(tests.is_sorted_by_key(Test::cost));
    }

    #[test]
    fn dates_are_taken_as_written() {
        let day = InternalDate::days_of(2024, 1, 1).unwrap();
        assert_eq!(row(&Test::Arrived(Days::On(day))), Some(true));
        assert_eq!(row(&Test::Arrived(Days::Before(day))), Some(false));
        assert_eq!(row(&Test::Arrived(Days::Since(day + 1))), Some(false));
    }

    #[test]
    fn content_is_searched_decoded() {
        let bytes = b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nDate: x\r\n\r\nhello\r\n";
        let tree = Tree::of(bytes);
        let message = message("01-Jan-2024 00:00:00 +0000");
        let loaded = Loaded { message: &message, email: None, content: Some((bytes, &tree)) };
        let header = |name: &str, text: &str| {
            Test::text(TextIn::Header(name.to_owned()), Needle::new(text)).holds(loaded)
        };
        assert_eq!(header("subject", "GRÜßE"), Some(true));
        assert_eq!(header("x-none", ""), Some(false));
        assert_eq!(Test::text(TextIn::Text, Needle::new("HELLO")).holds(loaded), Some(true));
    }
}
