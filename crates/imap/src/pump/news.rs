//! What a stretch of a mailbox's log means to one client: the pure part of the pump.
//!
//! Several changes of one message become one, its newest. RFC 3501 §5.2, §6.4.6; RFC 7162 §3.1.3.

use std::collections::BTreeMap;

use mailstore::{Op, Record};
use model::{Flags, ModSeq, Uid, UidSet};

use crate::view::View;

/// Flag changes of more messages than this are not kept one by one but looked up in the image when they are told.
pub(crate) const UPDATES_MAX: usize = 2048;

/// The changes that the session made itself, by commit.
pub(crate) type Own = BTreeMap<ModSeq, OwnChange>;

/// How much of an own change the client still has to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OwnChange {
    /// STORE .SILENT: not the flags, but its mod-sequence if the client knows of those (RFC 7162 §3.1.3).
    Silent,
    /// An implicit `\Seen`: flags and mod-sequence stood in the FETCH response.
    Told,
}

/// News of one mailbox for one client. The view has been brought up to date; this is what it does not hold.
#[derive(Debug, Default)]
pub(crate) struct News {
    /// Messages whose flags and mod-sequence are told.
    pub(crate) flags: UidSet,
    /// Messages of which only the mod-sequence is told.
    pub(crate) modseqs: UidSet,
    /// What the log says of them. What is missing here has to be looked up in the image.
    pub(crate) latest: BTreeMap<Uid, (Flags, ModSeq)>,
    /// Messages that arrived.
    pub(crate) arrived: UidSet,
}

impl News {
    /// Brings the view up to a commit by the log records until then. What the session changed itself is behind it.
    pub(crate) fn follow(view: &mut View, records: &[Record], through: ModSeq, own: &mut Own) -> Self {
        let news = Self::of(view, records, own);
        own.clear();
        view.advance(through);
        news
    }

    /// Applies log records, oldest first, to the view; answers what else the client is to be told.
    pub(crate) fn of(view: &mut View, records: &[Record], own: &Own) -> Self {
        let (mut news, through) = (Self::default(), view.through());
        for record in records.iter().filter(|record| record.modseq > through) {
            for op in &record.change.ops {
                news.take(view, record.modseq, op, own.get(&record.modseq).copied());
            }
        }
        // Messages that are new to the client are not told for their flags: it has to ask for them anyway.
        let ghosts = view.ghosts();
        news.flags = view.known(&news.flags).difference(&ghosts);
        news.modseqs = view.known(&news.modseqs).difference(&ghosts).difference(&news.flags);
        view.arrived(&news.arrived);
        news
    }

    /// As [`News::of`], from what is `there` now and has `changed` since, where the log has been cut.
    ///
    /// Whose changes they were is not known, so the client hears of its own as well: that does no harm, and a change
    /// it did not hear of would.
    pub(crate) fn by_comparison(view: &mut View, there: &UidSet, changed: &UidSet) -> Self {
        let old = view.last_uid().map_or_else(UidSet::new, |last| UidSet::range(Uid::FIRST, last));
        // When it was expunged is not known either; the earliest it can have been keeps HIGHESTMODSEQ low enough.
        let gone = view.all().difference(there);
        view.expunged(view.through().next(), &gone);
        let flags = view.known(changed);
        let arrived = there.difference(&old);
        view.arrived(&arrived);
        Self { flags, arrived, ..Self::default() }
    }

    fn take(&mut self, view: &mut View, modseq: ModSeq, op: &Op, own: Option<OwnChange>) {
        match op {
            Op::Insert { first, messages, .. } => self.arrive(*first, messages.len()),
            Op::Link { first, count, .. } => self.arrive(*first, *count as usize),
            Op::Expunge { uids } => {
                // What the client never heard of is gone without a word.
                self.arrived = self.arrived.difference(uids);
                view.expunged(modseq, uids);
            }
            Op::Flags { messages } => {
                for &(uid, flags) in messages {
                    self.latest.remove(&uid);
                    if self.latest.len() < UPDATES_MAX {
                        self.latest.insert(uid, (flags, modseq));
                    }
                }
                self.mark(&messages.iter().map(|&(uid, _)| uid).collect(), own);
            }
            Op::FlagsDelta { uids, .. } => {
                self.latest.retain(|&uid, _| !uids.contains(uid));
                self.mark(uids, own);
            }
        }
    }

    fn arrive(&mut self, first: Uid, count: usize) {
        let last = (u64::from(first.get()) + count as u64).checked_sub(1);
        if let Some(last) = last.and_then(|last| u32::try_from(last).ok()).and_then(Uid::new) {
            self.arrived.insert_range(first, last);
        }
    }

    fn mark(&mut self, uids: &UidSet, own: Option<OwnChange>) {
        match own {
            None => self.flags = self.flags.union(uids),
            Some(OwnChange::Silent) => self.modseqs = self.modseqs.union(uids),
            // What was told had all in it that came before.
            Some(OwnChange::Told) => {
                self.flags = self.flags.difference(uids);
                self.modseqs = self.modseqs.difference(uids);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mailstore::Change;
    use model::SaveDate;
    use std::sync::Arc;

    fn uids(from: u32, to: u32) -> UidSet {
        UidSet::from_ranges([(from, to)])
    }

    fn record(modseq: u64, op: Op) -> Record {
        Record { modseq: ModSeq(modseq), change: Arc::new(Change { ops: vec![op] }) }
    }

    fn flags(modseq: u64, uid: u32, flags: Flags) -> Record {
        record(modseq, Op::Flags { messages: vec![(Uid::new(uid).unwrap(), flags)] })
    }

    fn view() -> View {
        View::new(&uids(1, 5), ModSeq(10))
    }

    #[test]
    fn several_changes_of_one_message_become_its_newest() {
        let records = [flags(11, 2, Flags::SEEN), flags(12, 2, Flags::DRAFT), flags(9, 3, Flags::SEEN)];
        let news = News::of(&mut view(), &records, &Own::new());
        assert_eq!(news.flags, uids(2, 2));
        assert_eq!(news.latest[&Uid::new(2).unwrap()], (Flags::DRAFT, ModSeq(12)));
    }

    #[test]
    fn silence_covers_the_own_change_only() {
        let own = Own::from([(ModSeq(12), OwnChange::Silent)]);
        let records = [flags(11, 2, Flags::SEEN), flags(12, 2, Flags::DRAFT), flags(12, 3, Flags::DRAFT)];
        let news = News::of(&mut view(), &records, &own);
        assert_eq!((news.flags, news.modseqs), (uids(2, 2), uids(3, 3)));
    }

    #[test]
    fn what_was_told_in_a_fetch_is_not_told_again_unless_it_changed_since() {
        let own = Own::from([(ModSeq(12), OwnChange::Told)]);
        let records = [flags(11, 2, Flags::SEEN), flags(12, 2, Flags::SEEN), flags(12, 3, Flags::SEEN)];
        assert!(News::of(&mut view(), &records, &own).flags.is_empty());
        let records = [flags(12, 2, Flags::SEEN), flags(13, 2, Flags::DRAFT)];
        assert_eq!(News::of(&mut view(), &records, &own).flags, uids(2, 2));
    }

    #[test]
    fn an_arrival_that_is_expunged_before_it_was_told_is_never_counted() {
        let mut view = view();
        let link = Op::Link { first: Uid::new(8).unwrap(), count: 2, stage: 1, saved: SaveDate::UNKNOWN };
        let records =
            [record(11, link), record(12, Op::Expunge { uids: uids(5, 8) }), flags(13, 9, Flags::SEEN)];
        let news = News::of(&mut view, &records, &Own::new());
        assert_eq!(news.arrived, uids(9, 9));
        assert!(news.flags.is_empty(), "flags of new messages are asked for");
        assert_eq!(view.exists(), 6);
        assert_eq!(view.announce().numbers, [model::SeqNo(5)]);
        assert_eq!(view.all(), UidSet::from_ranges([(1, 4), (9, 9)]));
    }

    #[test]
    fn where_the_log_was_cut_the_difference_is_news() {
        let mut view = view();
        let there = UidSet::from_ranges([(1, 3), (5, 7)]);
        let changed = UidSet::from_ranges([(2, 2), (6, 7)]);
        let news = News::by_comparison(&mut view, &there, &changed);
        assert_eq!((news.flags, news.arrived), (uids(2, 2), uids(6, 7)));
        assert_eq!(view.highest_modseq(ModSeq(30)), ModSeq(10), "the ghost is as old as it can be");
        view.announce();
        assert_eq!(view.all(), there);
    }

    #[test]
    fn a_change_of_many_is_looked_up() {
        let delta = Op::FlagsDelta { uids: uids(1, 9), remove: Flags::NONE, add: Flags::SEEN };
        let news = News::of(&mut view(), &[flags(11, 2, Flags::DRAFT), record(12, delta)], &Own::new());
        assert!(news.latest.is_empty());
        assert_eq!(news.flags, uids(1, 5));
    }
}
