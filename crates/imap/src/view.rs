//! What one client believes of its selected mailbox: which messages there are, and up to when it was told.
//!
//! A pure value. It sends nothing and reads nothing: the pump feeds it with changes and puts what it
//! answers on the wire. A selected session holds this and nothing else of its mailbox.
//! RFC 3501 §2.3.1, §7.3.1 and §7.4.1; RFC 7162 §3.2.5.1.

mod numbers;

use model::{ModSeq, SeqNo, Uid, UidSet};
use numbers::Numbers;

/// A client's belief.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    /// Every message the client counts, ghosts included.
    known: Numbers,
    /// Expunged, but the client was not told yet, so they still have their numbers. Oldest first.
    ghosts: Vec<Ghosts>,
    /// Everything up to this commit has been told, except the ghosts.
    through: ModSeq,
    /// The messages that are `\Recent` in this session (RFC 3501 §2.3.2).
    recent: UidSet,
}

/// The messages that one commit expunged.
#[derive(Clone, Debug)]
struct Ghosts {
    modseq: ModSeq,
    uids: UidSet,
}

/// Expunges that are to be told now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Gone {
    /// For VANISHED.
    pub(crate) uids: UidSet,
    /// For EXPUNGE: from the highest to the lowest, so that each is right when its turn comes.
    pub(crate) numbers: Vec<SeqNo>,
}

impl View {
    /// The view of a client that was just told of exactly these messages.
    pub(crate) fn new(uids: &UidSet, through: ModSeq) -> Self {
        Self { known: Numbers::new(uids), ghosts: Vec::new(), through, recent: UidSet::new() }
    }

    /// EXISTS: ghosts count.
    pub(crate) fn exists(&self) -> u32 {
        self.known.len()
    }

    /// Up to which commit the changes have been applied.
    pub(crate) const fn through(&self) -> ModSeq {
        self.through
    }

    /// The UID of a message number.
    pub(crate) fn uid(&self, number: SeqNo) -> Option<Uid> {
        self.known.uid(number)
    }

    /// The message number of a UID, also of a ghost.
    pub(crate) fn number(&self, uid: Uid) -> Option<SeqNo> {
        self.known.number(uid)
    }

    /// What `*` means among UIDs.
    pub(crate) fn last_uid(&self) -> Option<Uid> {
        self.known.last()
    }

    /// The UIDs of ranges of message numbers; numbers that no message has are passed over.
    pub(crate) fn uids_of(&self, ranges: impl IntoIterator<Item = (u32, u32)>) -> UidSet {
        UidSet::from_ranges(ranges.into_iter().flat_map(|(from, to)| self.known.ranges_between(from, to)))
    }

    /// Those of `uids` that the client knows of, ghosts included.
    pub(crate) fn known(&self, uids: &UidSet) -> UidSet {
        self.known.intersection(uids)
    }

    /// All that the client knows of, ghosts included.
    pub(crate) fn all(&self) -> UidSet {
        self.known.uids()
    }

    /// Whether expunges have not been told yet.
    pub(crate) const fn has_ghosts(&self) -> bool {
        !self.ghosts.is_empty()
    }

    /// All ghosts.
    pub(crate) fn ghosts(&self) -> UidSet {
        self.ghosts.iter().fold(UidSet::new(), |all, ghosts| all.union(&ghosts.uids))
    }

    /// Puts messages that arrived behind all others.
    pub(crate) fn arrived(&mut self, uids: &UidSet) {
        self.known.append(uids);
    }

    /// Takes note of messages that a commit expunged. They keep their numbers until [`View::announce`].
    pub(crate) fn expunged(&mut self, modseq: ModSeq, uids: &UidSet) {
        let uids = self.known(uids).difference(&self.ghosts());
        if !uids.is_empty() {
            let at = self.ghosts.partition_point(|ghosts| ghosts.modseq <= modseq);
            self.ghosts.insert(at, Ghosts { modseq, uids });
        }
    }

    /// Says that all changes up to `modseq` have been applied.
    pub(crate) fn advance(&mut self, modseq: ModSeq) {
        self.through = self.through.max(modseq);
    }

    /// Gives up the ghosts: the client is told now, and message numbers move.
    pub(crate) fn announce(&mut self) -> Gone {
        if self.ghosts.is_empty() {
            return Gone::default();
        }
        let uids = self.ghosts();
        self.ghosts = Vec::new();
        // Whatever is taken out above a message does not touch its number.
        let numbers = uids.iter().rev().filter_map(|uid| self.known.number(uid)).collect();
        self.known.remove(&uids);
        self.recent = self.recent.difference(&uids);
        Gone { uids, numbers }
    }

    /// The HIGHESTMODSEQ that this client may be told when the mailbox's own is `highest`.
    ///
    /// A client that came back with a value at or above a ghost's commit would never hear of it, so the value
    /// stays below the oldest ghost (RFC 7162 §3.2.5.1 tells what happened since the value it gives).
    pub(crate) fn highest_modseq(&self, highest: ModSeq) -> ModSeq {
        let told = highest.min(self.through);
        self.ghosts.first().map_or(told, |oldest| told.min(ModSeq(oldest.modseq.0.saturating_sub(1))))
    }

    /// Makes messages `\Recent` in this session.
    pub(crate) fn add_recent(&mut self, uids: &UidSet) {
        self.recent = self.recent.union(uids);
    }

    /// Whether a message is `\Recent` in this session.
    pub(crate) fn is_recent(&self, uid: Uid) -> bool {
        self.recent.contains(uid)
    }

    /// RECENT: the recent ones among the messages that the client knows of.
    pub(crate) fn recent_count(&self) -> u32 {
        u32::try_from(self.known.intersection(&self.recent).len()).unwrap_or(u32::MAX)
    }

    /// Gives back spare memory; called before a long wait.
    pub(crate) fn shrink_to_fit(&mut self) {
        self.known.shrink_to_fit();
        self.ghosts.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn set(ranges: &[(u32, u32)]) -> UidSet {
        UidSet::from_ranges(ranges.iter().copied())
    }

    #[test]
    fn numbers_do_not_move_before_the_client_is_told() {
        let mut view = View::new(&set(&[(1, 5)]), ModSeq(10));
        view.expunged(ModSeq(11), &set(&[(2, 3)]));
        view.advance(ModSeq(11));
        assert_eq!(view.exists(), 5);
        assert_eq!(view.uid(SeqNo(4)), Uid::new(4));
        let gone = view.announce();
        assert_eq!(gone.numbers, [SeqNo(3), SeqNo(2)]);
        assert_eq!(gone.uids, set(&[(2, 3)]));
        assert_eq!(view.uid(SeqNo(2)), Uid::new(4));
    }

    #[test]
    fn a_pending_ghost_holds_the_highest_modseq_down() {
        let mut view = View::new(&set(&[(1, 5)]), ModSeq(10));
        view.expunged(ModSeq(12), &set(&[(5, 5)]));
        view.expunged(ModSeq(14), &set(&[(1, 1)]));
        view.advance(ModSeq(20));
        assert_eq!(view.highest_modseq(ModSeq(15)), ModSeq(11));
        view.announce();
        assert_eq!(view.highest_modseq(ModSeq(15)), ModSeq(15));
        assert_eq!(view.highest_modseq(ModSeq(25)), ModSeq(20), "what was not told yet does not count");
    }

    #[test]
    fn recent_messages_count_once_they_are_known() {
        let mut view = View::new(&set(&[(1, 2)]), ModSeq(1));
        view.add_recent(&set(&[(2, 3)]));
        assert_eq!(view.recent_count(), 1);
        view.arrived(&set(&[(3, 3)]));
        assert_eq!(view.recent_count(), 2);
        view.expunged(ModSeq(2), &set(&[(2, 2)]));
        view.announce();
        assert_eq!(view.recent_count(), 1);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Arrive(u32),
        Expunge(Vec<usize>),
        Announce,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (1u32..20).prop_map(Step::Arrive),
            proptest::collection::vec(0usize..60, 1..6).prop_map(Step::Expunge),
            Just(Step::Announce),
        ]
    }

    proptest! {
        #[test]
        fn a_client_that_follows_what_is_told_has_the_same_list(steps in proptest::collection::vec(step(), 1..40)) {
            let mut view = View::default();
            let (mut client, mut mailbox): (Vec<Uid>, Vec<Uid>) = (Vec::new(), Vec::new());
            let (mut next, mut modseq) = (1, 0);
            for step in steps {
                modseq += 1;
                match step {
                    Step::Arrive(n) => {
                        let new = set(&[(next, next + n - 1)]);
                        next += n + 1;
                        view.arrived(&new);
                        client.extend(new.iter());
                        mailbox.extend(new.iter());
                    }
                    Step::Expunge(at) => {
                        let uids: UidSet = at.iter().filter_map(|&at| mailbox.get(at)).copied().collect();
                        mailbox.retain(|&uid| !uids.contains(uid));
                        view.expunged(ModSeq(modseq), &uids);
                    }
                    Step::Announce => {
                        let before = client.clone();
                        let gone = view.announce();
                        for number in &gone.numbers {
                            client.remove(number.0 as usize - 1);
                        }
                        let vanished: Vec<Uid> = before.into_iter().filter(|&uid| !gone.uids.contains(uid)).collect();
                        prop_assert_eq!(&vanished, &client);
                        prop_assert_eq!(&client, &mailbox);
                    }
                }
                prop_assert_eq!(view.all().iter().collect::<Vec<_>>(), client.clone());
                prop_assert_eq!(view.exists() as usize, client.len());
                for (number, &uid) in (1u32..).zip(&client) {
                    prop_assert_eq!(view.number(uid), Some(SeqNo(number)));
                }
                let ghosts: Vec<Uid> = client.iter().copied().filter(|uid| !mailbox.contains(uid)).collect();
                prop_assert_eq!(view.ghosts().iter().collect::<Vec<_>>(), ghosts);
            }
        }
    }
}
