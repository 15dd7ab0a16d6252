//! Commands in every order, good and bad; what messages may look like; limits.

use super::World;
use super::world::MESSAGE_BYTES_MAX;
use textproto::lmtp::BareLineEnds;

const MESSAGE: &str = "Subject: hello\r\n\r\nHello.\r\n";

#[tokio::test]
async fn lhlo_tells_what_is_offered() {
    let world = World::new().await;
    let mut client = world.connect().await;
    client.say("LHLO client.example").await;
    for line in [
        "250-mail.example.org",
        "250-PIPELINING",
        "250-8BITMIME",
        "250-SMTPUTF8",
        "250-SIZE 20000",
        "250-ENHANCEDSTATUSCODES",
        "250 CHUNKING",
    ] {
        assert_eq!(client.line().await, line);
    }
}

// RFC 2033 §4.1, RFC 5321 §4.1.4, §4.3.2.
#[tokio::test]
async fn what_has_no_place_or_no_meaning_is_refused_and_the_session_goes_on() {
    let world = World::new().await;
    let mut client = world.connect().await;
    client
        .dialogue(&[
            ("HELO x", "500 5.5.1"),
            ("EHLO x", "500 5.5.1"),
            ("MAIL FROM:<a@b>", "503 5.5.1"),
            ("NOOP", "250 2.0.0"),
            ("RCPT TO:<ada>", "503 5.5.1"),
            ("DATA", "503 5.5.1"),
            ("VRFY ada", "252"),
            ("EXPN staff", "502 5.5.1"),
            ("TURN", "500 5.5.1"),
            ("", "500 5.5.1"),
            ("RSET", "250 2.0.0"),
        ])
        .await;
    client.say("LHLO x").await;
    while client.line().await.starts_with("250-") {}
    client
        .dialogue(&[
            ("MAIL FROM:<a@b> RET=FULL", "555 5.5.4"),
            ("MAIL FROM:a@b", "501 5.5.4"),
            ("MAIL FROM:<a@-b>", "553 5.1.3"),
            ("MAIL FROM:<a@b> BODY=BINARYMIME", "501 5.5.4"),
            ("MAIL FROM:<a@b> SIZE=20001", "552 5.3.4"),
            ("MAIL FROM:<a@b>", "250 2.1.0"),
            ("MAIL FROM:<a@b>", "503 5.5.1"),
            ("DATA", "503 5.5.1"),
            ("RCPT TO:<nobody>", "550 5.1.1"),
            ("RCPT TO:<ada@elsewhere.example>", "550 5.1.2"),
            ("RCPT TO:<>", "501 5.1.3"),
            ("RCPT TO:<ada> NOTIFY=NEVER", "555 5.5.4"),
            ("DATA", "503 5.5.1"),
            ("RCPT TO:<ada>", "250 2.1.5"),
            ("RSET", "250 2.0.0"),
            ("DATA", "503 5.5.1"),
            ("HELP", "214 2.0.0"),
            ("QUIT", "221 2.0.0"),
        ])
        .await;
    client.expect("").await;
}

// RFC 2920 §3.1, RFC 2033 §4.2.
#[tokio::test]
async fn a_pipelined_transaction_is_answered_in_order_with_one_answer_for_each_recipient() {
    let world = World::new().await;
    let mut client = world.greeted().await;
    client.send("MAIL FROM:<a@b.example>\r\nRCPT TO:<ada>\r\nRCPT TO:<nobody>\r\nRCPT TO:<BEN@Example.Org>\r\nRCPT TO:<ada>\r\nDATA\r\n").await;
    for answer in ["250 2.1.0", "250 2.1.5", "550 5.1.1", "250 2.1.5", "250 2.1.5", "354 "] {
        client.expect(answer).await;
    }
    client.send(format!("{MESSAGE}.\r\nNOOP\r\n")).await;
    for answer in ["250 2.0.0", "250 2.0.0", "250 2.0.0", "250 2.0.0 nothing"] {
        client.expect(answer).await;
    }
    let messages = world.messages(1, "INBOX").await;
    assert_eq!(messages.len(), 1, "one recipient named twice has one copy");
    let lines: Vec<&str> = messages[0].lines().collect();
    assert_eq!(
        lines[..3],
        ["Return-Path: <a@b.example>", "Delivered-To: ada@example.org", "Received: from client.example"]
    );
    assert!(messages[0].ends_with(MESSAGE));
    let [for_ben] = &world.messages(2, "INBOX").await[..] else { panic!() };
    assert!(for_ben.contains("Delivered-To: BEN@Example.Org\r\n") && for_ben.ends_with(MESSAGE));
    world.checked().await;
}

#[tokio::test]
async fn the_null_sender_is_noted_and_an_old_return_path_taken_out() {
    let world = World::new().await;
    let mut client = world.greeted().await;
    client.dialogue(&[("MAIL FROM:<>", "250"), ("RCPT TO:<ada>", "250"), ("DATA", "354")]).await;
    client.send("Return-Path: <old@b.example>\r\nSubject: x\r\n\r\nReturn-Path: kept\r\n.\r\n").await;
    client.expect("250 2.0.0").await;
    let [message] = &world.messages(1, "INBOX").await[..] else { panic!() };
    assert!(message.starts_with("Return-Path: <>\r\n") && !message.contains("old@"), "{message}");
    assert!(message.ends_with("Subject: x\r\n\r\nReturn-Path: kept\r\n"));
}

// RFC 5321 §4.5.2
#[tokio::test]
async fn periods_are_unstuffed_and_nothing_else_ends_a_message() {
    let world = World::new().await;
    let mut client = world.greeted().await;
    client.envelope(&["ada"]).await;
    client.dialogue(&[("DATA", "354")]).await;
    client.send("Subject: x\r\n\r\n..\r\n...a\r\n.b\r\n.\r\n").await;
    client.expect("250 2.0.0").await;
    assert!(world.messages(1, "INBOX").await[0].ends_with("Subject: x\r\n\r\n.\r\n..a\r\nb\r\n"));
    for smuggled in ["\n.\r\n", "\n.\n", "\r.\r", "\r\n.\n", "\r\n.\r"] {
        client.envelope(&["ada"]).await;
        client.dialogue(&[("DATA", "354")]).await;
        client
            .send(format!("Subject: x\r\n\r\nx{smuggled}MAIL FROM:<evil@b>\r\nRCPT TO:<ben>\r\n.\r\n"))
            .await;
        client.expect("554 5.6.0").await;
        client.dialogue(&[("NOOP", "250 2.0.0 nothing")]).await;
    }
    assert!(world.messages(2, "INBOX").await.is_empty());
}

#[tokio::test]
async fn bare_line_ends_are_put_right_where_that_is_chosen() {
    let mut world = World::new().await;
    world.settings.bare_line_ends = BareLineEnds::Convert;
    let mut client = world.greeted().await;
    client.envelope(&["ada"]).await;
    client.dialogue(&[("DATA", "354")]).await;
    client.send("Subject: x\n\na\n.\nb\r.\r\n.\r\n").await;
    client.expect("250 2.0.0").await;
    assert!(world.messages(1, "INBOX").await[0].ends_with("Subject: x\r\n\r\na\r\n.\r\nb\r\n.\r\n"));
}

#[tokio::test]
async fn a_message_that_is_too_large_or_no_text_is_refused_for_each_recipient() {
    let mut world = World::new().await;
    world.settings.text_line_bytes = 1000;
    let mut client = world.greeted().await;
    let large = "0123456789 0123456789 0123456789\r\n".repeat(MESSAGE_BYTES_MAX as usize / 34 + 1);
    let (long, hops) = ("x".repeat(1000), "Received: x\r\n".repeat(6));
    for (text, answer) in [
        (large.as_str(), "552 5.3.4"),
        ("Subject: \0\r\n\r\n", "554 5.6.0"),
        (&format!("Subject: {long}\r\n\r\n"), "554 5.6.0"),
        (&format!("{hops}\r\n"), "554 5.4.6"),
    ] {
        client.envelope(&["ada", "ben"]).await;
        client.dialogue(&[("DATA", "354")]).await;
        client.send(format!("{text}.\r\n")).await;
        client.expect(answer).await;
        client.expect(answer).await;
    }
    client.envelope(&["ada"]).await;
    client.dialogue(&[("DATA", "354")]).await;
    client.send(large.repeat(5)).await;
    client.expect("421 4.3.4").await;
    client.expect("").await;
    assert!(world.messages(1, "INBOX").await.is_empty());
}

// RFC 3030 §2, RFC 2033 §4.3.
#[tokio::test]
async fn a_message_comes_in_chunks() {
    let world = World::new().await;
    let mut client = world.greeted().await;
    client.send("MAIL FROM:<a@b.example>\r\nRCPT TO:<ada>\r\nRCPT TO:<ben>\r\nBDAT 14\r\nSubject: x\r\n\r\nBDAT 5\r\n.\r\n.\rBDAT 1 LAST\r\n\n").await;
    for answer in
        ["250 2.1.0", "250 2.1.5", "250 2.1.5", "250 2.0.0 14", "250 2.0.0 5", "250 2.0.0", "250 2.0.0"]
    {
        client.expect(answer).await;
    }
    for account in [1, 2] {
        assert!(world.messages(account, "INBOX").await[0].ends_with("Subject: x\r\n\r\n.\r\n.\r\n"));
    }
}

#[tokio::test]
async fn chunks_that_cannot_be_taken_are_read_and_answered() {
    let world = World::new().await;
    let mut client = world.greeted().await;
    client.send("BDAT 6 LAST\r\nNOOP\r\n").await;
    client.expect("503 5.5.1").await;
    client.envelope(&["ada"]).await;
    client
        .send("BDAT 3\r\na\nbDATA\r\nRCPT TO:<ben>\r\nMAIL FROM:<a@b>\r\nBDAT 2\r\n\r\nBDAT 0 LAST\r\n")
        .await;
    for answer in ["554 5.6.0", "503 5.5.1", "503 5.5.1", "503 5.5.1", "554 5.6.0", "554 5.6.0"] {
        client.expect(answer).await;
    }
    // Without a recipient the last chunk has no answer at all.
    client.dialogue(&[("MAIL FROM:<a@b>", "250"), ("RCPT TO:<nobody>", "550")]).await;
    client.send("BDAT 2 LAST\r\n\r\nNOOP\r\n").await;
    client.expect("250 2.0.0 nothing").await;
    client.envelope(&["ada"]).await;
    client.send("BDAT 6\r\nX: y\r\n").await;
    client.expect("250 2.0.0 6").await;
    client.dialogue(&[("RSET", "250"), ("BDAT x", "501 5.5.4")]).await;
    client.say("BDAT 99999999999").await;
    client.expect("421 4.3.4").await;
    assert!(world.messages(1, "INBOX").await.is_empty());
}

// RFC 6531 §3.5
#[tokio::test]
async fn addresses_in_utf8_need_smtputf8() {
    let world = World::new().await;
    world.add("j\u{f6}rg@example.org").await;
    let mut client = world.greeted().await;
    client
        .dialogue(&[
            ("MAIL FROM:<\u{e4}@b.example>", "553 5.6.7"),
            ("MAIL FROM:<a@b.example>", "250"),
            ("RCPT TO:<j\u{f6}rg@example.org>", "553 5.6.7"),
            ("RSET", "250"),
            ("MAIL FROM:<\u{e4}@b.example> SMTPUTF8 BODY=8BITMIME", "250"),
            ("RCPT TO:<J\u{d6}RG@example.org>", "250 2.1.5"),
            ("DATA", "354"),
        ])
        .await;
    client.send("Subject: \u{e4}\r\n\r\n.\r\n").await;
    client.expect("250 2.0.0").await;
    let [message] = &world.messages(3, "INBOX").await[..] else { panic!() };
    assert!(
        message.starts_with("Return-Path: <\u{e4}@b.example>\r\nDelivered-To: J\u{d6}RG@example.org\r\n")
    );
    assert!(message.contains(" with UTF8LMTP id "));
}

#[tokio::test]
async fn every_limit_is_met() {
    let mut world = World::new().await;
    world.settings.recipients = 2;
    world.settings.bad_commands_max = 3;
    world.settings.command_line_bytes = 100;
    let mut client = world.greeted().await;
    let parameters = |count: usize| format!("MAIL FROM:<a@b>{}", " X".repeat(count));
    client
        .dialogue(&[
            (&format!("MAIL FROM:<{}@b.example>", "x".repeat(65)), "553 5.1.3"),
            (&parameters(16), "555 5.5.4"),
            ("NOOP", "250"),
            (&parameters(17), "501 5.5.4"),
            ("NOOP", "250"),
        ])
        .await;
    client.envelope(&["ada", "ben"]).await;
    client
        .dialogue(&[("RCPT TO:<ada>", "452 4.5.3"), (&"x".repeat(200), "500 5.5.2"), ("NOOP", "250")])
        .await;
    client.dialogue(&[("a", "500"), ("b", "500"), ("c", "500")]).await;
    client.expect("421 4.7.0").await;
    client.expect("").await;
    world.settings.timeout = std::time::Duration::from_millis(20);
    let mut client = world.connect().await;
    client.expect("421 4.4.2").await;
    client.expect("").await;
}

#[tokio::test]
async fn a_client_is_told_when_the_server_stops() {
    let world = World::new().await;
    let mut client = world.greeted().await;
    world.drain.begin();
    client.expect("421 4.3.2").await;
    client.expect("").await;
}
