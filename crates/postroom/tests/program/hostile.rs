//! The broken and hostile messages of `message/tests/hostile`, sent to a running server: each is taken, and every question
//! about it is answered, in bounded time and memory.

use std::time::{Duration, Instant};

use testkit::client::Client;

use crate::limits::{IMAP, server};
use crate::patience::memory_kib;

#[path = "../../../message/tests/hostile/messages.rs"]
mod messages;

use messages::{Case, broken, content, fields, forms, headers, nesting, parts};

/// What is asked of each.
const QUESTIONS: [&str; 9] = [
    "FETCH 1 (UID RFC822.SIZE ENVELOPE BODY BODYSTRUCTURE PREVIEW)",
    "FETCH 1 BODY.PEEK[HEADER.FIELDS (From Subject References X-Absent)]",
    "FETCH 1 BODY.PEEK[]<0.1000>",
    "FETCH 1 (BODY.PEEK[1] BODY.PEEK[1.1.MIME] BINARY.SIZE[1])",
    "FETCH 1 BINARY.PEEK[1]<0.1000>",
    "SEARCH TEXT \"nowhere to be found\"",
    "SEARCH SUBJECT \"nowhere to be found\"",
    "SORT (SUBJECT FROM DATE) UTF-8 ALL",
    "THREAD REFERENCES UTF-8 ALL",
];
/// How long one question, or taking the message in, may last on a busy machine.
const ANSWERED_WITHIN: Duration = Duration::from_secs(20);
/// The most memory that the server may ever have taken: it holds a message of 50 MB a few times while it comes in.
const MEMORY_KIB_MAX: u64 = 400 << 10;

fn send_all(client: &mut Client, cases: Vec<Case>) {
    for (name, make) in cases {
        let since = Instant::now();
        let taken = client.append("INBOX", "", &make()).unwrap();
        // Neither a message with NUL nor one of nothing can come by APPEND (RFC 3501 §9, RFC 3502 §6.3.11).
        if ["BAD a message may not contain NUL", "NO [CANNOT] a message has at least one byte"]
            .iter()
            .any(|refusal| taken.tagged.starts_with(refusal))
        {
            continue;
        }
        assert!(taken.is_ok(), "{name}: {}", taken.tagged);
        client.expect("SELECT INBOX").unwrap();
        for question in QUESTIONS {
            let answer = client.command(question).unwrap();
            let is_answered = answer.is_ok() || answer.tagged.starts_with("NO [UNKNOWN-CTE]");
            assert!(is_answered, "{name}: {question}: {}", answer.tagged);
        }
        client.expect("STORE 1 +FLAGS.SILENT (\\Deleted)").unwrap();
        client.expect("EXPUNGE").unwrap();
        let took = since.elapsed();
        assert!(took < ANSWERED_WITHIN, "{name}: {took:?}");
    }
}

#[test]
fn hostile_messages_are_taken_and_every_question_is_answered() {
    let server = server(IMAP);
    let mut client = Client::login(server.address("imap"), "cora", "\"correct horse\"").unwrap();
    for cases in [nesting(), headers(), fields(), parts(), content(), broken(), forms()] {
        send_all(&mut client, cases);
    }
    let peak = memory_kib(&server, "VmHWM:");
    println!("the server has never taken more than {peak} KiB");
    assert!(peak < MEMORY_KIB_MAX, "{peak} KiB");
}
