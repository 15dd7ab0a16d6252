//! Ranges of results, counted from the first or from the last. RFC 9394 §3.1 and §4.

use std::num::NonZeroU32;

/// `1:100`, the hundred with the lowest UIDs, or `-1:-100`, the hundred with the highest.
///
/// The answer repeats the range as it was asked for, so its ends are kept in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartialRange {
    /// Which end the results are counted from.
    pub from: CountFrom,
    /// One end of the range.
    pub start: NonZeroU32,
    /// The other end; it may be the lower one.
    pub end: NonZeroU32,
}

/// Where counting begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountFrom {
    /// At the lowest UID: `1:100`.
    First,
    /// At the highest UID: `-1:-100`.
    Last,
}

impl PartialRange {
    /// The places that are wanted among `total` results in ascending order, counted from 0, the second of them no
    /// longer among them. Empty where the range lies beyond.
    #[must_use]
    pub fn places(self, total: u64) -> (u64, u64) {
        let (low, high) = (self.start.min(self.end), self.start.max(self.end));
        let (skipped, taken) = (u64::from(low.get()) - 1, u64::from(high.get()));
        let (skipped, taken) = (skipped.min(total), taken.min(total));
        match self.from {
            CountFrom::First => (skipped, taken),
            CountFrom::Last => (total - taken, total - skipped),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: CountFrom, start: u32, end: u32) -> PartialRange {
        PartialRange { from, start: NonZeroU32::new(start).unwrap(), end: NonZeroU32::new(end).unwrap() }
    }

    #[test]
    fn places_are_counted_from_either_end() {
        for (range, expected) in [
            (range(CountFrom::First, 1, 3), (0, 3)),
            (range(CountFrom::First, 4, 2), (1, 4)),
            (range(CountFrom::First, 9, 20), (8, 10)),
            (range(CountFrom::First, 11, 20), (10, 10)),
            (range(CountFrom::Last, 1, 3), (7, 10)),
            (range(CountFrom::Last, 4, 2), (6, 9)),
            (range(CountFrom::Last, 9, 20), (0, 2)),
            (range(CountFrom::Last, 11, u32::MAX), (0, 0)),
        ] {
            assert_eq!(range.places(10), expected, "{range:?}");
        }
    }
}
