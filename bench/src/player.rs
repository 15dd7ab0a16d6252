//! A loop that does nothing but write a recorded answer to a socket, plain or through TLS: what no server can beat.
//!
//! It runs in a process of its own (`bench play`), with blocking sockets and a thread for each connection, and answers
//! every line that comes with the whole recording and a tagged OK, so that the client that measures servers reads it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::{fs, thread};

use clap::Parser;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tokio::io::AsyncBufReadExt;
use tokio::process::{Child, Command};

use crate::connection::Connection;
use crate::server::Server;

/// The argument that makes this program play.
const PLAY: &str = "play";

/// Bytes that are written at once: as many as rustls takes, and more than most servers write.
const CHUNK: usize = 64 * 1024;

/// What the process that plays is told.
#[derive(Parser)]
struct Arguments {
    recording: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
}

/// The other process, until it is dropped.
pub(crate) struct Player {
    child: Child,
    plain: SocketAddr,
    tls: SocketAddr,
}

impl Player {
    /// Starts it with a recording, and with the certificate that is in a server's folder.
    pub(crate) async fn start(folder: &Path, recording: &[u8]) -> io::Result<Self> {
        let file = folder.join("recording");
        fs::write(&file, recording)?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(PLAY).arg(&file).args(["cert.pem", "key.pem"].map(|name| folder.join(name)));
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let output = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut line = String::new();
        tokio::io::BufReader::new(output).read_line(&mut line).await?;
        // It has read it.
        fs::remove_file(&file)?;
        let addresses =
            line.trim().split_once(' ').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
        let (plain, tls) = addresses.ok_or_else(|| io::Error::other("the player did not start"))?;
        Ok(Self { child, plain, tls })
    }

    /// Its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id().unwrap_or(0)
    }

    /// A connection to it, with the TLS that is used with the server.
    pub(crate) async fn connect(&self, server: &Server, tls: bool) -> io::Result<Connection> {
        if tls {
            Connection::open(self.tls, Some(server.doors.tls())).await
        } else {
            Connection::open(self.plain, None).await
        }
    }
}

/// Whether this process is to play, and not to compare. Then it plays until it is killed.
pub(crate) fn play_if_asked() -> io::Result<bool> {
    if std::env::args_os().nth(1).is_none_or(|argument| argument != PLAY) {
        return Ok(false);
    }
    let arguments = Arguments::parse_from(std::env::args_os().skip(1));
    let recording: Arc<[u8]> = fs::read(&arguments.recording)?.into();
    let config = Arc::new(config(&arguments)?);
    let (plain, tls) = (TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?);
    let mut output = io::stdout();
    writeln!(output, "{} {}", plain.local_addr()?, tls.local_addr()?)?;
    output.flush()?;
    let played = Arc::clone(&recording);
    thread::spawn(move || accept(&plain, &played, Ok));
    accept(&tls, &recording, |stream| {
        let session = ServerConnection::new(Arc::clone(&config)).map_err(io::Error::other)?;
        Ok(StreamOwned::new(session, stream))
    })?;
    Ok(true)
}

fn config(arguments: &Arguments) -> io::Result<ServerConfig> {
    let certificates = CertificateDer::pem_file_iter(&arguments.certificate).map_err(io::Error::other)?;
    let certificates = certificates.collect::<Result<_, _>>().map_err(io::Error::other)?;
    let key = PrivateKeyDer::from_pem_file(&arguments.key).map_err(io::Error::other)?;
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(certificates, key))
        .map_err(io::Error::other)
}

/// Plays on every connection that comes, in a thread for each.
fn accept<S: Read + Write + Send + 'static>(
    listener: &TcpListener,
    recording: &Arc<[u8]>,
    wrapped: impl Fn(TcpStream) -> io::Result<S>,
) -> io::Result<()> {
    for stream in listener.incoming() {
        let stream = stream?;
        stream.set_nodelay(true)?;
        let (stream, recording) = (wrapped(stream)?, Arc::clone(recording));
        thread::spawn(move || play(stream, &recording));
    }
    Ok(())
}

/// Plays until the client has gone.
fn play(stream: impl Read + Write, recording: &[u8]) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.get_mut().write_all(b"* OK this is a recording\r\n")?;
    stream.get_mut().flush()?;
    let mut line = String::new();
    while stream.read_line(&mut line)? > 0 {
        let tag = line.split(' ').next().unwrap_or_default();
        let out = stream.get_mut();
        for chunk in recording.chunks(CHUNK) {
            out.write_all(chunk)?;
        }
        out.write_all(format!("{tag} OK played\r\n").as_bytes())?;
        out.flush()?;
        line.clear();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read from one end and written to another.
    struct Wire<'a>(&'a [u8], Vec<u8>);

    impl Read for Wire<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(buffer)
        }
    }

    impl Write for Wire<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_command_is_answered_with_the_recording_and_its_tag() {
        let mut wire = Wire(b"1 FETCH 1 FLAGS\r\n2 FETCH 1 FLAGS\r\n", Vec::new());
        play(&mut wire, b"* 1 FETCH (FLAGS ())\r\n").unwrap();
        let said = String::from_utf8(wire.1).unwrap();
        let answer = |tag| format!("* 1 FETCH (FLAGS ())\r\n{tag} OK played\r\n");
        assert_eq!(said, format!("* OK this is a recording\r\n{}{}", answer(1), answer(2)));
    }
}
