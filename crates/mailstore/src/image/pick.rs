//! Messages by their flags and their size: what a search mostly asks for first, told from two columns, without putting together
//! the messages that are not asked for.

use std::ops::Range;

use model::{Flags, UidSet};

use super::{Image, Message};
use crate::chunk::{CHUNK_UIDS, Chunk};

/// What a message must have to be picked: everything that is said here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pick {
    /// All of these flags.
    has: Flags,
    /// Of each of these sets, not all.
    lacks: Vec<Flags>,
    /// A size in bytes within these bounds.
    sizes: Range<u64>,
}

impl Default for Pick {
    /// Every message.
    fn default() -> Self {
        Self { has: Flags::NONE, lacks: Vec::new(), sizes: 0..u64::MAX }
    }
}

impl Pick {
    /// Only what has all of these flags.
    pub fn require(&mut self, flags: Flags) {
        self.has = self.has.with(flags);
    }

    /// Nothing that has all of these flags.
    pub fn exclude(&mut self, flags: Flags) {
        self.lacks.push(flags);
    }

    /// Only what is larger than so many bytes.
    pub fn require_larger(&mut self, size: u64) {
        self.sizes.start = self.sizes.start.max(size.saturating_add(1));
    }

    /// Only what is smaller than so many bytes.
    pub fn require_smaller(&mut self, size: u64) {
        self.sizes.end = self.sizes.end.min(size);
    }

    fn holds(&self, flags: Flags, size: u32) -> bool {
        flags.contains(self.has)
            && self.sizes.contains(&u64::from(size))
            && !self.lacks.iter().any(|&lacked| flags.contains(lacked))
    }

    fn each(&self, chunk: &Chunk, places: Range<usize>, each: &mut impl FnMut(Message)) {
        let (Some(flags), Some(sizes)) = (chunk.flags.get(places.clone()), chunk.sizes.get(places.clone()))
        else {
            return;
        };
        for ((at, &flags), &size) in places.zip(flags).zip(sizes) {
            if self.holds(flags, size)
                && let Some(message) = chunk.message(at)
            {
                each(message);
            }
        }
    }
}

impl Image {
    /// Shows the messages of `set` that exist and are picked, by ascending UID.
    pub fn pick(&self, set: &UidSet, pick: &Pick, mut each: impl FnMut(Message)) {
        for range in set.ranges() {
            let (from, to) = (*range.start(), *range.end());
            let chunks = self.chunks_from(from / CHUNK_UIDS);
            for numbered in chunks.take_while(|numbered| numbered.number <= to / CHUNK_UIDS) {
                let chunk = &numbered.chunk;
                let start = chunk.find(from).unwrap_or_else(|at| at);
                let end = chunk.find(to).map_or_else(|at| at, |at| at + 1);
                pick.each(chunk, start..end.max(start), &mut each);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::{Change, NewMessage, Op};
    use crate::image::nothing_staged;
    use model::{EmailId, InternalDate, ModSeq, SaveDate, Uid};
    use proptest::prelude::*;

    const SEEN_AND_DRAFT: Flags = Flags::SEEN.with(Flags::DRAFT);

    fn flags() -> impl Strategy<Value = Flags> {
        prop::sample::select(vec![Flags::NONE, Flags::SEEN, Flags::DRAFT, SEEN_AND_DRAFT])
    }

    proptest! {
        #[test]
        fn it_is_what_a_look_at_each_message_finds(
            rows in prop::collection::vec((flags(), 0u32..5), 0..700),
            (has, lacks, lacks_too) in (flags(), flags(), flags()),
            (larger, smaller) in (0u64..6, 0u64..6),
            ranges in prop::collection::vec((1u32..700, 0u32..300), 0..4)
        ) {
            let mut image = Image::default();
            let messages = rows.iter().zip(0..).map(|(&(flags, size), id)| NewMessage {
                email: EmailId(id), flags, date: InternalDate::utc(0), size,
            });
            let insert = Op::Insert { first: Uid::FIRST, saved: SaveDate::UNKNOWN, messages: messages.collect() };
            let Ok(()) = image.apply(ModSeq(1), &Change { ops: vec![insert] }, &mut nothing_staged);
            let set = UidSet::from_ranges(ranges.into_iter().map(|(from, more)| (from, from + more)));
            let mut pick = Pick::default();
            pick.require(has);
            pick.exclude(lacks);
            pick.exclude(lacks_too);
            pick.require_larger(larger);
            pick.require_smaller(smaller);
            let mut picked = Vec::new();
            image.pick(&set, &pick, |message| picked.push(message));
            let expected = image.range(&set).filter(|m| {
                let size = u64::from(m.size);
                m.flags.contains(has) && !m.flags.contains(lacks) && !m.flags.contains(lacks_too) && size > larger && size < smaller
            });
            prop_assert_eq!(picked, expected.collect::<Vec<_>>());
        }
    }
}
