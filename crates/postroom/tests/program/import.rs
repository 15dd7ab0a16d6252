//! `import`: every kind of source, interrupted, and run again.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use crate::running::{Demo, Imap, stderr, stdout};

const USER: (&str, &str) = ("test", "secret-1");

fn demo(root: &Path) -> Demo {
    Demo::start(&root.join("data"), &["--empty", "--user", "test:secret-1"])
}

fn import(demo: &Demo, source: &Path, more: &[&str]) -> Output {
    demo.command(&["import", "--user", "test"]).args(more).arg(source).output().unwrap()
}

fn put(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// A Maildir with so many messages in its INBOX.
fn maildir(root: &Path, messages: usize) {
    for part in ["cur", "new", "tmp", ".Sent.2024/cur", ".Sent.2024/new"] {
        std::fs::create_dir_all(root.join(part)).unwrap();
    }
    for n in 0..messages {
        let text = format!("Subject: message {n}\nDate: Mon, 1 Jan 2024 10:00:00 +0000\n\nbody {n}\n");
        std::fs::write(root.join(format!("cur/{}.M{n}:2,S", 1_000_000_000 + n)), text).unwrap();
    }
    put(&root.join(".Sent.2024/cur/1.x:2,RSa"), "Subject: sent\n\nx\n");
    put(&root.join(".Sent.2024/dovecot-keywords"), "0 $Work\n");
}

#[test]
fn a_maildir_arrives_with_folders_flags_and_dates_and_only_once() {
    let root = tempfile::tempdir().unwrap();
    let source = root.path().join("Maildir");
    maildir(&source, 150);
    let demo = demo(root.path());
    let first = import(&demo, &source, &[]);
    assert_eq!(stdout(&first), "151 imported, 0 imported before, 0 skipped\n", "{}", stderr(&first));
    let mut imap = Imap::login(demo.address("IMAP"), USER);
    assert_eq!((imap.messages("INBOX"), imap.messages("Sent/2024")), (150, 1));
    imap.ask("SELECT Sent/2024");
    let fetched = imap.ask("FETCH 1 (FLAGS RFC822.SIZE BODY[])").concat();
    assert!(
        fetched.contains("\\Seen") && fetched.contains("\\Answered") && fetched.contains("$Work"),
        "{fetched}"
    );
    assert!(
        fetched.contains("Subject: sent\r\n\r\nx\r\n") && fetched.contains("RFC822.SIZE 20"),
        "{fetched}"
    );
    assert!(imap.ask("LSUB \"\" Sent/2024")[0].contains("Sent/2024"));

    put(&source.join("new/2000000000.new"), "Subject: another\n\nx\n");
    std::fs::rename(source.join("cur/1000000000.M0:2,S"), source.join("cur/1000000000.M0:2,FS")).unwrap();
    let second = import(&demo, &source, &[]);
    assert_eq!(stdout(&second), "1 imported, 151 imported before, 0 skipped\n");
    let again = import(&demo, &source, &["--again", "--into", "Old"]);
    assert_eq!(stdout(&again), "152 imported, 0 imported before, 0 skipped\n");
    assert_eq!((imap.messages("Old"), imap.messages("Old/Sent/2024")), (151, 1));
    let check = demo.command(&["check", "--hashes"]).output().unwrap();
    assert!(check.status.success(), "{}", stdout(&check));
}

#[test]
fn an_mbox_and_a_folder_of_eml_arrive_with_flags_and_dates() {
    let root = tempfile::tempdir().unwrap();
    let from = "From ada@demo.example Thu Nov 24 18:22:48 1986\n";
    let mbox = root.path().join("old.mbox");
    // Two equal messages in a source are two messages.
    put(
        &mbox,
        &format!(
            "{from}Status: RO\nX-Status: F\nSubject: 1\n\n>From me\n\n{from}Subject: 2\n\n\n{from}Subject: 2\n\n"
        ),
    );
    put(&root.path().join("saved/a.eml"), "Subject: a\nDate: Wed, 17 Jul 1996 02:44:25 -0700\n\nx\n");
    put(&root.path().join("saved/Work/b.eml"), "Subject: b\n\nx\n");
    let demo = demo(root.path());
    let output = import(&demo, &mbox, &["--into", "Old"]);
    assert_eq!(stdout(&output), "3 imported, 0 imported before, 0 skipped\n", "{}", stderr(&output));
    assert_eq!(
        stdout(&import(&demo, &mbox, &["--into", "Old"])),
        "0 imported, 3 imported before, 0 skipped\n"
    );
    let output = import(&demo, &root.path().join("saved"), &[]);
    assert_eq!(stdout(&output), "2 imported, 0 imported before, 0 skipped\n", "{}", stderr(&output));
    let mut imap = Imap::login(demo.address("IMAP"), USER);
    assert_eq!((imap.messages("Old"), imap.messages("INBOX"), imap.messages("Work")), (3, 1, 1));
    imap.ask("SELECT Old");
    let fetched = imap.ask("FETCH 1 (FLAGS INTERNALDATE BODY[TEXT])").concat();
    assert!(fetched.contains("\\Flagged") && fetched.contains("24-Nov-1986 18:22:48 +0000"), "{fetched}");
    assert!(fetched.contains("\r\nFrom me\r\n"), "{fetched}");
    imap.ask("SELECT INBOX");
    let fetched = imap.ask("FETCH 1 INTERNALDATE").concat();
    assert!(fetched.contains("17-Jul-1996 02:44:25 -0700"), "{fetched}");
}

#[test]
fn what_cannot_be_imported_is_named_and_the_rest_arrives() {
    let root = tempfile::tempdir().unwrap();
    put(&root.path().join("saved/a.eml"), "Subject: a\n\nx\n");
    put(&root.path().join("saved/empty.eml"), "");
    let demo = demo(root.path());
    let output = import(&demo, &root.path().join("saved"), &[]);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(stdout(&output), "1 imported, 0 imported before, 1 skipped\n");
    assert!(stderr(&output).contains("empty.eml: is empty"), "{}", stderr(&output));
    let output = import(&demo, &root.path().join("nowhere"), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("cannot read"), "{}", stderr(&output));
    let output =
        demo.command(&["import", "--user", "nobody"]).arg(root.path().join("saved")).output().unwrap();
    assert_eq!(stderr(&output), "postroom: there is no such user\n");
}

#[test]
fn an_import_that_was_killed_goes_on_where_it_was() {
    const MESSAGES: usize = 3000;
    let root = tempfile::tempdir().unwrap();
    let source = root.path().join("Maildir");
    maildir(&source, MESSAGES);
    let demo = demo(root.path());
    let mut imap = Imap::login(demo.address("IMAP"), USER);
    for _ in 0..3 {
        let mut command = demo.command(&["import", "--user", "test"]);
        let mut import = command.arg(&source).stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(60));
        import.kill().unwrap();
        import.wait().unwrap();
    }
    // The server may still be storing the last group; an import that comes too early is told so.
    let last = loop {
        let output = import(&demo, &source, &[]);
        if !stderr(&output).contains("another import") {
            break output;
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    assert!(last.status.success(), "{}{}", stdout(&last), stderr(&last));
    assert_eq!((imap.messages("INBOX"), imap.messages("Sent/2024")), (MESSAGES as u32, 1));
}
