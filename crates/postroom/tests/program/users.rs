//! `user add`, `list`, `passwd` and `remove`, beside a server and without one.

use std::process::Command;

use crate::running::{Demo, Imap, postroom, stderr, stdout, with_input};

/// Goes through a user's life with commands that `command` makes.
fn life_of_a_user(command: impl Fn(&[&str]) -> Command) {
    let added = with_input(command(&["user", "add", "Cora", "--password-stdin"]), "correct horse\n");
    assert!(added.status.success(), "{}", stderr(&added));
    let twice =
        with_input(command(&["user", "add", "cora@demo.example", "--password-stdin"]), "correct horse\n");
    assert_eq!(stderr(&twice), "postroom: the user exists already\n");
    let weak = with_input(command(&["user", "add", "dora", "--password-stdin"]), "short\n");
    assert_eq!(stderr(&weak), "postroom: a password needs at least 8 characters\n");
    let elsewhere =
        with_input(command(&["user", "add", "dora@other.example", "--password-stdin"]), "correct horse\n");
    assert!(stderr(&elsewhere).contains("none of the domains here: demo.example"), "{}", stderr(&elsewhere));
    let list = command(&["user", "list"]).output().unwrap();
    assert!(stdout(&list).contains("Cora@demo.example\n"), "{}", stdout(&list));
    let changed = with_input(command(&["user", "passwd", "cora", "--password-stdin"]), "battery staple\n");
    assert!(changed.status.success(), "{}", stderr(&changed));
    let unknown = with_input(command(&["user", "passwd", "dora", "--password-stdin"]), "battery staple\n");
    assert_eq!(stderr(&unknown), "postroom: there is no such user\n");
}

fn remove(command: impl Fn(&[&str]) -> Command) {
    let unasked = command(&["user", "remove", "cora"]).output().unwrap();
    assert!(stderr(&unasked).contains("--yes"), "{}", stderr(&unasked));
    assert!(command(&["user", "remove", "cora", "--yes"]).status().unwrap().success());
    let list = command(&["user", "list"]).output().unwrap();
    assert!(!stdout(&list).contains("ora@"), "{}", stdout(&list));
}

#[test]
fn users_are_kept_beside_a_running_server() {
    let root = tempfile::tempdir().unwrap();
    let demo = Demo::start(&root.path().join("data"), &["--empty"]);
    life_of_a_user(|args| demo.command(args));
    let mut imap = Imap::login(demo.address("IMAP"), ("cora", "\"battery staple\""));
    assert_eq!(imap.messages("Trash"), 0);
    let mut other = Imap::connect(demo.address("IMAP"));
    assert!(other.ask("LOGIN cora \"correct horse\"")[0].contains(" NO "), "the old password");
    remove(|args| demo.command(args));
    assert!(other.ask("LOGIN cora \"battery staple\"")[0].contains(" NO "), "there is no such user");
}

#[test]
fn users_are_kept_without_a_server() {
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("data");
    Demo::start(&data, &["--empty"]).stop();
    let command = |args: &[&str]| {
        let mut command = postroom(args);
        command.arg("--data").arg(&data);
        command
    };
    life_of_a_user(command);
    let demo = Demo::start(&data, &[]);
    Imap::login(demo.address("IMAP"), ("cora", "\"battery staple\""));
    demo.stop();
    remove(command);
}

#[test]
fn a_folder_that_is_not_there_is_not_made() {
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("none");
    let output = postroom(&["user", "list", "--data"]).arg(&data).output().unwrap();
    assert!(stderr(&output).contains("there is no data folder"), "{}", stderr(&output));
    assert!(!data.exists());
}
