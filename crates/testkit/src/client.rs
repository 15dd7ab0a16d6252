//! A plain blocking IMAP client for tests that look at a server from outside: kills, loads, measurements.
//!
//! It sends a command and gives back what was answered. It judges nothing.

use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::tls::{self, TlsStream};

/// How long an answer may take before the server counts as hung.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a connection buffers of a server's answers, in bytes.
const BUFFER_BYTES: usize = 1 << 16;

/// One connection, in the clear unless it says otherwise.
#[derive(Debug)]
pub struct Client<S: Read + Write = TcpStream> {
    reader: BufReader<S>,
    tags: u32,
}

/// What a command was answered.
#[derive(Debug)]
pub struct Answer {
    /// The untagged responses, with literals in place, without line ends.
    pub untagged: Vec<Vec<u8>>,
    /// The tagged response behind its tag: `OK [APPENDUID 1 2] ...`.
    pub tagged: String,
}

impl Answer {
    /// Whether it was OK.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.tagged.starts_with("OK")
    }

    /// The words of the response code of that name in the tagged response.
    #[must_use]
    pub fn code(&self, name: &str) -> Option<Vec<&str>> {
        let (_, rest) = self.tagged.split_once(&format!("[{name} "))?;
        rest.split_once(']').map(|(words, _)| words.split(' ').collect())
    }
}

impl Client {
    /// Connects and reads the greeting.
    ///
    /// # Errors
    /// When there is no server, or it does not greet.
    pub fn connect(server: SocketAddr) -> io::Result<Self> {
        Self::greeted(dial(server)?)
    }

    /// Connects and logs in.
    ///
    /// # Errors
    /// As [`Client::connect`], and when the login is refused.
    pub fn login(server: SocketAddr, user: &str, password: &str) -> io::Result<Self> {
        let mut client = Self::connect(server)?;
        client.expect(&format!("LOGIN {user} {password}"))?;
        Ok(client)
    }
}

impl Client<TlsStream> {
    /// Connects with TLS from the first byte (RFC 8314 §3), whatever the certificate says, and reads the greeting.
    ///
    /// # Errors
    /// When there is no server, or it speaks no TLS or does not greet.
    pub fn connect_tls(server: SocketAddr) -> io::Result<Self> {
        Self::greeted(tls::client(dial(server)?)?)
    }
}

impl Client<TlsStream> {
    /// The data of the channel binding `tls-exporter` (RFC 9266 §2).
    ///
    /// # Errors
    /// TLS exports nothing.
    pub fn exported(&self) -> io::Result<Vec<u8>> {
        let session = &self.reader.get_ref().conn;
        let exported = session.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(&[]));
        exported.map(|bytes| bytes.to_vec()).map_err(io::Error::other)
    }

    /// The server's certificate, in DER.
    #[must_use]
    pub fn certificate(&self) -> Option<Vec<u8>> {
        self.reader.get_ref().conn.peer_certificates()?.first().map(|own| own.to_vec())
    }
}

fn dial(server: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(server)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

impl<S: Read + Write> Client<S> {
    fn greeted(stream: S) -> io::Result<Self> {
        let mut client = Self { reader: BufReader::with_capacity(BUFFER_BYTES, stream), tags: 0 };
        let greeting = client.response()?;
        if greeting.starts_with(b"* OK") { Ok(client) } else { Err(io::Error::other(lossy(&greeting))) }
    }

    /// Runs a command that has to be answered OK.
    ///
    /// # Errors
    /// When the connection ends, or the answer is another.
    pub fn expect(&mut self, command: &str) -> io::Result<Answer> {
        let answer = self.command(command)?;
        if answer.is_ok() {
            Ok(answer)
        } else {
            Err(io::Error::other(format!("{command}: {}", answer.tagged)))
        }
    }

    /// Runs a command and waits for its end.
    ///
    /// # Errors
    /// When the connection ends.
    pub fn command(&mut self, command: &str) -> io::Result<Answer> {
        let tag = self.send(command.as_bytes())?;
        self.answer(&tag)
    }

    /// Appends a message with a non-synchronizing literal (RFC 7888).
    ///
    /// # Errors
    /// When the connection ends.
    pub fn append(&mut self, mailbox: &str, flags: &str, message: &[u8]) -> io::Result<Answer> {
        let head = format!("APPEND {mailbox} ({flags}) {{{}+}}\r\n", message.len());
        let tag = self.send(&[head.as_bytes(), message].concat())?;
        self.answer(&tag)
    }

    /// Sends a command and does not wait; its tag.
    ///
    /// # Errors
    /// When the connection ends.
    pub fn send(&mut self, command: &[u8]) -> io::Result<String> {
        self.tags += 1;
        let tag = format!("t{}", self.tags);
        self.reader.get_mut().write_all(&[tag.as_bytes(), b" ", command, b"\r\n"].concat())?;
        Ok(tag)
    }

    /// Sends bytes that are no command, such as `DONE`.
    ///
    /// # Errors
    /// When the connection ends.
    pub fn send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.reader.get_mut().write_all(bytes)
    }

    /// Reads up to the tagged response of a command.
    ///
    /// # Errors
    /// When the connection ends.
    pub fn answer(&mut self, tag: &str) -> io::Result<Answer> {
        let mut untagged = Vec::new();
        loop {
            let response = self.response()?;
            match response.strip_prefix(tag.as_bytes()).and_then(|rest| rest.strip_prefix(b" ")) {
                Some(tagged) => return Ok(Answer { untagged, tagged: lossy(tagged) }),
                None => untagged.push(response),
            }
        }
    }

    /// Reads one response with its literals.
    ///
    /// # Errors
    /// When the connection ends.
    pub fn response(&mut self) -> io::Result<Vec<u8>> {
        let mut response = Vec::new();
        loop {
            let start = response.len();
            if self.reader.read_until(b'\n', &mut response)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            while matches!(response.last(), Some(b'\r' | b'\n')) {
                response.pop();
            }
            let Some(length) = literal(response.get(start..).unwrap_or_default()) else {
                return Ok(response);
            };
            let end = response.len();
            response.resize(end + length, 0);
            if let Some(literal) = response.get_mut(end..) {
                self.reader.read_exact(literal)?;
            }
        }
    }
}

/// The length that a line announces at its end: `{12}`.
fn literal(line: &[u8]) -> Option<usize> {
    let line = line.strip_suffix(b"}")?;
    let start = line.iter().rposition(|&b| b == b'{')? + 1;
    std::str::from_utf8(line.get(start..)?).ok()?.parse().ok()
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
