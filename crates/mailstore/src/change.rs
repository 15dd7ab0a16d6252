//! The change log: what one commit did to one mailbox.
//!
//! A record is enough to bring an image of the mailbox from the commit before to this one, and enough for a session
//! to tell its client. Nothing else informs a client.

use crate::codec::{Damaged, Reader, put_i64, put_u64, put_u128};
use model::{EmailId, Flags, InternalDate, ModSeq, SaveDate, Uid, UidSet};

/// Up to so many messages a flag change is recorded by its result; beyond, by what is to be done.
pub const FLAGS_BY_RESULT_MAX: usize = 64;

/// What one commit did to one mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// In the order they were done.
    pub ops: Vec<Op>,
}

/// One step of a [`Change`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// Messages arrived, with consecutive UIDs.
    Insert {
        /// The first one's UID.
        first: Uid,
        /// When they did.
        saved: SaveDate,
        /// Them.
        messages: Vec<NewMessage>,
    },
    /// As `Insert`, for a copy so large that its messages were staged in batches before.
    Link {
        /// The first one's UID.
        first: Uid,
        /// How many.
        count: u32,
        /// Where they were staged.
        stage: u64,
        /// When they came into the mailbox.
        saved: SaveDate,
    },
    /// Flags changed, to these.
    Flags {
        /// UIDs with the flags they have now.
        messages: Vec<(Uid, Flags)>,
    },
    /// Flags of many messages changed: these were taken away, then those added.
    FlagsDelta {
        /// Those whose flags really changed.
        uids: UidSet,
        /// Taken away.
        remove: Flags,
        /// Then added.
        add: Flags,
    },
    /// Messages were expunged.
    Expunge {
        /// Their UIDs.
        uids: UidSet,
    },
}

/// A message as it comes into a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewMessage {
    /// Its unchanging content.
    pub email: EmailId,
    /// Its flags.
    pub flags: Flags,
    /// INTERNALDATE
    pub date: InternalDate,
    /// RFC822.SIZE, in bytes.
    pub size: u32,
}

/// One commit's change of a mailbox, as it is read from the log.
#[derive(Clone, Debug)]
pub struct Record {
    /// The commit's mod-sequence: the one of every message it touched.
    pub modseq: ModSeq,
    /// What it did.
    pub change: std::sync::Arc<Change>,
}

/// Of format 1, without the save date: read and no longer written.
const INSERT_1: u8 = 1;
/// As [`INSERT_1`].
const LINK_1: u8 = 2;
const FLAGS: u8 = 3;
const FLAGS_DELTA: u8 = 4;
const EXPUNGE: u8 = 5;
const INSERT: u8 = 6;
const LINK: u8 = 7;

impl Change {
    /// Its stored form (`docs/storage-format.md`, row `l`).
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(32);
        for op in &self.ops {
            op.encode(&mut out);
        }
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Damaged> {
        let mut reader = Reader::new(bytes, "log record");
        let mut ops = Vec::with_capacity(1);
        while !reader.is_empty() {
            ops.push(Op::decode(&mut reader)?);
        }
        Ok(Self { ops })
    }

    /// Roughly what it takes in memory, in bytes.
    pub(crate) fn weight(&self) -> usize {
        let of = |op: &Op| match op {
            Op::Insert { messages, .. } => messages.len() * size_of::<NewMessage>(),
            Op::Link { .. } => 0,
            Op::Flags { messages } => messages.len() * size_of::<(Uid, Flags)>(),
            Op::FlagsDelta { uids, .. } | Op::Expunge { uids } => uids.ranges().len() * 8,
        };
        self.ops.iter().map(|op| size_of::<Op>() + of(op)).sum()
    }
}

impl Op {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Insert { first, saved, messages } => {
                out.push(INSERT);
                put_u64(out, first.get().into());
                put_u64(out, saved.seconds().into());
                put_messages(out, messages);
            }
            Self::Link { first, count, stage, saved } => {
                out.push(LINK);
                put_u64(out, first.get().into());
                put_u64(out, saved.seconds().into());
                put_u64(out, (*count).into());
                put_u64(out, *stage);
            }
            Self::Flags { messages } => {
                out.push(FLAGS);
                put_u64(out, messages.len() as u64);
                let mut before = 0;
                for (uid, flags) in messages {
                    put_u64(out, (uid.get() - before).into());
                    put_u128(out, flags.bits());
                    before = uid.get();
                }
            }
            Self::FlagsDelta { uids, remove, add } => {
                out.push(FLAGS_DELTA);
                put_uids(out, uids);
                put_u128(out, remove.bits());
                put_u128(out, add.bits());
            }
            Self::Expunge { uids } => {
                out.push(EXPUNGE);
                put_uids(out, uids);
            }
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, Damaged> {
        Ok(match reader.u8()? {
            step @ (INSERT_1 | INSERT) => Self::Insert {
                first: uid(reader)?,
                saved: if step == INSERT { saved(reader)? } else { SaveDate::UNKNOWN },
                messages: messages(reader)?,
            },
            step @ (LINK_1 | LINK) => Self::Link {
                first: uid(reader)?,
                saved: if step == LINK { saved(reader)? } else { SaveDate::UNKNOWN },
                count: reader.u32()?,
                stage: reader.u64()?,
            },
            FLAGS => Self::Flags { messages: flagged(reader)? },
            FLAGS_DELTA => Self::FlagsDelta {
                uids: uids(reader)?,
                remove: Flags::from_bits(reader.u128()?),
                add: Flags::from_bits(reader.u128()?),
            },
            EXPUNGE => Self::Expunge { uids: uids(reader)? },
            _ => return Err(reader.damaged()),
        })
    }
}

fn uid(reader: &mut Reader<'_>) -> Result<Uid, Damaged> {
    Uid::new(reader.u32()?).ok_or_else(|| reader.damaged())
}

fn saved(reader: &mut Reader<'_>) -> Result<SaveDate, Damaged> {
    reader.u32().map(SaveDate::from_seconds)
}

fn flagged(reader: &mut Reader<'_>) -> Result<Vec<(Uid, Flags)>, Damaged> {
    let n = reader.count()?;
    let mut all = Vec::with_capacity(n);
    let mut before = 0u32;
    for _ in 0..n {
        before = before.checked_add(reader.u32()?).ok_or_else(|| reader.damaged())?;
        let uid = Uid::new(before).ok_or_else(|| reader.damaged())?;
        all.push((uid, Flags::from_bits(reader.u128()?)));
    }
    Ok(all)
}

/// Appends messages as differences from one to the next; also the form of staged rows.
pub(crate) fn put_messages(out: &mut Vec<u8>, messages: &[NewMessage]) {
    put_u64(out, messages.len() as u64);
    let (mut email, mut seconds) = (0i64, 0i64);
    for m in messages {
        put_i64(out, (m.email.0 as i64).wrapping_sub(email));
        put_u128(out, m.flags.bits());
        put_i64(out, m.date.seconds.wrapping_sub(seconds));
        put_i64(out, m.date.zone_minutes.into());
        put_u64(out, m.size.into());
        (email, seconds) = (m.email.0 as i64, m.date.seconds);
    }
}

pub(crate) fn messages(reader: &mut Reader<'_>) -> Result<Vec<NewMessage>, Damaged> {
    let n = reader.count()?;
    let mut all = Vec::with_capacity(n);
    let (mut email, mut seconds) = (0i64, 0i64);
    for _ in 0..n {
        email = email.wrapping_add(reader.i64()?);
        let flags = Flags::from_bits(reader.u128()?);
        seconds = seconds.wrapping_add(reader.i64()?);
        let zone_minutes = i16::try_from(reader.i64()?).map_err(|_| reader.damaged())?;
        let date = InternalDate { seconds, zone_minutes };
        all.push(NewMessage { email: EmailId(email as u64), flags, date, size: reader.u32()? });
    }
    Ok(all)
}

/// Appends a set as gaps and lengths.
pub(crate) fn put_uids(out: &mut Vec<u8>, uids: &UidSet) {
    put_u64(out, uids.ranges().len() as u64);
    let mut before = 0;
    for range in uids.ranges() {
        put_u64(out, (range.start() - before).into());
        put_u64(out, (range.end() - range.start()).into());
        before = *range.end();
    }
}

pub(crate) fn uids(reader: &mut Reader<'_>) -> Result<UidSet, Damaged> {
    let n = reader.count()?;
    let mut set = UidSet::new();
    let mut before = 0u32;
    for _ in 0..n {
        let from = before.checked_add(reader.u32()?);
        let to = from.and_then(|from| from.checked_add(reader.u32().ok()?));
        match (from.and_then(Uid::new), to.and_then(Uid::new)) {
            (Some(from), Some(to)) if from.get() > before => set.insert_range(from, to),
            _ => return Err(reader.damaged()),
        }
        before = to.unwrap_or_default();
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sets() -> impl Strategy<Value = UidSet> {
        proptest::collection::vec((1u32.., 0u32..9), 0..9)
            .prop_map(|v| UidSet::from_ranges(v.into_iter().map(|(a, n)| (a, a.saturating_add(n)))))
    }

    fn new_messages() -> impl Strategy<Value = Vec<NewMessage>> {
        proptest::collection::vec(
            (any::<u64>(), any::<u128>(), any::<i64>(), any::<i16>(), any::<u32>()),
            0..5,
        )
        .prop_map(|v| {
            let one = |(e, f, seconds, zone_minutes, size)| NewMessage {
                email: EmailId(e),
                flags: Flags::from_bits(f),
                date: InternalDate { seconds, zone_minutes },
                size,
            };
            v.into_iter().map(one).collect()
        })
    }

    fn ops() -> impl Strategy<Value = Op> {
        let uid = || (1u32..).prop_filter_map("0", Uid::new);
        prop_oneof![
            (uid(), any::<u32>(), new_messages()).prop_map(|(first, saved, messages)| Op::Insert {
                first,
                saved: SaveDate::from_seconds(saved),
                messages
            }),
            (uid(), any::<u32>(), any::<u64>(), any::<u32>()).prop_map(|(first, count, stage, saved)| {
                Op::Link { first, count, stage, saved: SaveDate::from_seconds(saved) }
            }),
            sets()
                .prop_map(|s| Op::Flags { messages: s.iter().take(64).map(|u| (u, Flags::SEEN)).collect() }),
            (sets(), any::<u128>(), any::<u128>()).prop_map(|(uids, r, a)| Op::FlagsDelta {
                uids,
                remove: Flags::from_bits(r),
                add: Flags::from_bits(a)
            }),
            sets().prop_map(|uids| Op::Expunge { uids }),
        ]
    }

    proptest! {
        #[test]
        fn a_record_is_read_as_it_was_written(ops in proptest::collection::vec(ops(), 0..4)) {
            let change = Change { ops };
            prop_assert_eq!(Change::decode(&change.encode()), Ok(change));
        }

        #[test]
        fn a_damaged_record_is_answered(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = Change::decode(&bytes);
        }
    }
}
