//! The bytes under a connection: TCP, a Unix socket or memory, plain or inside TLS, compressed or not, as one type.

use std::io;
use std::mem::{self, MaybeUninit};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use rustls::ProtocolVersion;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::deflate::{Deflate, end_of_layer, poll_read_behind};
use crate::limit::Permit;
use crate::tls::Tls;

/// The most plain text that is read to be thrown away before TLS. A peer that pipelines more than
/// this has it taken for a handshake, which fails.
const DISCARD_BYTES_MAX: usize = 64 * 1024;
/// How much of it is read at once.
const DISCARD_STEP_BYTES: usize = 4 * 1024;
/// What `tls-exporter` exports, and how much of it (RFC 9266 §2).
const EXPORTER_LABEL: &[u8] = b"EXPORTER-Channel-Binding";
const EXPORTED_BYTES: usize = 32;

/// A byte stream that a connection runs over.
#[derive(Debug)]
pub struct Stream {
    link: Link,
    layer: Layer,
    /// The hash of the certificate that the handshake was held with (RFC 5929 §4).
    end_point: Option<Arc<[u8]>>,
    /// Its place among those that are counted, where no connection has it.
    _permit: Option<Permit>,
}

/// What lies over TLS: data is compressed before it is encrypted (RFC 4978 §3).
#[derive(Debug)]
enum Layer {
    None,
    Deflate(Box<Deflate>),
    /// Compression was taken off, and its end may still come in.
    Ended,
}

#[derive(Debug)]
enum Link {
    Plain(Wire),
    Tls(Box<TlsStream<Wire>>),
    /// A handshake failed or was dropped half way: nothing can be sent any more.
    Gone,
}

#[derive(Debug)]
pub(super) enum Wire {
    Tcp(TcpStream),
    Unix(UnixStream),
    Memory(DuplexStream),
}

impl Stream {
    pub(crate) const fn tcp(stream: TcpStream) -> Self {
        Self { link: Link::Plain(Wire::Tcp(stream)), layer: Layer::None, end_point: None, _permit: None }
    }

    pub(crate) const fn unix(stream: UnixStream) -> Self {
        Self { link: Link::Plain(Wire::Unix(stream)), layer: Layer::None, end_point: None, _permit: None }
    }

    /// Writes what the system takes at once; a line to somebody who is not let in.
    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match &self.link {
            Link::Plain(Wire::Tcp(stream)) => stream.try_write(bytes),
            Link::Plain(Wire::Unix(stream)) => stream.try_write(bytes),
            Link::Plain(Wire::Memory(_)) | Link::Tls(_) | Link::Gone => Err(gone()),
        }
    }

    pub(super) const fn memory(stream: DuplexStream) -> Self {
        Self { link: Link::Plain(Wire::Memory(stream)), layer: Layer::None, end_point: None, _permit: None }
    }

    pub(super) fn counted(self, permit: Option<Permit>) -> Self {
        Self { _permit: permit, ..self }
    }

    pub(super) fn is_tls(&self) -> bool {
        matches!(self.link, Link::Tls(_))
    }

    pub(super) fn tls_version(&self) -> Option<&'static str> {
        match &self.link {
            Link::Tls(tls) => tls.get_ref().1.protocol_version().and_then(|version| version.as_str()),
            Link::Plain(_) | Link::Gone => None,
        }
    }

    /// Every channel binding of the connection, by its registered name.
    pub(super) fn channel_bindings(&self) -> Vec<(&'static str, Vec<u8>)> {
        let mut bindings = Vec::new();
        if let Link::Tls(tls) = &self.link
            && self.exports()
            && let Ok(exported) =
                tls.get_ref().1.export_keying_material([0; EXPORTED_BYTES], EXPORTER_LABEL, Some(&[]))
        {
            bindings.push(("tls-exporter", exported.to_vec()));
        }
        if let Some(end_point) = &self.end_point {
            bindings.push(("tls-server-end-point", end_point.to_vec()));
        }
        bindings
    }

    /// Whether there is any.
    pub(super) fn is_bindable(&self) -> bool {
        self.end_point.is_some() || self.exports()
    }

    /// Before TLS 1.3 what is exported is unique only under conditions that cannot be seen here (RFC 9266 §4.2).
    fn exports(&self) -> bool {
        let Link::Tls(tls) = &self.link else { return false };
        tls.get_ref().1.protocol_version() == Some(ProtocolVersion::TLSv1_3)
    }

    pub(super) const fn is_compressed(&self) -> bool {
        matches!(self.layer, Layer::Deflate(_))
    }

    /// From here on both directions are compressed; `received` already is.
    pub(super) fn start_deflate(&mut self, received: Vec<u8>) {
        self.layer = Layer::Deflate(Box::new(Deflate::new(received)));
    }

    /// Ends what we send compressed.
    pub(super) fn poll_end_deflate(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.layer {
            Layer::Deflate(deflate) => deflate.poll_end(Pin::new(&mut self.link), cx),
            Layer::None | Layer::Ended => Poll::Ready(Ok(())),
        }
    }

    /// From here on nothing is compressed; answers what has come already.
    pub(super) fn stop_deflate(&mut self) -> Vec<u8> {
        let Layer::Deflate(deflate) = mem::replace(&mut self.layer, Layer::None) else { return Vec::new() };
        let mut received = deflate.into_received();
        received.drain(..end_of_layer(&received));
        if received.is_empty() {
            self.layer = Layer::Ended;
        }
        received
    }

    /// Gives back the memory that a silent connection does not need.
    pub(super) fn release(&mut self) {
        if let Layer::Deflate(deflate) = &mut self.layer {
            deflate.release();
        }
    }

    /// Throws away the plain text that has arrived by now, without waiting for more.
    pub(super) fn discard_received(&mut self) -> io::Result<()> {
        let mut discarded = 0;
        while let Link::Plain(wire) = &mut self.link
            && discarded < DISCARD_BYTES_MAX
        {
            match wire.discard_some()? {
                0 => break,
                n => discarded += n,
            }
        }
        Ok(())
    }

    /// The server's side of a handshake. Whatever goes wrong, the stream never falls back to plain text.
    pub(super) async fn handshake(&mut self, tls: &Tls) -> io::Result<()> {
        match mem::replace(&mut self.link, Link::Gone) {
            Link::Plain(wire) => {
                let loaded = tls.current();
                let shaken = TlsAcceptor::from(loaded.config()).accept(wire).await?;
                self.end_point = loaded.end_point(shaken.get_ref().1.server_name());
                self.link = Link::Tls(Box::new(shaken));
                Ok(())
            }
            again @ (Link::Tls(_) | Link::Gone) => {
                self.link = again;
                Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is no plain connection to encrypt"))
            }
        }
    }
}

impl Wire {
    /// Reads some bytes that are here already; 0 when there are none.
    fn discard_some(&mut self) -> io::Result<usize> {
        let mut space = [MaybeUninit::<u8>::uninit(); DISCARD_STEP_BYTES];
        match self {
            // The kernel is asked directly: the runtime may not have heard yet of what has arrived.
            Self::Tcp(stream) => received(SockRef::from(&*stream).recv(&mut space)),
            Self::Unix(stream) => received(SockRef::from(&*stream).recv(&mut space)),
            Self::Memory(stream) => {
                let mut read = ReadBuf::uninit(&mut space);
                match pin!(stream).poll_read(&mut Context::from_waker(Waker::noop()), &mut read) {
                    Poll::Pending => Ok(0),
                    Poll::Ready(answer) => answer.map(|()| read.filled().len()),
                }
            }
        }
    }
}

/// Nothing there is not an error.
fn received(answer: io::Result<usize>) -> io::Result<usize> {
    match answer {
        Err(none) if none.kind() == io::ErrorKind::WouldBlock => Ok(0),
        answer => answer,
    }
}

fn gone() -> io::Error {
    io::ErrorKind::NotConnected.into()
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Self { link, layer, .. } = self.get_mut();
        let link = Pin::new(link);
        match layer {
            Layer::None => link.poll_read(cx, to),
            Layer::Deflate(deflate) => deflate.poll_read(link, cx, to),
            Layer::Ended => {
                ready!(poll_read_behind(link, cx, to))?;
                *layer = Layer::None;
                Poll::Ready(Ok(()))
            }
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Self { link, layer, .. } = self.get_mut();
        match layer {
            Layer::Deflate(deflate) => deflate.poll_write(Pin::new(link), cx, bytes),
            Layer::None | Layer::Ended => Pin::new(link).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { link, layer, .. } = self.get_mut();
        match layer {
            Layer::Deflate(deflate) => deflate.poll_flush(Pin::new(link), cx),
            Layer::None | Layer::Ended => Pin::new(link).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().link).poll_shutdown(cx)
    }
}

/// Hands a call on to whatever the link is.
macro_rules! on_link {
    ($self:expr, $stream:ident => $call:expr) => {
        match $self.get_mut() {
            Link::Plain($stream) => {
                let $stream = Pin::new($stream);
                $call
            }
            Link::Tls($stream) => {
                let $stream = Pin::new($stream);
                $call
            }
            Link::Gone => Poll::Ready(Err(gone())),
        }
    };
}

impl AsyncRead for Link {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        on_link!(self, stream => stream.poll_read(cx, to))
    }
}

impl AsyncWrite for Link {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        on_link!(self, stream => stream.poll_write(cx, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_link!(self, stream => stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_link!(self, stream => stream.poll_shutdown(cx))
    }
}

/// Hands a call on to the socket or the memory.
macro_rules! on_wire {
    ($self:expr, $stream:ident => $call:expr) => {
        match $self.get_mut() {
            Wire::Tcp(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
            Wire::Unix(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
            Wire::Memory(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
        }
    };
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        on_wire!(self, stream => stream.poll_read(cx, to))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        on_wire!(self, stream => stream.poll_write(cx, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_wire!(self, stream => stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_wire!(self, stream => stream.poll_shutdown(cx))
    }
}
