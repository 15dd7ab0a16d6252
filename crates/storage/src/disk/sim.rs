//! A disk in memory that knows what is durable, fails when asked to, and can lose power.
//!
//! What was synced survives a crash. Of what was appended since, a part does: some of its beginning, of which a
//! stretch may be zeros, as sectors reach a device in any order. Names that were made or removed since the folder's
//! last sync may be there or not.

use super::{Disk, DiskFile};
use crate::dice::Dice;
use crate::{Error, Wait};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

/// What is to go wrong. Operations are counted from 1.
#[derive(Clone, Copy, Debug, Default)]
pub struct DiskFaults {
    /// This append fails.
    pub fail_write: Option<u64>,
    /// The append that fails leaves half of its bytes.
    pub torn: bool,
    /// This sync of a file fails.
    pub fail_sync: Option<u64>,
    /// Power goes off after this many operations that change the disk (all but reading): every later one fails.
    pub power_off_after: Option<u64>,
}

/// The disk. Clones are handles to the same one.
#[derive(Clone, Default)]
pub struct SimDisk(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    names: BTreeMap<String, Arc<Mutex<Data>>>,
    durable_names: BTreeMap<String, Arc<Mutex<Data>>>,
    faults: DiskFaults,
    writes: u64,
    syncs: u64,
    operations: u64,
}

#[derive(Clone, Default)]
struct Data {
    bytes: Vec<u8>,
    durable: Vec<u8>,
    /// It was cut below what is durable and not synced since.
    cut: bool,
}

struct SimFile {
    disk: SimDisk,
    name: String,
    data: Arc<Mutex<Data>>,
}

impl SimDisk {
    /// Sets what is to go wrong from now on; the counts go on.
    pub fn set_faults(&self, faults: DiskFaults) {
        self.0.lock().faults = faults;
    }

    /// Appends so far.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.0.lock().writes
    }

    /// Syncs of files so far.
    #[must_use]
    pub fn syncs(&self) -> u64 {
        self.0.lock().syncs
    }

    /// Operations so far that change the disk.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.0.lock().operations
    }

    /// What a restart finds after power was lost now. This disk does nothing any more.
    #[must_use]
    pub fn crash(&self, seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let mut state = self.0.lock();
        state.faults.power_off_after = Some(0);
        let mut names = BTreeMap::new();
        let all: BTreeSet<&String> = state.names.keys().chain(state.durable_names.keys()).collect();
        for name in all {
            let (now, durable) = (state.names.get(name), state.durable_names.get(name));
            let kept = if dice.coin() { now } else { durable };
            if let Some(data) = kept {
                let bytes = survivors(&data.lock(), &mut dice);
                let data = Data { durable: bytes.clone(), bytes, cut: false };
                names.insert(name.clone(), Arc::new(Mutex::new(data)));
            }
        }
        let durable_names = names.clone();
        Self(Arc::new(Mutex::new(State { names, durable_names, ..State::default() })))
    }

    /// Flips one bit, as a failing device may.
    ///
    /// # Errors
    /// When there is no such file or byte.
    pub fn flip_bit(&self, name: &str, offset: usize, bit: u8) -> Result<(), Error> {
        let data = self.0.lock().find("flip", name)?;
        let mut data = data.lock();
        let Data { bytes, durable, .. } = &mut *data;
        let byte = bytes.get_mut(offset).ok_or_else(|| failed("flip", name, io::ErrorKind::UnexpectedEof))?;
        *byte ^= 1 << (bit % 8);
        if let Some(same) = durable.get_mut(offset) {
            *same = *byte;
        }
        Ok(())
    }
}

/// What of a file is there after a crash.
fn survivors(data: &Data, dice: &mut Dice) -> Vec<u8> {
    if data.cut && dice.coin() {
        return data.durable.clone();
    }
    let synced = if data.cut { data.bytes.len() } else { data.durable.len() };
    let len = synced + dice.up_to(data.bytes.len().saturating_sub(synced));
    let mut bytes = data.bytes.get(..len).unwrap_or_default().to_vec();
    if dice.coin() {
        let from = synced + dice.up_to(len - synced);
        let to = from + dice.up_to(len - from);
        bytes.get_mut(from..to).unwrap_or_default().fill(0);
    }
    bytes
}

fn failed(op: &'static str, name: &str, kind: io::ErrorKind) -> Error {
    Error::Io { op, path: name.into(), source: kind.into() }
}

impl State {
    fn find(&self, op: &'static str, name: &str) -> Result<Arc<Mutex<Data>>, Error> {
        self.names.get(name).cloned().ok_or_else(|| failed(op, name, io::ErrorKind::NotFound))
    }

    /// Counts an operation that changes the disk, which fails when the power is off.
    fn operate(&mut self, op: &'static str, name: &str) -> Result<(), Error> {
        if self.faults.power_off_after.is_some_and(|last| self.operations >= last) {
            return Err(failed(op, name, io::ErrorKind::NotConnected));
        }
        self.operations += 1;
        Ok(())
    }
}

impl Disk for SimDisk {
    fn create(&self, name: &str) -> Result<Arc<dyn DiskFile>, Error> {
        let mut state = self.0.lock();
        state.operate("create", name)?;
        if state.names.contains_key(name) {
            return Err(failed("create", name, io::ErrorKind::AlreadyExists));
        }
        let data: Arc<Mutex<Data>> = Arc::default();
        state.names.insert(name.to_owned(), data.clone());
        Ok(Arc::new(SimFile { disk: self.clone(), name: name.to_owned(), data }))
    }

    fn open(&self, name: &str) -> Result<Arc<dyn DiskFile>, Error> {
        let data = self.0.lock().find("open", name)?;
        Ok(Arc::new(SimFile { disk: self.clone(), name: name.to_owned(), data }))
    }

    fn list(&self) -> Result<Vec<String>, Error> {
        Ok(self.0.lock().names.keys().cloned().collect())
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        let mut state = self.0.lock();
        state.operate("remove", name)?;
        let missing = || failed("remove", name, io::ErrorKind::NotFound);
        state.names.remove(name).map(drop).ok_or_else(missing)
    }

    fn sync_dir(&self) -> Result<(), Error> {
        let mut state = self.0.lock();
        state.operate("sync", ".")?;
        state.durable_names = state.names.clone();
        Ok(())
    }
}

impl DiskFile for SimFile {
    fn append(&self, bytes: &[u8]) -> Result<(), Error> {
        let mut state = self.disk.0.lock();
        state.operate("write", &self.name)?;
        state.writes += 1;
        let fails = state.faults.fail_write == Some(state.writes);
        let written = match (fails, state.faults.torn) {
            (false, _) => bytes.len(),
            (true, true) => bytes.len() / 2,
            (true, false) => 0,
        };
        self.data.lock().bytes.extend(bytes.iter().take(written));
        if fails { Err(failed("write", &self.name, io::ErrorKind::StorageFull)) } else { Ok(()) }
    }

    fn read_at(&self, offset: u64, into: &mut [u8], _: Wait) -> Result<usize, Error> {
        let data = self.data.lock();
        let rest =
            usize::try_from(offset).ok().and_then(|offset| data.bytes.get(offset..)).unwrap_or_default();
        let len = rest.len().min(into.len());
        for (to, from) in into.iter_mut().zip(rest) {
            *to = *from;
        }
        Ok(len)
    }

    fn sync(&self) -> Result<(), Error> {
        let mut state = self.disk.0.lock();
        state.operate("sync", &self.name)?;
        state.syncs += 1;
        if state.faults.fail_sync == Some(state.syncs) {
            return Err(failed("sync", &self.name, io::ErrorKind::Other));
        }
        let mut data = self.data.lock();
        let Data { bytes, durable, cut } = &mut *data;
        if *cut {
            durable.clear();
        }
        durable.extend_from_slice(bytes.get(durable.len()..).unwrap_or_default());
        *cut = false;
        Ok(())
    }

    fn truncate(&self, len: u64) -> Result<(), Error> {
        self.disk.0.lock().operate("truncate", &self.name)?;
        let mut data = self.data.lock();
        data.bytes.truncate(usize::try_from(len).unwrap_or(usize::MAX));
        data.cut |= data.bytes.len() < data.durable.len();
        Ok(())
    }

    fn size(&self) -> Result<u64, Error> {
        Ok(self.data.lock().bytes.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(disk: &SimDisk, name: &str) -> Option<Vec<u8>> {
        let file = disk.open(name).ok()?;
        let mut bytes = vec![0; file.size().unwrap() as usize];
        file.read_at(0, &mut bytes, Wait::Forbidden).unwrap();
        Some(bytes)
    }

    #[test]
    fn what_was_synced_survives_and_the_rest_in_part() {
        let disk = SimDisk::default();
        let file = disk.create("a").unwrap();
        file.append(b"durable").unwrap();
        file.sync().unwrap();
        disk.sync_dir().unwrap();
        file.append(b"perhaps").unwrap();
        let found: BTreeSet<Vec<u8>> = (0..300).map(|seed| read(&disk.crash(seed), "a").unwrap()).collect();
        assert!(found.iter().all(|bytes| bytes.starts_with(b"durable")));
        assert!(found.contains(b"durable".as_slice()) && found.contains(b"durableperhaps".as_slice()));
        assert!(found.contains(b"durablepe\0\0".as_slice()));
    }

    #[test]
    fn names_that_were_not_synced_may_vanish() {
        let disk = SimDisk::default();
        let file = disk.create("a").unwrap();
        file.append(b"x").unwrap();
        file.sync().unwrap();
        let kept = (0..100).filter(|&seed| read(&disk.crash(seed), "a").is_some()).count();
        assert!((1..100).contains(&kept));
    }

    #[test]
    fn a_crashed_disk_does_nothing_any_more() {
        let disk = SimDisk::default();
        let file = disk.create("a").unwrap();
        let _after = disk.crash(1);
        assert!(file.append(b"x").is_err() && file.sync().is_err() && disk.sync_dir().is_err());
    }

    #[test]
    fn planned_failures_come_when_they_are_due() {
        let disk = SimDisk::default();
        disk.set_faults(DiskFaults {
            fail_write: Some(2),
            torn: true,
            fail_sync: Some(1),
            ..DiskFaults::default()
        });
        let file = disk.create("a").unwrap();
        file.append(b"one").unwrap();
        assert!(file.append(b"four").is_err());
        assert_eq!(read(&disk, "a").unwrap(), b"onefo");
        assert!(file.sync().is_err());
        assert_eq!((disk.writes(), disk.syncs(), disk.operations()), (2, 1, 4));
    }

    #[test]
    fn a_removed_file_stays_with_those_who_have_it_open() {
        let disk = SimDisk::default();
        let file = disk.create("a").unwrap();
        file.append(b"x").unwrap();
        disk.remove("a").unwrap();
        assert!(disk.list().unwrap().is_empty());
        assert_eq!(file.size().unwrap(), 1);
    }
}
