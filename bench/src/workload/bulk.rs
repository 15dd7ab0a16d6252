//! COPY, MOVE and EXPUNGE of many messages.

use std::io;

use super::{LARGE, Scene, selected};
use crate::measure::{Cost, Figure, Meter};
use crate::server::Server;

/// Where messages are copied to, and then moved to. Both are made before and deleted after.
const MAILBOXES: [&str; 2] = ["Copied", "Moved"];

pub(super) async fn run(scene: &Scene, server: &Server) -> io::Result<Vec<Figure>> {
    let messages = scene.sizes.bulk.min(scene.sizes.messages);
    let [copied, moved] = MAILBOXES;
    let mut connection = server.login(0).await?;
    for mailbox in MAILBOXES {
        connection.expect(&format!("CREATE {mailbox}")).await?;
    }
    let copy = timed(server, messages, LARGE, &format!("COPY 1:{messages} {copied}")).await?;
    let r#move = timed(server, messages, copied, &format!("MOVE 1:{messages} {moved}")).await?;
    let mut marking = selected(server, 0, moved).await?;
    marking.expect("STORE 1:* +FLAGS.SILENT (\\Deleted)").await?;
    drop(marking);
    let expunge = timed(server, messages, moved, "EXPUNGE").await?;
    for mailbox in MAILBOXES {
        connection.expect(&format!("DELETE {mailbox}")).await?;
    }
    let named = |name: &str, cost| Figure::rate(&format!("{name} of {messages} messages"), cost);
    Ok(vec![named("COPY", copy), named("MOVE", r#move), named("EXPUNGE", expunge)])
}

/// One command in a mailbox that was just selected.
async fn timed(server: &Server, messages: usize, mailbox: &str, command: &str) -> io::Result<Cost> {
    let mut connection = selected(server, 0, mailbox).await?;
    let meter = Meter::start(server);
    connection.expect(command).await?;
    Ok(meter.stop(messages as u64))
}
