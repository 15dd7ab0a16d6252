//! Compression as a client of tests speaks it (RFC 4978): each write is flushed, each read decompressed.

use std::io;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// What is compressed or decompressed at a time.
const STEP_BYTES: usize = 16 << 10;

/// Both directions of a connection.
#[derive(Debug)]
pub(crate) struct Deflate {
    compress: Compress,
    decompress: Decompress,
    /// Whether the server has ended its stream.
    server_ended: bool,
}

impl Deflate {
    pub(crate) fn new() -> Self {
        let compress = Compress::new(Compression::default(), false);
        Self { compress, decompress: Decompress::new(false), server_ended: false }
    }

    /// The bytes as they are sent.
    pub(crate) fn compressed(&mut self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        self.run(bytes, FlushCompress::Sync)
    }

    /// The end of what is sent compressed.
    pub(crate) fn end(&mut self) -> io::Result<Vec<u8>> {
        self.run(&[], FlushCompress::Finish)
    }

    fn run(&mut self, bytes: &[u8], flush: FlushCompress) -> io::Result<Vec<u8>> {
        let (mut out, start) = (Vec::new(), self.compress.total_in());
        loop {
            out.reserve(STEP_BYTES);
            let taken = usize::try_from(self.compress.total_in() - start).unwrap_or(usize::MAX);
            let rest = bytes.get(taken..).unwrap_or_default();
            let status = self.compress.compress_vec(rest, &mut out, flush).map_err(io::Error::other)?;
            if status == Status::StreamEnd || out.len() < out.capacity() {
                return Ok(out);
            }
        }
    }

    /// What was received, decompressed; behind the end of the server's stream as it is.
    pub(crate) fn decompressed(&mut self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let (mut out, start) = (Vec::new(), self.decompress.total_in());
        while !self.server_ended {
            out.reserve(STEP_BYTES);
            let taken = usize::try_from(self.decompress.total_in() - start).unwrap_or(usize::MAX);
            let rest = bytes.get(taken..).unwrap_or_default();
            let sync = FlushDecompress::Sync;
            let status = self.decompress.decompress_vec(rest, &mut out, sync).map_err(io::Error::other)?;
            self.server_ended = status == Status::StreamEnd;
            if out.len() < out.capacity() {
                break;
            }
        }
        let taken = usize::try_from(self.decompress.total_in() - start).unwrap_or(usize::MAX);
        out.extend_from_slice(bytes.get(taken..).unwrap_or_default());
        Ok(out)
    }
}
