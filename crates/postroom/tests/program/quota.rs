//! `quota list`, `show` and `set`.

use crate::running::{Demo, Imap, stderr, stdout};

#[test]
fn quotas_are_set_beside_a_running_server_and_hold_at_once() {
    let root = tempfile::tempdir().unwrap();
    let demo = Demo::start(&root.path().join("data"), &["--empty", "--user", "ada:correct horse"]);
    let run = |args: &[&str]| demo.command(args).output().unwrap();
    let mut imap = Imap::login(demo.address("IMAP"), ("ada", "\"correct horse\""));
    let append = |imap: &mut Imap| imap.ask("APPEND INBOX {3+}\r\na:b").pop().unwrap();
    assert!(append(&mut imap).contains(" OK "));
    for args in [
        &["quota", "set", "--each", "--storage", "5 GiB", "--messages", "2"][..],
        &["quota", "set", "--user", "ada", "--storage", "unlimited"],
        &["quota", "set", "--domain", "Demo.Example", "--storage", "1536 KiB"],
    ] {
        let set = run(args);
        assert!(set.status.success(), "{}", stderr(&set));
    }
    assert!(append(&mut imap).contains(" OK "));
    assert!(append(&mut imap).contains(" NO [OVERQUOTA] 2 messages can be kept at most"));
    let list = stdout(&run(&["quota", "list"]));
    assert_eq!(
        list,
        "each user: storage 5 GiB, messages 2\nuser ada@demo.example: storage unlimited, messages inherited\n\
         demo.example as a whole: storage 1.5 MiB, messages inherited\n"
    );
    let user = run(&["quota", "show", "--user", "ada"]);
    assert_eq!(stdout(&user), "storage 6 B of unlimited\nmessages 2 of 2\n");
    let domain = run(&["quota", "show", "--domain", "demo.example"]);
    assert_eq!(stdout(&domain), "storage 6 B of 1.5 MiB\nmessages 2 of unlimited\n");
    let lifted = run(&["quota", "set", "--each", "--messages", "inherited"]);
    assert!(lifted.status.success());
    assert!(append(&mut imap).contains(" OK "));
}

#[test]
fn what_cannot_be_limited_is_said() {
    let root = tempfile::tempdir().unwrap();
    let demo = Demo::start(&root.path().join("data"), &["--empty"]);
    for (args, said) in [
        (&["quota", "set", "--user", "eve", "--messages", "1"][..], "there is no such user"),
        (
            &["quota", "set", "--domain", "b.example", "--messages", "1"],
            "none of the domains here: demo.example",
        ),
        (&["quota", "show", "--domain", "demo.example"], "has no limits, so its mail is not counted"),
        (&["quota", "set", "--each", "--storage", "5 GB"], "write a size such as 500 MiB or 5 GiB"),
    ] {
        let output = demo.command(args).output().unwrap();
        assert!(!output.status.success() && stderr(&output).contains(said), "{}", stderr(&output));
    }
}
