//! Real clients against a real server: each session ends in an assertion on what the server then has.
//!
//! Each client has a file in `clients/`. This one has what they share: running a client within a deadline, and looking at
//! the server's mail. What the clients do, and why it matters, is in `docs/clients.md`.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

#[path = "clients/alpine.rs"]
mod alpine;
#[path = "clients/curl.rs"]
mod curl;
#[path = "clients/fetchmail.rs"]
mod fetchmail;
#[path = "clients/getmail.rs"]
mod getmail;
#[path = "clients/home.rs"]
mod home;
#[path = "clients/imapclient.rs"]
mod imapclient;
#[path = "clients/imapflow.rs"]
mod imapflow;
#[path = "clients/imaplib.rs"]
mod imaplib;
#[path = "clients/maildir.rs"]
mod maildir;
#[path = "clients/mbsync.rs"]
mod mbsync;
#[path = "clients/neomutt.rs"]
mod neomutt;
#[path = "clients/offlineimap.rs"]
mod offlineimap;
#[path = "clients/screen.rs"]
mod screen;
#[path = "kills/server.rs"]
#[allow(dead_code, reason = "kills use other parts of it")]
mod server;

use std::process::{Command, Output};

use server::Server;
use testkit::client::Client;

const USER: &str = "kills";
const PASSWORD: &str = "kills-password-1";

/// The clients' own scripts and lists of packages.
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients");

/// A program that is ended when it takes longer than any of them may, so that one that waits for ever fails its test.
fn bounded(program: &str) -> Command {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", "180", program]);
    command
}

/// Runs a client that has to end well.
fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}\n{}", output.status, said(&output));
    output
}

/// All that a client said, for whoever reads why a test failed.
fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn login(server: &Server) -> Client {
    Client::login(server.address(), USER, PASSWORD).unwrap()
}

fn message(number: usize) -> String {
    format!(
        "From: Ada <a@example.org>\r\nDate: Mon, 02 Mar 2026 10:00:00 +0000\r\nSubject: Message {number}\r\n\
         Message-ID: <{number}@clients.example>\r\n\r\nBody {number}\r\n"
    )
}

/// Puts messages with these numbers into a mailbox.
fn fill(server: &Server, mailbox: &str, numbers: impl IntoIterator<Item = usize>) {
    let mut client = login(server);
    for number in numbers {
        let appended = client.append(mailbox, "", message(number).as_bytes()).unwrap();
        assert!(appended.is_ok(), "{}", appended.tagged);
    }
}

/// How many messages a mailbox has.
fn count(server: &Server, mailbox: &str, key: &str) -> usize {
    let mut client = login(server);
    client.expect(&format!("SELECT {mailbox}")).unwrap();
    let found = client.expect(&format!("UID SEARCH {key}")).unwrap();
    let line = found.untagged.iter().find(|line| line.starts_with(b"* SEARCH")).unwrap();
    String::from_utf8_lossy(line).split_whitespace().skip(2).count()
}

/// The messages of a mailbox in order, each as its subject and its flags but `\Recent`: `Message 1 \Flagged \Seen`.
fn contents(server: &Server, mailbox: &str) -> Vec<String> {
    let mut client = login(server);
    client.expect(&format!("EXAMINE {mailbox}")).unwrap();
    let fetched = client.expect("UID FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])").unwrap();
    let lines = fetched.untagged.iter().map(|line| String::from_utf8_lossy(line).into_owned());
    lines.filter(|line| line.contains(" FETCH (")).map(|line| subject_and_flags(&line)).collect()
}

fn subject_and_flags(fetched: &str) -> String {
    let between = |start: &str, end: char| {
        let (_, rest) = fetched.split_once(start).unwrap();
        rest.split_once(end).unwrap().0.to_owned()
    };
    let flags = between("FLAGS (", ')');
    let mut words: Vec<&str> = flags.split_whitespace().filter(|&flag| flag != "\\Recent").collect();
    words.sort_unstable();
    let subject = between("Subject: ", '\r');
    words.insert(0, &subject);
    words.join(" ")
}
