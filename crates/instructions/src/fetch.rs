//! FETCH as a session answers it, from the command's bytes to the client's pipe: nearly all of it is encoding.

use std::sync::Arc;

use auth::{Authenticator, MemoryDirectory, Password, Settings as Logins, UserRecord};
use imap::{ImapServer, PlaintextLogin, Settings};
use model::MailboxName;
use net::{Bounds, Conn, Drain};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use crate::count;
use crate::world::{LOGIN, World, mailbox};

const PASSWORD: &str = "secret-words";
/// How many messages the mailbox has.
const MESSAGES: u32 = 200;
/// How much each side may send ahead of the other, in bytes.
const PIPE_BYTES: usize = 1 << 20;

/// What the image answers.
pub(crate) fn flags(rounds: u32) {
    fetch("(UID FLAGS MODSEQ INTERNALDATE RFC822.SIZE)", rounds);
}

/// What the e-mails' rows answer.
pub(crate) fn structure(rounds: u32) {
    fetch("(UID FLAGS ENVELOPE BODYSTRUCTURE)", rounds);
}

fn fetch(items: &str, rounds: u32) {
    let world = World::new();
    let (imap, directory, password_hash) = server(&world);
    let account = world.add_user(&password_hash);
    let login = LOGIN.to_owned();
    directory.put(UserRecord { account, login, password_hash, scram_verifier: None, enabled: true });
    let inbox = mailbox(&world.enter(account), &MailboxName::inbox());
    let arrivals = world.arrivals(0..=MESSAGES - 1, &inbox);
    world.runtime.block_on(inbox.append(arrivals)).unwrap();

    let (mut client, end) = tokio::io::duplex(PIPE_BYTES);
    // It runs on this thread, whenever the client waits.
    world.runtime.spawn(imap.serve(Conn::memory(end, Bounds::default()), Drain::new()));
    let mut output = Vec::with_capacity(PIPE_BYTES);
    let mut ask = |command: &str| {
        output.clear();
        world.runtime.block_on(answer(&mut client, command, &mut output));
        output.len()
    };
    ask(&format!("LOGIN {LOGIN} {PASSWORD}"));
    ask("SELECT INBOX");
    ask("STORE 1:120 +FLAGS.SILENT (\\Seen)");
    ask("STORE 50,70:90 +FLAGS.SILENT (\\Answered $Forwarded)");
    let fetch = format!("FETCH 1:{MESSAGES} {items}");
    count(rounds, |_| {
        let bytes = ask(&fetch);
        assert!(bytes > MESSAGES as usize * items.len(), "{bytes}");
    });
}

fn server(world: &World) -> (Arc<ImapServer>, Arc<MemoryDirectory>, String) {
    let directory = Arc::new(MemoryDirectory::default());
    let logins = Logins::for_tests("example.org");
    let authenticator = Arc::new(Authenticator::new(directory.clone(), logins, world.clock.clone()).unwrap());
    let secrets = world.runtime.block_on(authenticator.secrets(Password::new(PASSWORD))).unwrap();
    let settings = Settings { plaintext_login: PlaintextLogin::Loopback, ..Settings::default() };
    let imap = Arc::new(ImapServer::new(world.store.clone(), authenticator, None, settings));
    (imap, directory, secrets.password_hash)
}

/// Sends a command and takes its answer, which has to be OK. To look at all of it would be counted, too.
async fn answer(client: &mut DuplexStream, command: &str, output: &mut Vec<u8>) {
    client.write_all(format!("a {command}\r\n").as_bytes()).await.unwrap();
    loop {
        let read = client.read_buf(output).await.unwrap();
        assert!(read > 0, "the session has ended");
        let last = output.strip_suffix(b"\r\n").map(|all| all.rsplit(|&byte| byte == b'\n').next());
        if let Some(Some(line)) = last
            && line.starts_with(b"a ")
        {
            assert!(line.starts_with(b"a OK"), "{}", String::from_utf8_lossy(line));
            return;
        }
    }
}
