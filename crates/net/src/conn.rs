//! One connection for a line protocol: bytes in with a timeout, bytes out with backpressure, STARTTLS
//! and compression in place. It does not know lines, literals or replies.
//!
//! An idle connection holds no buffer of ours: bytes are read through the stack into the caller's
//! buffer, and both that and the write buffer are given back while nothing comes.

mod deflate;
mod stream;

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

pub use self::stream::Stream;
use crate::limit::{Permit, TurnedAway};
use crate::tls::Tls;

/// The most bytes that one [`Conn::fill`] adds: a TLS record's worth.
pub const READ_BYTES_MAX: usize = 16 * 1024;
/// A peer that has taken so many bytes is given as long again for the next; one that takes them singly is not.
const PROGRESS_BYTES: usize = 4 * 1024;
/// How long [`Conn::close`] tries to say goodbye.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);
/// After so long a silence a compressed connection gives back its compressor, and with it what it has learnt.
const RELEASE_AFTER: Duration = Duration::from_secs(10);

/// How long a connection waits for its peer, and how much waits for it; a wait for input is given to [`Conn::fill`] each time.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// For the peer to take all of the bytes that wait for it, or some 4 KiB of them.
    pub write: Duration,
    /// For a whole TLS handshake.
    pub handshake: Duration,
    /// Above so many waiting bytes [`Conn::flush_if_full`] and [`Conn::send`] write before there are more.
    pub waiting_bytes: usize,
}

impl Bounds {
    /// Bytes that wait for a peer, unless configured: two TLS records' worth.
    pub const WAITING_BYTES_DEFAULT: usize = 32 * 1024;
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            write: Duration::from_secs(120),
            handshake: Duration::from_secs(30),
            waiting_bytes: Self::WAITING_BYTES_DEFAULT,
        }
    }
}

/// Why a connection is over. Nobody is to blame, and there is no one left to tell.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    /// The peer closed it.
    #[error("the peer closed the connection")]
    Ended,
    /// The peer sent nothing.
    #[error("the peer sent nothing for {waited:?}")]
    Silent {
        /// How long it was waited for.
        waited: Duration,
    },
    /// The peer does not read what is sent.
    #[error("the peer took nothing for {waited:?}")]
    Stalled {
        /// How long it was waited for.
        waited: Duration,
    },
    /// TLS could not be agreed on.
    #[error("TLS handshake failed: {0}")]
    Handshake(#[source] io::Error),
    /// The network failed.
    #[error("the connection broke: {0}")]
    Broken(#[source] io::Error),
}

/// A connection over TCP, a Unix socket, TLS or memory.
#[derive(Debug)]
pub struct Conn {
    stream: Stream,
    peer: SocketAddr,
    bounds: Bounds,
    /// What waits to be written; the first `written` bytes of it have been.
    out: Vec<u8>,
    written: usize,
    /// Whether the stream may hold bytes that a flush would send.
    unflushed: bool,
    traffic: Traffic,
    /// Its place among the connections that are counted; a test's has none.
    permit: Option<Permit>,
}

/// How much a connection has carried, in bytes as they are before compression and TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// From the peer.
    pub received: u64,
    /// To the peer.
    pub sent: u64,
}

impl Conn {
    /// A connection over an accepted TCP stream.
    #[must_use]
    pub fn tcp(stream: TcpStream, peer: SocketAddr, bounds: Bounds) -> Self {
        Self::over(Stream::tcp(stream), peer, bounds)
    }

    /// A connection over one end of an in-memory stream, for tests; the peer is 127.0.0.1, port 0.
    #[must_use]
    pub fn memory(stream: DuplexStream, bounds: Bounds) -> Self {
        Self::over(Stream::memory(stream), (Ipv4Addr::LOCALHOST, 0).into(), bounds)
    }

    pub(crate) fn over(stream: Stream, peer: SocketAddr, bounds: Bounds) -> Self {
        let (out, traffic) = (Vec::new(), Traffic::default());
        Self { stream, peer, bounds, out, written: 0, unflushed: false, traffic, permit: None }
    }

    /// The same connection, counted by a gate.
    pub(crate) fn with_permit(mut self, permit: Permit) -> Self {
        self.permit = Some(permit);
        self
    }

    /// From here on the connection is a user's, and is no longer counted among those that are nobody's.
    ///
    /// # Errors
    /// The user has too many; the connection stays nobody's.
    pub fn log_in(&mut self, user: &str) -> Result<(), TurnedAway> {
        self.permit.as_mut().map_or(Ok(()), |permit| permit.log_in(user))
    }

    /// The connection is nobody's again.
    pub fn log_out(&mut self) {
        if let Some(permit) = &mut self.permit {
            permit.log_out();
        }
    }

    /// What it has carried so far.
    #[must_use]
    pub const fn traffic(&self) -> Traffic {
        self.traffic
    }

    /// Who is at the other end. An IPv4 address mapped into IPv6 is given as IPv4.
    #[must_use]
    pub fn peer_addr(&self) -> SocketAddr {
        self.peer
    }

    /// Whether the connection is encrypted.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.stream.is_tls()
    }

    /// Whether the connection is compressed.
    #[must_use]
    pub const fn is_compressed(&self) -> bool {
        self.stream.is_compressed()
    }

    /// The channel bindings of a TLS connection, by their registered names: `tls-exporter` (RFC 9266) and
    /// `tls-server-end-point` (RFC 5929 §4), as far as there are.
    #[must_use]
    pub fn channel_bindings(&self) -> Vec<(&'static str, Vec<u8>)> {
        self.stream.channel_bindings()
    }

    /// Whether there is any channel binding.
    #[must_use]
    pub fn is_bindable(&self) -> bool {
        self.stream.is_bindable()
    }

    /// The TLS version in use, such as `TLSv1.3`, for the log.
    #[must_use]
    pub fn tls_version(&self) -> Option<&'static str> {
        self.stream.tls_version()
    }

    /// Writes what waits, then waits at most `within` for input and appends it to `into`: between
    /// one and [`READ_BYTES_MAX`] bytes. While it waits, unused memory of `into` is given back.
    ///
    /// It may be dropped and called again without losing a byte in either direction.
    ///
    /// # Errors
    /// The connection is lost; after [`Lost::Silent`] it still works for a goodbye.
    pub async fn fill(&mut self, into: &mut Vec<u8>, within: Duration) -> Result<usize, Lost> {
        self.flush().await?;
        let soon = if self.is_compressed() { RELEASE_AFTER.min(within) } else { within };
        let mut filled = timeout(soon, poll_fn(|cx| self.poll_fill(cx, into))).await;
        if filled.is_err() && soon < within {
            self.stream.release();
            filled = timeout(within - soon, poll_fn(|cx| self.poll_fill(cx, into))).await;
        }
        match filled {
            Err(_) => Err(Lost::Silent { waited: within }),
            Ok(Err(broken)) => Err(lost(broken)),
            Ok(Ok(0)) => Err(Lost::Ended),
            Ok(Ok(n)) => Ok(n),
        }
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>, into: &mut Vec<u8>) -> Poll<io::Result<usize>> {
        let mut space = [MaybeUninit::<u8>::uninit(); READ_BYTES_MAX];
        let mut read = ReadBuf::uninit(&mut space);
        match Pin::new(&mut self.stream).poll_read(cx, &mut read) {
            Poll::Pending => {
                self.out = Vec::new();
                // A large partial command keeps its room: it would only have to grow again.
                if into.len() < READ_BYTES_MAX {
                    into.shrink_to_fit();
                }
                Poll::Pending
            }
            Poll::Ready(Err(broken)) => Poll::Ready(Err(broken)),
            Poll::Ready(Ok(())) => {
                into.extend_from_slice(read.filled());
                self.traffic.received += read.filled().len() as u64;
                Poll::Ready(Ok(read.filled().len()))
            }
        }
    }

    /// The write buffer, to append to. Nothing is sent before a flush; call
    /// [`flush_if_full`](Self::flush_if_full) between replies so that it stays small.
    pub fn out(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    /// Writes what waits if it is more than [`Bounds::waiting_bytes`]: the backpressure of bulk answers.
    ///
    /// # Errors
    /// The connection is lost.
    pub async fn flush_if_full(&mut self) -> Result<(), Lost> {
        if self.out.len() < self.bounds.waiting_bytes {
            return Ok(());
        }
        self.write_out().await
    }

    /// Appends `bytes` of any length. Many of them go to the peer as they are, without a copy, so it
    /// must not be dropped half way.
    ///
    /// # Errors
    /// The connection is lost.
    pub async fn send(&mut self, bytes: &[u8]) -> Result<(), Lost> {
        if self.out.len() + bytes.len() <= self.bounds.waiting_bytes {
            self.out.extend_from_slice(bytes);
            return Ok(());
        }
        self.write_out().await?;
        let mut patience = Patience::new(self.bounds.write);
        let mut rest = bytes;
        while !rest.is_empty() {
            let n = patience.wait(self.stream.write(rest)).await?;
            self.wrote(n);
            rest = rest.get(n..).unwrap_or_default();
        }
        Ok(())
    }

    /// Writes all that waits, as fast as the peer takes it.
    /// It may be dropped and called again without losing or doubling a byte.
    ///
    /// # Errors
    /// The connection is lost.
    pub async fn flush(&mut self) -> Result<(), Lost> {
        self.write_out().await?;
        if !self.unflushed {
            return Ok(());
        }
        let waited = self.bounds.write;
        match timeout(waited, self.stream.flush()).await {
            Err(_) => Err(Lost::Stalled { waited }),
            Ok(Err(broken)) => Err(lost(broken)),
            Ok(Ok(())) => {
                self.unflushed = false;
                Ok(())
            }
        }
    }

    async fn write_out(&mut self) -> Result<(), Lost> {
        let mut patience = Patience::new(self.bounds.write);
        while self.written < self.out.len() {
            let rest = self.out.get(self.written..).unwrap_or_default();
            let n = patience.wait(self.stream.write(rest)).await?;
            self.written += n;
            self.wrote(n);
        }
        self.out.clear();
        self.written = 0;
        Ok(())
    }

    fn wrote(&mut self, bytes: usize) {
        self.traffic.sent += bytes as u64;
        self.unflushed = true;
    }

    /// Goes over to TLS in place (RFC 9051 §6.2.1): discards `received` and whatever else has come
    /// in plain text, writes `go_ahead` (the tagged OK), and shakes hands.
    ///
    /// # Errors
    /// The connection is lost; it cannot go on in plain text.
    pub async fn start_tls(
        &mut self,
        tls: &Tls,
        received: &mut Vec<u8>,
        go_ahead: &[u8],
    ) -> Result<(), Lost> {
        // ORDER: discard, then answer. An honest client sends nothing more before our OK, so all that
        // is here by now was put there in plain text, perhaps by somebody in between (RFC 3501 §6.2.1;
        // CVE-2011-0411 and its kin). What comes later is TLS or fails as such.
        received.clear();
        self.stream.discard_received().map_err(lost)?;
        self.send(go_ahead).await?;
        self.flush().await?;
        self.handshake(tls).await
    }

    /// Shakes hands at once, for a port where TLS is implicit (RFC 8314 §3).
    ///
    /// # Errors
    /// The connection is lost.
    pub async fn handshake(&mut self, tls: &Tls) -> Result<(), Lost> {
        let waited = self.bounds.handshake;
        // Boxed, so that the state of a handshake does not live on in every idle session's task.
        match timeout(waited, Box::pin(self.stream.handshake(tls))).await {
            Err(_) => Err(Lost::Silent { waited }),
            Ok(shaken) => shaken.map_err(Lost::Handshake),
        }
    }

    /// Goes over to DEFLATE in both directions (RFC 4978 §3): writes what waits as it is, and takes `received`, which has
    /// come already, for compressed.
    ///
    /// # Errors
    /// The connection is lost.
    pub async fn start_compression(&mut self, received: &mut Vec<u8>) -> Result<(), Lost> {
        self.flush().await?;
        self.stream.start_deflate(std::mem::take(received));
        Ok(())
    }

    /// Writes what waits and leaves compression (RFC 8437 §4.1): our stream is ended, and what comes from now on is taken
    /// as it is. What has come already goes to `received`.
    ///
    /// # Errors
    /// The connection is lost.
    pub async fn stop_compression(&mut self, received: &mut Vec<u8>) -> Result<(), Lost> {
        if !self.is_compressed() {
            return self.flush().await;
        }
        self.write_out().await?;
        let waited = self.bounds.write;
        match timeout(waited, poll_fn(|cx| self.stream.poll_end_deflate(cx))).await {
            Err(_) => return Err(Lost::Stalled { waited }),
            Ok(ended) => ended.map_err(lost)?,
        }
        received.extend(self.stream.stop_deflate());
        self.unflushed = false;
        Ok(())
    }

    /// Writes what waits and ends the connection in good order. Errors are of no more interest.
    pub async fn close(mut self) {
        let goodbye = async {
            if self.flush().await.is_ok() {
                // The peer may be gone already; then there is nobody to say goodbye to.
                let _told = self.stream.shutdown().await.is_ok();
            }
        };
        if timeout(CLOSE_WITHIN, goodbye).await.is_err() {
            tracing::debug!(peer = %self.peer, "the peer does not take our goodbye");
        }
    }

    /// The bare stream, for a protocol with buffers of its own. What waits to be written is dropped.
    #[must_use]
    pub fn into_stream(self) -> Stream {
        self.stream.counted(self.permit)
    }
}

/// How long a peer has to take what is written.
struct Patience {
    waited: Duration,
    until: Instant,
    /// Bytes that it has taken since the time was set.
    taken: usize,
}

impl Patience {
    fn new(waited: Duration) -> Self {
        Self { waited, until: Instant::now() + waited, taken: 0 }
    }

    /// Waits until the peer has taken some bytes.
    async fn wait(&mut self, write: impl Future<Output = io::Result<usize>>) -> Result<usize, Lost> {
        match timeout_at(self.until, write).await {
            Err(_) => Err(Lost::Stalled { waited: self.waited }),
            Ok(Err(broken)) => Err(lost(broken)),
            Ok(Ok(0)) => Err(Lost::Ended),
            Ok(Ok(n)) => {
                self.taken += n;
                if self.taken >= PROGRESS_BYTES {
                    *self = Self::new(self.waited);
                }
                Ok(n)
            }
        }
    }
}

/// A peer that hangs up without ceremony has ended the connection like any other.
fn lost(broken: io::Error) -> Lost {
    match broken.kind() {
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => Lost::Ended,
        _ => Lost::Broken(broken),
    }
}

#[cfg(test)]
mod tests;
