//! A chunk: the messages of 256 neighbouring UIDs, column by column.
//!
//! The same columns serve in memory and, packed, in the store (row `c` of `docs/storage-format.md`).

use crate::codec::{Damaged, Reader, put_i64, put_u64, put_u128};
use crate::image::Message;
use model::{EmailId, Flags, InternalDate, ModSeq, SaveDate, Uid};

/// UIDs per chunk; chunk `n` holds those whose upper bits are `n`.
pub(crate) const CHUNK_UIDS: u32 = 256;

/// The chunk that a UID belongs to.
pub(crate) const fn chunk_of(uid: Uid) -> u32 {
    uid.get() / CHUNK_UIDS
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// All changes up to this one are in the columns.
    pub(crate) as_of: ModSeq,
    pub(crate) uids: Vec<u32>,
    pub(crate) emails: Vec<EmailId>,
    pub(crate) flags: Vec<Flags>,
    pub(crate) modseqs: Vec<ModSeq>,
    pub(crate) sizes: Vec<u32>,
    pub(crate) dates: Vec<InternalDate>,
    pub(crate) saved: Vec<SaveDate>,
}

impl Chunk {
    pub(crate) const fn len(&self) -> usize {
        self.uids.len()
    }

    pub(crate) fn push(&mut self, m: Message) {
        self.uids.push(m.uid.get());
        self.emails.push(m.email);
        self.flags.push(m.flags);
        self.modseqs.push(m.modseq);
        self.sizes.push(m.size);
        self.dates.push(m.date);
        self.saved.push(m.saved);
    }

    /// The first and the last UID, if there is no gap between them.
    pub(crate) fn range(&self) -> Option<(Uid, Uid)> {
        let (first, last) = (*self.uids.first()?, *self.uids.last()?);
        let has_no_gap = (last - first) as usize + 1 == self.len();
        Uid::new(first).zip(Uid::new(last)).filter(|_| has_no_gap)
    }

    /// Where `uid` stands, or would stand.
    pub(crate) fn find(&self, uid: u32) -> Result<usize, usize> {
        // Without gaps, a UID's place follows from the first one's.
        let guess = uid.wrapping_sub(self.uids.first().copied().unwrap_or_default()) as usize;
        if self.uids.get(guess) == Some(&uid) { Ok(guess) } else { self.uids.binary_search(&uid) }
    }

    /// The message at a place in the columns.
    pub(crate) fn message(&self, at: usize) -> Option<Message> {
        Some(Message {
            uid: Uid::new(*self.uids.get(at)?)?,
            email: *self.emails.get(at)?,
            flags: *self.flags.get(at)?,
            modseq: *self.modseqs.get(at)?,
            size: *self.sizes.get(at)?,
            date: *self.dates.get(at)?,
            saved: *self.saved.get(at)?,
        })
    }

    /// Keeps the messages for whose UID `keep` holds.
    pub(crate) fn retain(&mut self, keep: impl Fn(u32) -> bool) {
        let kept: Vec<bool> = self.uids.iter().map(|&uid| keep(uid)).collect();
        fn filter<T>(column: &mut Vec<T>, kept: &[bool]) {
            let mut at = kept.iter();
            column.retain(|_| at.next().copied().unwrap_or(true));
        }
        filter(&mut self.uids, &kept);
        filter(&mut self.emails, &kept);
        filter(&mut self.flags, &kept);
        filter(&mut self.modseqs, &kept);
        filter(&mut self.sizes, &kept);
        filter(&mut self.dates, &kept);
        filter(&mut self.saved, &kept);
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.len() * 12);
        put_u64(&mut out, self.as_of.0);
        put_u64(&mut out, self.len() as u64);
        put_column(&mut out, self.uids.iter().map(|&uid| i64::from(uid)));
        put_column(&mut out, self.emails.iter().map(|e| e.0 as i64));
        self.put_flags(&mut out);
        put_column(&mut out, self.modseqs.iter().map(|m| m.0 as i64));
        put_column(&mut out, self.sizes.iter().map(|&size| i64::from(size)));
        put_column(&mut out, self.dates.iter().map(|d| d.seconds));
        put_column(&mut out, self.dates.iter().map(|d| i64::from(d.zone_minutes)));
        put_column(&mut out, self.saved.iter().map(|s| i64::from(s.seconds())));
        out
    }

    /// Few combinations of flags occur: each once, then an index for each message.
    fn put_flags(&self, out: &mut Vec<u8>) {
        let mut distinct: Vec<Flags> = self.flags.clone();
        distinct.sort_unstable();
        distinct.dedup();
        put_u64(out, distinct.len() as u64);
        for flags in &distinct {
            put_u128(out, flags.bits());
        }
        for flags in &self.flags {
            put_u64(out, distinct.binary_search(flags).unwrap_or_default() as u64);
        }
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Damaged> {
        let mut r = Reader::new(bytes, "chunk");
        let as_of = ModSeq(r.u64()?);
        let n = r.count()?;
        if n > CHUNK_UIDS as usize {
            return Err(r.damaged());
        }
        let narrow = |n: i64| u32::try_from(n).map_err(|_| Damaged { what: "chunk" });
        let uids: Vec<u32> = column(&mut r, n)?.into_iter().map(narrow).collect::<Result<_, _>>()?;
        if uids.first() == Some(&0) || !uids.is_sorted_by(|a, b| a < b) {
            return Err(r.damaged());
        }
        let emails = column(&mut r, n)?.into_iter().map(|e| EmailId(e as u64)).collect();
        let flags = read_flags(&mut r, n)?;
        let modseqs = column(&mut r, n)?.into_iter().map(|m| ModSeq(m as u64)).collect();
        let sizes = column(&mut r, n)?.into_iter().map(narrow).collect::<Result<_, _>>()?;
        let seconds = column(&mut r, n)?;
        let zones = column(&mut r, n)?;
        let date = |(seconds, zone)| match i16::try_from(zone) {
            Ok(zone_minutes) => Ok(InternalDate { seconds, zone_minutes }),
            Err(_) => Err(Damaged { what: "chunk" }),
        };
        let dates = seconds.into_iter().zip(zones).map(date).collect::<Result<_, _>>()?;
        // Format 1 ends here.
        let saved = if r.is_empty() { vec![0; n] } else { column(&mut r, n)? };
        let saved =
            saved.into_iter().map(|s| narrow(s).map(SaveDate::from_seconds)).collect::<Result<_, _>>()?;
        r.end()?;
        Ok(Self { as_of, uids, emails, flags, modseqs, sizes, dates, saved })
    }
}

fn put_column(out: &mut Vec<u8>, numbers: impl Iterator<Item = i64>) {
    let mut before = 0i64;
    for n in numbers {
        put_i64(out, n.wrapping_sub(before));
        before = n;
    }
}

fn column(r: &mut Reader<'_>, n: usize) -> Result<Vec<i64>, Damaged> {
    let mut numbers = Vec::with_capacity(n);
    let mut before = 0i64;
    for _ in 0..n {
        before = before.wrapping_add(r.i64()?);
        numbers.push(before);
    }
    Ok(numbers)
}

fn read_flags(r: &mut Reader<'_>, n: usize) -> Result<Vec<Flags>, Damaged> {
    let distinct: Vec<Flags> =
        (0..r.count()?).map(|_| r.u128().map(Flags::from_bits)).collect::<Result<_, _>>()?;
    let mut flags = Vec::with_capacity(n);
    for _ in 0..n {
        let index = r.count_below(distinct.len())?;
        flags.push(distinct.get(index).copied().unwrap_or_default());
    }
    Ok(flags)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_chunk_is_read_as_it_was_written(rows in proptest::collection::btree_map(1u32.., (any::<u64>(), any::<u128>(), any::<u64>(), any::<u32>(), any::<i64>(), any::<i16>(), any::<u32>()), 0..40)) {
            let mut chunk = Chunk { as_of: ModSeq(7), ..Chunk::default() };
            for (uid, (email, flags, modseq, size, seconds, zone_minutes, saved)) in rows {
                chunk.push(Message {
                    uid: Uid::new(uid).unwrap(), email: EmailId(email), flags: Flags::from_bits(flags),
                    modseq: ModSeq(modseq), size, date: InternalDate { seconds, zone_minutes },
                    saved: SaveDate::from_seconds(saved),
                });
            }
            prop_assert_eq!(Chunk::decode(&chunk.encode()), Ok(chunk));
        }

        #[test]
        fn a_damaged_chunk_is_answered(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = Chunk::decode(&bytes);
        }
    }
}
