//! No OK before its sync: read off a trace of a running server's system calls.
//!
//! A client appends and stores, and a mail server delivers, one after another, while strace writes down every sync and everything
//! that is sent. Between the arrival of a message and the tagged OK, or the 250, there is the sync of a segment and of the engine's
//! log, for a STORE the latter alone.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use testkit::client::Client;

/// Commands of each kind.
const COMMANDS: usize = 20;

/// What the trace says, in the order in which calls ended.
#[derive(Debug, PartialEq, Eq)]
enum Event {
    SyncOfSegment,
    SyncOfLog,
    Ok(String),
}

fn event(line: &str) -> Option<Event> {
    let ended = line.contains(" = ") && !line.ends_with("<unfinished ...>");
    if (line.contains("fdatasync") || line.contains("fsync")) && ended {
        return match () {
            () if line.contains(".seg") => Some(Event::SyncOfSegment),
            () if line.contains(".log") => Some(Event::SyncOfLog),
            () => None,
        };
    }
    // What is sent is written down when the call begins: an OK counts from that moment.
    if line.contains("\"250 2.0.0 ") && line.contains(" delivered") {
        return Some(Event::Ok("delivery".to_owned()));
    }
    let (_, sent) = line.split_once("\"t")?;
    let (tag, rest) = sent.split_once(' ')?;
    (tag.bytes().all(|b| b.is_ascii_digit()) && rest.starts_with("OK")).then(|| Event::Ok(format!("t{tag}")))
}

/// strace splits a call that another thread interrupts: the end names the call, the beginning its file.
fn joined(trace: &str) -> Vec<String> {
    let mut open = std::collections::HashMap::new();
    let mut lines = Vec::new();
    for line in trace.lines() {
        let thread = line.split_whitespace().next().unwrap_or_default().to_owned();
        if let Some(begun) = line.strip_suffix(" <unfinished ...>") {
            if begun.contains("sync") {
                open.insert(thread, begun.to_owned());
                continue;
            }
            lines.push(begun.to_owned());
        } else if let (true, Some((_, end))) = (line.contains("sync resumed"), line.split_once("resumed>")) {
            let begun: String = open.remove(&thread).unwrap_or_default();
            lines.push(format!("{begun}{end}"));
        } else {
            lines.push(line.to_owned());
        }
    }
    lines
}

/// Delivers a message by LMTP, on a connection of its own.
fn deliver(lmtp: SocketAddr, number: usize) {
    let mut stream = TcpStream::connect(lmtp).unwrap();
    let message = format!("Subject: {number}\r\n\r\nText\r\n");
    stream.write_all(b"LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<syncs>\r\n").unwrap();
    // So that the answer to the message is sent alone.
    read_until(&mut stream, "250 2.1.5");
    stream.write_all(format!("BDAT {} LAST\r\n{message}", message.len()).as_bytes()).unwrap();
    read_until(&mut stream, " delivered\r\n");
}

fn read_until(stream: &mut TcpStream, text: &str) {
    let (mut answers, mut some) = (String::new(), [0; 4096]);
    while !answers.contains(text) {
        let read = stream.read(&mut some).unwrap();
        assert!(read > 0, "{answers}");
        answers.push_str(&String::from_utf8_lossy(&some[..read]));
    }
}

#[test]
fn every_ok_comes_after_its_syncs() {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let [address, lmtp] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let [address, lmtp] = [address, lmtp].map(|listener| listener.local_addr().unwrap());
    let mut server = Command::new("strace")
        .args(["-f", "-y", "-s", "64", "-e", "trace=fsync,fdatasync,sendto,write,writev,sendmsg", "-o"])
        .arg(&trace)
        .arg(env!("CARGO_BIN_EXE_postroom"))
        .args(["demo", "--empty", "--insecure-loopback", "--imaps", "127.0.0.1:0", "--http", "127.0.0.1:0"])
        .args(["--user", "syncs:syncs-password-1", "--imap", &address.to_string()])
        .args(["--lmtp", &lmtp.to_string(), "--data"])
        .arg(folder.path().join("data"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    let start = Instant::now();
    let mut client = loop {
        match Client::login(address, "syncs", "syncs-password-1") {
            Ok(client) => break client,
            Err(error) => assert!(start.elapsed() < Duration::from_secs(60), "{error}"),
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    let (mut appends, mut stores) = (Vec::new(), Vec::new());
    for number in 0..COMMANDS {
        let message = format!("Subject: {number}\r\n\r\nText\r\n");
        let tag =
            client.send(format!("APPEND INBOX {{{}+}}\r\n{message}", message.len()).as_bytes()).unwrap();
        assert!(client.answer(&tag).unwrap().is_ok());
        appends.push(tag);
    }
    client.expect("SELECT INBOX").unwrap();
    for number in 1..=COMMANDS {
        let tag = client.send(format!("STORE {number} +FLAGS.SILENT (\\Flagged)").as_bytes()).unwrap();
        assert!(client.answer(&tag).unwrap().is_ok());
        stores.push(tag);
    }
    for number in 0..COMMANDS {
        deliver(lmtp, number);
    }
    // A traced process goes on without its tracer, so both are killed: they are a process group.
    let group = format!("-{}", server.id());
    assert!(Command::new("kill").args(["-KILL", "--", &group]).status().unwrap().success());
    server.wait().unwrap();

    let trace = std::fs::read_to_string(trace).unwrap();
    let events: Vec<Event> = joined(&trace).iter().filter_map(|line| event(line)).collect();
    let before = |tag: &String| {
        let at = events
            .iter()
            .position(|e| *e == Event::Ok(tag.clone()))
            .unwrap_or_else(|| panic!("no OK for {tag}"));
        let since =
            events[..at].iter().rposition(|e| matches!(e, Event::Ok(_))).map_or(0, |before| before + 1);
        &events[since..at]
    };
    for tag in &appends {
        let syncs = before(tag);
        let segment = syncs.iter().position(|e| *e == Event::SyncOfSegment);
        let log = syncs.iter().rposition(|e| *e == Event::SyncOfLog);
        assert!(segment.is_some() && segment < log, "APPEND {tag}: {syncs:?}");
    }
    let mut since = 0;
    let delivered = events.iter().enumerate().filter(|(_, e)| **e == Event::Ok("delivery".to_owned()));
    let delivered: Vec<usize> = delivered.map(|(at, _)| at).collect();
    assert_eq!(delivered.len(), COMMANDS);
    for at in delivered {
        let syncs = &events[since..at];
        let segment = syncs.iter().rposition(|e| *e == Event::SyncOfSegment);
        let log = syncs.iter().rposition(|e| *e == Event::SyncOfLog);
        assert!(segment.is_some() && segment < log, "delivery: {syncs:?}");
        since = at + 1;
    }
    for tag in &stores {
        assert!(before(tag).contains(&Event::SyncOfLog), "STORE {tag}: {:?}", before(tag));
    }
}
