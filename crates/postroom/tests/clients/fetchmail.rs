//! fetchmail: what is unread goes through a program, which here puts it into an mbox, and is marked as read or deleted.

use std::path::PathBuf;
use std::process::Output;

use super::home::Home;
use super::server::Server;
use super::{PASSWORD, USER, contents, fill, login, said};

/// Fetches once; what fetchmail exits with is left to judge, because it is 1 when there was no mail.
fn fetch(server: &Server, home: &Home, keep: &str) -> Output {
    let (port, certificate) = (server.imaps().port(), home.certificate());
    let configuration = home.write(
        "fetchmailrc",
        &format!(
            "poll localhost protocol IMAP port {port} no dns\n\
             user \"{USER}\" password \"{PASSWORD}\" ssl sslcertck sslcertfile \"{}\" {keep} mda \"cat >> {}\"\n",
            certificate.display(),
            mbox(home).display(),
        ),
    );
    let mut fetchmail = home.command("fetchmail");
    fetchmail.env("FETCHMAILHOME", home.path()).arg("--fetchmailrc").arg(configuration);
    fetchmail.args(["--nodetach", "--nosyslog"]).output().unwrap()
}

fn mbox(home: &Home) -> PathBuf {
    home.path().join("mbox")
}

fn fetched(home: &Home) -> Vec<String> {
    let mbox = std::fs::read_to_string(mbox(home)).unwrap();
    mbox.lines().filter_map(|line| line.strip_prefix("Subject: ")).map(str::to_owned).collect()
}

#[test]
fn fetchmail_takes_what_is_unread_and_leaves_it_or_deletes_it() {
    let server = Server::start(None);
    let home = Home::new(&server);
    fill(&server, "INBOX", 1..=4);
    let mut client = login(&server);
    client.expect("SELECT INBOX").unwrap();
    client.expect("STORE 2 +FLAGS (\\Seen)").unwrap();

    let first = fetch(&server, &home, "keep");
    assert!(first.status.success(), "{}", said(&first));
    assert_eq!(fetched(&home), ["Message 1", "Message 3", "Message 4"]);
    let all_seen = ["Message 1 \\Seen", "Message 2 \\Seen", "Message 3 \\Seen", "Message 4 \\Seen"];
    assert_eq!(contents(&server, "INBOX"), all_seen);

    let nothing = fetch(&server, &home, "keep");
    assert_eq!(nothing.status.code(), Some(1), "{}", said(&nothing));

    fill(&server, "INBOX", [5]);
    let deleted = fetch(&server, &home, "no keep");
    assert!(deleted.status.success(), "{}", said(&deleted));
    assert_eq!(fetched(&home)[3..], ["Message 5"]);
    assert_eq!(contents(&server, "INBOX"), all_seen);
    server.check();
}
