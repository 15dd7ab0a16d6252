//! `/metrics` has what `docs/operations.md` says, and counts what happens.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::limits::{IMAP, server};
use crate::running::Imap;
use crate::serving::Server;

const PAGE: &str = include_str!("../../../../docs/operations.md");

/// What a port answers to some words; a connection that stays open is read up to this text.
fn answered(server: &Server, protocol: &str, words: &str, until: &str) -> String {
    let mut stream = TcpStream::connect(server.address(protocol)).unwrap();
    stream.write_all(words.as_bytes()).unwrap();
    let (mut answer, mut some) = (String::new(), [0; 4096]);
    while until.is_empty() || !answer.contains(until) {
        match stream.read(&mut some).unwrap() {
            0 => break,
            n => answer.push_str(&String::from_utf8_lossy(&some[..n])),
        }
    }
    answer
}

#[test]
fn every_metric_of_the_page_is_there_and_no_other() {
    let listeners = ["lmtp", "socketmap", "http"]
        .map(|protocol| format!("[[listener]]\nprotocol = \"{protocol}\"\naddress = \"127.0.0.1:0\"\n"));
    let server = server(&format!("{}{IMAP}", listeners.concat()));
    let delivery = "LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<cora>\r\nBDAT 6 LAST\r\na: b\r\nQUIT\r\n";
    let delivered = answered(&server, "lmtp", delivery, "");
    assert!(delivered.contains(" delivered\r\n"), "{delivered}");
    assert_eq!(answered(&server, "socketmap", "13:mailboxes eve,", ","), "9:NOTFOUND ,");
    let mut imap = Imap::login(server.address("imap"), ("cora", "\"correct horse\""));
    imap.ask("APPEND INBOX {3+}\r\na:b");
    imap.ask("SELECT INBOX");
    imap.ask("FETCH 1 FLAGS");
    imap.ask("NONSENSE");
    let answer =
        answered(&server, "http", "GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", "");
    let documented = PAGE.lines().filter_map(|line| line.strip_prefix("| `postroom_")?.split('`').next());
    let mut documented: Vec<String> = documented.map(|name| format!("postroom_{name}")).collect();
    let mut served: Vec<String> = answer
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .map(str::to_owned)
        .collect();
    documented.sort();
    served.sort();
    assert_eq!(served, documented, "docs/operations.md");
    for line in [
        "postroom_imap_command_seconds_count{verb=\"append\"} 1",
        "postroom_imap_command_seconds_count{verb=\"none\"} 1",
        "postroom_imap_connections 1",
        "postroom_lmtp_command_seconds_count{verb=\"bdat\"} 1",
        "postroom_lmtp_delivery_seconds_count 1",
        "postroom_lmtp_recipients_total{outcome=\"delivered\"} 1",
        "postroom_logins_total{result=\"ok\"} 1",
        "postroom_passwords_waiting 0",
        "postroom_socketmap_question_seconds_count 1",
        "postroom_store_commits_waiting 0",
    ] {
        assert!(answer.lines().any(|served| served == line), "{line}: {answer}");
    }
    for name in ["postroom_store_sync_seconds_count", "postroom_store_image_bytes", "postroom_tasks"] {
        let value = answer.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok());
        assert!(value.is_some_and(|value| value >= 1.0), "{name}: {answer}");
    }
}
