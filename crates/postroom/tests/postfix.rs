//! Debian's Postfix hands mail over: it asks by socketmap whose an address is, and delivers by LMTP over a Unix socket.
//!
//! Postfix runs as an instance of its own, with its configuration and queue in a temporary folder. It can only be started
//! by root; whoever is not root says so with POSTROOM_WITHOUT_POSTFIX=1.

#![expect(clippy::unwrap_used, reason = "a test fails this way")]

#[path = "postfix/instance.rs"]
mod instance;
#[path = "postfix/world.rs"]
mod world;

use world::World;

const BODY: &str = "Hello,\r\n.\r\n..\r\nthis is the end.\r\n";

#[test]
fn mail_from_postfix_reaches_users_groups_and_folders() {
    if std::env::var_os("POSTROOM_WITHOUT_POSTFIX").is_some() {
        println!("left out, as POSTROOM_WITHOUT_POSTFIX says");
        return;
    }
    let world = World::start();
    let mut smtp = world.postfix.smtp();
    smtp.say("MAIL FROM:<eve@example.net>", "250");
    for to in ["ada@example.org", "team@example.org", "ADA+junk@example.org"] {
        smtp.say(&format!("RCPT TO:<{to}>"), "250");
    }
    // Postfix knows it from the map, and does not take what it would have to bounce.
    smtp.say("RCPT TO:<nobody@example.org>", "550 5.1.1");
    smtp.say("RCPT TO:<ada@elsewhere.example>", "554 5.7.1");
    smtp.say("DATA", "354");
    let stuffed = BODY.replace("\r\n.", "\r\n..");
    smtp.say(&format!("From: eve@example.net\r\nSubject: to all\r\n\r\n{stuffed}."), "250");

    world.wait_for("ada", "INBOX", 1);
    world.wait_for("ada", "Junk", 1);
    world.wait_for("ben", "INBOX", 1);
    let message = world.only_message("ada", "Junk");
    assert!(message.starts_with("Return-Path: <eve@example.net>\r\n"), "{message}");
    assert!(message.contains("\r\nDelivered-To: ADA+junk@example.org\r\n"), "{message}");
    assert!(message.contains(" with LMTP id ") && message.contains(" (Postfix) "), "{message}");
    assert!(message.contains(&format!("\r\n\r\n{BODY}")), "{message}");
    assert!(world.only_message("ben", "INBOX").contains("Delivered-To: team@example.org\r\n"));

    // RFC 6531: a header in UTF-8, from nobody.
    smtp.say("MAIL FROM:<> SMTPUTF8", "250");
    smtp.say("RCPT TO:<ben@example.org>", "250");
    smtp.say("DATA", "354");
    smtp.say("Subject: gr\u{fc}\u{df}e\r\n\r\nx\r\n.", "250");
    world.wait_for("ben", "INBOX", 2);
    world.check();
}
