//! Compression of contents. Each thread keeps its contexts: making one takes longer than unpacking a message.

use std::cell::RefCell;
use std::io;
use zstd::bulk::{Compressor, Decompressor};

/// Content below this many bytes is not worth compressing.
const MIN_BYTES: usize = 128;
/// zstd's level: 1 saves as much on mail as 3 does, in less time.
const LEVEL: i32 = 1;

thread_local! {
    static PACKER: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static UNPACKER: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// The content in fewer bytes, if that can be.
pub(super) fn pack(content: &[u8]) -> Option<Vec<u8>> {
    if content.len() < MIN_BYTES {
        return None;
    }
    let packed = PACKER
        .with_borrow_mut(|kept| with(kept, || Compressor::new(LEVEL), |packer| packer.compress(content)));
    packed.ok().filter(|packed| packed.len() < content.len())
}

/// The content of `size` bytes that was packed.
pub(super) fn unpack(packed: &[u8], size: usize) -> io::Result<Vec<u8>> {
    UNPACKER
        .with_borrow_mut(|kept| with(kept, Decompressor::new, |unpacker| unpacker.decompress(packed, size)))
}

/// Uses the context that is kept, or makes it.
fn with<C, T>(
    kept: &mut Option<C>,
    make: impl FnOnce() -> io::Result<C>,
    work: impl FnOnce(&mut C) -> io::Result<T>,
) -> io::Result<T> {
    match kept {
        Some(context) => work(context),
        None => work(kept.insert(make()?)),
    }
}
