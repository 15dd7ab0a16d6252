//! A client of IMAP that is cheap: it frames what a server sends (RFC 9051 §4.3, §7) and looks at no more of it.
//!
//! It holds no state of the protocol; who uses it knows what to send. Answers to FETCH are counted and dropped.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Buf, BytesMut};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Bytes that are read at once, if there are so many.
const READ_BYTES: usize = 256 * 1024;

/// The same for a session that waits for little: so many of them are open at once.
const READ_BYTES_SMALL: usize = 4 * 1024;

trait Wire: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Wire for T {}

/// A connection to a server.
pub(crate) struct Connection {
    wire: Box<dyn Wire>,
    input: BytesMut,
    /// The number of the last command.
    tag: u32,
    read_bytes: usize,
}

/// What a command was answered.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// Untagged responses, of any kind.
    pub(crate) responses: u64,
    /// Bytes of all of it.
    pub(crate) bytes: u64,
    /// The untagged responses that are not about one message, without their literals and line ends.
    pub(crate) kept: Vec<String>,
    /// The line that ended it, without its tag.
    pub(crate) tagged: String,
}

/// A line of a server, framed.
struct Line {
    text: BytesMut,
    /// Bytes of the literal that follows it.
    literal: usize,
}

impl Connection {
    /// Connects and reads the greeting.
    pub(crate) async fn open(
        address: SocketAddr,
        tls: Option<&Arc<rustls::ClientConfig>>,
    ) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let wire: Box<dyn Wire> = match tls {
            None => Box::new(stream),
            Some(config) => {
                let name = ServerName::from(address.ip());
                Box::new(TlsConnector::from(Arc::clone(config)).connect(name, stream).await?)
            }
        };
        let mut connection = Self { wire, input: BytesMut::new(), tag: 0, read_bytes: READ_BYTES };
        connection.line().await?;
        Ok(connection)
    }

    /// From now on it reads little at a time, so that thousands of such connections fit in memory.
    pub(crate) fn read_little(&mut self) {
        self.read_bytes = READ_BYTES_SMALL;
        // What has been read already fits a buffer of its own size.
        self.input = BytesMut::from(self.input.as_ref());
    }

    /// Sends a command, reads its answer, and takes anything but OK for an error.
    pub(crate) async fn expect(&mut self, command: &str) -> io::Result<Answer> {
        self.begin(command.as_bytes()).await?;
        let answer = self.finish().await?;
        if answer.tagged.starts_with("OK") {
            return Ok(answer);
        }
        let shown: String = command.chars().take(100).collect();
        Err(io::Error::other(format!("{shown}: {}", answer.tagged)))
    }

    /// Sends a command, without its tag and CRLF, and does not wait for the answer.
    pub(crate) async fn begin(&mut self, command: &[u8]) -> io::Result<()> {
        self.tag += 1;
        let mut bytes = format!("{} ", self.tag).into_bytes();
        bytes.extend_from_slice(command);
        bytes.extend_from_slice(b"\r\n");
        self.send(&bytes).await
    }

    /// Sends bytes as they are.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.wire.write_all(bytes).await?;
        self.wire.flush().await
    }

    /// APPEND of messages in one command (RFC 7888, and RFC 3502 if there are several).
    pub(crate) async fn append<'a>(
        &mut self,
        mailbox: &str,
        flags: &str,
        messages: impl Iterator<Item = &'a [u8]>,
    ) -> io::Result<()> {
        let mut command = format!("APPEND {mailbox}").into_bytes();
        for message in messages {
            command.extend_from_slice(format!(" ({flags}) {{{}+}}\r\n", message.len()).as_bytes());
            command.extend_from_slice(message);
        }
        self.begin(&command).await?;
        let answer = self.finish().await?;
        if answer.tagged.starts_with("OK") { Ok(()) } else { Err(io::Error::other(answer.tagged)) }
    }

    /// Reads until the tagged response of the last command.
    pub(crate) async fn finish(&mut self) -> io::Result<Answer> {
        let tag = format!("{} ", self.tag);
        self.finish_tag(&tag).await
    }

    /// Sends commands without waiting for one's answer before the next; all must be OK.
    pub(crate) async fn pipeline(&mut self, commands: impl Iterator<Item = String>) -> io::Result<()> {
        let first = self.tag + 1;
        let mut bytes = Vec::new();
        for command in commands {
            self.tag += 1;
            bytes.extend_from_slice(format!("{} {command}\r\n", self.tag).as_bytes());
        }
        self.send(&bytes).await?;
        for tag in first..=self.tag {
            let answer = self.finish_tag(&format!("{tag} ")).await?;
            if !answer.tagged.starts_with("OK") {
                return Err(io::Error::other(answer.tagged));
            }
        }
        Ok(())
    }

    async fn finish_tag(&mut self, tag: &str) -> io::Result<Answer> {
        let mut answer = Answer::default();
        let mut inside = false;
        loop {
            let line = self.line().await?;
            answer.bytes += (line.text.len() + line.literal) as u64;
            if !inside {
                if let Some(rest) = line.text.strip_prefix(tag.as_bytes()) {
                    answer.tagged = String::from_utf8_lossy(rest).trim_end().to_owned();
                    return Ok(answer);
                }
                answer.responses += 1;
                if is_worth_keeping(&line.text) {
                    answer.kept.push(String::from_utf8_lossy(&line.text).trim_end().to_owned());
                }
            }
            inside = line.literal > 0;
            self.skip(line.literal).await?;
        }
    }

    /// Sends a command, and gives all bytes of its answer but the tagged line, which must be OK.
    pub(crate) async fn record(&mut self, command: &str) -> io::Result<Vec<u8>> {
        self.begin(command.as_bytes()).await?;
        let tag = format!("{} ", self.tag);
        let mut recording = Vec::new();
        let mut inside = false;
        loop {
            let Line { text, mut literal } = self.line().await?;
            if let Some(rest) = text.strip_prefix(tag.as_bytes()).filter(|_| !inside) {
                let failed = || io::Error::other(String::from_utf8_lossy(rest).into_owned());
                return if rest.starts_with(b"OK") { Ok(recording) } else { Err(failed()) };
            }
            recording.extend_from_slice(&text);
            inside = literal > 0;
            while literal > 0 {
                if self.input.is_empty() {
                    self.fill().await?;
                }
                let here = self.input.split_to(literal.min(self.input.len()));
                recording.extend_from_slice(&here);
                literal -= here.len();
            }
        }
    }

    /// The next untagged response, or continuation, without what its literals hold.
    pub(crate) async fn response(&mut self) -> io::Result<String> {
        let line = self.line().await?;
        let mut literal = line.literal;
        while literal > 0 {
            self.skip(literal).await?;
            literal = self.line().await?.literal;
        }
        Ok(String::from_utf8_lossy(&line.text).trim_end().to_owned())
    }

    async fn line(&mut self) -> io::Result<Line> {
        let mut searched = 0;
        loop {
            if let Some(at) = memchr::memchr(b'\n', self.input.get(searched..).unwrap_or_default()) {
                let text = self.input.split_to(searched + at + 1);
                let literal = announced(&text);
                return Ok(Line { text, literal });
            }
            searched = self.input.len();
            self.fill().await?;
        }
    }

    async fn skip(&mut self, mut bytes: usize) -> io::Result<()> {
        loop {
            let here = bytes.min(self.input.len());
            self.input.advance(here);
            bytes -= here;
            if bytes == 0 {
                return Ok(());
            }
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> io::Result<()> {
        self.input.reserve(self.read_bytes);
        match self.wire.read_buf(&mut self.input).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

/// The length of the literal that a line ends with, 0 if with none (RFC 9051 §4.3).
fn announced(line: &[u8]) -> usize {
    let Some(rest) = line.strip_suffix(b"}\r\n") else { return 0 };
    let digits = rest.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (head, digits) = rest.split_at(rest.len() - digits);
    if !head.ends_with(b"{") {
        return 0;
    }
    std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// All but what is said of single messages; how many there are is worth it.
fn is_worth_keeping(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"* ") else { return true };
    !rest.first().is_some_and(u8::is_ascii_digit) || rest.ends_with(b" EXISTS\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_is_announced_at_the_end_of_a_line_only() {
        assert_eq!(announced(b"* 1 FETCH (BODY[] {12}\r\n"), 12);
        assert_eq!(announced(b"* 1 FETCH (BINARY[1] ~{7}\r\n"), 7);
        assert_eq!(announced(b"* OK {12} and more\r\n"), 0);
        assert_eq!(announced(b"* OK 12}\r\n"), 0);
    }

    #[tokio::test]
    async fn a_recording_has_everything_but_the_tagged_line() {
        let (client, mut server) = tokio::io::duplex(64);
        let mut connection =
            Connection { wire: Box::new(client), input: BytesMut::new(), tag: 0, read_bytes: 16 };
        let said = b"* 1 FETCH (BODY[] {9}\r\n1 OK no\r\n FLAGS ())\r\n";
        let serve = async {
            server.write_all(said).await?;
            server.write_all(b"1 OK yes\r\n").await
        };
        let (recording, served) = tokio::join!(connection.record("FETCH 1 BODY[]"), serve);
        served.unwrap();
        assert_eq!(recording.unwrap(), said);
    }

    #[tokio::test]
    async fn an_answer_with_literals_is_read_to_its_tag() {
        let (client, mut server) = tokio::io::duplex(64);
        let mut connection =
            Connection { wire: Box::new(client), input: BytesMut::new(), tag: 0, read_bytes: 16 };
        let serve = async {
            let said = b"* 3 EXISTS\r\n* 1 FETCH (BODY[] {9}\r\n1 OK no\r\n FLAGS ())\r\n1 OK [X] yes\r\n";
            server.write_all(said).await
        };
        let (answer, served) = tokio::join!(connection.expect("FETCH 1 BODY[]"), serve);
        served.unwrap();
        let answer = answer.unwrap();
        assert_eq!((answer.responses, answer.tagged.as_str()), (2, "OK [X] yes"));
        assert_eq!(answer.kept, ["* 3 EXISTS"]);
    }
}
