//! The server process, and what it holds: memory, descriptors, threads, tasks.

use std::fmt;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// How many users there are.
pub(crate) const USERS: usize = 5;
/// Their password.
pub(crate) const PASSWORD: &str = "stress-password-1";
/// How long the server may take to let go of what a connection held.
const SETTLES_WITHIN: Duration = Duration::from_secs(30);
/// How long the number of connections has to stay, for descriptors and tasks of those that have left to go.
const STILL_FOR: Duration = Duration::from_millis(300);
/// By how many tasks a server without sessions may differ: connections of the metrics page that just end.
const TASKS_SLACK: u64 = 4;
/// The same for sockets.
const SOCKETS_SLACK: u64 = 2;

/// A server on a folder of its own.
pub(crate) struct Server {
    /// Its data and its log.
    folder: tempfile::TempDir,
    process: Child,
    _stdout: BufReader<ChildStdout>,
    pub(crate) imap: SocketAddr,
    pub(crate) imaps: SocketAddr,
    http: SocketAddr,
    lmtp: SocketAddr,
}

/// What the server holds at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Held {
    /// Its share of memory (PSS), in KiB.
    pub(crate) memory_kib: u64,
    pub(crate) sockets: u64,
    /// Descriptors that are no sockets: the engine's files above all.
    pub(crate) files: u64,
    pub(crate) threads: u64,
    pub(crate) tasks: u64,
}

impl Server {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_postroom"));
        command.args(["demo", "--empty", "--insecure-loopback", "--data"]).arg(data(&folder));
        command.args(["--imap", "127.0.0.1:0", "--imaps", "127.0.0.1:0", "--http", "127.0.0.1:0"]);
        command.args(["--lmtp", "127.0.0.1:0"]);
        for user in 0..USERS {
            command.args(["--user", &format!("user{user}:{PASSWORD}")]);
        }
        let log = fs::File::create(folder.path().join("log")).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut process = command.spawn().unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut welcome = String::new();
        while !welcome.contains("Ctrl-C stops it") {
            assert!(stdout.read_line(&mut welcome).unwrap() > 0, "the server did not start: {welcome}");
        }
        let address = |protocol: &str| {
            let line = welcome.lines().find_map(|line| line.trim_start().strip_prefix(protocol));
            line.unwrap().split_whitespace().next().unwrap().parse().unwrap()
        };
        let (imap, imaps, http) = (address("IMAP "), address("IMAPS "), address("HTTP "));
        let lmtp = address("LMTP ");
        Self { folder, process, _stdout: stdout, imap, imaps, http, lmtp }
    }

    /// Delivers a message to a user (RFC 2033). When it is there, or refused, the connection has ended.
    pub(crate) fn deliver(&self, user: usize, message: &[u8]) -> std::io::Result<()> {
        let mut stream = TcpStream::connect(self.lmtp)?;
        let head = format!(
            "LHLO stress.example\r\nMAIL FROM:<>\r\nRCPT TO:<user{user}>\r\nBDAT {} LAST\r\n",
            message.len()
        );
        stream.write_all(&[head.as_bytes(), message, b"QUIT\r\n"].concat())?;
        let mut answers = String::new();
        stream.read_to_string(&mut answers)?;
        if answers.contains(" delivered\r\n") { Ok(()) } else { Err(std::io::Error::other(answers)) }
    }

    /// What it holds once so many connections are left, and stay.
    ///
    /// A connection counts until its last command has ended. The sockets are no sign of rest: those that ask for the
    /// metrics come and go.
    pub(crate) fn settled(&self, connections: usize) -> Result<Held, String> {
        let start = Instant::now();
        let mut since = Instant::now();
        while since.elapsed() < STILL_FOR {
            let seen = self.connections()?;
            if seen != connections as u64 {
                since = Instant::now();
            }
            if start.elapsed() > SETTLES_WITHIN {
                return Err(format!("the server still counts {seen} connections, not {connections}"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        self.held()
    }

    fn connections(&self) -> Result<u64, String> {
        self.metric("postroom_imap_connections")
    }

    fn metric(&self, name: &str) -> Result<u64, String> {
        let page = self.page().map_err(|error| format!("the metrics: {error}"))?;
        let value = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let value = value.and_then(|value| value.parse::<f64>().ok());
        value.map(|value| value as u64).ok_or_else(|| format!("no {name} in {page}"))
    }

    fn page(&self) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(self.http)?;
        stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")?;
        let mut page = String::new();
        stream.read_to_string(&mut page)?;
        Ok(page)
    }

    /// Sockets and other descriptors.
    fn descriptors(&self) -> (u64, u64) {
        let folder = fs::read_dir(format!("/proc/{}/fd", self.process.id())).unwrap();
        let targets = folder.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
        let (sockets, files): (Vec<_>, Vec<_>) =
            targets.partition(|target| target.to_string_lossy().starts_with("socket:"));
        (sockets.len() as u64, files.len() as u64)
    }

    fn held(&self) -> Result<Held, String> {
        let of = |file: &str, name: &str| {
            let text = fs::read_to_string(format!("/proc/{}/{file}", self.process.id())).unwrap();
            let value = text.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next());
            value.and_then(|value| value.parse().ok()).unwrap()
        };
        let (sockets, files) = self.descriptors();
        Ok(Held {
            memory_kib: of("smaps_rollup", "Pss:"),
            sockets,
            files,
            threads: of("status", "Threads:"),
            tasks: self.metric("postroom_tasks")?,
        })
    }

    /// The server's own check, beside it while it runs.
    pub(crate) fn check(&self) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_postroom"));
        let check = command.args(["check", "--hashes", "--data"]).arg(data(&self.folder)).output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&check.stdout), String::from_utf8_lossy(&check.stderr));
        println!("{out}");
        assert!(check.status.success(), "{out}{err}");
    }
}

fn data(folder: &tempfile::TempDir) -> std::path::PathBuf {
    folder.path().join("data")
}

impl Held {
    /// Without sessions nothing is held for any.
    pub(crate) fn assert_released(&self, before: &Self) {
        assert!(self.sockets <= before.sockets + SOCKETS_SLACK, "sockets of sessions that have left");
        assert!(self.tasks <= before.tasks + TASKS_SLACK, "tasks of sessions that have left");
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { memory_kib, sockets, files, threads, tasks } = self;
        write!(f, "{memory_kib} KiB, {sockets} sockets, {files} files, {threads} threads, {tasks} tasks")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.process.kill().and_then(|()| self.process.wait());
    }
}
