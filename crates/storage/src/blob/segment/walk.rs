//! Going through a segment record by record.

use super::file;
use crate::blob::{Location, RecordHeader, record};
use crate::{DiskFile, Error, Wait};
use std::ops::ControlFlow;

/// Shows the headers of the records up to `end`, until `each` breaks.
pub(super) fn headers(
    file: &dyn DiskFile,
    segment: u32,
    end: u64,
    each: &mut dyn FnMut(&RecordHeader, Location) -> ControlFlow<()>,
) -> Result<(), Error> {
    let mut offset = file::HEADER_BYTES;
    while offset < end {
        let (header, at) = header(file, segment, offset, end)?;
        if each(&header, at).is_break() {
            break;
        }
        offset = at.end();
    }
    Ok(())
}

/// What a segment holds from its first record to the first damage.
pub(super) struct Sound {
    /// Where the damage begins, or the end.
    pub(super) end: u64,
    /// The newest commit that a record tells of.
    pub(super) newest_commit: u64,
    /// What is behind it.
    pub(super) damage: Option<Error>,
}

/// Verifies every record up to `end`.
///
/// # Errors
/// When the disk fails. Damage is not an error here.
pub(super) fn verify(file: &dyn DiskFile, segment: u32, end: u64) -> Result<Sound, Error> {
    let mut sound = Sound { end: file::HEADER_BYTES, newest_commit: 0, damage: None };
    while sound.end < end {
        match verify_one(file, segment, sound.end, end) {
            Ok((header, at)) => {
                sound.newest_commit = sound.newest_commit.max(header.commit);
                sound.end = at.end();
            }
            Err(damage @ Error::Damaged { .. }) => {
                sound.damage = Some(damage);
                break;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(sound)
}

fn verify_one(
    file: &dyn DiskFile,
    segment: u32,
    offset: u64,
    end: u64,
) -> Result<(RecordHeader, Location), Error> {
    let (header, at) = header(file, segment, offset, end)?;
    let mut bytes = vec![0; at.stored as usize];
    let read = file.read_at(offset, &mut bytes, Wait::Allowed)?;
    let record = bytes.get(..read).unwrap_or_default();
    record::verify(record).map_err(|what| file::damaged(segment, offset, what))?;
    Ok((header, at))
}

fn header(
    file: &dyn DiskFile,
    segment: u32,
    offset: u64,
    end: u64,
) -> Result<(RecordHeader, Location), Error> {
    let damaged = |what| file::damaged(segment, offset, what);
    let mut bytes = [0; record::HEADER_BYTES];
    let read = file.read_at(offset, &mut bytes, Wait::Allowed)?;
    let header = record::decode_header(bytes.get(..read).unwrap_or_default()).map_err(damaged)?;
    if header.stored() > end - offset {
        return Err(damaged("a record is cut off"));
    }
    let (Ok(offset), Ok(stored)) = (u32::try_from(offset), u32::try_from(header.stored())) else {
        return Err(damaged("a record lies too far behind"));
    };
    let size = header.size;
    Ok((header, Location { segment, offset, stored, size }))
}
