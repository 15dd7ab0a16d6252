//! Lines of base64 (RFC 2045 §6.8) as the bytes they stand for: three instead of four characters, and no line ends.
//!
//! Packed, they are the length of a line, the bytes in front of the lines and how many these are, the number of lines, then those
//! bytes, what the lines stand for, and whatever follows them. Only lines of one length, without padding, are taken, so that there
//! is but one way to write them again.

use std::cell::RefCell;
use std::iter;

use base64_simd::{Out, STANDARD};

const LINE_END: &[u8] = b"\r\n";
/// What stands in front: one byte and two numbers of two.
const HEAD_BYTES: usize = 5;
/// The lines have to be so large a share of the content.
const SHARE_MIN: usize = 2;
/// What the numbers can say.
const CONTENT_BYTES_MAX: usize = 64 << 10;

thread_local! {
    /// The characters of all lines, one behind the other.
    static CHARACTERS: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Neighbouring lines of one length.
#[derive(Clone, Copy, Default)]
struct Run {
    from: usize,
    lines: usize,
    /// Without the line end.
    width: usize,
}

impl Run {
    const fn bytes(self) -> usize {
        self.lines * (self.width + LINE_END.len())
    }

    const fn decoded(self) -> usize {
        self.lines * (self.width / 4 * 3)
    }
}

/// `None` where most of the content is something else.
pub(super) fn pack(content: &[u8]) -> Option<Vec<u8>> {
    if content.len() > CONTENT_BYTES_MAX {
        return None;
    }
    let run = longest_run(content);
    if run.bytes() < content.len() / SHARE_MIN || run.lines < 2 {
        return None;
    }
    let end = run.from + run.bytes();
    let (before, lines, behind) =
        (content.get(..run.from)?, content.get(run.from..end)?, content.get(end..)?);
    let mut packed = Vec::with_capacity(HEAD_BYTES + before.len() + run.decoded() + behind.len());
    packed.push(u8::try_from(run.width).ok()?);
    packed.extend_from_slice(&u16::try_from(before.len()).ok()?.to_be_bytes());
    packed.extend_from_slice(&u16::try_from(run.lines).ok()?.to_be_bytes());
    packed.extend_from_slice(before);
    CHARACTERS.with_borrow_mut(|characters| {
        characters.clear();
        for line in lines.chunks_exact(run.width + LINE_END.len()) {
            characters.extend_from_slice(line.get(..run.width)?);
        }
        // Padding in the middle, or anything else that is no base64, is refused; at the end it makes it shorter.
        let decoded = STANDARD.decode_inplace(characters).ok()?;
        (decoded.len() == run.decoded()).then(|| packed.extend_from_slice(decoded))
    })?;
    packed.extend_from_slice(behind);
    Some(packed)
}

/// The longest run of lines that may be base64.
fn longest_run(content: &[u8]) -> Run {
    let (mut longest, mut run, mut from) = (Run::default(), Run::default(), 0);
    for end in memchr::memchr_iter(b'\n', content) {
        let line = content.get(from..=end).unwrap_or_default();
        let width = line.strip_suffix(LINE_END).map_or(0, <[u8]>::len);
        let may_be_base64 = width > 0 && width % 4 == 0 && width <= usize::from(u8::MAX);
        if !may_be_base64 {
            run = Run::default();
        } else if run.lines > 0 && run.width == width {
            run.lines += 1;
        } else {
            run = Run { from, lines: 1, width };
        }
        if run.bytes() > longest.bytes() {
            longest = run;
        }
        from = end + 1;
    }
    longest
}

/// Appends the content of `size` bytes that was packed.
pub(super) fn unpack(packed: &[u8], size: usize, content: &mut Vec<u8>) -> Result<(), &'static str> {
    const CUT_OFF: &str = "packed base64 is cut off";
    let (&[width, before_high, before_low, lines_high, lines_low], rest) =
        packed.split_first_chunk::<HEAD_BYTES>().ok_or(CUT_OFF)?;
    let before = usize::from(u16::from_be_bytes([before_high, before_low]));
    let lines = usize::from(u16::from_be_bytes([lines_high, lines_low]));
    let run = Run { from: before, lines, width: usize::from(width) };
    let (before, rest) = rest.split_at_checked(before).ok_or(CUT_OFF)?;
    let (decoded, behind) = rest.split_at_checked(run.decoded()).ok_or(CUT_OFF)?;
    if width == 0 || width % 4 != 0 || before.len() + run.bytes() + behind.len() != size {
        return Err("packed base64 is not as long as it says");
    }
    content.reserve(size);
    content.extend_from_slice(before);
    CHARACTERS.with_borrow_mut(|characters| {
        characters.resize(STANDARD.encoded_length(decoded.len()), 0);
        let characters = STANDARD.encode(decoded, Out::from_slice(characters));
        for (line, end) in characters.chunks_exact(run.width).zip(iter::repeat(LINE_END)) {
            content.extend_from_slice(line);
            content.extend_from_slice(end);
        }
    });
    content.extend_from_slice(behind);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(bytes: &[u8], width: usize) -> Vec<u8> {
        let characters = STANDARD.encode_to_string(bytes).into_bytes();
        characters.chunks(width).flat_map(|line| [line, LINE_END].concat()).collect()
    }

    fn unpacked(packed: &[u8], size: usize) -> Result<Vec<u8>, &'static str> {
        let mut content = Vec::new();
        unpack(packed, size, &mut content).map(|()| content)
    }

    #[test]
    fn an_attachment_takes_three_bytes_of_four() {
        let text = [b"--b\r\n\r\n".as_slice(), &lines(&[7; 5700], 76), b"\r\n--b--\r\n"].concat();
        let packed = pack(&text).unwrap();
        assert_eq!(packed.len(), HEAD_BYTES + 7 + 5700 + 9);
        assert_eq!(unpacked(&packed, text.len()).unwrap(), text);
        // A stretch that begins and ends within a line.
        let stretch = &text[30..5000];
        assert_eq!(unpacked(&pack(stretch).unwrap(), stretch.len()).unwrap(), stretch);
    }

    #[test]
    fn what_is_no_base64_is_left_alone() {
        let text = lines(&[7; 5700], 76);
        for (what, bytes) in [
            ("only line feeds", text.iter().copied().filter(|byte| *byte != b'\r').collect::<Vec<_>>()),
            ("another alphabet", text.iter().map(|byte| if *byte == b'B' { b'-' } else { *byte }).collect()),
            ("padding", b"QUJDRA==\r\n".repeat(20)),
            ("no lines", text.iter().copied().filter(|byte| !LINE_END.contains(byte)).collect()),
            ("empty lines", b"\r\n".repeat(100)),
            ("prose", b"All lines are alike.\r\n".repeat(50)),
            ("too long", text.repeat(10)),
            ("nothing", Vec::new()),
        ] {
            assert!(pack(&bytes).is_none(), "{what}");
        }
    }

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked(
            bytes in prop::collection::vec(any::<u8>(), 0..2000), width in 1..64usize,
            before in "[A-Za-z=\r\n]{0,40}", behind in "[A-Za-z=\r\n]{0,40}",
        ) {
            let content = [before.as_bytes(), &lines(&bytes, 4 * width), behind.as_bytes()].concat();
            if let Some(packed) = pack(&content) {
                prop_assert!(packed.len() < content.len());
                prop_assert_eq!(unpacked(&packed, content.len()).unwrap(), content);
            }
        }
    }
}
