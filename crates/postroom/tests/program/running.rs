//! A demo in a folder of its own, and commands beside it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// How long anything may take.
const WITHIN: Duration = Duration::from_secs(60);

/// The program with arguments, and nobody at the keyboard.
pub(crate) fn postroom(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_postroom"));
    command.args(args).stdin(Stdio::null());
    command
}

/// The same, run to its end with these bytes on its standard input.
pub(crate) fn with_input(mut command: Command, input: &str) -> Output {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The program may refuse before it reads.
    let _written = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A demo that runs until the value is dropped.
pub(crate) struct Demo {
    pub(crate) process: Child,
    /// What it printed when it was ready.
    pub(crate) welcome: String,
    _stdout: BufReader<ChildStdout>,
    data: PathBuf,
}

impl Demo {
    /// Starts one on free ports.
    pub(crate) fn start(data: &Path, more: &[&str]) -> Self {
        let mut command = postroom(&["demo", "--insecure-loopback", "--data"]);
        command.arg(data);
        command.args(["--imap", "127.0.0.1:0", "--imaps", "127.0.0.1:0", "--http", "127.0.0.1:0"]);
        let mut process = command.args(more).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap());
        let mut welcome = String::new();
        while !welcome.contains("Ctrl-C stops it") {
            let read = lines.read_line(&mut welcome).unwrap();
            assert!(read > 0, "the demo did not start: {welcome}");
        }
        Self { process, welcome, _stdout: lines, data: data.to_owned() }
    }

    /// The address that it says it listens on.
    pub(crate) fn address(&self, protocol: &str) -> SocketAddr {
        let line = self.welcome.lines().find(|line| line.trim_start().starts_with(&format!("{protocol} ")));
        line.unwrap().split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// The user and the password that it printed first.
    pub(crate) fn first_user(&self) -> (String, String) {
        let line = self.welcome.lines().find(|line| line.contains("password ")).unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        (words[1].to_owned(), words[3].to_owned())
    }

    /// A command beside it.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = postroom(args);
        command.arg("--data").arg(&self.data);
        command
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }

    /// Waits for its end, and says how it ended.
    pub(crate) fn ended(&mut self) -> std::process::ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < WITHIN, "the demo does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn stop(mut self) {
        self.signal("TERM");
        assert!(self.ended().success());
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.process.kill().and_then(|()| self.process.wait());
    }
}

/// A client that speaks IMAP without TLS, a line at a time.
pub(crate) struct Imap {
    stream: BufReader<TcpStream>,
    tags: u32,
}

impl Imap {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(WITHIN)).unwrap();
        let mut imap = Self { stream: BufReader::new(stream), tags: 0 };
        assert!(imap.line().starts_with("* OK"));
        imap
    }

    pub(crate) fn login(address: SocketAddr, (user, password): (&str, &str)) -> Self {
        let mut imap = Self::connect(address);
        let answer = imap.ask(&format!("LOGIN {user} {password}"));
        assert!(answer.last().unwrap().contains(" OK "), "{answer:?}");
        imap
    }

    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        line
    }

    /// All that is left until the server closes.
    pub(crate) fn rest(&mut self) -> String {
        let mut rest = String::new();
        self.stream.read_to_string(&mut rest).unwrap();
        rest
    }

    /// The lines of the answer, the tagged one last.
    pub(crate) fn ask(&mut self, command: &str) -> Vec<String> {
        self.tags += 1;
        let tag = format!("t{}", self.tags);
        self.stream.get_mut().write_all(format!("{tag} {command}\r\n").as_bytes()).unwrap();
        let mut lines = Vec::new();
        loop {
            let line = self.line();
            assert!(!line.is_empty(), "the server hung up: {lines:?}");
            let done = line.starts_with(&format!("{tag} "));
            lines.push(line);
            if done {
                return lines;
            }
        }
    }

    /// How many messages a mailbox has.
    pub(crate) fn messages(&mut self, mailbox: &str) -> u32 {
        let answer = self.ask(&format!("STATUS \"{mailbox}\" (MESSAGES)"));
        let number = answer[0].split("(MESSAGES ").nth(1).unwrap_or_else(|| panic!("{answer:?}"));
        number.trim_end().trim_end_matches(')').parse().unwrap()
    }
}
