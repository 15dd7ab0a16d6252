//! How a stretch of a content is packed: as it is, by LZ4, or as the bytes that its base64 stands for.
//!
//! It is unpacked each time that a client asks for it, so unpacking has to cost little beside the copy to the socket
//! (`docs/decisions/0012-packing.md`). What earlier versions packed with zstd is read too.

mod base64;

use std::borrow::Cow;
use std::cell::RefCell;

use zstd::bulk::Decompressor;

/// Content below this many bytes is not worth compressing.
const MIN_BYTES: usize = 128;
/// LZ4 has to leave no more than one byte of so many, or the content stays as it is: what it hardly shortens, it also unpacks most
/// slowly.
const SHORTER_MIN: usize = 2;

thread_local! {
    /// Making a context takes longer than unpacking a message.
    static UNPACKER: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// How some bytes are packed. The numbers are stored; 2 is what is in frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// As they are.
    Raw = 0,
    /// zstd; it is only read.
    Zstd = 1,
    /// A block of LZ4.
    Lz4 = 3,
    /// Lines of base64, as what they stand for.
    Base64 = 4,
}

impl Method {
    pub(crate) const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Raw,
            1 => Self::Zstd,
            3 => Self::Lz4,
            4 => Self::Base64,
            _ => return None,
        })
    }
}

/// The content in fewer bytes, if that can be.
pub(super) fn pack(content: &[u8]) -> (Method, Cow<'_, [u8]>) {
    if content.len() < MIN_BYTES {
        return (Method::Raw, Cow::Borrowed(content));
    }
    if let Some(packed) = base64::pack(content) {
        return (Method::Base64, Cow::Owned(packed));
    }
    let packed = lz4_flex::block::compress(content);
    match packed.len() <= content.len() / SHORTER_MIN {
        true => (Method::Lz4, Cow::Owned(packed)),
        false => (Method::Raw, Cow::Borrowed(content)),
    }
}

/// Appends the content of `size` bytes that was packed.
pub(super) fn unpack(
    method: Method,
    packed: &[u8],
    size: usize,
    content: &mut Vec<u8>,
) -> Result<(), &'static str> {
    let before = content.len();
    match method {
        Method::Raw => content.extend_from_slice(packed),
        Method::Zstd => content.extend_from_slice(&unpack_zstd(packed, size)?),
        Method::Lz4 => {
            content.resize(before + size, 0);
            let room = content.get_mut(before..).unwrap_or_default();
            let filled = lz4_flex::block::decompress_into(packed, room);
            content.truncate(before + filled.map_err(|_| "what LZ4 packed cannot be unpacked")?);
        }
        Method::Base64 => base64::unpack(packed, size, content)?,
    }
    if content.len() - before == size { Ok(()) } else { Err("what was packed is shorter or longer") }
}

fn unpack_zstd(packed: &[u8], size: usize) -> Result<Vec<u8>, &'static str> {
    UNPACKER
        .with_borrow_mut(|kept| match kept {
            Some(unpacker) => unpacker.decompress(packed, size),
            None => kept.insert(Decompressor::new()?).decompress(packed, size),
        })
        .map_err(|_| "what zstd packed cannot be unpacked")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unpacked(method: Method, packed: &[u8], size: usize) -> Result<Vec<u8>, &'static str> {
        let mut content = b"before".to_vec();
        unpack(method, packed, size, &mut content)?;
        Ok(content.split_off(6))
    }

    #[test]
    fn each_content_is_packed_as_it_is_best() {
        let text = b"From: ada@example.org\r\n".repeat(20);
        let mut random = vec![0; 3000];
        blake3::Hasher::new().finalize_xof().fill(&mut random);
        for (content, method) in
            [(&text[..100], Method::Raw), (&text[..], Method::Lz4), (&random[..], Method::Raw)]
        {
            let (packed_by, packed) = pack(content);
            assert_eq!(packed_by, method);
            assert_eq!(unpacked(packed_by, &packed, content.len()).unwrap(), content);
        }
    }

    #[test]
    fn what_zstd_packed_is_read() {
        let content = b"word ".repeat(100);
        let packed = zstd::bulk::compress(&content, 1).unwrap();
        assert_eq!(unpacked(Method::Zstd, &packed, content.len()).unwrap(), content);
    }

    #[test]
    fn each_method_has_a_number() {
        for method in [Method::Raw, Method::Zstd, Method::Lz4, Method::Base64] {
            assert_eq!(Method::from_number(method as u8), Some(method));
        }
        assert_eq!(Method::from_number(2), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_unpacked_or_damage(method in prop::sample::select(&[Method::Raw, Method::Zstd, Method::Lz4, Method::Base64]), bytes in prop::collection::vec(any::<u8>(), 0..300), size in 0..9000usize) {
            let unpacked = unpacked(method, &bytes, size);
            prop_assert!(unpacked.is_err() || unpacked.unwrap().len() == size);
        }
    }
}
