//! What a client knows of the mailbox that it has selected, from nothing but what it is told.
//!
//! RFC 3501 §7.3 and §7.4, RFC 7162 §3.2 (mod-sequences, VANISHED), RFC 9586 §3 (UIDs alone). What no server may say
//! is an error; what a client does not need for its view is passed over.

mod text;

use std::collections::{BTreeMap, BTreeSet};

pub use text::spoken;

/// The flags of a message, without `\Recent`.
pub type FlagSet = BTreeSet<String>;

/// A message as the client knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its UID.
    pub uid: u32,
    /// Its flags.
    pub flags: FlagSet,
    /// Its mod-sequence; 0 where it was not told.
    pub modseq: u64,
}

/// What no server may say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Impossible {
    /// EXISTS with fewer messages than there are.
    #[error("EXISTS went from {from} down to {to}")]
    Shrunk {
        /// What the client counts.
        from: usize,
        /// What the server said.
        to: usize,
    },
    /// EXPUNGE or FETCH of a number that the client has no message for.
    #[error("there is no message {number}, but {exists}")]
    NoSuchNumber {
        /// The number that was said.
        number: usize,
        /// How many messages the client counts.
        exists: usize,
    },
    /// VANISHED or UIDFETCH of a UID that the client has no place for.
    #[error("there is no message with UID {0}")]
    NoSuchUid(u32),
    /// FETCH with a UID that is not this message's.
    #[error("message {number} has UID {known}, not {told}")]
    AnotherUid {
        /// The message number.
        number: usize,
        /// The UID that it has.
        known: u32,
        /// The UID that was said.
        told: u32,
    },
    /// A flag changed unasked without a mod-sequence, though the client knows of those (RFC 7162 §3.2).
    #[error("the flags of UID {0} changed without MODSEQ")]
    NoModSeq(u32),
    /// The mod-sequence of a message went down.
    #[error("MODSEQ of UID {uid} went from {from} down to {to}")]
    ModSeqShrunk {
        /// The message.
        uid: u32,
        /// What was told before.
        from: u64,
        /// What was told now.
        to: u64,
    },
    /// What SELECT told of the mailbox does not add up to its EXISTS.
    #[error("after SELECT {known} messages are known, but {exists} exist")]
    Miscounted {
        /// What came of memory, VANISHED and FETCH.
        known: usize,
        /// What EXISTS said.
        exists: usize,
    },
    /// Something that cannot be read.
    #[error("cannot be read")]
    Unreadable,
}

/// What a client keeps when it goes away, to come back with QRESYNC (RFC 7162 §3.2.5).
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// The UIDVALIDITY of the mailbox.
    pub uid_validity: u64,
    /// The highest mod-sequence up to which everything is known.
    pub modseq: u64,
    /// All messages that it knows.
    pub messages: BTreeMap<u32, Message>,
}

/// A client's view of the mailbox that it has selected.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// By message number; `None` for a message that was announced and not yet fetched.
    pub messages: Vec<Option<Message>>,
    /// Whether MODSEQ has to come with every change of flags.
    condstore: bool,
    /// Whether messages have no numbers (RFC 9586): those that were announced and not yet fetched are merely so many.
    uid_only: bool,
    uid_validity: u64,
    modseq: u64,
    /// Whose flags were told since the command began.
    told: BTreeSet<u32>,
    is_fetching: bool,
    /// The highest MODSEQ, and whether HIGHESTMODSEQ came, since the last tagged answer (RFC 7162 §6).
    heard: (u64, bool),
    /// What the SELECT told nothing of, and what has not been expunged since.
    owed: usize,
    /// While a SELECT is under way: what is known by UID, and EXISTS.
    opening: Option<(BTreeMap<u32, Message>, usize)>,
}

impl View {
    /// Of a client that has enabled CONDSTORE or what implies it, or UIDONLY.
    #[must_use]
    pub fn new(condstore: bool, uid_only: bool) -> Self {
        Self { condstore, uid_only, ..Self::default() }
    }

    /// A SELECT begins; of a mailbox that is remembered or not. Its answer is one snapshot: nothing changes in it.
    pub fn open(&mut self, memory: Memory) {
        (self.uid_validity, self.modseq) = (memory.uid_validity, memory.modseq);
        self.messages.clear();
        self.opening = Some((memory.messages, 0));
    }

    /// The SELECT was answered OK.
    ///
    /// # Errors
    /// What was said does not add up.
    pub fn opened(&mut self) -> Result<(), Impossible> {
        let (known, exists) = self.opening.take().unwrap_or_default();
        if known.len() > exists {
            return Err(Impossible::Miscounted { known: known.len(), exists });
        }
        self.owed = exists - known.len();
        self.messages = known.into_values().map(Some).collect();
        self.messages.resize(exists, None);
        self.settle();
        Ok(())
    }

    /// How many messages the SELECT counted and said nothing of. With QRESYNC they have been expunged while it was answered,
    /// which the next answer has to tell.
    #[must_use]
    pub fn owed(&self) -> usize {
        self.owed
    }

    /// What the client takes with it when it goes away.
    #[must_use]
    pub fn memory(&self) -> Memory {
        let messages = self.messages.iter().flatten().map(|message| (message.uid, message.clone())).collect();
        Memory { uid_validity: self.uid_validity, modseq: self.modseq, messages }
    }

    /// Believes one untagged response, without its literals and quoted strings (see [`spoken`]).
    ///
    /// # Errors
    /// No server may say this.
    pub fn hear(&mut self, line: &str) -> Result<(), Impossible> {
        if let Some(fetched) = text::fetched(line) {
            return self.hear_fetch(&fetched);
        }
        match line.split_ascii_whitespace().collect::<Vec<_>>().as_slice() {
            ["*", count, "EXISTS"] => self.hear_exists(count.parse().map_err(|_| Impossible::Unreadable)?),
            ["*", number, "EXPUNGE"] => {
                self.hear_expunge(number.parse().map_err(|_| Impossible::Unreadable)?)
            }
            ["*", "VANISHED", "(EARLIER)", set] => self.hear_earlier(set),
            ["*", "VANISHED", set] => text::uids(set)
                .ok_or(Impossible::Unreadable)?
                .into_iter()
                .try_for_each(|uid| self.vanish(uid)),
            _ => {
                self.hear_code(line);
                Ok(())
            }
        }
    }

    /// Takes UIDVALIDITY and HIGHESTMODSEQ from a response code, tagged or not.
    pub fn hear_code(&mut self, line: &str) {
        let number = |code: &str| line.split_once(code)?.1.split(']').next()?.parse::<u64>().ok();
        self.uid_validity = number("[UIDVALIDITY ").unwrap_or(self.uid_validity);
        if let Some(modseq) = number("[HIGHESTMODSEQ ") {
            (self.modseq, self.heard.1) = (modseq, true);
        }
    }

    /// A command begins, a FETCH or another. What a FETCH answers needs no MODSEQ unless it was asked for; the change that
    /// it shows has still to be told with one (RFC 7162 §3.2).
    pub fn begin(&mut self, is_fetch: bool) {
        self.told.clear();
        self.is_fetching = is_fetch;
    }

    /// A STORE that was to be silent has done this to a message (RFC 3501 §6.4.6). What the server said of the flags
    /// meanwhile counts more, since it may know of a later change.
    pub fn assume(&mut self, uid: u32, change: impl FnOnce(&mut FlagSet)) {
        if self.told.contains(&uid) {
            return;
        }
        if let Some(message) = self.messages.iter_mut().flatten().find(|message| message.uid == uid) {
            change(&mut message.flags);
        }
    }

    /// Whether messages were announced that are not known yet.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.messages.iter().any(Option::is_none)
    }

    /// At a tagged answer: what the server calls the highest mod-sequence counts, else the highest that it told.
    pub fn settle(&mut self) {
        if let (modseq, false) = std::mem::take(&mut self.heard) {
            self.modseq = self.modseq.max(modseq);
        }
    }

    /// How this view and what there is differ, in the first message where they do. Mod-sequences count where
    /// both know them.
    #[must_use]
    pub fn difference(&self, there: &Self) -> Option<String> {
        let same = |one: &Option<Message>, other: &Option<Message>| match (one, other) {
            (Some(one), Some(other)) => {
                let modseqs = one.modseq == other.modseq || one.modseq == 0 || other.modseq == 0;
                one.uid == other.uid && one.flags == other.flags && modseqs
            }
            _ => false,
        };
        let pairs = self.messages.iter().zip(&there.messages);
        if let Some((at, (one, other))) = pairs.enumerate().find(|(_, (one, other))| !same(one, other)) {
            return Some(format!("message {} is believed to be {one:?}, but is {other:?}", at + 1));
        }
        let (believed, exist) = (self.messages.len(), there.messages.len());
        (believed != exist).then(|| format!("{believed} messages are believed to exist, but {exist} do"))
    }

    fn hear_exists(&mut self, count: usize) -> Result<(), Impossible> {
        if let Some((_, exists)) = &mut self.opening {
            *exists = count;
            return Ok(());
        }
        if count < self.messages.len() {
            return Err(Impossible::Shrunk { from: self.messages.len(), to: count });
        }
        self.messages.resize(count, None);
        Ok(())
    }

    fn hear_expunge(&mut self, number: usize) -> Result<(), Impossible> {
        let exists = self.messages.len();
        match number.checked_sub(1).filter(|&at| at < exists) {
            Some(at) => self.lose(at),
            None => return Err(Impossible::NoSuchNumber { number, exists }),
        }
        Ok(())
    }

    /// It may name what the client does not know, and moves no numbers (RFC 7162 §3.2.10.1).
    fn hear_earlier(&mut self, set: &str) -> Result<(), Impossible> {
        let gone = text::uids(set).ok_or(Impossible::Unreadable)?;
        if let Some((known, _)) = &mut self.opening {
            known.retain(|uid, _| !gone.contains(uid));
        }
        Ok(())
    }

    fn vanish(&mut self, uid: u32) -> Result<(), Impossible> {
        // Where a message stood that SELECT told nothing of is not known; its place was kept at the end.
        let owed = || self.messages.iter().rposition(Option::is_none).filter(|_| self.owed > 0);
        let at = self.place(uid).or_else(owed).ok_or(Impossible::NoSuchUid(uid))?;
        self.lose(at);
        Ok(())
    }

    fn lose(&mut self, at: usize) {
        if self.messages.remove(at).is_none() {
            self.owed = self.owed.saturating_sub(1);
        }
    }

    /// Where a UID is, or where one that was announced and is not known yet can be.
    fn place(&self, uid: u32) -> Option<usize> {
        if self.uid_only {
            let known = |message: &Option<Message>| message.as_ref().is_some_and(|known| known.uid == uid);
            let unknown = || self.messages.iter().position(Option::is_none);
            return self.messages.iter().position(known).or_else(unknown);
        }
        let mut unknown = None;
        for (at, message) in self.messages.iter().enumerate() {
            match message {
                Some(message) if message.uid == uid => return Some(at),
                Some(message) if message.uid > uid => return unknown,
                Some(_) => unknown = None,
                None => unknown = unknown.or(Some(at)),
            }
        }
        unknown
    }

    fn hear_fetch(&mut self, fetched: &text::Fetched) -> Result<(), Impossible> {
        let modseq = fetched.modseq.unwrap_or(0);
        self.heard.0 = self.heard.0.max(modseq);
        if let Some((known, _)) = &mut self.opening {
            let uid = fetched.uid.ok_or(Impossible::Unreadable)?;
            let flags = fetched.flags.clone().unwrap_or_default();
            known.insert(uid, Message { uid, flags, modseq });
            return Ok(());
        }
        let exists = self.messages.len();
        let at = match fetched.number {
            Some(number) => number.checked_sub(1).filter(|&at| at < exists),
            None => self.place(fetched.uid.ok_or(Impossible::Unreadable)?),
        };
        let (number, uid) = (fetched.number.unwrap_or(0), fetched.uid);
        let Some(known) = at.and_then(|at| self.messages.get_mut(at)) else {
            return Err(uid.map_or(Impossible::NoSuchNumber { number, exists }, Impossible::NoSuchUid));
        };
        match (known, uid, &fetched.flags) {
            (Some(message), Some(told), _) if message.uid != told => {
                Err(Impossible::AnotherUid { number, known: message.uid, told })
            }
            (Some(message), _, flags) => {
                if flags.is_some() {
                    self.told.insert(message.uid);
                }
                message.hear(fetched, self.condstore && !self.is_fetching)
            }
            (known @ None, Some(uid), Some(flags)) => {
                *known = Some(Message { uid, flags: flags.clone(), modseq });
                if self.uid_only {
                    self.put_in_order();
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The known by UID, and behind them those that are not.
    fn put_in_order(&mut self) {
        self.messages.sort_by_key(|message| message.as_ref().map_or(u32::MAX, |message| message.uid));
    }
}

impl Message {
    fn hear(&mut self, fetched: &text::Fetched, condstore: bool) -> Result<(), Impossible> {
        if let Some(modseq) = fetched.modseq {
            if modseq < self.modseq {
                return Err(Impossible::ModSeqShrunk { uid: self.uid, from: self.modseq, to: modseq });
            }
            self.modseq = modseq;
        }
        let Some(flags) = &fetched.flags else { return Ok(()) };
        if condstore && fetched.modseq.is_none() && *flags != self.flags {
            return Err(Impossible::NoModSeq(self.uid));
        }
        self.flags.clone_from(flags);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(lines: &[&str]) -> View {
        let mut view = View::default();
        lines.iter().for_each(|line| view.hear(line).unwrap());
        view
    }

    #[test]
    fn messages_come_and_go_by_number_and_by_uid() {
        let mut view =
            view(&["* 4 EXISTS", "* 1 FETCH (UID 3 FLAGS (\\Seen))", "* 4 FETCH (FLAGS () UID 9)"]);
        view.hear("* VANISHED 5").unwrap();
        assert_eq!(view.messages.len(), 3);
        view.hear("* 2 EXPUNGE").unwrap();
        assert_eq!(view.messages.iter().flatten().map(|message| message.uid).collect::<Vec<_>>(), [3, 9]);
        assert_eq!(view.hear("* VANISHED 5"), Err(Impossible::NoSuchUid(5)));
        assert_eq!(view.hear("* 3 EXPUNGE"), Err(Impossible::NoSuchNumber { number: 3, exists: 2 }));
        assert_eq!(view.hear("* 1 EXISTS"), Err(Impossible::Shrunk { from: 2, to: 1 }));
    }

    #[test]
    fn what_was_told_counts_more_than_what_is_assumed() {
        let mut view = view(&["* 2 EXISTS", "* 1 FETCH (UID 3 FLAGS ())", "* 2 FETCH (UID 4 FLAGS ())"]);
        view.begin(false);
        view.hear("* 2 FETCH (FLAGS (\\Draft))").unwrap();
        for uid in [3, 4] {
            view.assume(uid, |flags| flags.extend(["\\Seen".to_owned()]));
        }
        let flags: Vec<_> = view.messages.into_iter().flatten().flat_map(|message| message.flags).collect();
        assert_eq!(flags, ["\\Seen", "\\Draft"]);
    }

    #[test]
    fn without_numbers_any_of_those_that_are_unknown_may_be_told_or_go() {
        let mut view = View { uid_only: true, ..View::default() };
        let told = ["* 3 EXISTS", "* 9 UIDFETCH (FLAGS ())", "* VANISHED 5", "* 7 UIDFETCH (FLAGS ())"];
        told.iter().for_each(|line| view.hear(line).unwrap());
        assert_eq!(view.messages.iter().flatten().map(|message| message.uid).collect::<Vec<_>>(), [7, 9]);
        assert_eq!(view.hear("* VANISHED 5"), Err(Impossible::NoSuchUid(5)));
    }

    #[test]
    fn a_message_keeps_its_uid_and_its_mod_sequence_grows() {
        let mut view = view(&["* 1 EXISTS", "* 1 FETCH (UID 3 FLAGS () MODSEQ (7))"]);
        view.condstore = true;
        let another = Impossible::AnotherUid { number: 1, known: 3, told: 4 };
        assert_eq!(view.hear("* 1 FETCH (UID 4)"), Err(another));
        assert_eq!(view.hear("* 1 FETCH (FLAGS (\\Seen))"), Err(Impossible::NoModSeq(3)));
        let shrunk = Impossible::ModSeqShrunk { uid: 3, from: 7, to: 6 };
        assert_eq!(view.hear("* 1 FETCH (MODSEQ (6))"), Err(shrunk));
        view.hear("* 3 UIDFETCH (FLAGS (\\Seen) MODSEQ (8))").unwrap();
        assert_eq!(view.messages.iter().flatten().map(|message| message.modseq).collect::<Vec<_>>(), [8]);
    }
}
