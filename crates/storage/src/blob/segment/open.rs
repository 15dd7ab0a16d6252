//! What is done with the segments at open: find the newest commit that they tell of, cut off what was torn, and look
//! whether all is there that the engine refers to.

use super::writer::Current;
use super::{file, walk};
use crate::{Disk, DiskFile, Error};
use std::collections::{BTreeMap, HashMap};

pub(super) struct Opened {
    pub(super) lengths: BTreeMap<u32, u64>,
    pub(super) current: Current,
    pub(super) newest_commit: u64,
    /// Damage to what the engine refers to.
    pub(super) damage: Vec<Error>,
}

struct Opening<'a> {
    disk: &'a dyn Disk,
    committed: &'a HashMap<u32, u64>,
    lengths: BTreeMap<u32, u64>,
    newest_commit: u64,
    damage: Vec<Error>,
}

/// Only the last segment is read as a whole: those before it were durable before it was made. Each tells in its header
/// of the newest commit before it, so that the records of the last one are the only ones to ask for it.
pub(super) fn open(disk: &dyn Disk, limit: u64, committed: &HashMap<u32, u64>) -> Result<Opened, Error> {
    let (lengths, damage) = (BTreeMap::new(), Vec::new());
    let mut opening = Opening { disk, committed, lengths, newest_commit: 0, damage };
    let mut numbers: Vec<u32> = disk.list()?.iter().filter_map(|name| file::number(name)).collect();
    numbers.sort_unstable();
    let last = numbers.pop();
    for number in numbers {
        opening.closed(number)?;
    }
    let current = last.map_or(Ok(None), |last| opening.last(last))?.filter(|current| current.len < limit);
    opening.missing();
    let current = current.map_or_else(|| opening.begin(last), Ok)?;
    for damage in &opening.damage {
        tracing::error!(%damage, "stored messages are damaged");
    }
    let Opening { lengths, newest_commit, damage, .. } = opening;
    Ok(Opened { lengths, current, newest_commit, damage })
}

impl Opening<'_> {
    fn committed(&self, number: u32) -> u64 {
        self.committed.get(&number).copied().unwrap_or(0)
    }

    /// Looks at a segment that is no longer appended to.
    fn closed(&mut self, number: u32) -> Result<(), Error> {
        let file = self.disk.open(&file::name(number))?;
        match file::read_header(&*file, number) {
            Ok(commit) => self.newest_commit = self.newest_commit.max(commit),
            Err(damage @ Error::Damaged { .. }) => self.damage.push(damage),
            Err(error) => return Err(error),
        }
        let len = file.size()?;
        if len < self.committed(number) {
            self.damage.push(file::damaged(number, len, "committed records are cut off"));
        }
        self.lengths.insert(number, len);
        Ok(())
    }

    /// Looks at the last segment, cuts off what was torn, and says whether it can be appended to.
    fn last(&mut self, number: u32) -> Result<Option<Current>, Error> {
        let file = self.disk.open(&file::name(number))?;
        let (len, committed) = (file.size()?, self.committed(number));
        match file::read_header(&*file, number) {
            Ok(commit) => self.newest_commit = self.newest_commit.max(commit),
            Err(Error::Damaged { .. }) if committed == 0 => return self.begin_again(number).map(Some),
            Err(damage @ Error::Damaged { .. }) => {
                self.damage.push(damage);
                self.lengths.insert(number, len);
                return Ok(None);
            }
            Err(error) => return Err(error),
        }
        let sound = walk::verify(&*file, number, len)?;
        self.newest_commit = self.newest_commit.max(sound.newest_commit);
        if sound.end < committed {
            let cut_off = || file::damaged(number, sound.end, "committed records are cut off");
            self.damage.push(sound.damage.unwrap_or_else(cut_off));
            self.lengths.insert(number, len);
            return Ok(None);
        }
        cut(&*file, number, len, sound.end)?;
        self.lengths.insert(number, sound.end);
        Ok(Some(Current { number, file, len: sound.end }))
    }

    /// A segment whose header was torn never took a record; it makes room for one of the same number.
    fn begin_again(&mut self, number: u32) -> Result<Current, Error> {
        tracing::info!(segment = file::name(number), "a segment that was being made is made again");
        self.disk.remove(&file::name(number))?;
        self.create(number)
    }

    /// Makes the segment behind the last one, or the first.
    fn begin(&mut self, last: Option<u32>) -> Result<Current, Error> {
        let known = self.committed.keys().copied().max();
        self.create(last.max(known).map_or(1, |last| last + 1))
    }

    fn create(&mut self, number: u32) -> Result<Current, Error> {
        let file = file::create(self.disk, number, self.newest_commit)?;
        self.lengths.insert(number, file::HEADER_BYTES);
        Ok(Current { number, file, len: file::HEADER_BYTES })
    }

    /// Notes the segments that the engine refers to and that are not there.
    fn missing(&mut self) {
        let mut missing: Vec<u32> =
            self.committed.keys().copied().filter(|number| !self.lengths.contains_key(number)).collect();
        missing.sort_unstable();
        self.damage.extend(missing.into_iter().map(|number| file::damaged(number, 0, "the file is missing")));
    }
}

/// Cuts off what is behind the last sound record, and makes all before it durable: a crash of the program alone leaves
/// records that were written and not synced.
fn cut(file: &dyn DiskFile, number: u32, len: u64, end: u64) -> Result<(), Error> {
    if end < len {
        tracing::info!(segment = file::name(number), bytes = len - end, "a torn end is cut off");
        file.truncate(end)?;
    }
    file.sync()
}
