//! A disk that fails to sync: the server takes no further change, ends with exit code 74 and says why; what it
//! acknowledged is there when it is started again, and what it did not may be.
//!
//! strace makes every sync of a thread fail after its first few; nothing of the program knows of the test.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use testkit::client::Client;

/// Syncs of each thread that still succeed.
const SYNCS_BEFORE: u32 = 40;
/// Changes by which a sync must have failed.
const CHANGES_MAX: usize = 1000;
const PATIENCE: Duration = Duration::from_secs(60);
/// EX_IOERR of `sysexits.h`.
const STORE_FAILED: i32 = 74;

struct Server {
    process: Child,
    address: SocketAddr,
    log: std::path::PathBuf,
}

impl Server {
    fn start(folder: &Path, program: &mut Command) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let log = folder.join("log");
        let file = std::fs::File::create(&log).unwrap();
        let process = program
            .args([
                "demo",
                "--empty",
                "--insecure-loopback",
                "--imaps",
                "127.0.0.1:0",
                "--http",
                "127.0.0.1:0",
            ])
            .args(["--user", "sync:sync-password-1", "--imap", &address.to_string(), "--data"])
            .arg(folder.join("data"))
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap();
        Self { process, address, log }
    }

    fn failing(folder: &Path) -> Self {
        let inject = format!("inject=fsync,fdatasync:error=EIO:when={SYNCS_BEFORE}+");
        let mut strace = Command::new("strace");
        strace.args(["-f", "-e", "trace=fsync,fdatasync", "-e", &inject, "-o"]).arg(folder.join("trace"));
        Self::start(folder, strace.arg(env!("CARGO_BIN_EXE_postroom")))
    }

    fn sound(folder: &Path) -> Self {
        Self::start(folder, &mut Command::new(env!("CARGO_BIN_EXE_postroom")))
    }

    fn login(&self) -> Client {
        let start = Instant::now();
        loop {
            match Client::login(self.address, "sync", "sync-password-1") {
                Ok(client) => return client,
                Err(error) => assert!(start.elapsed() < PATIENCE, "{error}"),
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits for the end that a failed sync has to bring.
    fn ends_as_it_must(mut self) {
        let status = self.process.wait().unwrap();
        let said = std::fs::read_to_string(&self.log).unwrap();
        assert_eq!(status.code(), Some(STORE_FAILED), "{said}");
        assert!(said.contains("Input/output error"), "the log does not say why: {said}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Makes changes one after another until one is not acknowledged; how many were.
fn until_it_fails(mut change: impl FnMut(usize) -> bool) -> usize {
    let done = (0..CHANGES_MAX).take_while(|&n| change(n)).count();
    assert!(done > 0 && done < CHANGES_MAX, "{done} changes were acknowledged");
    done
}

fn subjects(client: &mut Client) -> usize {
    let found = client.expect("FETCH 1:* (BODY.PEEK[HEADER.FIELDS (SUBJECT)])").unwrap();
    found.untagged.iter().filter(|line| String::from_utf8_lossy(line).contains("Subject: ")).count()
}

#[test]
fn a_sync_that_fails_under_append_ends_the_server_and_loses_nothing_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::failing(folder.path());
    let mut client = server.login();
    let append = |n: usize| {
        let answer = client.append("INBOX", "", format!("Subject: {n}\r\n\r\nText\r\n").as_bytes());
        answer.is_ok_and(|answer| answer.is_ok())
    };
    let kept = until_it_fails(append);
    server.ends_as_it_must();

    let server = Server::sound(folder.path());
    let mut client = server.login();
    client.expect("SELECT INBOX").unwrap();
    let there = subjects(&mut client);
    assert!(there == kept || there == kept + 1, "{there} of {kept} acknowledged");
    check(folder.path());
}

#[test]
fn a_sync_that_fails_under_store_ends_the_server_and_loses_nothing_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::failing(folder.path());
    let mut client = server.login();
    assert!(client.append("INBOX", "", b"Subject: one\r\n\r\nText\r\n").unwrap().is_ok());
    client.expect("SELECT INBOX").unwrap();
    let store = |n: usize| {
        client.command(&format!("STORE 1 +FLAGS.SILENT ($Change{n})")).is_ok_and(|answer| answer.is_ok())
    };
    let kept = until_it_fails(store);
    server.ends_as_it_must();

    let server = Server::sound(folder.path());
    let mut client = server.login();
    client.expect("SELECT INBOX").unwrap();
    let flags = client.expect("FETCH 1 (FLAGS)").unwrap().untagged;
    let flags = String::from_utf8_lossy(&flags[0]).into_owned();
    for n in 0..kept {
        assert!(
            flags.contains(&format!("$Change{n} ")) || flags.contains(&format!("$Change{n})")),
            "{n}: {flags}"
        );
    }
    check(folder.path());
}

fn check(folder: &Path) {
    let check = Command::new(env!("CARGO_BIN_EXE_postroom"))
        .args(["check", "--hashes", "--data"])
        .arg(folder.join("data"))
        .output()
        .unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
}
