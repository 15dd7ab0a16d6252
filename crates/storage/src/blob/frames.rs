//! A content packed in frames, so that a stretch of it is read and unpacked alone (`docs/storage-format.md`, Frames).
//!
//! The first frame is a message's header; the others are as long as each other. In front of them stands a table of where each
//! lies and of its checksum. Numbers are big-endian.

use super::pack::{Method, pack as pack_one, unpack as unpack_one};
use super::record::Fields;
use std::ops::Range;

/// Content of a frame, in bytes: more would be packed little better, and a stretch costs whole frames.
const FRAME_BYTES: usize = 64 << 10;
/// Contents below this many bytes are read whole sooner than by a table.
pub(super) const MIN_BYTES: usize = 4 << 10;
/// The table's own frame: the number of frames before the entries, its checksum behind them.
const TABLE_BYTES_MIN: usize = 8;
/// An entry of the table.
const ENTRY_BYTES: usize = 12;
/// Where in an entry's second number the method stands, above the length.
const METHOD_SHIFT: u32 = 24;

/// Where the frames lie.
#[derive(Debug)]
pub(super) struct Table(Vec<Frame>);

/// One frame.
#[derive(Clone, Debug)]
struct Frame {
    /// What of the content it has.
    content: Range<usize>,
    /// Where in the payload that is.
    packed: Range<usize>,
    /// How it is packed.
    method: Method,
    checksum: u32,
}

/// The payload of a content whose first `head` bytes will often be read alone; `None` if that would be no gain.
pub(super) fn pack(content: &[u8], head: usize) -> Option<Vec<u8>> {
    if content.len() < MIN_BYTES {
        return None;
    }
    let (first, rest) = content.split_at_checked(head).unwrap_or((&[], content));
    let frames: Vec<_> = first
        .chunks(FRAME_BYTES)
        .chain(rest.chunks(FRAME_BYTES))
        .map(|frame| (frame.len() as u32, pack_one(frame)))
        .collect();
    let packed: usize = frames.iter().map(|(_, (_, packed))| packed.len()).sum();
    let mut payload = Vec::with_capacity(TABLE_BYTES_MIN + ENTRY_BYTES * frames.len() + packed);
    payload.extend_from_slice(&(frames.len() as u32).to_be_bytes());
    for (bytes, (method, packed)) in &frames {
        let packed_as = (*method as u32) << METHOD_SHIFT | packed.len() as u32;
        for number in [*bytes, packed_as, crc32c::crc32c(packed)] {
            payload.extend_from_slice(&number.to_be_bytes());
        }
    }
    payload.extend_from_slice(&crc32c::crc32c(&payload).to_be_bytes());
    frames.iter().for_each(|(_, (_, packed))| payload.extend_from_slice(packed));
    Some(payload)
}

/// Bytes of the table that a payload begins with; `None` if it is cut off there, or longer than the payload.
pub(super) fn table_bytes(begin: &[u8], payload: usize) -> Option<usize> {
    let count = Fields(begin).u32()? as usize;
    let bytes = count.checked_mul(ENTRY_BYTES)?.checked_add(TABLE_BYTES_MIN)?;
    (bytes <= payload).then_some(bytes)
}

impl Table {
    /// Reads the table of a payload of `payload` bytes that holds a content of `size`.
    pub(super) fn decode(table: &[u8], payload: usize, size: usize) -> Result<Self, &'static str> {
        let (checked, checksum) = table.split_last_chunk().ok_or("a table of frames is cut off")?;
        if crc32c::crc32c(checked) != u32::from_be_bytes(*checksum) {
            return Err("a table of frames does not match its checksum");
        }
        let mut fields = Fields(checked);
        let count = fields.u32().ok_or("a table of frames is cut off")?;
        let (mut content, mut packed) = (0, table.len());
        let mut frame = || {
            let (more, packed_as, checksum) = (fields.u32()? as usize, fields.u32()?, fields.u32()?);
            let bytes = (packed_as & ((1 << METHOD_SHIFT) - 1)) as usize;
            let method = match Method::from_number((packed_as >> METHOD_SHIFT) as u8)? {
                // Early stores of format 2 had zstd alone.
                Method::Raw if bytes != more => Method::Zstd,
                method => method,
            };
            let (content_at, packed_at) = (content..content + more, packed..packed + bytes);
            let frame = Frame { content: content_at, packed: packed_at, method, checksum };
            (content, packed) = (frame.content.end, frame.packed.end);
            Some(frame)
        };
        let frames: Option<Vec<Frame>> = (0..count).map(|_| frame()).collect();
        let frames = frames.ok_or("a table of frames is cut off")?;
        if (content, packed) == (size, payload) { Ok(Self(frames)) } else { Err("frames are missing") }
    }

    /// The frames that have a stretch of the content.
    pub(super) fn of(&self, stretch: &Range<usize>) -> Frames<'_> {
        let first = self.0.partition_point(|frame| frame.content.end <= stretch.start);
        let behind = self.0.partition_point(|frame| frame.content.start < stretch.end);
        Frames(self.0.get(first..behind).unwrap_or_default())
    }
}

/// Neighbouring frames.
pub(super) struct Frames<'t>(&'t [Frame]);

impl Frames<'_> {
    /// Where they lie in the payload.
    pub(super) fn packed(&self) -> Range<usize> {
        let ends = |frames: &[Frame]| Some(frames.first()?.packed.start..frames.last()?.packed.end);
        ends(self.0).unwrap_or_default()
    }

    /// A stretch of the content, which they have, from their bytes.
    pub(super) fn unpack(&self, packed: &[u8], stretch: &Range<usize>) -> Result<Vec<u8>, &'static str> {
        let (from, all) = (self.packed().start, self.0.iter().map(|frame| frame.content.len()).sum());
        let mut content = Vec::with_capacity(all);
        for frame in self.0 {
            let bytes = packed.get(frame.packed.start - from..frame.packed.end - from);
            let bytes = bytes.ok_or("a frame is cut off")?;
            if crc32c::crc32c(bytes) != frame.checksum {
                return Err("a frame does not match its checksum");
            }
            unpack_one(frame.method, bytes, frame.content.len(), &mut content)?;
        }
        let begin = self.0.first().map_or(0, |frame| frame.content.start);
        content.truncate(stretch.end.saturating_sub(begin));
        content.drain(..stretch.start.saturating_sub(begin).min(content.len()));
        if content.len() == stretch.len() {
            Ok(content)
        } else {
            Err("frames hold less than their table says")
        }
    }
}

/// The whole content of `size` bytes.
pub(super) fn unpack(payload: &[u8], size: usize) -> Result<Vec<u8>, &'static str> {
    let bytes = table_bytes(payload, payload.len()).ok_or("a table of frames is cut off")?;
    let table = Table::decode(payload.get(..bytes).unwrap_or_default(), payload.len(), size)?;
    let frames = table.of(&(0..size));
    frames.unpack(payload.get(frames.packed()).unwrap_or_default(), &(0..size))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_header_is_a_frame_of_its_own() {
        let content = [b"Subject: x\r\n".repeat(300), b"body ".repeat(40_000)].concat();
        let payload = pack(&content, 3600).unwrap();
        let table = table_bytes(&payload, payload.len()).unwrap();
        let table = Table::decode(&payload[..table], payload.len(), content.len()).unwrap();
        assert_eq!(table.0.len(), 1 + 4);
        let head = table.of(&(0..3600));
        assert_eq!(head.0.len(), 1);
        assert_eq!(head.unpack(&payload[head.packed()], &(0..3600)).unwrap(), &content[..3600]);
    }

    #[test]
    fn small_contents_have_no_frames() {
        assert!(pack(&[b'x'; MIN_BYTES - 1], 10).is_none());
    }

    proptest! {
        #[test]
        fn a_stretch_is_what_stands_there(
            word in prop::collection::vec(any::<u8>(), 1..90),
            times in MIN_BYTES..8000usize,
            (head, from, len) in (0..200_000usize, 0..800_000usize, 0..200_000usize),
        ) {
            let content = word.repeat(times);
            let payload = pack(&content, head).unwrap();
            prop_assert_eq!(&unpack(&payload, content.len()).unwrap(), &content);
            let from = from.min(content.len());
            let stretch = from..(from + len).min(content.len());
            let table = table_bytes(&payload, payload.len()).unwrap();
            let table = Table::decode(&payload[..table], payload.len(), content.len()).unwrap();
            let frames = table.of(&stretch);
            prop_assert_eq!(frames.unpack(&payload[frames.packed()], &stretch).unwrap(), &content[stretch]);
        }

        #[test]
        fn any_bytes_are_damage_and_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), size in 0..9000usize) {
            prop_assert!(unpack(&bytes, size).is_err() || size == 0);
        }
    }
}
