//! The command line's side of the conversation. It blocks, since a command has nothing else to do.

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::protocol::{LINE_BYTES_MAX, Reply, Request, line};
use crate::assembly::Local;
use crate::config::Config;
use crate::failure::Failure;
use crate::folder::{DataFolder, socket_of};

/// How long to wait for a server that has the folder but does not answer yet, or no longer.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// How often to try.
const CONNECT_EVERY: Duration = Duration::from_millis(100);

/// A conversation with a server.
pub(crate) struct Client {
    // ORDER: fields are dropped in this order, and the store may only be closed after the conversation.
    reader: BufReader<UnixStream>,
    writer: BufWriter<UnixStream>,
    _local: Option<Local>,
}

/// Why a conversation broke off.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientFault {
    /// A server has the folder and does not answer.
    #[error("a server has the data folder, but does not answer at {path}: {source}", path = path.display())]
    Unreachable {
        /// The socket.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The connection broke.
    #[error("the conversation with the server broke: {0}")]
    Broken(#[source] io::Error),
    /// The server has ended it, probably because it is being stopped.
    #[error("the server ended the conversation; if it was restarted, run the command again")]
    Ended,
    /// The server speaks otherwise.
    #[error("the server is not of the same version as this command: {0}")]
    Foreign(#[from] serde_json::Error),
    /// The server answered something else than it was asked.
    #[error("the server is not of the same version as this command: unexpected {0:?}")]
    Unexpected(Reply),
    /// The server takes no such long request.
    #[error("that is too much at once: a request has at most {limit} bytes; do it in several steps")]
    TooLong {
        /// In bytes.
        limit: usize,
    },
    /// The server cannot do it.
    #[error("{0}")]
    Refused(String),
    /// The server failed.
    #[error("the server failed; its log says how")]
    Failed,
}

impl Client {
    /// Talks to the server that has the data folder; if none has, opens the store within this process.
    ///
    /// # Errors
    /// There is no such folder, or it cannot be used.
    pub(crate) fn connect(config: &Config) -> Result<Self, Failure> {
        match DataFolder::take_existing(&config.data)? {
            None => Ok(Self::over(reach(&socket_of(&config.data))?, None)?),
            Some(folder) => {
                let (ours, theirs) = UnixStream::pair().map_err(ClientFault::from)?;
                let local = Local::open(folder, config, theirs)?;
                Ok(Self::over(ours, Some(local))?)
            }
        }
    }

    fn over(stream: UnixStream, local: Option<Local>) -> Result<Self, ClientFault> {
        let writer = BufWriter::new(stream.try_clone()?);
        Ok(Self { reader: BufReader::new(stream), writer, _local: local })
    }

    /// Asks for one thing.
    ///
    /// # Errors
    /// It is refused, or the conversation broke.
    pub(crate) fn ask(&mut self, request: &Request) -> Result<Reply, ClientFault> {
        self.send(request)?;
        self.receive()
    }

    /// Sends a request without waiting for the reply.
    ///
    /// # Errors
    /// The request is too long, or the conversation broke.
    pub(crate) fn send(&mut self, request: &Request) -> Result<(), ClientFault> {
        let line = line(request)?;
        if line.len() > LINE_BYTES_MAX {
            return Err(ClientFault::TooLong { limit: LINE_BYTES_MAX });
        }
        self.send_bytes(&line)
    }

    /// Sends bytes that belong to the request before.
    ///
    /// # Errors
    /// The conversation broke.
    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) -> Result<(), ClientFault> {
        Ok(self.writer.write_all(bytes)?)
    }

    /// Sends what waits to be sent.
    ///
    /// # Errors
    /// The conversation broke.
    pub(crate) fn flush(&mut self) -> Result<(), ClientFault> {
        Ok(self.writer.flush()?)
    }

    /// Waits for the next reply.
    ///
    /// # Errors
    /// The request is refused, or the conversation broke.
    pub(crate) fn receive(&mut self) -> Result<Reply, ClientFault> {
        self.writer.flush()?;
        let mut line = Vec::new();
        let limit = LINE_BYTES_MAX as u64;
        (&mut self.reader).take(limit).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Err(ClientFault::Ended);
        }
        match serde_json::from_slice(&line)? {
            Reply::Refused { why } => Err(ClientFault::Refused(why)),
            Reply::Failed => Err(ClientFault::Failed),
            reply => Ok(reply),
        }
    }
}

impl From<io::Error> for ClientFault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => Self::Ended,
            _ => Self::Broken(error),
        }
    }
}

/// A server that starts has the folder before it listens, and one that stops has it a little longer.
fn reach(socket: &Path) -> Result<UnixStream, ClientFault> {
    let until = Instant::now() + CONNECT_WITHIN;
    loop {
        match UnixStream::connect(socket) {
            Ok(stream) => return Ok(stream),
            Err(source) => {
                let passing =
                    matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused);
                if !passing || Instant::now() > until {
                    return Err(ClientFault::Unreachable { path: socket.to_owned(), source });
                }
            }
        }
        std::thread::sleep(CONNECT_EVERY);
    }
}
