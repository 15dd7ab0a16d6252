//! What reading an mbox promises.

use model::{Flags, Keyword};

use super::*;

fn read(text: &str, limit: u64) -> Vec<Result<Found, Skipped>> {
    let mailbox = MailboxName::inbox();
    Reader::new(text.as_bytes(), PathBuf::from("mbox"), "mbox".to_owned(), mailbox, limit).collect()
}

fn bodies(text: &str) -> Vec<String> {
    let found = read(text, 10_000).into_iter().map(Result::unwrap);
    found.map(|found| String::from_utf8(found.content).unwrap().replace("\r\n", "\n")).collect()
}

const FROM: &str = "From ada@example.org Thu Nov 24 18:22:48 1986\n";

#[test]
fn messages_are_told_apart_by_their_from_lines() {
    let text = format!("{FROM}Subject: 1\n\none\n\n{FROM}Subject: 2\n\ntwo\n");
    assert_eq!(bodies(&text), ["Subject: 1\n\none\n", "Subject: 2\n\ntwo\n"]);
    let found = read(&text, 10_000);
    let first = found[0].as_ref().unwrap();
    assert_eq!(first.date.unwrap().to_string(), "24-Nov-1986 18:22:48 +0000");
    assert_eq!((first.origin.path.as_str(), first.origin.offset), ("mbox", FROM.len() as u64));
    let units: u64 = found.iter().map(|found| found.as_ref().unwrap().units).sum();
    assert_eq!(units, text.len() as u64);
}

#[test]
fn line_ends_of_both_kinds_are_read() {
    let text = format!("{FROM}Subject: 1\n\none\n\n{FROM}Subject: 2\n\ntwo\n").replace('\n', "\r\n");
    assert_eq!(bodies(&text), ["Subject: 1\n\none\n", "Subject: 2\n\ntwo\n"]);
}

#[test]
fn quoted_from_lines_lose_one_quote() {
    let text = format!("{FROM}Subject: 1\n\n>From here\n>>From there\n> From\nx >From\n");
    assert_eq!(bodies(&text), ["Subject: 1\n\nFrom here\n>From there\n> From\nx >From\n"]);
}

#[test]
fn a_sentence_that_begins_with_from_divides_nothing() {
    let text = format!("{FROM}Subject: 1\n\nFrom now on\n\nFrom here on, 10:00\n{FROM}is quoted above\n");
    let expected = format!("Subject: 1\n\nFrom now on\n\nFrom here on, 10:00\n{FROM}is quoted above\n");
    assert_eq!(bodies(&text), [expected]);
}

#[test]
fn an_empty_file_and_one_that_is_no_mbox_have_no_messages() {
    assert!(bodies("").is_empty());
    assert!(bodies("\n\n").is_empty());
    assert!(bodies("Subject: no From_ line\n\nx\n").is_empty());
}

#[test]
fn flags_come_from_the_status_fields_which_are_left_out() {
    let text = format!(
        "{FROM}Status: RO\nSubject: 1\nX-Status: AF\nX-Keywords: $Work Home\nX-UID: 5\n\nStatus: R\n\n\
         {FROM}X-Mozilla-Status: 1005\nX-Mozilla-Keys: $label1\nSubject: 2\n\n"
    );
    let found: Vec<Found> = read(&text, 10_000).into_iter().map(Result::unwrap).collect();
    assert_eq!(found[0].content, b"Subject: 1\r\n\r\nStatus: R\r\n");
    assert_eq!(found[0].flags.system, Flags::SEEN.with(Flags::ANSWERED).with(Flags::FLAGGED));
    assert_eq!(found[0].flags.keywords, ["$Work", "Home"].map(|k| Keyword::new(k).unwrap()));
    assert_eq!(found[1].flags.system, Flags::SEEN.with(Flags::FLAGGED));
    assert_eq!(found[1].flags.keywords, ["$Forwarded", "$label1"].map(|k| Keyword::new(k).unwrap()));
}

#[test]
fn reading_a_message_elsewhere_does_not_make_it_another_source() {
    // The fields move what comes later in the file, but most programs rewrite them in place.
    let before = read(&format!("{FROM}Status: O \nSubject: 1\n\n"), 1000).remove(0).unwrap();
    let after = read(&format!("{FROM}Status: RO\nSubject: 1\n\n"), 1000).remove(0).unwrap();
    assert_eq!(before.identity(), after.identity());
}

#[test]
fn two_equal_messages_are_two_sources() {
    let text = format!("{FROM}Subject: 1\n\none\n\n{FROM}Subject: 1\n\none\n\n");
    let found: Vec<Found> = read(&text, 10_000).into_iter().map(Result::unwrap).collect();
    assert_eq!(found[0].content, found[1].content);
    assert_ne!(found[0].identity(), found[1].identity());
}

#[test]
fn a_message_beyond_the_limit_is_passed_over_without_being_held() {
    let large = "x".repeat(200_000);
    let text = format!("{FROM}Subject: 1\n\n{large}\n\n{FROM}Subject: 2\n\ntwo\n");
    let found = read(&text, 1000);
    assert!(found[0].as_ref().unwrap_err().to_string().contains("200014 bytes"), "{:?}", found[0]);
    assert_eq!(found[1].as_ref().unwrap().content, b"Subject: 2\r\n\r\ntwo\r\n");
}

#[test]
fn notes_of_programs_to_themselves_are_no_messages() {
    let internal = "Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\nX-IMAP: 1 2\n\nnotes\n";
    let text = format!("{FROM}{internal}\n{FROM}Subject: 1\n\none\n");
    assert_eq!(bodies(&text), ["Subject: 1\n\none\n"]);
}

#[test]
fn a_folder_of_files_becomes_mailboxes() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("Work.sbd")).unwrap();
    let put = |name: &str| {
        std::fs::write(root.path().join(name), format!("{FROM}Subject: x\n\n")).unwrap();
    };
    ["Inbox", "Work", "Work.sbd/2024.mbox"].into_iter().for_each(put);
    std::fs::write(root.path().join("Work.msf"), "an index").unwrap();
    let (_, messages) = open(root.path(), &Wishes { message_bytes_max: 1000, into: None }).unwrap();
    let names: Vec<String> = messages.map(|found| found.unwrap().mailbox.to_string()).collect();
    assert_eq!(names, ["INBOX", "Work", "Work/2024"]);
}
