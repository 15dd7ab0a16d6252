//! One connection of a session: bytes out, whole responses in, each wait bounded.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::problem::Problem;
use super::wire::{literal_length, lossy};
use crate::deflate::Deflate;
use crate::tls::{self, TlsStream};

/// A response longer than this is a failure of the server.
const RESPONSE_BYTES_MAX: usize = 64 << 20;
/// What one read asks for.
const READ_BYTES: usize = 16 << 10;
/// How long one write may be stuck.
const WRITE_PATIENCE: Duration = Duration::from_secs(10);
/// The shortest time-out a socket takes.
const TICK: Duration = Duration::from_millis(1);

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream>),
    /// Only while STARTTLS is under way, and after it failed.
    Gone,
}

/// What came of waiting for a response.
#[derive(Debug)]
pub enum Reading {
    /// A whole response, without its line end.
    Response(Vec<u8>),
    /// Nothing in time.
    Silence,
    /// The server closed the connection.
    Closed,
}

/// A connection to a server: plain, inside TLS, compressed.
pub struct Connection {
    stream: Stream,
    deflate: Option<Deflate>,
    received: Vec<u8>,
    commands: usize,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connection")
    }
}

impl Connection {
    /// Speaks over a socket.
    ///
    /// # Errors
    /// The socket is of no use.
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(WRITE_PATIENCE))?;
        Ok(Self { stream: Stream::Plain(stream), deflate: None, received: Vec::new(), commands: 0 })
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// The server takes nothing more.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.deflate {
            Some(deflate) => {
                let compressed = deflate.compressed(bytes)?;
                self.send_plain(&compressed)
            }
            None => self.send_plain(bytes),
        }
    }

    fn send_plain(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.stream {
            Stream::Plain(stream) => stream.write_all(bytes),
            Stream::Tls(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
            Stream::Gone => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Waits for the next response.
    ///
    /// # Errors
    /// What came cannot be read, or has no end.
    pub fn read(&mut self, deadline: Instant) -> io::Result<Reading> {
        loop {
            if let Some(end) = response_end(&self.received) {
                let mut response: Vec<u8> = self.received.drain(..end).collect();
                while matches!(response.last(), Some(b'\r' | b'\n')) {
                    response.pop();
                }
                return Ok(Reading::Response(response));
            }
            if self.received.len() > RESPONSE_BYTES_MAX {
                return Err(io::Error::other("a response without end"));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Reading::Silence);
            }
            match self.fill(left) {
                Ok(0) => return Ok(Reading::Closed),
                Ok(_) => {}
                Err(error) if is_silence(&error) => {}
                Err(error) if is_closed(&error) => return Ok(Reading::Closed),
                Err(error) => return Err(error),
            }
        }
    }

    /// Puts a response back, to be read next.
    pub(crate) fn unread(&mut self, response: &[u8]) {
        self.received.splice(..0, [response, b"\r\n"].concat());
    }

    fn fill(&mut self, patience: Duration) -> io::Result<usize> {
        let mut chunk = vec![0; READ_BYTES];
        let patience = Some(patience.max(TICK));
        let count = match &mut self.stream {
            Stream::Plain(stream) => {
                stream.set_read_timeout(patience)?;
                stream.read(&mut chunk)?
            }
            Stream::Tls(stream) => {
                stream.sock.set_read_timeout(patience)?;
                stream.read(&mut chunk)?
            }
            Stream::Gone => return Ok(0),
        };
        chunk.truncate(count);
        match &mut self.deflate {
            Some(deflate) => self.received.extend(deflate.decompressed(&chunk)?),
            None => self.received.extend(chunk),
        }
        Ok(count)
    }

    /// Runs a command of the runner's own and returns its untagged responses; anything but OK is a problem.
    pub(crate) fn command(&mut self, command: &[u8], deadline: Instant) -> Result<Vec<Vec<u8>>, Problem> {
        self.commands += 1;
        let tag = format!("runner{} ", self.commands);
        self.send(&[tag.as_bytes(), command, b"\r\n"].concat())?;
        let mut untagged = Vec::new();
        loop {
            let response = match self.read(deadline)? {
                Reading::Response(response) => response,
                Reading::Silence => return Err(Problem::silence(lossy(command))),
                Reading::Closed => return Err(Problem::closed(lossy(command))),
            };
            match response.strip_prefix(tag.as_bytes()) {
                Some(answer) if answer.get(..2).is_some_and(|w| w.eq_ignore_ascii_case(b"OK")) => {
                    return Ok(untagged);
                }
                Some(answer) => {
                    return Err(Problem::Setup { command: lossy(command), answer: lossy(answer) });
                }
                None if response.starts_with(b"+") => {
                    return Err(Problem::Setup { command: lossy(command), answer: lossy(&response) });
                }
                None => untagged.push(response),
            }
        }
    }

    /// Compresses from here on, as a client does after the OK of COMPRESS.
    pub fn start_compression(&mut self) {
        self.deflate = Some(Deflate::new());
    }

    /// Compresses no more, as after UNAUTHENTICATE (RFC 8437 §4.1).
    pub(crate) fn stop_compression(&mut self) -> io::Result<()> {
        let Some(mut deflate) = self.deflate.take() else { return Ok(()) };
        self.send_plain(&deflate.end()?)
    }

    /// Turns the connection into a TLS one, as a client does after the OK of STARTTLS.
    ///
    /// # Errors
    /// The handshake fails, or TLS is on already.
    pub fn start_tls(&mut self) -> io::Result<()> {
        let Stream::Plain(socket) = std::mem::replace(&mut self.stream, Stream::Gone) else {
            return Err(io::Error::other("TLS is on already"));
        };
        socket.set_read_timeout(Some(WRITE_PATIENCE))?;
        self.stream = Stream::Tls(Box::new(tls::client(socket)?));
        Ok(())
    }
}

fn is_silence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted)
}

fn is_closed(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof
    )
}

/// Where the first response in `bytes` ends, if it is there whole: a line, and as many literals with
/// further lines as it announces.
fn response_end(bytes: &[u8]) -> Option<usize> {
    let mut start = 0;
    loop {
        let rest = bytes.get(start..)?;
        let end = rest.iter().position(|&b| b == b'\n')? + 1;
        let line = rest.get(..end)?.trim_ascii_end();
        match literal_length(line) {
            Some(length) => start = start.checked_add(end)?.checked_add(length)?,
            None => return Some(start + end),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_ends_after_its_literals() {
        assert_eq!(response_end(b"* 1 FETCH (BODY[] {3}\r\na\nb)\r\n* 2"), Some(29));
        assert_eq!(response_end(b"* 1 FETCH (BODY[] {3}\r\na\nb)"), None);
        assert_eq!(response_end(b"* OK hi\r\n"), Some(9));
    }
}
