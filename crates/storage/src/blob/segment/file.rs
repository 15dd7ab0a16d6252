//! A segment file's name and header.

use crate::blob::record::Fields;
use crate::{Disk, DiskFile, Error, Wait};
use std::io;
use std::sync::Arc;

/// Bytes before the first record.
pub(super) const HEADER_BYTES: u64 = 32;
/// The newest format that this program knows.
const VERSION: u32 = 1;
const MAGIC: [u8; 8] = *b"PostSeg\n";
const EXTENSION: &str = ".seg";

/// `0000002a.seg`
pub(super) fn name(number: u32) -> String {
    format!("{number:08x}{EXTENSION}")
}

/// The number in a name, if the name is a segment's.
pub(super) fn number(file: &str) -> Option<u32> {
    let number = u32::from_str_radix(file.strip_suffix(EXTENSION)?, 16).ok()?;
    (name(number) == file).then_some(number)
}

pub(super) fn damaged(segment: u32, offset: u64, what: &'static str) -> Error {
    Error::Damaged { place: format!("segment {} at byte {offset}", name(segment)), what }
}

pub(super) fn refused(op: &'static str, segment: u32, kind: io::ErrorKind) -> Error {
    Error::Io { op, path: name(segment).into(), source: kind.into() }
}

/// Makes a segment, durable together with its name. `commit` is the newest durable commit.
pub(super) fn create(disk: &dyn Disk, number: u32, commit: u64) -> Result<Arc<dyn DiskFile>, Error> {
    let file = disk.create(&name(number))?;
    write_header(&*file, number, commit)?;
    disk.sync_dir()?;
    Ok(file)
}

/// Begins an empty file, and makes that durable.
fn write_header(file: &dyn DiskFile, number: u32, commit: u64) -> Result<(), Error> {
    let mut header = Vec::with_capacity(HEADER_BYTES as usize);
    header.extend_from_slice(&MAGIC);
    header.extend_from_slice(&VERSION.to_be_bytes());
    header.extend_from_slice(&number.to_be_bytes());
    header.extend_from_slice(&commit.to_be_bytes());
    header.extend_from_slice(&[0; 4]);
    header.extend_from_slice(&crc32c::crc32c(&header).to_be_bytes());
    file.append(&header)?;
    file.sync()
}

/// The newest commit that was durable when the segment was made.
///
/// # Errors
/// [`Error::NewerFormat`]; [`Error::Damaged`]; or the disk fails.
pub(super) fn read_header(file: &dyn DiskFile, number: u32) -> Result<u64, Error> {
    let mut bytes = [0; HEADER_BYTES as usize];
    let read = file.read_at(0, &mut bytes, Wait::Allowed)?;
    let damaged = |what| damaged(number, 0, what);
    let header = bytes.get(..read).filter(|header| header.len() == bytes.len());
    let (checked, checksum) = header
        .and_then(|header| header.split_last_chunk())
        .ok_or_else(|| damaged("its header is cut off"))?;
    let mut fields = Fields(checked.strip_prefix(&MAGIC).ok_or_else(|| damaged("it is no segment"))?);
    let (Some(version), Some(written), Some(commit)) = (fields.u32(), fields.u32(), fields.u64()) else {
        return Err(damaged("its header is cut off"));
    };
    if version > VERSION {
        return Err(Error::NewerFormat { place: name(number), found: version, known: VERSION });
    }
    if crc32c::crc32c(checked) != u32::from_be_bytes(*checksum) {
        return Err(damaged("its header does not match its checksum"));
    }
    if written == number { Ok(commit) } else { Err(damaged("it is the segment of another number")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_hexadecimal_and_only_they_are_segments() {
        assert_eq!(name(42), "0000002a.seg");
        assert_eq!(number("0000002a.seg"), Some(42));
        for other in ["2a.seg", "0000002A.seg", "0000002a", "+000002a.seg", ".seg", "0000002a.seg.bak"] {
            assert_eq!(number(other), None, "{other}");
        }
    }
}
