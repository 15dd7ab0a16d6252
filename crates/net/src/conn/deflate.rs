//! DEFLATE on a connection (RFC 4978, RFC 1951): what is written is compressed, what is read is decompressed.
//!
//! Nothing waits in the compressor after a flush: it ends with an empty block that brings all before it to the peer. What
//! comes out of the decompressor is bounded by the room that the reader gives, however little it was compressed.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// zlib's level: the quicker ones compress responses nearly as well (RFC 4978 §4).
const LEVEL: u32 = 3;
/// The compressor looks back over so many bytes, as a power of two. Its memory, some 300 kB, depends on it.
const WINDOW_BITS: u8 = 13;
/// How much is compressed before it is offered to the stream below.
const STEP_BYTES: usize = 16 * 1024;
/// How much is read from the stream below at once.
const READ_BYTES: usize = 4 * 1024;

/// Both directions of a compressed connection.
#[derive(Debug)]
pub(super) struct Deflate {
    /// `None` before the first byte, and after a long silence.
    compressor: Option<Compress>,
    decompressor: Decompress,
    /// Whether the peer has ended its stream.
    peer_ended: bool,
    /// Compressed; the first `sent` bytes of it have gone out.
    outgoing: Vec<u8>,
    sent: usize,
    /// Whether the compressor keeps something back.
    unsynced: bool,
    /// Whether our stream has been ended.
    ended: bool,
    /// Compressed; the first `taken` bytes of it have been decompressed.
    incoming: Vec<u8>,
    taken: usize,
}

impl Deflate {
    /// `received` has come already, and is compressed.
    pub(super) fn new(received: Vec<u8>) -> Self {
        Self {
            compressor: None,
            decompressor: Decompress::new(false),
            peer_ended: false,
            outgoing: Vec::new(),
            sent: 0,
            unsynced: false,
            ended: false,
            incoming: received,
            taken: 0,
        }
    }

    /// Gives back what a connection that says nothing for long does not need.
    ///
    /// A flush has left the stream between two blocks, and a compressor that begins there refers to nothing before: the
    /// peer does not notice.
    pub(super) fn release(&mut self) {
        if !self.unsynced && self.outgoing.is_empty() {
            self.compressor = None;
        }
    }

    /// What has come and was not decompressed.
    pub(super) fn into_received(mut self) -> Vec<u8> {
        self.incoming.split_off(self.taken.min(self.incoming.len()))
    }

    /// Compresses up to [`STEP_BYTES`]; says how many it took, and whether it has given out all it can.
    fn compress(&mut self, bytes: &[u8], flush: FlushCompress) -> io::Result<(usize, bool)> {
        let compressor = self.compressor.get_or_insert_with(|| {
            Compress::new_with_window_bits(Compression::new(LEVEL), false, WINDOW_BITS)
        });
        self.outgoing.reserve(STEP_BYTES);
        let before = compressor.total_in();
        let some = bytes.get(..STEP_BYTES).unwrap_or(bytes);
        let status = compressor.compress_vec(some, &mut self.outgoing, flush).map_err(io::Error::other)?;
        let taken = usize::try_from(compressor.total_in() - before).unwrap_or(usize::MAX);
        let is_done = match flush {
            FlushCompress::Finish => status == Status::StreamEnd,
            // Room is left over: there was nothing more to give out.
            _ => self.outgoing.len() < self.outgoing.capacity(),
        };
        Ok((taken, is_done))
    }

    /// Writes what is compressed.
    fn poll_drain(
        &mut self,
        mut link: Pin<&mut impl AsyncWrite>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while let Some(rest) = self.outgoing.get(self.sent..).filter(|rest| !rest.is_empty()) {
            match ready!(link.as_mut().poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                n => self.sent += n,
            }
        }
        self.outgoing = Vec::new();
        self.sent = 0;
        Poll::Ready(Ok(()))
    }

    pub(super) fn poll_write(
        &mut self,
        link: Pin<&mut impl AsyncWrite>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        // Backpressure: nothing is compressed while the stream below is full.
        ready!(self.poll_drain(link, cx))?;
        let (taken, _) = self.compress(bytes, FlushCompress::None)?;
        self.unsynced |= taken > 0;
        Poll::Ready(Ok(taken))
    }

    pub(super) fn poll_flush(
        &mut self,
        mut link: Pin<&mut impl AsyncWrite>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.poll_drain(link.as_mut(), cx))?;
            if !self.unsynced {
                return link.poll_flush(cx);
            }
            let (_, is_done) = self.compress(&[], FlushCompress::Sync)?;
            self.unsynced = !is_done;
        }
    }

    /// Ends our stream, so that the peer knows where it is over.
    pub(super) fn poll_end(
        &mut self,
        mut link: Pin<&mut impl AsyncWrite>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.poll_drain(link.as_mut(), cx))?;
            if self.ended {
                return link.poll_flush(cx);
            }
            let (_, is_done) = self.compress(&[], FlushCompress::Finish)?;
            self.ended = is_done;
        }
    }

    pub(super) fn poll_read(
        &mut self,
        mut link: Pin<&mut impl AsyncRead>,
        cx: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // What the peer sends behind the end of its stream is not for this layer.
        while !self.peer_ended {
            if self.decompress(to)? > 0 {
                return Poll::Ready(Ok(()));
            }
            if self.taken == self.incoming.len() {
                self.incoming = Vec::new();
                self.taken = 0;
            }
            let mut space = [MaybeUninit::<u8>::uninit(); READ_BYTES];
            let mut read = ReadBuf::uninit(&mut space);
            ready!(link.as_mut().poll_read(cx, &mut read))?;
            if read.filled().is_empty() {
                break;
            }
            self.incoming.extend_from_slice(read.filled());
        }
        Poll::Ready(Ok(()))
    }

    /// Decompresses as much as there is room for; says how much that was.
    fn decompress(&mut self, to: &mut ReadBuf<'_>) -> io::Result<usize> {
        let (read, written) = (self.decompressor.total_in(), self.decompressor.total_out());
        let rest = self.incoming.get(self.taken..).unwrap_or_default();
        let status = self.decompressor.decompress(rest, to.initialize_unfilled(), FlushDecompress::Sync);
        let status = status.map_err(|damaged| io::Error::new(io::ErrorKind::InvalidData, damaged))?;
        self.peer_ended = status == Status::StreamEnd;
        self.taken += usize::try_from(self.decompressor.total_in() - read).unwrap_or(usize::MAX);
        let count = usize::try_from(self.decompressor.total_out() - written).unwrap_or(usize::MAX);
        to.advance(count);
        Ok(count)
    }
}

/// Reads what comes behind a layer that was taken off. Some peers end their stream with a block of its own, which then
/// stands before the first line; lines begin with printable characters, such blocks do not.
pub(super) fn poll_read_behind(
    mut link: Pin<&mut impl AsyncRead>,
    cx: &mut Context<'_>,
    to: &mut ReadBuf<'_>,
) -> Poll<io::Result<()>> {
    loop {
        let before = to.filled().len();
        ready!(link.as_mut().poll_read(cx, to))?;
        let came = to.filled_mut().get_mut(before..).unwrap_or_default();
        let skipped = end_of_layer(came);
        came.copy_within(skipped.., 0);
        let (total, is_end) = (before + came.len() - skipped, came.is_empty());
        to.set_filled(total);
        if is_end || total > before {
            return Poll::Ready(Ok(()));
        }
    }
}

/// How many of the bytes belong to the layer that was taken off.
pub(super) fn end_of_layer(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| matches!(byte, b' '..=b'~')).unwrap_or(bytes.len())
}
