//! Message numbers: which UID each number stands for, and back, in time logarithmic in the number of gaps.
//!
//! RFC 3501 §2.3.1.2. UIDs are kept as runs without gaps, each with the count of messages before it, so that
//! a mailbox of any size without gaps is one run.

use model::{SeqNo, Uid, UidSet};

/// UIDs without a gap between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    first: u32,
    last: u32,
    /// How many messages there are in all runs before this one.
    before: u32,
}

impl Run {
    const fn len(self) -> u32 {
        self.last - self.first + 1
    }
}

/// The UIDs of a mailbox in their order, numbered from 1.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbers {
    runs: Vec<Run>,
}

impl Numbers {
    pub(crate) fn new(uids: &UidSet) -> Self {
        let mut numbers = Self { runs: Vec::with_capacity(uids.ranges().len()) };
        numbers.append(uids);
        numbers
    }

    /// How many messages.
    pub(crate) fn len(&self) -> u32 {
        self.runs.last().map_or(0, |run| run.before + run.len())
    }

    /// The highest UID.
    pub(crate) fn last(&self) -> Option<Uid> {
        self.runs.last().and_then(|run| Uid::new(run.last))
    }

    /// The UID that has the number.
    pub(crate) fn uid(&self, number: SeqNo) -> Option<Uid> {
        let index = number.0.checked_sub(1)?;
        let run = self.runs.get(self.runs.partition_point(|run| run.before + run.len() <= index))?;
        Uid::new(run.first + (index - run.before))
    }

    /// The number that the UID has.
    pub(crate) fn number(&self, uid: Uid) -> Option<SeqNo> {
        let uid = uid.get();
        let run = self.runs.get(self.runs.partition_point(|run| run.last < uid))?;
        (run.first <= uid).then(|| SeqNo(run.before + (uid - run.first) + 1))
    }

    /// The UIDs of the numbers `from` to `to` as ranges; numbers that no message has are passed over.
    pub(crate) fn ranges_between(&self, from: u32, to: u32) -> impl Iterator<Item = (u32, u32)> + '_ {
        // Counted from 0, and `to` excluded.
        let (from, to) = (from.saturating_sub(1), to.min(self.len()));
        let start = self.runs.partition_point(|run| run.before + run.len() <= from);
        let runs = self.runs.get(start..).unwrap_or_default().iter();
        runs.take_while(move |run| run.before < to).map(move |run| {
            let skipped = from.saturating_sub(run.before);
            let cut = (run.before + run.len()).saturating_sub(to);
            (run.first + skipped, run.last - cut)
        })
    }

    /// All UIDs.
    pub(crate) fn uids(&self) -> UidSet {
        UidSet::from_ranges(self.runs.iter().map(|run| (run.first, run.last)))
    }

    /// Those of `uids` that have a number.
    pub(crate) fn intersection(&self, uids: &UidSet) -> UidSet {
        UidSet::from_ranges(uids.ranges().flat_map(|asked| {
            let start = self.runs.partition_point(|run| run.last < *asked.start());
            let runs = self.runs.get(start..).unwrap_or_default().iter();
            runs.map_while(move |run| {
                let (from, to) = (run.first.max(*asked.start()), run.last.min(*asked.end()));
                (from <= to).then_some((from, to))
            })
        }))
    }

    /// Adds UIDs; those that are not above all others are passed over.
    pub(crate) fn append(&mut self, uids: &UidSet) {
        for range in uids.ranges() {
            let last = self.runs.last().map_or(0, |run| run.last);
            let (from, to) = ((*range.start()).max(last.saturating_add(1)), *range.end());
            if from <= to {
                self.push(from, to);
            }
        }
    }

    fn push(&mut self, first: u32, last: u32) {
        let before = self.len();
        match self.runs.last_mut() {
            Some(run) if run.last + 1 == first => run.last = last,
            _ => self.runs.push(Run { first, last, before }),
        }
    }

    /// Takes UIDs out; the numbers above each go down by one.
    pub(crate) fn remove(&mut self, uids: &UidSet) {
        if uids.is_empty() {
            return;
        }
        *self = Self::new(&self.uids().difference(uids));
    }

    pub(crate) fn shrink_to_fit(&mut self) {
        self.runs.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn set() -> impl Strategy<Value = UidSet> {
        proptest::collection::vec((1u32..80, 0u32..9), 0..10)
            .prop_map(|v| UidSet::from_ranges(v.into_iter().map(|(a, n)| (a, a + n))))
    }

    proptest! {
        #[test]
        fn numbers_are_positions_in_a_plain_list(uids in set(), gone in set(), asked in set(), more in 0u32..5) {
            let mut numbers = Numbers::new(&uids);
            let mut list: Vec<Uid> = uids.iter().collect();
            for step in 0..3 {
                match step {
                    0 => {}
                    1 => { numbers.remove(&gone); list.retain(|&uid| !gone.contains(uid)); }
                    _ => {
                        let first = list.last().map_or(1, |uid| uid.get() + 2);
                        let new = UidSet::from_ranges([(first, first + more)]);
                        numbers.append(&new);
                        list.extend(new.iter());
                    }
                }
                prop_assert_eq!(numbers.len() as usize, list.len());
                prop_assert_eq!(numbers.last(), list.last().copied());
                for n in 0..=list.len() as u32 + 1 {
                    let expected = n.checked_sub(1).and_then(|at| list.get(at as usize)).copied();
                    prop_assert_eq!(numbers.uid(SeqNo(n)), expected);
                    if let Some(uid) = expected { prop_assert_eq!(numbers.number(uid), Some(SeqNo(n))); }
                }
                prop_assert_eq!(numbers.uids().iter().collect::<Vec<_>>(), list.clone());
                let both: Vec<Uid> = list.iter().copied().filter(|&uid| asked.contains(uid)).collect();
                prop_assert_eq!(numbers.intersection(&asked).iter().collect::<Vec<_>>(), both);
            }
        }

        #[test]
        fn a_range_of_numbers_is_a_slice_of_the_list(uids in set(), from in 1u32..40, count in 0u32..40) {
            let numbers = Numbers::new(&uids);
            let to = from + count;
            let found = UidSet::from_ranges(numbers.ranges_between(from, to));
            let expected: Vec<Uid> = uids.iter().skip(from as usize - 1).take(count as usize + 1).collect();
            prop_assert_eq!(found.iter().collect::<Vec<_>>(), expected);
        }
    }
}
