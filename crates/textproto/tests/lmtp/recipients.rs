//! Whose an address is: users, aliases, groups, what catches the rest, folders; and the same by socketmap.

use super::World;
use mailstore::{Limit, Limits, QuotaOf};
use storage::CommitFault;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Delivers a message to one address; the first answer that is no success.
async fn deliver(world: &World, to: &str, subject: &str) -> String {
    let mut client = world.greeted().await;
    client.dialogue(&[("MAIL FROM:<a@b.example>", "250")]).await;
    client.say(&format!("RCPT TO:<{to}>")).await;
    let answer = client.line().await;
    if !answer.starts_with("250") {
        return answer;
    }
    client.dialogue(&[("DATA", "354")]).await;
    client.send(format!("{MARK}Subject: {subject}\r\n\r\n.\r\n")).await;
    client.line().await
}

/// What a mail server writes into a message, so that it differs from all others.
const MARK: &str = "Received: by mx.b.example id 1; Mon, 1 Jan 2024 00:00:00 +0000\r\n";

/// How many messages ada and ben have.
async fn counts(world: &World) -> (usize, usize) {
    (world.messages(1, "INBOX").await.len(), world.messages(2, "INBOX").await.len())
}

#[tokio::test]
async fn aliases_and_groups_lead_to_users_and_each_gets_one_copy() {
    let world = World::new().await;
    world.alias("info", &["ada"]);
    world.alias("team", &["info", "ben", "ada"]);
    assert!(deliver(&world, "INFO@example.org", "1").await.starts_with("250"));
    assert_eq!(counts(&world).await, (1, 0));
    assert!(deliver(&world, "team", "2").await.starts_with("250"));
    assert_eq!(counts(&world).await, (2, 1));
    assert!(world.messages(2, "INBOX").await[0].contains("Delivered-To: team@example.org\r\n"));
    // The same message again, as after an answer that was lost: those who have it are left alone.
    assert!(deliver(&world, "team", "2").await.starts_with("250"));
    assert_eq!(counts(&world).await, (2, 1));
    // One that no mail server has marked comes as often as it is sent.
    let mut client = world.greeted().await;
    for _ in 0..2 {
        client.envelope(&["team"]).await;
        client.dialogue(&[("DATA", "354")]).await;
        client.send("Subject: 3\r\n\r\n.\r\n").await;
        client.expect("250").await;
    }
    assert_eq!(counts(&world).await, (4, 3));
    // Nobody tries again after a week.
    world.clock.advance(7 * 24 * 3600 * 1000);
    world.store.forget_deliveries().await.unwrap();
    assert!(deliver(&world, "team", "2").await.starts_with("250"));
    assert_eq!(counts(&world).await, (5, 4));
    world.checked().await;
}

#[tokio::test]
async fn mail_that_cannot_be_stored_is_kept_by_its_sender() {
    // Opening the store is the first commit, and each user is one.
    let world = World::that_fails(Some(CommitFault { commit: 5, applied: false })).await;
    assert!(deliver(&world, "ada", "1").await.starts_with("250"));
    assert_eq!(deliver(&world, "ada", "2").await, "451 4.3.0 the server could not store the message");
    assert!(deliver(&world, "ben", "3").await.starts_with("451 4.3.0"), "until it is started again");
}

#[tokio::test]
async fn an_alias_may_lead_to_its_own_user_and_not_in_circles_or_too_far() {
    let world = World::new().await;
    world.alias("ada", &["ada", "ben"]);
    assert!(deliver(&world, "ada", "1").await.starts_with("250"));
    assert_eq!(counts(&world).await, (1, 1));
    world.alias("a", &["b"]);
    world.alias("b", &["a"]);
    assert!(deliver(&world, "a", "2").await.starts_with("451 4.2.4"));
    world.alias("c", &["nobody"]);
    assert!(deliver(&world, "c", "3").await.starts_with("451 4.2.4"));
    for n in 0..delivery::ALIAS_DEPTH_MAX {
        world.alias(&format!("deep{n}"), &[&format!("deep{}", n + 1)]);
    }
    world.alias(&format!("deep{}", delivery::ALIAS_DEPTH_MAX), &["ben"]);
    assert!(deliver(&world, "deep1", "4").await.starts_with("250"));
    assert!(deliver(&world, "deep0", "5").await.starts_with("451 4.2.4"));
}

// RFC 5233
#[tokio::test]
async fn a_detail_goes_to_the_folder_of_that_name_or_to_inbox() {
    let mut world = World::new().await;
    world.add("ben+x@example.org").await;
    for to in ["ada+lists", "ada+Lists@example.org", "ada+other", "ada+"] {
        assert!(deliver(&world, to, to).await.starts_with("250"), "{to}");
    }
    assert_eq!((world.messages(1, "Lists").await.len(), counts(&world).await.0), (2, 2));
    assert!(world.messages(1, "Lists").await[0].contains("Delivered-To: ada+lists@example.org\r\n"));
    assert!(deliver(&world, "ben+x", "whole").await.starts_with("250"));
    assert_eq!(world.messages(3, "INBOX").await.len(), 1, "a user of that whole name goes before");
    world.rules.detail_folders = false;
    assert!(deliver(&world, "ada+lists", "off").await.starts_with("250"));
    assert_eq!(counts(&world).await.0, 3);
    world.rules.separators = String::new();
    assert!(deliver(&world, "ada+lists", "none").await.starts_with("550 5.1.1"));
}

#[tokio::test]
async fn a_catch_all_gets_what_is_nobody_elses() {
    let world = World::new().await;
    assert!(deliver(&world, "nobody", "1").await.starts_with("550 5.1.1"));
    world.alias("@example.org", &["ben"]);
    assert!(deliver(&world, "nobody", "2").await.starts_with("250"));
    assert!(deliver(&world, "\"any thing\"@example.org", "3").await.starts_with("250"));
    assert!(deliver(&world, "ada", "4").await.starts_with("250"));
    assert!(deliver(&world, "nobody@elsewhere.example", "5").await.starts_with("550 5.1.2"));
    assert_eq!(counts(&world).await, (1, 2));
    assert!(world.messages(2, "INBOX").await[1].contains("Delivered-To: \"any thing\"@example.org\r\n"));
}

#[tokio::test]
async fn a_message_that_was_delivered_to_the_same_address_before_is_in_a_loop() {
    let world = World::new().await;
    let mut client = world.greeted().await;
    client.envelope(&["ada", "ben"]).await;
    client.dialogue(&[("DATA", "354")]).await;
    client.send("Delivered-To: ADA@example.org\r\nSubject: x\r\n\r\n.\r\n").await;
    client.expect("554 5.4.6").await;
    client.expect("250 2.0.0").await;
    assert_eq!(counts(&world).await, (0, 1));
}

#[tokio::test]
async fn mail_for_who_is_over_quota_waits_or_is_refused_as_was_chosen() {
    let mut world = World::new().await;
    world.alias("team", &["ada", "ben"]);
    let limits = Limits { messages: Limit::Max(1), ..Limits::default() };
    world.store.set_quota(QuotaOf::User("ada@example.org".to_owned()), limits).await.unwrap();
    assert!(deliver(&world, "ada", "1").await.starts_with("250"));
    assert!(deliver(&world, "ada", "2").await.starts_with("452 4.2.2"));
    // A group is tried again until all have it, and who has it already gets it once.
    for _ in 0..2 {
        assert!(deliver(&world, "team", "3").await.starts_with("452 4.2.2"));
        assert_eq!(counts(&world).await, (1, 1));
    }
    world.rules.refuse_over_quota = true;
    assert!(deliver(&world, "ada", "4").await.starts_with("552 5.2.2"));
    let limits = Limits { bytes: Limit::Max(5000), ..Limits::default() };
    world.store.set_quota(QuotaOf::User("ben@example.org".to_owned()), limits).await.unwrap();
    let mut client = world.greeted().await;
    client
        .dialogue(&[
            ("MAIL FROM:<> SIZE=6000", "250"),
            ("RCPT TO:<ben>", "552 5.2.2"),
            ("RSET", "250"),
            ("MAIL FROM:<> SIZE=600", "250"),
            ("RCPT TO:<ben>", "250"),
        ])
        .await;
    world.checked().await;
}

#[tokio::test]
async fn an_alias_that_leads_to_more_than_postfix_takes_is_not_told() {
    let world = World::new().await;
    let domain = ["d".repeat(60), "e".repeat(60), "f".repeat(60)].join(".");
    let targets: Vec<String> = (0..450).map(|n| format!("{n:060}@{domain}")).collect();
    world.alias("all", &targets.iter().map(String::as_str).collect::<Vec<_>>());
    let mut stream = world.socketmap();
    stream.write_all(b"23:aliases all@example.org,").await.unwrap();
    let mut answer = vec![0; 61];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(
        answer.escape_ascii().to_string(),
        "57:TEMP the alias leads to more addresses than Postfix takes,"
    );
}

#[tokio::test]
async fn a_mail_server_asks_by_socketmap() {
    let world = World::new().await;
    world.alias("team", &["ada", "ben"]);
    let mut stream = world.socketmap();
    for (request, answer) in [
        ("domains example.org", "OK example.org"),
        ("domains Example.ORG", "OK Example.ORG"),
        ("domains elsewhere.example", "NOTFOUND "),
        ("mailboxes ada@example.org", "OK ada@example.org"),
        ("mailboxes ADA+x@example.org", "OK ADA+x@example.org"),
        ("mailboxes team@example.org", "OK team@example.org"),
        ("mailboxes nobody@example.org", "NOTFOUND "),
        ("mailboxes ada@elsewhere.example", "NOTFOUND "),
        ("mailboxes ada", "NOTFOUND "),
        ("mailboxes @example.org", "NOTFOUND "),
        ("aliases team@example.org", "OK ada@example.org,ben@example.org"),
        ("aliases ada@example.org", "OK ada@example.org"),
        ("aliases @example.org", "NOTFOUND "),
        ("aliases nobody@example.org", "NOTFOUND "),
        ("unknown x", "PERM the maps here are domains, mailboxes and aliases"),
        ("domains", "PERM a request is a map, a space and a key"),
    ] {
        stream.write_all(format!("{}:{request},", request.len()).as_bytes()).await.unwrap();
        let expected = format!("{}:{answer},", answer.len());
        let mut got = vec![0; expected.len()];
        stream.read_exact(&mut got).await.unwrap();
        assert_eq!(String::from_utf8(got).unwrap(), expected, "{request}");
    }
    stream.write_all(b"no netstring").await.unwrap();
    assert_eq!(stream.read(&mut [0; 9]).await.unwrap(), 0, "whoever speaks otherwise is sent away");
}
