//! Sets of UIDs as sorted ranges: small where UIDs are dense, which they are.

use crate::Uid;
use std::fmt;
use std::ops::RangeInclusive;

/// A set of UIDs, kept as sorted, disjoint ranges that do not touch each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct UidSet {
    ranges: Vec<(u32, u32)>,
}

impl UidSet {
    /// The empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self { ranges: Vec::new() }
    }

    /// One range.
    #[must_use]
    pub fn range(from: Uid, to: Uid) -> Self {
        Self::from_ranges([(from.get(), to.get())])
    }

    /// The union of ranges in any order; those of no UID (from 0, or backwards) are passed over.
    pub fn from_ranges(ranges: impl IntoIterator<Item = (u32, u32)>) -> Self {
        let mut all: Vec<(u32, u32)> = ranges.into_iter().filter(|&(a, b)| a > 0 && a <= b).collect();
        all.sort_unstable();
        let mut set = Self { ranges: Vec::with_capacity(all.len()) };
        for (from, to) in all {
            set.push_range(from, to);
        }
        set
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// How many UIDs.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.ranges.iter().map(|&(a, b)| u64::from(b - a) + 1).sum()
    }

    /// The ranges, ascending; neighbours never touch.
    pub fn ranges(&self) -> impl ExactSizeIterator<Item = RangeInclusive<u32>> + DoubleEndedIterator + '_ {
        self.ranges.iter().map(|&(a, b)| a..=b)
    }

    /// Every UID, ascending.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Uid> + '_ {
        self.ranges().flatten().filter_map(Uid::new)
    }

    /// The lowest.
    #[must_use]
    pub fn first(&self) -> Option<Uid> {
        self.ranges.first().and_then(|&(a, _)| Uid::new(a))
    }

    /// The highest.
    #[must_use]
    pub fn last(&self) -> Option<Uid> {
        self.ranges.last().and_then(|&(_, b)| Uid::new(b))
    }

    /// Whether `uid` is in it.
    #[must_use]
    pub fn contains(&self, uid: Uid) -> bool {
        self.find(uid.get()).is_ok()
    }

    /// The range that holds `uid`, or where it would be.
    fn find(&self, uid: u32) -> Result<usize, usize> {
        let at = self.ranges.partition_point(|&(_, to)| to < uid);
        match self.ranges.get(at) {
            Some(&(from, _)) if from <= uid => Ok(at),
            _ => Err(at),
        }
    }

    /// Adds `uid`. Constant time when it is above all others.
    pub fn insert(&mut self, uid: Uid) {
        self.insert_range(uid, uid);
    }

    /// Adds all from `from` to `to`. Constant time when they lie above all others.
    pub fn insert_range(&mut self, from: Uid, to: Uid) {
        let (mut from, mut to) = (from.get(), to.get());
        if from > to {
            return;
        }
        if self.ranges.last().is_none_or(|&(last, _)| last <= from) {
            self.push_range(from, to);
            return;
        }
        // All ranges that overlap or touch the new one become one with it.
        let start = self.ranges.partition_point(|&(_, b)| b.saturating_add(1) < from);
        let end = self.ranges.partition_point(|&(a, _)| a <= to.saturating_add(1));
        if let (Some(&(a, _)), Some(&(_, b))) = (self.ranges.get(start), self.ranges.get(end.wrapping_sub(1)))
            && start < end
        {
            from = from.min(a);
            to = to.max(b);
        }
        self.ranges.splice(start..end, [(from, to)]);
    }

    /// Adds a range that starts no lower than any range so far.
    fn push_range(&mut self, from: u32, to: u32) {
        match self.ranges.last_mut() {
            Some((_, last)) if from <= last.saturating_add(1) => *last = (*last).max(to),
            _ => self.ranges.push((from, to)),
        }
    }

    /// Takes `uid` out; says whether it was in.
    pub fn remove(&mut self, uid: Uid) -> bool {
        let uid = uid.get();
        let Ok(at) = self.find(uid) else { return false };
        let (from, to) = self.ranges[at];
        let left = (from < uid).then(|| (from, uid - 1));
        let right = (uid < to).then(|| (uid + 1, to));
        self.ranges.splice(at..=at, left.into_iter().chain(right));
        true
    }

    /// All of both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self::from_ranges(self.ranges.iter().chain(&other.ranges).copied())
    }

    /// What both have.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let mut result = Self::new();
        let (mut i, mut j) = (0, 0);
        while let (Some(&(a, b)), Some(&(c, d))) = (self.ranges.get(i), other.ranges.get(j)) {
            if a.max(c) <= b.min(d) {
                result.push_range(a.max(c), b.min(d));
            }
            if b < d { i += 1 } else { j += 1 }
        }
        result
    }

    /// What is here and not in `other`.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let mut result = Self::new();
        let mut j = 0;
        for &(mut from, to) in &self.ranges {
            while other.ranges.get(j).is_some_and(|&(_, d)| d < from) {
                j += 1;
            }
            let mut k = j;
            let mut open = true;
            while let Some(&(c, d)) = other.ranges.get(k).filter(|&&(c, _)| c <= to) {
                if c > from {
                    result.push_range(from, c - 1);
                }
                if d >= to {
                    open = false;
                    break;
                }
                from = d + 1;
                k += 1;
            }
            if open {
                result.push_range(from, to);
            }
        }
        result
    }

    /// The UID at `index`, counted from 0 in ascending order. Its time grows with the number of ranges.
    #[must_use]
    pub fn nth(&self, index: u64) -> Option<Uid> {
        let mut before = 0;
        for &(from, to) in &self.ranges {
            let count = u64::from(to - from) + 1;
            if index < before + count {
                return Uid::new(from + u32::try_from(index - before).ok()?);
            }
            before += count;
        }
        None
    }

    /// How many are lower than `uid`.
    #[must_use]
    pub fn rank(&self, uid: Uid) -> u64 {
        let uid = uid.get();
        let below = self.ranges.iter().take_while(|&&(from, _)| from < uid);
        below.map(|&(from, to)| u64::from(to.min(uid - 1) - from) + 1).sum()
    }
}

impl FromIterator<Uid> for UidSet {
    fn from_iter<I: IntoIterator<Item = Uid>>(uids: I) -> Self {
        let mut set = Self::new();
        for uid in uids {
            set.insert(uid);
        }
        set
    }
}

impl Extend<Uid> for UidSet {
    fn extend<I: IntoIterator<Item = Uid>>(&mut self, uids: I) {
        for uid in uids {
            self.insert(uid);
        }
    }
}

impl fmt::Display for UidSet {
    /// The `uid-set` of RFC 9051 §9, ascending; nothing for the empty set.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, &(from, to)) in self.ranges.iter().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            if from == to { write!(f, "{from}")? } else { write!(f, "{from}:{to}")? }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn uid(n: u32) -> Uid {
        Uid::new(n).unwrap()
    }

    fn naive(set: &UidSet) -> BTreeSet<u32> {
        set.iter().map(Uid::get).collect()
    }

    fn tidy(set: &UidSet) -> bool {
        set.ranges.windows(2).all(|w| w[0].1 + 1 < w[1].0) && set.ranges.iter().all(|&(a, b)| a <= b)
    }

    fn any_set() -> impl Strategy<Value = UidSet> {
        proptest::collection::vec((1u32..60, 0u32..6), 0..12)
            .prop_map(|v| UidSet::from_ranges(v.into_iter().map(|(a, n)| (a, a + n))))
    }

    #[test]
    fn is_written_as_the_rfc_writes_it() {
        assert_eq!(UidSet::from_ranges([(4, 6), (1, 1), (2, 2), (9, 9)]).to_string(), "1:2,4:6,9");
        assert_eq!(UidSet::range(Uid::MAX, Uid::MAX).to_string(), "4294967295");
    }

    proptest! {
        #[test]
        fn behaves_like_a_plain_set(a in any_set(), b in any_set(), n in 1u32..70, m in 0u32..9) {
            let (na, nb) = (naive(&a), naive(&b));
            prop_assert_eq!(naive(&a.union(&b)), na.union(&nb).copied().collect());
            prop_assert_eq!(naive(&a.intersection(&b)), na.intersection(&nb).copied().collect());
            prop_assert_eq!(naive(&a.difference(&b)), na.difference(&nb).copied().collect());
            prop_assert!(tidy(&a.union(&b)) && tidy(&a.intersection(&b)) && tidy(&a.difference(&b)));
            prop_assert_eq!(a.contains(uid(n)), na.contains(&n));
            prop_assert_eq!(a.len(), na.len() as u64);
            prop_assert_eq!(a.rank(uid(n)), na.range(..n).count() as u64);
            prop_assert_eq!(a.nth(u64::from(m)).map(Uid::get), na.iter().nth(m as usize).copied());
            let mut with = a.clone();
            with.insert_range(uid(n), uid(n + m));
            prop_assert_eq!(naive(&with), na.iter().copied().chain(n..=n + m).collect());
            let mut without = a.clone();
            prop_assert_eq!(without.remove(uid(n)), na.contains(&n));
            prop_assert_eq!(naive(&without), na.into_iter().filter(|&x| x != n).collect());
            prop_assert!(tidy(&with) && tidy(&without));
        }
    }
}
