//! Whole sessions with a server on the in-memory engine, in each state that a session can be in.
//!
//! Every session has a user of its own. Afterwards the user's account is checked, and nothing the server said may be
//! a fault of its own.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use auth::{
    Authenticator, MemoryDirectory, Password, Secrets, Settings as Logins, ThrottleSettings, UserRecord,
};
use imap::{ImapServer, PlaintextLogin, Settings};
use mailstore::Store;
use model::{MailboxName, SystemClock};
use net::{Bounds, Conn, Drain};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::runtime::{Builder, Runtime};

use crate::store;

const PASSWORD: &str = "secret-words";
/// After so many sessions a new server takes over, so that what they stored does not add up.
const SESSIONS_PER_SERVER: u64 = 500;
/// How much each side may send ahead of the other, in bytes.
const PIPE_BYTES: usize = 1 << 20;

/// What a session begins with, before the bytes that are fuzzed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    NotAuthenticated,
    Authenticated,
    Selected,
}

/// A session that has not logged in.
pub(crate) fn new(data: &[u8]) {
    hold(State::NotAuthenticated, data);
}

/// A session that has logged in.
pub(crate) fn authenticated(data: &[u8]) {
    hold(State::Authenticated, data);
}

/// A session that has selected a mailbox with two messages.
pub(crate) fn selected(data: &[u8]) {
    hold(State::Selected, data);
}

static SERVER: Mutex<Option<Server>> = Mutex::new(None);

fn hold(state: State, data: &[u8]) {
    let mut slot = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    let mut server = slot.take().filter(|server| server.sessions < SESSIONS_PER_SERVER);
    server.get_or_insert_with(Server::start).session(state, data);
    *slot = server;
}

struct Server {
    runtime: Runtime,
    store: Arc<Store>,
    directory: Arc<MemoryDirectory>,
    imap: Arc<ImapServer>,
    secrets: Secrets,
    sessions: u64,
    _folder: TempDir,
}

impl Server {
    fn start() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store = store::open(&folder);
        let directory = Arc::new(MemoryDirectory::default());
        // Wrong passwords are many, and nobody has time to wait.
        let throttle = ThrottleSettings { wait_max: Duration::ZERO, ..ThrottleSettings::default() };
        let logins = Logins { throttle, ..Logins::for_tests("example.org") };
        let authenticator =
            Arc::new(Authenticator::new(directory.clone(), logins, Arc::new(SystemClock)).unwrap());
        let secrets = runtime.block_on(authenticator.secrets(Password::new(PASSWORD))).unwrap();
        let settings = Settings { plaintext_login: PlaintextLogin::Loopback, ..Settings::default() };
        let imap = Arc::new(ImapServer::new(store.clone(), authenticator, None, settings));
        Self { runtime, store, directory, imap, secrets, sessions: 0, _folder: folder }
    }

    /// Holds one session to its end.
    fn session(&mut self, state: State, data: &[u8]) {
        self.sessions += 1;
        let login = format!("user{}@example.org", self.sessions);
        let input = [preamble(state, &login).as_bytes(), data].concat();
        let output = self.runtime.block_on(async {
            let folders = [(MailboxName::new("Archive").unwrap(), None)];
            let Secrets { password_hash, scram_verifier } = self.secrets.clone();
            let account = self.store.add_user(&login, &password_hash, &folders).await.unwrap();
            self.directory.put(UserRecord { account, login, password_hash, scram_verifier, enabled: true });
            let (client, end) = tokio::io::duplex(PIPE_BYTES);
            let conn = Conn::memory(end, Bounds::default());
            let served = Arc::clone(&self.imap).serve(conn, Drain::new());
            let (output, ()) = tokio::join!(talk(client, &input), served);
            let report = self.store.check(Some(account), true).await.unwrap();
            assert!(report.problems.is_empty(), "{report:#?}");
            output
        });
        let text = String::from_utf8_lossy(&output);
        assert!(text.starts_with("* OK") && text.ends_with("\r\n"), "{text}");
        assert!(!text.contains("the server failed"), "{text}");
    }
}

/// Sends the input and its end; gives all that came back.
pub(crate) async fn talk(client: DuplexStream, input: &[u8]) -> Vec<u8> {
    let (mut from, mut to) = tokio::io::split(client);
    let mut output = Vec::new();
    let send = async {
        // A server that has said goodbye takes no more.
        let _ = to.write_all(input).await;
        let _ = to.shutdown().await;
    };
    let (_, read) = tokio::join!(send, from.read_to_end(&mut output));
    read.unwrap();
    output
}

fn preamble(state: State, login: &str) -> String {
    let mut text = String::new();
    if state >= State::Authenticated {
        text.push_str(&format!("0 LOGIN {login} {PASSWORD}\r\n"));
    }
    if state == State::Selected {
        for message in [
            "Subject: one\r\nFrom: a@example.org\r\nDate: 1 Jan 2024 00:00:00 +0000\r\n\r\nHello.\r\n",
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntwo\r\n--b\r\n\
             Content-Type: image/gif\r\nContent-Transfer-Encoding: base64\r\n\r\nR0lG\r\n--b--\r\n",
        ] {
            text.push_str(&format!("0 APPEND INBOX {{{}+}}\r\n{message}\r\n", message.len()));
        }
        text.push_str("0 SELECT INBOX\r\n");
    }
    text
}
