//! Sets of message numbers or UIDs as a client writes them: ranges, with `*` for the last one, or `$`.
//!
//! RFC 3501 §9, `sequence-set`; RFC 5182 §2. What a set means depends on the mailbox; see [`SequenceSet::resolve`].

use std::num::NonZeroU32;

/// One end of a range, or one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bound {
    /// A message number or UID.
    Number(NonZeroU32),
    /// `*`: the highest in use.
    Last,
}

impl Bound {
    const fn resolve(self, last: u32) -> u32 {
        match self {
            Self::Number(n) => n.get(),
            Self::Last => last,
        }
    }
}

/// A set as it was sent: at least one range, in any order, overlapping or not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SequenceSet {
    ranges: Vec<(Bound, Bound)>,
}

impl SequenceSet {
    /// The set of these ranges; a single number is a range to itself.
    pub(crate) const fn new(ranges: Vec<(Bound, Bound)>) -> Self {
        Self { ranges }
    }

    /// The ranges, each from its lower to its higher end, in a mailbox whose highest number or UID is `last`
    /// (0 if it is empty).
    ///
    /// `559:*` always holds the last message, also when 559 is above it (RFC 3501 §6.4.8). In an empty mailbox
    /// such a range begins at 0, which stands for no message; `UidSet::from_ranges` passes it over.
    pub fn resolve(&self, last: u32) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.ranges.iter().map(move |&(a, b)| {
            let (a, b) = (a.resolve(last), b.resolve(last));
            (a.min(b), a.max(b))
        })
    }

    /// The ranges as they were sent.
    #[cfg(test)]
    pub(crate) fn ranges(&self) -> &[(Bound, Bound)] {
        &self.ranges
    }

    /// Whether `*` is in it.
    #[must_use]
    pub fn has_last(&self) -> bool {
        self.ranges.iter().any(|&(a, b)| a == Bound::Last || b == Bound::Last)
    }

    /// The highest number that is written out; `None` if there is only `*`.
    #[must_use]
    pub fn highest(&self) -> Option<u32> {
        self.ranges.iter().flat_map(|&(a, b)| [a, b]).map(|bound| bound.resolve(0)).max().filter(|&n| n > 0)
    }
}

/// The messages that a command names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MessageSet {
    /// Those with these numbers or UIDs.
    Listed(SequenceSet),
    /// `$`: what the last SEARCH with SAVE found (RFC 5182 §2.1). Numbers and UIDs of it are the same messages.
    Saved,
}

impl From<Bound> for MessageSet {
    /// The one message.
    fn from(bound: Bound) -> Self {
        Self::Listed(SequenceSet::new(vec![(bound, bound)]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(n: u32) -> Bound {
        Bound::Number(NonZeroU32::new(n).unwrap())
    }

    #[test]
    fn a_star_is_the_last_message_also_below_the_other_end() {
        let set = SequenceSet::new(vec![(number(559), Bound::Last), (number(7), number(3))]);
        assert_eq!(set.resolve(100).collect::<Vec<_>>(), [(100, 559), (3, 7)]);
        assert_eq!(set.resolve(0).collect::<Vec<_>>(), [(0, 559), (3, 7)]);
        assert_eq!((set.has_last(), set.highest()), (true, Some(559)));
        assert_eq!(SequenceSet::new(vec![(Bound::Last, Bound::Last)]).highest(), None);
    }
}
