//! Reading what is left of segments when nothing else tells where their records are: for a rebuild of the store.
//!
//! Nothing is changed. Whatever record is sound is found, also behind damage; the torn end of the last segment is no
//! damage.

use super::file;
use crate::blob::{Location, RecordHeader, record};
use crate::{Disk, DiskFile, Error, Wait};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How much is looked through at a time for the next record behind damage, in bytes.
const WINDOW_BYTES: usize = 1 << 20;

/// The segments of a disk, opened for reading alone.
pub struct Salvage {
    files: BTreeMap<u32, Arc<dyn DiskFile>>,
}

/// A sound record.
#[derive(Clone, Debug)]
pub struct Salvaged {
    /// What it says of itself.
    pub header: RecordHeader,
    /// Where it lies.
    pub at: Location,
    /// Whether all headers before it in its segment are sound. Where one is not, the place of the next record is a guess,
    /// and what was taken for a record may have been content of another.
    pub certain: bool,
}

/// What a walk through all segments has found besides records.
#[derive(Debug, Default)]
pub struct Walked {
    /// Up to which offset each segment has sound records. Those without any are not in it.
    pub ends: BTreeMap<u32, u64>,
    /// The newest commit of the engine that they tell of.
    pub newest_commit: u64,
    /// What cannot be read.
    pub damage: Vec<Error>,
}

/// What lies at an offset of a segment.
enum Found {
    /// A sound record.
    Record(Box<RecordHeader>, Location),
    /// A record that is not sound, or cut off; the next one begins there.
    Damaged(u64, &'static str),
    /// Nothing that can be told.
    Nothing(&'static str),
}

impl Salvage {
    /// Opens every segment.
    ///
    /// # Errors
    /// [`Error::NewerFormat`], or when the disk fails.
    pub fn open(disk: &dyn Disk) -> Result<Self, Error> {
        let mut files = BTreeMap::new();
        for number in disk.list()?.iter().filter_map(|name| file::number(name)) {
            files.insert(number, disk.open(&file::name(number))?);
        }
        Ok(Self { files })
    }

    /// Whether any segment is longer than its header.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn holds_records(&self) -> Result<bool, Error> {
        for file in self.files.values() {
            if file.size()? > file::HEADER_BYTES {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Shows every sound record, segment by segment. Contents are verified by their checksum only.
    ///
    /// # Errors
    /// As [`Salvage::open`].
    pub fn walk(&self, each: &mut dyn FnMut(Salvaged)) -> Result<Walked, Error> {
        let mut walked = Walked::default();
        for (&number, file) in &self.files {
            let damage = match file::read_header(&**file, number) {
                Ok(commit) => {
                    walked.newest_commit = walked.newest_commit.max(commit);
                    None
                }
                Err(damage @ Error::Damaged { .. }) => Some(damage),
                Err(error) => return Err(error),
            };
            let torn = self.walk_one(number, &**file, each, &mut walked)?;
            // The last one's end may be torn, or all of it while it was being made.
            let is_last = self.files.last_key_value().is_some_and(|(&last, _)| last == number);
            walked.damage.extend(damage.filter(|_| !is_last || walked.ends.contains_key(&number)));
            walked.damage.extend(torn.filter(|_| !is_last));
        }
        Ok(walked)
    }

    /// The whole content of a record, verified.
    ///
    /// # Errors
    /// As [`BlobStore::read`](crate::BlobStore::read).
    pub fn read(&self, at: &Location) -> Result<Vec<u8>, Error> {
        let damaged = |what| file::damaged(at.segment, at.offset.into(), what);
        let file = self.files.get(&at.segment).ok_or_else(|| damaged("the file is missing"))?;
        let bytes = read_record(&**file, at)?;
        Ok(record::decode(&bytes).map_err(damaged)?.1)
    }

    /// How long a segment is, in bytes; 0 if there is none of that number.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn bytes(&self, segment: u32) -> Result<u64, Error> {
        self.files.get(&segment).map_or(Ok(0), |file| file.size())
    }

    /// Walks through one segment; answers the damage that no sound record follows.
    fn walk_one(
        &self,
        number: u32,
        file: &dyn DiskFile,
        each: &mut dyn FnMut(Salvaged),
        walked: &mut Walked,
    ) -> Result<Option<Error>, Error> {
        let (len, mut offset, mut certain) = (file.size()?, file::HEADER_BYTES, true);
        let mut lost: Option<Error> = None;
        while offset < len {
            let (next, what) = match look(file, number, offset, len)? {
                Found::Record(header, at) => {
                    walked.damage.extend(lost.take());
                    walked.newest_commit = walked.newest_commit.max(header.commit);
                    walked.ends.insert(number, at.end());
                    offset = at.end();
                    each(Salvaged { header: *header, at, certain });
                    continue;
                }
                Found::Damaged(next, what) => (next, what),
                Found::Nothing(what) => {
                    certain = false;
                    (search(file, offset + 1, len)?, what)
                }
            };
            lost.get_or_insert_with(|| file::damaged(number, offset, what));
            offset = next;
        }
        Ok(lost)
    }
}

fn look(file: &dyn DiskFile, segment: u32, offset: u64, len: u64) -> Result<Found, Error> {
    let header = match read_header(file, offset)? {
        Ok(header) => header,
        Err(what) => return Ok(Found::Nothing(what)),
    };
    let next = offset + header.stored();
    let (Ok(offset), Ok(stored)) = (u32::try_from(offset), u32::try_from(header.stored())) else {
        return Ok(Found::Nothing("a record lies too far behind"));
    };
    if next > len {
        return Ok(Found::Damaged(len, "a record is cut off"));
    }
    let at = Location { segment, offset, stored, size: header.size };
    Ok(match record::verify(&read_record(file, &at)?) {
        Ok(_) => Found::Record(Box::new(header), at),
        Err(what) => Found::Damaged(next, what),
    })
}

fn read_header(file: &dyn DiskFile, offset: u64) -> Result<Result<RecordHeader, &'static str>, Error> {
    let mut bytes = [0; record::HEADER_BYTES];
    let read = file.read_at(offset, &mut bytes, Wait::Allowed)?;
    Ok(record::decode_header(bytes.get(..read).unwrap_or_default()))
}

fn read_record(file: &dyn DiskFile, at: &Location) -> Result<Vec<u8>, Error> {
    let mut bytes = vec![0; at.stored as usize];
    let read = file.read_at(at.offset.into(), &mut bytes, Wait::Allowed)?;
    bytes.truncate(read);
    Ok(bytes)
}

/// Where the next sound header begins; `len` if there is none.
fn search(file: &dyn DiskFile, from: u64, len: u64) -> Result<u64, Error> {
    let mut window = vec![0; WINDOW_BYTES];
    let mut start = from;
    while start < len {
        let read = file.read_at(start, &mut window, Wait::Allowed)?;
        let bytes = window.get(..read).unwrap_or_default();
        let marks = bytes.windows(record::MAGIC.len()).enumerate().filter(|(_, w)| **w == record::MAGIC);
        for (at, _) in marks {
            let offset = start + at as u64;
            if read_header(file, offset)?.is_ok() {
                return Ok(offset);
            }
        }
        // A mark that the window cuts is looked for again.
        start += (read.saturating_sub(record::MAGIC.len() - 1)).max(1) as u64;
    }
    Ok(len)
}
