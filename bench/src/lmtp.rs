//! A client of LMTP (RFC 2033), for one message after another.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufStream};
use tokio::net::TcpStream;

/// A connection that mail is delivered over.
pub(crate) struct Lmtp {
    stream: BufStream<TcpStream>,
    line: String,
}

impl Lmtp {
    /// Connects and says hello.
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut lmtp = Self { stream: BufStream::new(stream), line: String::new() };
        lmtp.reply("220").await?;
        lmtp.send(b"LHLO bench.example.org\r\n").await?;
        lmtp.reply("250").await?;
        Ok(lmtp)
    }

    /// Delivers a message to one recipient. What precedes the message is sent at once (RFC 2920), as mail servers do.
    /// The message must end with CRLF and have no line that begins with a dot.
    pub(crate) async fn deliver(&mut self, recipient: &str, message: &[u8]) -> io::Result<()> {
        let envelope = format!("MAIL FROM:<sender@example.org>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n");
        self.send(envelope.as_bytes()).await?;
        for code in ["250", "250", "354"] {
            self.reply(code).await?;
        }
        self.stream.write_all(message).await?;
        self.send(b".\r\n").await?;
        self.reply("250").await
    }

    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// Reads a reply of any number of lines, which must have this code.
    async fn reply(&mut self, code: &str) -> io::Result<()> {
        loop {
            self.line.clear();
            if self.stream.read_line(&mut self.line).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            match self.line.strip_prefix(code) {
                Some(rest) if rest.starts_with('-') => {}
                Some(_) => return Ok(()),
                None => return Err(io::Error::other(format!("LMTP: {}", self.line.trim_end()))),
            }
        }
    }
}
