//! One record as bytes (`docs/storage-format.md`, Segments): a header, the payload, and a checksum for each.
//!
//! Numbers are big-endian. Nothing here reads a disk.

use super::frames;
use super::pack::{Method, pack, unpack};
use super::{Location, NewBlob, RecordHeader, RecordKind};
use crate::Error;
use model::{AccountId, BlobId, InternalDate, MailboxId};
use std::borrow::Cow;
use std::io;
use std::ops::Range;

/// Bytes before the payload.
pub(crate) const HEADER_BYTES: usize = 104;
/// Bytes behind the payload: its checksum.
pub(crate) const TRAILER_BYTES: usize = 4;
/// The largest content that fits in a record, in bytes: the payload of one must leave room in 32 bits for the rest.
const CONTENT_BYTES_MAX: usize = 2 << 30;
/// What every record begins with.
pub(crate) const MAGIC: [u8; 4] = *b"\xf5PRB";
const VERSION: u8 = 1;
/// The key id of a payload that is not encrypted, the only one so far.
const NO_KEY: u32 = 0;

/// What is read of a record first: a small one whole, of others the table of frames and most headers as well.
const FIRST_READ_BYTES: usize = HEADER_BYTES + frames::MIN_BYTES + TRAILER_BYTES;

/// Where a stretch is so large a share of the content, the record is read in one go.
const WHOLE_READ_SHARE: usize = 2;

/// How a content became a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    Whole(Method),
    Framed,
}

impl Codec {
    const FRAMED: u8 = 2;

    const fn number(self) -> u8 {
        match self {
            Self::Whole(method) => method as u8,
            Self::Framed => Self::FRAMED,
        }
    }

    fn from_number(number: u8) -> Option<Self> {
        if number == Self::FRAMED { Some(Self::Framed) } else { Method::from_number(number).map(Self::Whole) }
    }
}

impl RecordHeader {
    /// Bytes of the whole record.
    pub(crate) fn stored(&self) -> u64 {
        u64::from(self.payload) + (HEADER_BYTES + TRAILER_BYTES) as u64
    }
}

/// The bytes of a record.
pub(crate) fn encode(blob: &NewBlob, commit: u64) -> Result<Vec<u8>, Error> {
    let content: &[u8] = &blob.content;
    if content.len() > CONTENT_BYTES_MAX {
        let path = format!("blob {}", blob.id).into();
        return Err(Error::Io { op: "store", path, source: io::ErrorKind::FileTooLarge.into() });
    }
    let (codec, payload) = match frames::pack(content, blob.head as usize) {
        Some(framed) => (Codec::Framed, Cow::Owned(framed)),
        None => {
            let (method, packed) = pack(content);
            (Codec::Whole(method), packed)
        }
    };
    let header = RecordHeader {
        kind: blob.kind,
        id: blob.id,
        account: blob.account,
        mailbox: blob.mailbox,
        date: blob.date,
        flags: blob.flags,
        size: content.len() as u32,
        hash: *blake3::hash(content).as_bytes(),
        commit,
        codec,
        payload: payload.len() as u32,
    };
    let mut record = Vec::with_capacity(HEADER_BYTES + payload.len() + TRAILER_BYTES);
    encode_header(&header, &mut record);
    record.extend_from_slice(&payload);
    record.extend_from_slice(&crc32c::crc32c(&payload).to_be_bytes());
    Ok(record)
}

fn encode_header(header: &RecordHeader, record: &mut Vec<u8>) {
    let kind = match header.kind {
        RecordKind::Blob => 1,
        RecordKind::Manifest => 2,
    };
    record.extend_from_slice(&MAGIC);
    record.extend_from_slice(&[VERSION, kind, header.codec.number(), 0]);
    record.extend_from_slice(&header.id.0.to_be_bytes());
    record.extend_from_slice(&header.size.to_be_bytes());
    record.extend_from_slice(&header.payload.to_be_bytes());
    record.extend_from_slice(&header.hash);
    record.extend_from_slice(&header.account.0.to_be_bytes());
    record.extend_from_slice(&header.mailbox.0.to_be_bytes());
    record.extend_from_slice(&header.date.zone_minutes.to_be_bytes());
    record.extend_from_slice(&[0; 2]);
    record.extend_from_slice(&header.date.seconds.to_be_bytes());
    record.extend_from_slice(&header.flags.to_be_bytes());
    record.extend_from_slice(&header.commit.to_be_bytes());
    record.extend_from_slice(&NO_KEY.to_be_bytes());
    record.extend_from_slice(&crc32c::crc32c(record).to_be_bytes());
}

/// What a record's first [`HEADER_BYTES`] say, or in what way they are damaged.
pub(crate) fn decode_header(bytes: &[u8]) -> Result<RecordHeader, &'static str> {
    let bytes = bytes.get(..HEADER_BYTES).ok_or("a record's header is cut off")?;
    let (checked, checksum) = bytes.split_last_chunk().ok_or("a record's header is cut off")?;
    if !checked.starts_with(&MAGIC) {
        return Err("there is no record");
    }
    if crc32c::crc32c(checked) != u32::from_be_bytes(*checksum) {
        return Err("a record's header does not match its checksum");
    }
    header_fields(&mut Fields(checked))
        .ok_or("a record's header is of an unknown version, kind, codec or key")
}

fn header_fields(fields: &mut Fields<'_>) -> Option<RecordHeader> {
    let _: [u8; 4] = fields.next()?;
    let [version, kind, codec, _] = fields.next()?;
    if version != VERSION {
        return None;
    }
    let kind = match kind {
        1 => RecordKind::Blob,
        2 => RecordKind::Manifest,
        _ => return None,
    };
    let codec = Codec::from_number(codec)?;
    let id = BlobId(fields.u64()?);
    let (size, payload) = (fields.u32()?, fields.u32()?);
    let hash = fields.next()?;
    let (account, mailbox) = (AccountId(fields.u64()?), MailboxId(fields.u32()?));
    let zone_minutes = i16::from_be_bytes(fields.next()?);
    let _: [u8; 2] = fields.next()?;
    let date = InternalDate { seconds: i64::from_be_bytes(fields.next()?), zone_minutes };
    let (flags, commit) = (fields.u64()?, fields.u64()?);
    let header = RecordHeader { kind, id, account, mailbox, date, flags, size, hash, commit, codec, payload };
    (fields.u32()? == NO_KEY).then_some(header)
}

/// Verifies a whole record without unpacking it.
pub(crate) fn verify(record: &[u8]) -> Result<(RecordHeader, &[u8]), &'static str> {
    let header = decode_header(record)?;
    if record.len() as u64 != header.stored() {
        return Err("a record's length is not what its header says");
    }
    let behind = record.get(HEADER_BYTES..).unwrap_or_default();
    let (payload, checksum) = behind.split_last_chunk().ok_or("a record is cut off")?;
    if crc32c::crc32c(payload) != u32::from_be_bytes(*checksum) {
        return Err("a record's payload does not match its checksum");
    }
    Ok((header, payload))
}

/// Verifies a whole record and unpacks its content.
pub(crate) fn decode(record: &[u8]) -> Result<(RecordHeader, Vec<u8>), &'static str> {
    let (header, payload) = verify(record)?;
    let content = match header.codec {
        Codec::Whole(method) => {
            let mut content = Vec::with_capacity(header.size as usize);
            unpack(method, payload, header.size as usize, &mut content)?;
            content
        }
        Codec::Framed => frames::unpack(payload, header.size as usize)?,
    };
    let right = content.len() == header.size as usize && *blake3::hash(&content).as_bytes() == header.hash;
    if right { Ok((header, content)) } else { Err("a record's content does not match its hash") }
}

/// A record that is read piece by piece.
pub(crate) trait Pieces {
    /// Bytes of the record.
    fn read(&self, piece: Range<usize>) -> Result<Cow<'_, [u8]>, Error>;
    /// That the record is damaged.
    fn damaged(&self, what: &'static str) -> Error;
}

/// A stretch of the content, which lies within it. Of a framed one only the frames that have it are read, and only they are verified.
pub(crate) fn decode_stretch(
    record: &dyn Pieces,
    at: &Location,
    stretch: &Range<usize>,
) -> Result<Vec<u8>, Error> {
    let damaged = |what| record.damaged(what);
    let stored = at.stored as usize;
    let is_most = stretch.len() >= at.size as usize / WHOLE_READ_SHARE;
    let first = record.read(0..if is_most { stored } else { stored.min(FIRST_READ_BYTES) })?;
    let header = decode_header(&first).map_err(damaged)?;
    if (header.size, header.stored()) != (at.size, u64::from(at.stored)) {
        return Err(damaged("another record lies there"));
    }
    let piece = |piece: Range<usize>| match first.get(piece.clone()) {
        Some(bytes) => Ok(Cow::Borrowed(bytes)),
        None => record.read(piece),
    };
    if header.codec != Codec::Framed {
        let (_, content) = decode(&piece(0..stored)?).map_err(damaged)?;
        return content
            .get(stretch.clone())
            .map(<[u8]>::to_vec)
            .ok_or_else(|| damaged("its content is short"));
    }
    let payload = header.payload as usize;
    let begin = first.get(HEADER_BYTES..).unwrap_or_default();
    let bytes = frames::table_bytes(begin, payload).ok_or_else(|| damaged("a table of frames is cut off"))?;
    let table = piece(HEADER_BYTES..HEADER_BYTES + bytes)?;
    let table = frames::Table::decode(&table, payload, header.size as usize).map_err(damaged)?;
    let frames = table.of(stretch);
    let packed = frames.packed();
    let packed = piece(HEADER_BYTES + packed.start..HEADER_BYTES + packed.end)?;
    frames.unpack(&packed, stretch).map_err(damaged)
}

/// Takes fixed-width fields off the front of some bytes.
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl Fields<'_> {
    pub(crate) fn next<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*field)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.next().map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.next().map(u64::from_be_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The most that a table of frames takes here: one for the head, one for the rest.
    const TABLE_BYTES: usize = 8 + 2 * 12;

    fn blob(content: Vec<u8>) -> NewBlob {
        NewBlob {
            kind: RecordKind::Manifest,
            id: BlobId(u64::MAX),
            account: AccountId(2),
            mailbox: MailboxId(3),
            date: InternalDate { seconds: -4, zone_minutes: -300 },
            flags: 5,
            head: 100,
            content: content.into(),
        }
    }

    #[test]
    fn a_header_says_all_that_was_given() {
        let record = encode(&blob(b"x".to_vec()), 6).unwrap();
        let (header, content) = decode(&record).unwrap();
        assert_eq!(
            (header.kind, header.id, header.account),
            (RecordKind::Manifest, BlobId(u64::MAX), AccountId(2))
        );
        assert_eq!((header.mailbox, header.flags, header.size, header.commit), (MailboxId(3), 5, 1, 6));
        assert_eq!(header.date, InternalDate { seconds: -4, zone_minutes: -300 });
        assert_eq!(header.hash, *blake3::hash(b"x").as_bytes());
        assert_eq!(content, b"x");
    }

    #[test]
    fn a_flipped_bit_anywhere_is_found() {
        for content in [Vec::new(), b"short".to_vec(), b"compressible ".repeat(40), b"in frames ".repeat(500)]
        {
            let record = encode(&blob(content), 1).unwrap();
            for bit in 0..record.len() * 8 {
                let mut damaged = record.clone();
                damaged[bit / 8] ^= 1 << (bit % 8);
                assert!(decode(&damaged).is_err(), "bit {bit}");
            }
        }
    }

    #[test]
    fn a_cut_record_is_found() {
        let record = encode(&blob(b"some content".to_vec()), 1).unwrap();
        assert!((0..record.len()).all(|len| verify(&record[..len]).is_err()));
    }

    proptest! {
        #[test]
        fn content_survives(content in prop::collection::vec(any::<u8>(), 0..2000), times in 1usize..20) {
            let content = content.repeat(times);
            let record = encode(&blob(content.clone()), 1).unwrap();
            prop_assert!(record.len() <= content.len() + HEADER_BYTES + TRAILER_BYTES + TABLE_BYTES);
            prop_assert_eq!(decode(&record).unwrap().1, content);
        }

        #[test]
        fn any_bytes_are_damage_and_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(decode(&bytes).is_err());
        }
    }
}
