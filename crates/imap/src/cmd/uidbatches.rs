//! UIDBATCHES (RFC 10022): where a client can cut the mailbox into batches of one size, from the newest message down.

use std::num::NonZeroU32;

use imap_proto::command::{Tag, UidBatches};
use imap_proto::response;
use model::{SeqNo, Uid};

use crate::io::Io;
use crate::reply::{Done, Failure};
use crate::state::Selected;
use crate::view::View;

/// The smallest batches that are told, in messages: the least that RFC 10022 asks for, so that an answer is bounded by
/// the mailbox.
const BATCH_MESSAGES_MIN: u32 = 500;

impl Selected {
    pub(crate) fn uid_batches(&self, tag: &Tag, command: UidBatches, io: &mut Io) -> Result<Done, Failure> {
        if command.size.get() < BATCH_MESSAGES_MIN {
            return Err(Failure::SmallBatches);
        }
        response::uid_batches(io.out(), tag, batches(&self.view, command.size, command.range));
        Ok(Done::new("UIDBATCHES completed"))
    }
}

/// The batches in the range, each from its highest UID to its lowest. They leave no UID out between them, and the last
/// one ends at 1.
fn batches(
    view: &View,
    size: NonZeroU32,
    range: Option<(NonZeroU32, NonZeroU32)>,
) -> impl Iterator<Item = (Uid, Uid)> + '_ {
    let (exists, size) = (view.exists(), size.get());
    let count = exists.div_ceil(size);
    let (first, last) = range.map_or((1, count), |(first, last)| (first.get(), last.get().min(count)));
    // The lowest UID of a batch; that of batch 0 would be just above the mailbox.
    let lowest = move |batch: u32| match batch {
        0 => view.last_uid().map(|last| u64::from(last.get()) + 1),
        batch if batch == count => Some(1),
        batch => view.uid(SeqNo(exists - batch * size + 1)).map(|uid| uid.get().into()),
    };
    let uid = |n: u64| u32::try_from(n).ok().and_then(Uid::new);
    (first..=last).filter_map(move |batch| Some((uid(lowest(batch - 1)? - 1)?, uid(lowest(batch)?)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{ModSeq, UidSet};

    fn cut(ranges: &[(u32, u32)], size: u32, range: Option<(u32, u32)>) -> Vec<(u32, u32)> {
        let view = View::new(&UidSet::from_ranges(ranges.iter().copied()), ModSeq(1));
        let number = |n| NonZeroU32::new(n).unwrap();
        let range = range.map(|(from, to)| (number(from), number(to)));
        batches(&view, number(size), range).map(|(high, low)| (high.get(), low.get())).collect()
    }

    #[test]
    fn batches_go_from_the_newest_message_down_to_uid_1() {
        let uids = [(3, 5), (10, 12), (20, 20)];
        assert_eq!(cut(&uids, 3, None), [(20, 11), (10, 4), (3, 1)]);
        assert_eq!(cut(&uids, 7, None), [(20, 1)]);
        assert_eq!(cut(&uids, 1000, None), [(20, 1)]);
        assert_eq!(cut(&[], 3, None), []);
    }

    #[test]
    fn a_range_picks_batches_by_number() {
        let uids = [(1, 10)];
        assert_eq!(cut(&uids, 3, Some((2, 3))), [(7, 5), (4, 2)]);
        assert_eq!(cut(&uids, 3, Some((4, 9))), [(1, 1)]);
        assert_eq!(cut(&uids, 3, Some((5, 9))), []);
    }
}
