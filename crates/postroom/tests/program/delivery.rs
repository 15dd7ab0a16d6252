//! `deliver` and `alias`, beside a server and without one, and the LMTP of a demo.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use crate::running::{Demo, Imap, postroom, stderr, stdout, with_input};

const USERS: [&str; 5] = ["--empty", "--user", "ada:ada-password", "--user", "ben:ben-password"];

#[test]
fn a_message_is_delivered_from_the_command_line_and_each_failure_has_its_code() {
    let root = tempfile::tempdir().unwrap();
    let demo = Demo::start(&root.path().join("data"), &USERS);
    let deliver = |to: &[&str], message: &str| {
        let mut args = vec!["deliver", "--from", "eve@example.net"];
        args.extend(to.iter().flat_map(|to| ["--to", to]));
        with_input(demo.command(&args), message)
    };
    let message =
        "From eve Mon Nov 23 11:30:00 2026\nReturn-Path: <old@example.net>\nSubject: hello\n\nHello.\n";
    let delivered = deliver(&["ada", "ben+Junk@demo.example"], message);
    assert!(delivered.status.success(), "{}", stderr(&delivered));
    let mut ada = Imap::login(demo.address("IMAP"), ("ada", "ada-password"));
    ada.ask("SELECT INBOX");
    let text = ada.ask("FETCH 1 BODY.PEEK[]").concat();
    for line in
        ["Return-Path: <eve@example.net>\r\n", "Delivered-To: ada@demo.example\r\n", "\r\n\r\nHello.\r\n"]
    {
        assert!(text.contains(line), "{text}");
    }
    assert!(!text.contains("old@") && !text.contains("From eve "), "{text}");
    let mut ben = Imap::login(demo.address("IMAP"), ("ben", "ben-password"));
    assert_eq!((ben.messages("Junk"), ben.messages("INBOX")), (1, 0));

    let unknown = deliver(&["nobody"], message);
    assert_eq!(unknown.status.code(), Some(67));
    assert_eq!(stderr(&unknown), "postroom: not delivered: nobody: there is no such user here\n");
    assert_eq!(deliver(&["ada@elsewhere.example"], message).status.code(), Some(67));
    assert_eq!(deliver(&["ada"], "Subject: \0\n\n").status.code(), Some(65));
    let partly = deliver(&["ada", "nobody"], message);
    assert_eq!((partly.status.code(), ada.messages("INBOX")), (Some(67), 2));
    drop(demo);
    let command = postroom(&["deliver", "--to", "ada", "--data", "/nowhere"]);
    assert_eq!(with_input(command, message).status.code(), Some(75));
    let command = postroom(&["deliver", "--to", "ada", "--config", "/nowhere"]);
    assert_eq!(with_input(command, message).status.code(), Some(78));
}

#[test]
fn aliases_are_kept_beside_a_server_and_without_one() {
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("data");
    let demo = Demo::start(&data, &USERS);
    let add = demo.command(&["alias", "add", "Team", "ada", "BEN@Demo.example"]).output().unwrap();
    assert!(add.status.success(), "{}", stderr(&add));
    for (args, why) in [
        (["alias", "add", "x@elsewhere.example", "ada"], "none of the domains here"),
        (["alias", "add", "x", "ada@elsewhere.example"], "none of the domains here"),
        (["alias", "add", "a b", "ada"], "which no login name can have"),
        (["alias", "remove", "team", "cora"], "does not lead to cora@demo.example"),
        (["alias", "remove", "nothing", "ada"], "does not lead to"),
    ] {
        let refused = demo.command(&args).output().unwrap();
        assert!(stderr(&refused).contains(why) && !refused.status.success(), "{}", stderr(&refused));
    }
    let delivered = with_input(demo.command(&["deliver", "--to", "team"]), "Subject: x\n\n");
    assert!(delivered.status.success(), "{}", stderr(&delivered));
    let mut ben = Imap::login(demo.address("IMAP"), ("ben", "ben-password"));
    assert_eq!(ben.messages("INBOX"), 1);
    drop(ben);
    demo.stop();
    let command = |args: &[&str]| postroom(args).arg("--data").arg(&data).output().unwrap();
    let list = stdout(&command(&["alias", "list"]));
    assert_eq!(list, "Team@demo.example: ada@demo.example, ben@demo.example\n");
    assert!(command(&["alias", "add", "@demo.example", "ada"]).status.success());
    assert!(command(&["alias", "remove", "team", "ada"]).status.success());
    let list = stdout(&command(&["alias", "list"]));
    assert_eq!(list, "@demo.example: ada@demo.example\nTeam@demo.example: ben@demo.example\n");
    assert!(command(&["alias", "remove", "team"]).status.success());
    assert!(!command(&["alias", "remove", "team"]).status.success());
}

#[test]
fn a_demo_takes_mail_by_lmtp_where_it_is_asked_to() {
    let root = tempfile::tempdir().unwrap();
    let mut wishes = USERS.to_vec();
    wishes.extend(["--lmtp", "127.0.0.1:0"]);
    let demo = Demo::start(&root.path().join("data"), &wishes);
    let mut lmtp = BufReader::new(TcpStream::connect(demo.address("LMTP")).unwrap());
    let mut line = |say: &str| {
        lmtp.get_mut().write_all(say.as_bytes()).unwrap();
        let mut answer = String::new();
        while answer.is_empty() || answer.starts_with("250-") {
            answer.clear();
            lmtp.read_line(&mut answer).unwrap();
        }
        answer
    };
    assert!(line("").starts_with("220 "));
    for (say, answer) in [
        ("LHLO x\r\n", "250 CHUNKING"),
        ("MAIL FROM:<>\r\n", "250 2.1.0"),
        ("RCPT TO:<nobody@demo.example>\r\n", "550 5.1.1"),
        ("RCPT TO:<ada@demo.example>\r\n", "250 2.1.5"),
        ("DATA\r\n", "354"),
        ("Subject: x\r\n\r\nHello.\r\n.\r\n", "250 2.0.0"),
        ("QUIT\r\n", "221"),
    ] {
        let got = line(say);
        assert!(got.starts_with(answer), "{say:?}: {got}");
    }
    let mut ada = Imap::login(demo.address("IMAP"), ("ada", "ada-password"));
    assert_eq!(ada.messages("INBOX"), 1);
}
