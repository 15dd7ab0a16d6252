//! The bytes under a connection: TCP or memory, plain or inside TLS, as one type.

use std::io;
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::tls::Tls;

/// The most plain text that is read to be thrown away before TLS. A peer that pipelines more than
/// this has it taken for a handshake, which fails.
const DISCARD_BYTES_MAX: usize = 64 * 1024;
/// How much of it is read at once.
const DISCARD_STEP_BYTES: usize = 4 * 1024;

/// A byte stream that a connection runs over.
#[derive(Debug)]
pub struct Stream(Link);

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
    Memory(DuplexStream),
}

impl Stream {
    pub(super) fn tcp(stream: TcpStream) -> Self {
        Self(Link::Plain(Wire::Tcp(stream)))
    }

    pub(super) fn memory(stream: DuplexStream) -> Self {
        Self(Link::Plain(Wire::Memory(stream)))
    }

    pub(super) fn is_tls(&self) -> bool {
        matches!(self.0, Link::Tls(_))
    }

    pub(super) fn tls_version(&self) -> Option<&'static str> {
        match &self.0 {
            Link::Tls(tls) => tls.get_ref().1.protocol_version().and_then(|version| version.as_str()),
            Link::Plain(_) | Link::Gone => None,
        }
    }

    /// Throws away the plain text that has arrived by now, without waiting for more.
    pub(super) fn discard_received(&mut self) -> io::Result<()> {
        let mut discarded = 0;
        while let Link::Plain(wire) = &mut self.0
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
        match std::mem::replace(&mut self.0, Link::Gone) {
            Link::Plain(wire) => {
                let shaken = TlsAcceptor::from(tls.config()).accept(wire).await?;
                self.0 = Link::Tls(Box::new(shaken));
                Ok(())
            }
            again @ (Link::Tls(_) | Link::Gone) => {
                self.0 = again;
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
            Self::Tcp(stream) => match SockRef::from(&*stream).recv(&mut space) {
                Err(none) if none.kind() == io::ErrorKind::WouldBlock => Ok(0),
                answer => answer,
            },
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

fn gone() -> io::Error {
    io::ErrorKind::NotConnected.into()
}

/// Hands a call on to whatever the stream runs over.
macro_rules! on_link {
    ($self:expr, $stream:ident => $call:expr) => {
        match &mut $self.get_mut().0 {
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

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        on_link!(self, stream => stream.poll_read(cx, to))
    }
}

impl AsyncWrite for Stream {
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
