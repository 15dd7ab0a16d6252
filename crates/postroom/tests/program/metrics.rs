//! `/metrics` has what `docs/operations.md` says.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::running::{Demo, Imap};

const PAGE: &str = include_str!("../../../../docs/operations.md");

fn scraped(demo: &Demo) -> String {
    let mut stream = TcpStream::connect(demo.address("HTTP")).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Delivers one message.
fn deliver(demo: &Demo) {
    let mut stream = TcpStream::connect(demo.address("LMTP")).unwrap();
    let commands = "LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<ada>\r\nBDAT 6 LAST\r\na: b\r\nQUIT\r\n";
    stream.write_all(commands.as_bytes()).unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    assert!(answers.contains(" delivered\r\n"), "{answers}");
}

#[test]
fn every_metric_of_the_page_is_there_and_no_other() {
    let root = tempfile::tempdir().unwrap();
    let demo = Demo::start(
        &root.path().join("data"),
        &["--empty", "--lmtp", "127.0.0.1:0", "--user", "ada:correct horse"],
    );
    deliver(&demo);
    let mut imap = Imap::login(demo.address("IMAP"), ("ada", "\"correct horse\""));
    imap.ask("APPEND INBOX {3+}\r\na:b");
    imap.ask("SELECT INBOX");
    imap.ask("FETCH 1 FLAGS");
    let answer = scraped(&demo);
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
    assert!(
        answer.contains("postroom_imap_command_seconds_bucket{verb=\"append\",le=\"0.0005\"}"),
        "{answer}"
    );
    assert!(answer.contains("postroom_imap_connections 1"), "{answer}");
    assert!(answer.contains("postroom_store_commits_waiting 0"), "{answer}");
    assert!(answer.contains("postroom_lmtp_recipients_total{outcome=\"delivered\"} 1"), "{answer}");
}
