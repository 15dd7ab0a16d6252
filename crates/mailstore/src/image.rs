//! The image of a mailbox: every message's changing facts, in immutable chunks that copies of the image share.
//!
//! An image is what the change log adds up to. [`Image::apply`] is the one place where a log record becomes state: the
//! writer, a cold open and the model's check all go through it.

mod pick;

pub use pick::Pick;

use crate::change::{Change, NewMessage, Op};
use crate::chunk::{CHUNK_UIDS, Chunk, chunk_of};
use model::{EmailId, Flags, InternalDate, ModSeq, SaveDate, Uid, UidSet};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Chunks per group: a copy of an image copies one pointer per group.
const GROUP_CHUNKS: u32 = 64;

/// Roughly what one message takes in an image, in bytes.
const MESSAGE_WEIGHT: usize = 60;

/// The messages of a mailbox at one moment. Cheap to clone; a clone never changes.
#[derive(Clone, Debug, Default)]
pub struct Image {
    groups: Vec<Arc<Group>>,
    len: u32,
}

#[derive(Clone, Debug)]
struct Group {
    number: u32,
    count: u32,
    chunks: Vec<Numbered>,
}

#[derive(Clone, Debug)]
struct Numbered {
    number: u32,
    chunk: Arc<Chunk>,
}

/// What a mailbox knows of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its UID.
    pub uid: Uid,
    /// Its unchanging content, for [`Access::emails`](crate::Access::emails).
    pub email: EmailId,
    /// Its flags.
    pub flags: Flags,
    /// The commit that last touched it.
    pub modseq: ModSeq,
    /// RFC822.SIZE, in bytes.
    pub size: u32,
    /// INTERNALDATE
    pub date: InternalDate,
    /// SAVEDATE
    pub saved: SaveDate,
}

impl From<Message> for NewMessage {
    /// The message as it would come into another mailbox.
    fn from(m: Message) -> Self {
        Self { email: m.email, flags: m.flags, date: m.date, size: m.size }
    }
}

/// Reads the messages that a large copy has staged (see [`Op::Link`]).
pub(crate) type Staged<'a, E> = &'a mut dyn FnMut(u64) -> Result<Vec<NewMessage>, E>;

/// For changes that surely hold no [`Op::Link`], or whose messages are at hand.
pub(crate) fn nothing_staged(_: u64) -> Result<Vec<NewMessage>, std::convert::Infallible> {
    Ok(Vec::new())
}

impl Image {
    /// How many messages.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.len
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The UIDs.
    #[must_use]
    pub fn uids(&self) -> UidSet {
        let mut set = UidSet::new();
        for chunk in self.chunks() {
            match chunk.range() {
                Some((first, last)) => set.insert_range(first, last),
                None => set.extend(chunk.uids.iter().filter_map(|&uid| Uid::new(uid))),
            }
        }
        set
    }

    /// One message.
    #[must_use]
    pub fn get(&self, uid: Uid) -> Option<Message> {
        let chunk = self.chunk(chunk_of(uid))?;
        chunk.message(chunk.find(uid.get()).ok()?)
    }

    /// Every message, by ascending UID.
    pub fn iter(&self) -> impl Iterator<Item = Message> + '_ {
        self.chunks().flat_map(|chunk| (0..chunk.len()).filter_map(|at| chunk.message(at)))
    }

    /// The messages of `set` that exist, by ascending UID.
    pub fn range<'a>(&'a self, set: &'a UidSet) -> impl Iterator<Item = Message> + 'a {
        set.ranges().flat_map(|range| self.between(*range.start(), *range.end()))
    }

    fn between(&self, from: u32, to: u32) -> impl Iterator<Item = Message> + '_ {
        self.chunks_from(from / CHUNK_UIDS).take_while(move |n| n.number <= to / CHUNK_UIDS).flat_map(
            move |n| {
                let chunk = &n.chunk;
                let start = chunk.find(from).unwrap_or_else(|at| at);
                let end = chunk.find(to).map_or_else(|at| at, |at| at + 1);
                (start..end.max(start)).filter_map(move |at| chunk.message(at))
            },
        )
    }

    /// The messages that a commit after `since` touched.
    pub fn changed_since(&self, since: ModSeq) -> impl Iterator<Item = Message> + '_ {
        let touched = self.chunks().filter(move |chunk| chunk.as_of > since);
        touched
            .flat_map(|chunk| (0..chunk.len()).filter_map(|at| chunk.message(at)))
            .filter(move |m| m.modseq > since)
    }

    /// The first message without `\Seen`.
    #[must_use]
    pub fn first_unseen(&self) -> Option<Uid> {
        let unseen = |chunk: &&Arc<Chunk>| chunk.flags.iter().any(|f| !f.contains(Flags::SEEN));
        let chunk = self.chunks().find(unseen)?;
        let at = chunk.flags.iter().position(|f| !f.contains(Flags::SEEN))?;
        Uid::new(*chunk.uids.get(at)?)
    }

    /// The e-mail ids of every message, in no order.
    pub(crate) fn emails(&self) -> impl Iterator<Item = EmailId> + '_ {
        self.chunks().flat_map(|chunk| chunk.emails.iter().copied())
    }

    pub(crate) fn chunks(&self) -> impl Iterator<Item = &Arc<Chunk>> + '_ {
        self.groups.iter().flat_map(|group| group.chunks.iter().map(|n| &n.chunk))
    }

    /// The chunks with their numbers, for the checkpoint.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (u32, &Arc<Chunk>)> + '_ {
        self.groups.iter().flat_map(|group| group.chunks.iter().map(|n| (n.number, &n.chunk)))
    }

    fn chunks_from(&self, number: u32) -> impl Iterator<Item = &Numbered> + '_ {
        let group = self.groups.partition_point(|g| g.number < number / GROUP_CHUNKS);
        let groups = self.groups.get(group..).unwrap_or_default();
        groups.iter().flat_map(move |g| {
            let start = g.chunks.partition_point(|n| n.number < number);
            g.chunks.get(start..).unwrap_or_default()
        })
    }

    pub(crate) fn chunk(&self, number: u32) -> Option<&Arc<Chunk>> {
        self.chunks_from(number).next().filter(|n| n.number == number).map(|n| &n.chunk)
    }

    /// Roughly what it takes in memory, in bytes.
    pub(crate) const fn weight(&self) -> usize {
        self.len as usize * MESSAGE_WEIGHT + 256
    }

    /// Puts a chunk from the store in its place, above all others.
    pub(crate) fn push_chunk(&mut self, number: u32, chunk: Chunk) {
        self.len += chunk.len() as u32;
        let group = self.group_mut(number / GROUP_CHUNKS);
        group.count += chunk.len() as u32;
        group.chunks.push(Numbered { number, chunk: Arc::new(chunk) });
    }

    fn group_mut(&mut self, number: u32) -> &mut Group {
        let at = self.groups.partition_point(|g| g.number < number);
        if self.groups.get(at).is_none_or(|g| g.number != number) {
            self.groups.insert(at, Arc::new(Group { number, count: 0, chunks: Vec::new() }));
        }
        Arc::make_mut(&mut self.groups[at])
    }

    /// Brings the image from the commit before `modseq` to `modseq`.
    ///
    /// A chunk whose `as_of` has reached `modseq` already holds the change and is left alone: after an interrupted
    /// checkpoint some chunks are ahead of the log's floor.
    ///
    /// # Errors
    /// Those of `staged`, when the messages of an [`Op::Link`] cannot be read.
    pub(crate) fn apply<E>(
        &mut self,
        modseq: ModSeq,
        change: &Change,
        staged: Staged<'_, E>,
    ) -> Result<(), E> {
        let mut edit = Edit { image: self, modseq, touched: BTreeSet::new() };
        for op in &change.ops {
            match op {
                Op::Insert { first, saved, messages } => edit.insert(*first, *saved, messages),
                Op::Link { first, stage, saved, .. } => edit.insert(*first, *saved, &staged(*stage)?),
                Op::Flags { messages } => edit.flags(messages),
                Op::FlagsDelta { uids, remove, add } => edit.flags_delta(uids, *remove, *add),
                Op::Expunge { uids } => edit.expunge(uids),
            }
        }
        edit.finish();
        Ok(())
    }
}

/// One change on its way into an image.
struct Edit<'a> {
    image: &'a mut Image,
    modseq: ModSeq,
    /// Chunks that were changed; their `as_of` moves once all is done, since a later op may touch them again.
    touched: BTreeSet<u32>,
}

impl Edit<'_> {
    fn insert(&mut self, first: Uid, saved: SaveDate, messages: &[NewMessage]) {
        for (uid, m) in (first.get()..=u32::MAX).zip(messages) {
            let Some(uid) = Uid::new(uid) else { continue };
            let (modseq, number) = (self.modseq, chunk_of(uid));
            let group = self.image.group_mut(number / GROUP_CHUNKS);
            let at = group.chunks.partition_point(|n| n.number < number);
            if group.chunks.get(at).is_none_or(|n| n.number != number) {
                group.chunks.insert(at, Numbered { number, chunk: Arc::default() });
            }
            let chunk = &mut group.chunks[at].chunk;
            if chunk.as_of >= modseq {
                continue;
            }
            let NewMessage { email, flags, date, size } = *m;
            let message = Message { uid, email, flags, modseq, size, date, saved };
            Arc::make_mut(chunk).push(message);
            group.count += 1;
            self.image.len += 1;
            self.touched.insert(number);
        }
    }

    fn flags(&mut self, messages: &[(Uid, Flags)]) {
        let modseq = self.modseq;
        for &(uid, flags) in messages {
            self.chunks_between(uid.get(), uid.get(), |chunk| {
                if let Ok(at) = chunk.find(uid.get()) {
                    chunk.flags[at] = flags;
                    chunk.modseqs[at] = modseq;
                }
            });
        }
    }

    fn flags_delta(&mut self, uids: &UidSet, remove: Flags, add: Flags) {
        let modseq = self.modseq;
        for range in uids.ranges() {
            self.chunks_between(*range.start(), *range.end(), |chunk| {
                let start = chunk.find(*range.start()).unwrap_or_else(|at| at);
                let end = chunk.find(*range.end()).map_or_else(|at| at, |at| at + 1);
                for at in start..end {
                    chunk.flags[at] = chunk.flags[at].without(remove).with(add);
                    chunk.modseqs[at] = modseq;
                }
            });
        }
    }

    fn expunge(&mut self, uids: &UidSet) {
        for range in uids.ranges() {
            self.chunks_between(*range.start(), *range.end(), |chunk| {
                chunk.retain(|uid| !range.contains(&uid))
            });
        }
    }

    /// Edits every chunk that may hold UIDs between the two and does not hold this change yet.
    fn chunks_between(&mut self, from: u32, to: u32, mut edit: impl FnMut(&mut Chunk)) {
        let (first, last) = (from / CHUNK_UIDS, to / CHUNK_UIDS);
        let start = self.image.groups.partition_point(|g| g.number < first / GROUP_CHUNKS);
        let groups = self.image.groups.get_mut(start..).unwrap_or_default();
        for group in groups.iter_mut().take_while(|g| g.number <= last / GROUP_CHUNKS) {
            let group = Arc::make_mut(group);
            let start = group.chunks.partition_point(|n| n.number < first);
            let chunks = group.chunks.get_mut(start..).unwrap_or_default();
            for n in chunks.iter_mut().take_while(|n| n.number <= last) {
                if n.chunk.as_of >= self.modseq {
                    continue;
                }
                let before = n.chunk.len();
                let chunk = Arc::make_mut(&mut n.chunk);
                edit(chunk);
                let gone = (before - chunk.len()) as u32;
                group.count -= gone;
                self.image.len -= gone;
                self.touched.insert(n.number);
            }
        }
    }

    /// Dates the chunks, and lets go of the empty ones.
    fn finish(self) {
        let mut emptied = false;
        for &number in &self.touched {
            let group = self.image.group_mut(number / GROUP_CHUNKS);
            let at = group.chunks.partition_point(|n| n.number < number);
            let Some(n) = group.chunks.get_mut(at) else { continue };
            Arc::make_mut(&mut n.chunk).as_of = self.modseq;
            if n.chunk.len() == 0 {
                group.chunks.remove(at);
                emptied |= group.chunks.is_empty();
            }
        }
        if emptied {
            self.image.groups.retain(|g| !g.chunks.is_empty());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn uid(n: u32) -> Uid {
        Uid::new(n).unwrap()
    }

    fn new_message(n: u32) -> NewMessage {
        NewMessage {
            email: EmailId(n.into()),
            flags: Flags::NONE,
            date: InternalDate::utc(n.into()),
            size: n,
        }
    }

    fn apply(image: &mut Image, modseq: u64, op: Op) {
        let Ok(()) = image.apply(ModSeq(modseq), &Change { ops: vec![op] }, &mut nothing_staged);
    }

    fn set() -> impl Strategy<Value = UidSet> {
        proptest::collection::vec((1u32..900, 0u32..300), 0..4)
            .prop_map(|v| UidSet::from_ranges(v.into_iter().map(|(a, n)| (a, a + n))))
    }

    fn steps() -> impl Strategy<Value = Vec<(u8, UidSet)>> {
        proptest::collection::vec((0u8..3, set()), 0..8)
    }

    proptest! {
        #[test]
        fn behaves_like_a_plain_map(inserts in proptest::collection::vec(0u32..400, 1..4), steps in steps()) {
            let mut image = Image::default();
            let mut naive: BTreeMap<u32, (Flags, u64)> = BTreeMap::new();
            let (mut next, mut modseq) = (1, 1);
            for n in inserts {
                apply(&mut image, modseq, Op::Insert { first: uid(next), saved: SaveDate::UNKNOWN, messages: (next..next + n).map(new_message).collect() });
                naive.extend((next..next + n).map(|u| (u, (Flags::NONE, modseq))));
                next += n;
                modseq += 1;
            }
            let first = image.clone();
            for (kind, set) in steps {
                let hit: Vec<u32> = naive.keys().copied().filter(|&u| set.contains(uid(u))).collect();
                match kind {
                    0 => {
                        apply(&mut image, modseq, Op::Expunge { uids: set.clone() });
                        for u in hit { naive.remove(&u); }
                    }
                    1 => {
                        apply(&mut image, modseq, Op::FlagsDelta { uids: set.clone(), remove: Flags::SEEN, add: Flags::DRAFT });
                        for u in hit { naive.insert(u, (naive[&u].0.without(Flags::SEEN).with(Flags::DRAFT), modseq)); }
                    }
                    _ => {
                        apply(&mut image, modseq, Op::Flags { messages: hit.iter().map(|&u| (uid(u), Flags::SEEN)).collect() });
                        for u in hit { naive.insert(u, (Flags::SEEN, modseq)); }
                    }
                }
                modseq += 1;
                prop_assert_eq!(image.len() as usize, naive.len());
                prop_assert_eq!(image.uids(), UidSet::from_ranges(naive.keys().map(|&u| (u, u))));
                let rows: Vec<_> = image.iter().map(|m| (m.uid.get(), (m.flags, m.modseq.0))).collect();
                prop_assert_eq!(&rows, &naive.iter().map(|(&u, &s)| (u, s)).collect::<Vec<_>>());
                let some: Vec<_> = image.range(&set).map(|m| m.uid.get()).collect();
                prop_assert_eq!(some, naive.keys().copied().filter(|&u| set.contains(uid(u))).collect::<Vec<_>>());
                prop_assert_eq!(image.changed_since(ModSeq(modseq - 2)).count(), naive.values().filter(|s| s.1 > modseq - 2).count());
            }
            prop_assert_eq!(first.len() + 1, next);
        }
    }
}
