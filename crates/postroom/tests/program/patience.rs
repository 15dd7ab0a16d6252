//! How long the server waits for anybody: who is silent, who does not read, who keeps failing, and who does not end when
//! the server does.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use testkit::client::Client;

use crate::limits::{IMAP, LOGIN, WITHIN, greeting, last_words, server};
use crate::running::Imap;
use crate::serving::Server;

#[test]
fn who_is_silent_is_sent_away() {
    let listeners = ["imaps", "lmtp", "socketmap"]
        .map(|protocol| format!("[[listener]]\nprotocol = \"{protocol}\"\naddress = \"127.0.0.1:0\"\n"));
    let patience = "[limits]\nlogin_seconds = 1\n[imap]\nidle_seconds = 1\nhandshake_seconds = 1\n\
        [lmtp]\ntimeout_seconds = 1\n[delivery]\nsocketmap_timeout_seconds = 1\n";
    let server = server(&format!("{}{IMAP}{patience}", listeners.concat()));
    let nobody = greeting(server.address("imap")).0;
    let no_handshake = TcpStream::connect(server.address("imaps")).unwrap();
    let lmtp = greeting(server.address("lmtp")).0;
    let socketmap = TcpStream::connect(server.address("socketmap")).unwrap();
    let mut cora = Imap::login(server.address("imap"), ("cora", "\"correct horse\""));
    assert_eq!(last_words(nobody), "* BYE nobody logged in in time\r\n");
    assert_eq!(cora.rest(), "* BYE nothing came for too long\r\n");
    assert_eq!(last_words(no_handshake), "");
    assert_eq!(last_words(lmtp), "421 4.4.2 you were silent for too long\r\n");
    assert_eq!(last_words(socketmap), "");
}

#[test]
fn who_does_not_read_is_dropped_and_little_waits_for_it() {
    const MESSAGE_BYTES: usize = 1 << 20;
    let server = server(&format!("{IMAP}[imap]\nslow_reader_seconds = 1\n"));
    let mut client = Client::login(server.address("imap"), "cora", "\"correct horse\"").unwrap();
    let message = format!("Subject: large\r\n\r\n{}\r\n", "x".repeat(70)).repeat(MESSAGE_BYTES / 90);
    client.append("INBOX", "", message.as_bytes()).unwrap();
    client.expect("SELECT INBOX").unwrap();
    client.expect("FETCH 1 BODY.PEEK[]").unwrap();
    let before = resident_kib(&server);
    for _ in 0..200 {
        client.send(b"FETCH 1 BODY.PEEK[]").unwrap();
    }
    let line = server.logged("\"reason\":\"connection lost\"");
    assert!(line.contains("cora@example.org"), "{line}");
    let grown = resident_kib(&server).saturating_sub(before);
    assert!(grown < 16 * 1024, "{grown} KiB more for 200 answers of a MiB that nobody reads");
}

#[test]
fn who_sends_many_commands_and_reads_nothing_has_few_answers_waiting() {
    let server = server(&format!("{IMAP}[imap]\nslow_reader_seconds = 1\n"));
    let mut client = Client::login(server.address("imap"), "cora", "\"correct horse\"").unwrap();
    client.append("INBOX", "", b"Subject: x\r\n\r\n").unwrap();
    client.expect("SELECT INBOX").unwrap();
    // SELECT tells all keywords, twice.
    for n in 0..100 {
        client.expect(&format!("STORE 1 +FLAGS.SILENT (keyword{n}{})", "x".repeat(200))).unwrap();
    }
    client.expect("SELECT INBOX").unwrap();
    let before = resident_kib(&server);
    client.send_raw("a SELECT INBOX\r\n".repeat(4000).as_bytes()).unwrap();
    let line = server.logged("\"reason\":\"connection lost\"");
    assert!(line.contains("cora@example.org"), "{line}");
    let grown = resident_kib(&server).saturating_sub(before);
    assert!(grown < 16 * 1024, "{grown} KiB more for 4000 answers of 40 KiB that nobody reads");
}

fn resident_kib(server: &Server) -> u64 {
    memory_kib(server, "VmRSS:")
}

/// What the system says of the server's memory.
pub(crate) fn memory_kib(server: &Server, which: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.process.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(which)).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
fn a_failed_login_slows_down_the_next() {
    let limits = "[limits]\nlogin_failures_free = 0\nlogin_wait_seconds = 1\n";
    let server = server(&format!("{IMAP}{limits}"));
    let mut imap = Imap::connect(server.address("imap"));
    let wrong = imap.ask("LOGIN cora wrong").pop().unwrap();
    assert!(wrong.contains(" NO [AUTHENTICATIONFAILED] "), "{wrong}");
    let since = Instant::now();
    assert!(imap.ask(LOGIN).pop().unwrap().contains(" OK "));
    // The clock of the server has whole milliseconds.
    assert!(since.elapsed() > Duration::from_millis(900), "{:?}", since.elapsed());
}

#[test]
fn failed_logins_are_forgotten_after_a_while() {
    let limits = "[limits]\nlogin_failures_free = 0\nlogin_failures_seconds = 2\n";
    let server = server(&format!("{IMAP}{limits}"));
    let mut imap = Imap::connect(server.address("imap"));
    imap.ask("LOGIN cora wrong");
    let since = Instant::now();
    imap.ask("LOGIN cora \"wrong again\"");
    assert!(since.elapsed() > Duration::from_millis(900), "{:?}: the first is remembered", since.elapsed());
    std::thread::sleep(Duration::from_millis(2100));
    let since = Instant::now();
    assert!(imap.ask(LOGIN).pop().unwrap().contains(" OK "));
    assert!(since.elapsed() < Duration::from_millis(1900), "{:?}, not two seconds", since.elapsed());
}

#[test]
fn a_mail_server_that_leaves_its_answers_unread_is_dropped() {
    let lmtp = "[[listener]]\nprotocol = \"lmtp\"\naddress = \"127.0.0.1:0\"\n[lmtp]\ntimeout_seconds = 1\n";
    let server = server(&format!("{IMAP}{lmtp}"));
    let mut stream = greeting(server.address("lmtp")).0;
    stream.set_write_timeout(Some(WITHIN)).unwrap();
    // More answers than the system keeps for both ends.
    let written = (0..1 << 20).try_for_each(|_| stream.write_all(b"LHLO client.example\r\n"));
    let kind = written.unwrap_err().kind();
    assert!(matches!(kind, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{kind}");
}

#[test]
fn sessions_that_do_not_end_in_time_are_cut_off_when_the_server_stops() {
    let mut server = server(&format!("{IMAP}[limits]\ndrain_seconds = 1\n"));
    let mut waiting = Imap::login(server.address("imap"), ("cora", "\"correct horse\""));
    // More than the system keeps for both ends: who takes none of it never comes to the next command.
    let message = "Subject: large\r\n".repeat(1 << 20);
    waiting.ask(&format!("APPEND INBOX {{{}+}}\r\n{message}", message.len()));
    let mut stuck = greeting(server.address("imap")).0;
    stuck.write_all(format!("a {LOGIN}\r\nb SELECT INBOX\r\nc FETCH 1 BODY.PEEK[]\r\n").as_bytes()).unwrap();
    let mut told = Vec::new();
    while !told.ends_with(b"* 1 FETCH") {
        let mut byte = [0];
        stuck.read_exact(&mut byte).unwrap();
        told.push(byte[0]);
    }
    let since = Instant::now();
    server.signal("TERM");
    assert!(waiting.rest().starts_with("* BYE "));
    assert!(server.ended().success());
    let took = since.elapsed();
    assert!(took > Duration::from_secs(1) && took < WITHIN, "{took:?}");
    let line = server.logged("\"cutting off what is left\"");
    assert!(line.contains("\"sessions\":1"), "{line}");
    // It may end in a reset.
    let _end = stuck.read_to_end(&mut told);
    assert!(!told.windows(5).any(|part| part == b"* BYE"), "it was in the middle of an answer");
}
