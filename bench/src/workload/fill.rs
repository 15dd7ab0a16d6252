//! Gives a server the mail that the workloads work on: the same messages in the same order for each.

use std::io;

use super::{FIRST_SMALL, LARGE, LARGE_OWNER, Scene, TEXT, TEXT_OWNER};
use crate::connection::Connection;
use crate::measure::{Cost, Meter};
use crate::server::Server;

/// Messages of one MULTIAPPEND.
const MESSAGES: usize = 100;

/// Bytes of one MULTIAPPEND, unless a single message is larger.
const BYTES: usize = 4 << 20;

/// Fills the mailboxes of all users. Gives what it took.
pub(crate) async fn fill(scene: &Scene, server: &Server) -> io::Result<Cost> {
    let meter = Meter::start(server);
    let mut connection = server.login(LARGE_OWNER).await?;
    connection.expect(&format!("CREATE {LARGE}")).await?;
    append_all(&mut connection, LARGE, (0..scene.sizes.messages).map(|n| scene.mail.message(n))).await?;
    let mut connection = server.login(TEXT_OWNER).await?;
    connection.expect(&format!("CREATE {TEXT}")).await?;
    append_all(&mut connection, TEXT, (0..scene.sizes.text_messages).map(|n| scene.mail.message(n))).await?;
    for user in FIRST_SMALL..scene.sizes.users {
        let mut connection = server.login(user).await?;
        let first = user * scene.sizes.small;
        let notes = (first..first + scene.sizes.small).map(|n| scene.mail.note(n, scene.sizes.append_bytes));
        append_all(&mut connection, "INBOX", notes).await?;
        connection.expect("LOGOUT").await?;
    }
    let small = (scene.sizes.users - FIRST_SMALL) * scene.sizes.small;
    Ok(meter.stop((scene.sizes.messages + scene.sizes.text_messages + small) as u64))
}

/// Appends messages, many with each command.
pub(super) async fn append_all(
    connection: &mut Connection,
    mailbox: &str,
    messages: impl Iterator<Item = Vec<u8>>,
) -> io::Result<()> {
    let mut batch: Vec<Vec<u8>> = Vec::new();
    let mut bytes = 0;
    for message in messages {
        bytes += message.len();
        batch.push(message);
        if batch.len() == MESSAGES || bytes >= BYTES {
            connection.append(mailbox, "\\Seen", batch.iter().map(Vec::as_slice)).await?;
            batch.clear();
            bytes = 0;
        }
    }
    if batch.is_empty() {
        return Ok(());
    }
    connection.append(mailbox, "\\Seen", batch.iter().map(Vec::as_slice)).await
}
