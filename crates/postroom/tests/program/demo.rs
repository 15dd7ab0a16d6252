//! The demo: first start, second start, second server, and its end.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::running::{Demo, Imap, postroom, stderr, stdout};

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

fn get(demo: &Demo, path: &str) -> String {
    let mut stream = TcpStream::connect(demo.address("HTTP")).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_new_demo_has_users_mail_and_folders_and_keeps_them() {
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("data");
    let demo = Demo::start(&data, &[]);
    let (user, password) = demo.first_user();
    assert_eq!(user, "ada@demo.example");
    for name in ["", "tls", "kv", "blobs", "staging"] {
        assert_eq!(mode(&data.join(name)), 0o700, "{name}");
    }
    assert_eq!(mode(&data.join("tls/key.pem")), 0o600);
    assert_eq!(mode(&data.join("postroom.sock")), 0o600);

    let mut imap = Imap::login(demo.address("IMAP"), (&user, &password));
    let messages = imap.messages("INBOX");
    assert!(messages >= 55, "{messages}");
    assert!(imap.messages("Sent") > 0 && imap.messages("Archive") > 0 && imap.messages("Drafts") > 0);
    assert!(get(&demo, "/readyz").starts_with("HTTP/1.1 200"));
    let check = demo.command(&["check", "--hashes"]).output().unwrap();
    assert!(check.status.success() && stdout(&check).contains(": 0 problems"), "{}", stdout(&check));
    drop(imap);
    demo.stop();

    let again = Demo::start(&data, &[]);
    assert!(
        !again.welcome.contains(&password) && again.welcome.contains("ada@demo.example   kept"),
        "{}",
        again.welcome
    );
    let mut imap = Imap::login(again.address("IMAP"), (&user, &password));
    assert_eq!(imap.messages("INBOX"), messages);
    drop(imap);
    again.stop();
    // Without a server the command opens the store itself.
    let check = postroom(&["check", "--data"]).arg(&data).output().unwrap();
    assert!(
        check.status.success() && stdout(&check).contains(": 0 problems"),
        "{}{}",
        stdout(&check),
        stderr(&check)
    );
}

#[test]
fn a_demo_with_named_users_prints_no_password() {
    let root = tempfile::tempdir().unwrap();
    let demo = Demo::start(
        &root.path().join("data"),
        &["--empty", "--user", "test:secret:1", "--user", "eve@other.example:x"],
    );
    assert!(!demo.welcome.contains("secret"), "{}", demo.welcome);
    let mut imap = Imap::login(demo.address("IMAP"), ("test", "secret:1"));
    assert_eq!(imap.messages("INBOX"), 0);
    Imap::login(demo.address("IMAP"), ("eve@other.example", "x"));
}

#[test]
fn a_second_server_on_the_folder_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("data");
    let demo = Demo::start(&data, &["--empty"]);
    let free = ["--imap", "127.0.0.1:0", "--imaps", "127.0.0.1:0", "--http", "127.0.0.1:0"];
    let second = postroom(&["demo"]).args(free).arg("--data").arg(&data).output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    let expected = format!("is in use by another postroom (process {})", demo.process.id());
    assert!(stderr(&second).contains(&expected), "{}", stderr(&second));
}

#[test]
fn at_sigterm_sessions_are_told_goodbye_and_the_exit_code_is_0() {
    let root = tempfile::tempdir().unwrap();
    let mut demo = Demo::start(&root.path().join("data"), &["--empty", "--user", "test:secret-1"]);
    let mut idle = Imap::login(demo.address("IMAP"), ("test", "secret-1"));
    demo.signal("TERM");
    let rest = idle.rest();
    assert!(rest.starts_with("* BYE"), "{rest:?}");
    assert_eq!(demo.ended().code(), Some(0));
}

#[test]
fn a_folder_with_other_things_in_it_is_refused() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("thesis.tex"), "").unwrap();
    let output = postroom(&["demo", "--data"]).arg(root.path()).output().unwrap();
    assert!(stderr(&output).contains("neither empty nor a data folder"), "{}", stderr(&output));
}
