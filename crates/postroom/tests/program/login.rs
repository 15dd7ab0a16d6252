//! SCRAM from outside: what is offered where, and a client that binds to its connection.

use std::io::{Read, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use testkit::client::Client;
use testkit::scram;

use crate::running::{Demo, stderr, with_input};

const PASSWORD: &str = "correct horse";

/// A demo in which cora has a password.
fn demo(root: &tempfile::TempDir) -> Demo {
    let demo = Demo::start(&root.path().join("data"), &["--empty"]);
    let added = with_input(demo.command(&["user", "add", "cora", "--password-stdin"]), PASSWORD);
    assert!(added.status.success(), "{}", stderr(&added));
    demo
}

fn offered<S: Read + Write>(client: &mut Client<S>) -> String {
    let answer = client.expect("CAPABILITY").unwrap();
    String::from_utf8(answer.untagged.concat()).unwrap()
}

/// Logs in and gives back the tagged answer.
fn login<S: Read + Write>(
    client: &mut Client<S>,
    header: &str,
    data: &[u8],
    user: &str,
    password: &str,
) -> String {
    let mechanism = if header.starts_with("p=") { "SCRAM-SHA-256-PLUS" } else { "SCRAM-SHA-256" };
    let bare = format!("n={user},r=fyko+d2lbbFgONRv9qkxdawL");
    let first = STANDARD.encode(format!("{header}{bare}"));
    let tag = client.send(format!("AUTHENTICATE {mechanism} {first}").as_bytes()).unwrap();
    let mut continued = || -> Result<String, String> {
        let line = String::from_utf8(client.response().unwrap()).unwrap();
        match line.strip_prefix("+ ") {
            Some(asked) => Ok(String::from_utf8(STANDARD.decode(asked.trim_end()).unwrap()).unwrap()),
            None => Err(line.replacen(&tag, "", 1).trim().to_owned()),
        }
    };
    let server_first = match continued() {
        Ok(message) => message,
        Err(tagged) => return tagged,
    };
    let last = scram::answer(&[header.as_bytes(), data].concat(), &bare, &server_first, password).unwrap();
    client.send_raw(format!("{}\r\n", STANDARD.encode(last.message)).as_bytes()).unwrap();
    let line = String::from_utf8(client.response().unwrap()).unwrap();
    let Some(proof) = line.strip_prefix("+ ") else { return line.replacen(&tag, "", 1).trim().to_owned() };
    assert_eq!(STANDARD.decode(proof.trim_end()).unwrap(), last.expected.as_bytes());
    client.send_raw(b"\r\n").unwrap();
    client.answer(&tag).unwrap().tagged
}

#[test]
fn scram_is_offered_and_plus_under_tls_only() {
    let root = tempfile::tempdir().unwrap();
    let demo = demo(&root);
    let mut clear = Client::connect(demo.address("IMAP")).unwrap();
    let offer = offered(&mut clear);
    assert!(offer.contains("AUTH=SCRAM-SHA-256 ") && !offer.contains("-PLUS"), "{offer}");
    let bind = login(&mut clear, "p=tls-exporter,,", b"", "cora", PASSWORD);
    assert!(bind.contains("NO [CANNOT]"), "{bind}");
    let answer = login(&mut clear, "n,,", b"", "cora", PASSWORD);
    assert!(answer.starts_with("OK"), "{answer}");
    let offer = offered(&mut Client::connect_tls(demo.address("IMAPS")).unwrap());
    assert!(offer.contains("AUTH=SCRAM-SHA-256-PLUS "), "{offer}");
}

#[test]
fn a_client_binds_its_login_to_its_connection() {
    let root = tempfile::tempdir().unwrap();
    let demo = demo(&root);
    let connect = || Client::connect_tls(demo.address("IMAPS")).unwrap();
    let mut client = connect();
    let exported = client.exported().unwrap();
    assert!(login(&mut client, "p=tls-exporter,,", &exported, "cora", PASSWORD).starts_with("OK"));
    let mut client = connect();
    let hash = ring::digest::digest(&ring::digest::SHA256, &client.certificate().unwrap());
    assert!(
        login(&mut client, "p=tls-server-end-point,,", hash.as_ref(), "cora", PASSWORD).starts_with("OK")
    );
    // What another connection exports is of no use, nor is a client that was told of no -PLUS.
    let answer = login(&mut connect(), "p=tls-exporter,,", &exported, "cora", PASSWORD);
    assert!(answer.contains("NO [AUTHENTICATIONFAILED] the channel binding"), "{answer}");
    let answer = login(&mut connect(), "y,,", b"", "cora", PASSWORD);
    assert!(answer.contains("NO [AUTHENTICATIONFAILED] channel binding is offered"), "{answer}");
}

#[test]
fn who_does_not_exist_is_refused_like_who_has_another_password() {
    let root = tempfile::tempdir().unwrap();
    let demo = demo(&root);
    let answers = ["cora", "nobody"].map(|user| {
        login(&mut Client::connect_tls(demo.address("IMAPS")).unwrap(), "n,,", b"", user, "another password")
    });
    assert!(answers[0].contains("NO [AUTHENTICATIONFAILED]"), "{answers:?}");
    assert_eq!(answers[0], answers[1]);
}
