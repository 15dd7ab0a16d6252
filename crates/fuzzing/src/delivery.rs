//! Whole conversations with LMTP and with the socketmap, on the in-memory engine.
//!
//! Afterwards the account is checked, and what was acknowledged is there: one message for each recipient of a 250.

use std::sync::{Arc, Mutex, PoisonError};

use auth::{MemoryDirectory, UserRecord};
use delivery::{Delivery, Rules};
use mailstore::Store;
use model::{AccountId, MailboxName, Rights, SystemClock};
use net::{Bounds, Conn, Drain};
use tempfile::TempDir;
use textproto::lmtp::{LmtpServer, Settings};
use textproto::socketmap::{SocketmapServer, TIMEOUT_DEFAULT};
use tokio::runtime::{Builder, Runtime};

use crate::session::talk;
use crate::store;

const LOGIN: &str = "ada@example.org";
/// After so many conversations a new server takes over, so that what they stored does not add up.
const CONVERSATIONS_PER_SERVER: u64 = 200;
/// How much each side may send ahead of the other, in bytes.
const PIPE_BYTES: usize = 1 << 20;

/// A conversation from the greeting on.
pub(crate) fn lmtp(data: &[u8]) {
    with_server(|server| {
        let before = server.kept();
        let output = server.converse(data, |server, conn| {
            let lmtp = LmtpServer::new(server.delivery.clone(), Settings::default());
            Box::pin(Arc::new(lmtp).serve(conn, Drain::new()))
        });
        let text = String::from_utf8_lossy(&output);
        assert!(text.starts_with("220 ") && text.ends_with("\r\n"), "{text}");
        assert!(!text.contains("\r\n451 4.3.0"), "{text}");
        let acknowledged =
            text.lines().filter(|line| line.starts_with("250 2.1.5 ") && line.contains("delivered")).count();
        let after = server.kept();
        assert!(
            after >= before + acknowledged,
            "{acknowledged} were acknowledged, {} came: {text}",
            after - before
        );
    });
}

/// Questions whose an address is.
pub(crate) fn socketmap(data: &[u8]) {
    with_server(|server| {
        let _answers = server.converse(data, |server, conn| {
            let socketmap = SocketmapServer::new(server.delivery.clone(), TIMEOUT_DEFAULT);
            Box::pin(Arc::new(socketmap).serve(conn, Drain::new()))
        });
    });
}

static SERVER: Mutex<Option<Server>> = Mutex::new(None);

fn with_server(run: impl FnOnce(&mut Server)) {
    let mut slot = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    let mut server = slot.take().filter(|server| server.conversations < CONVERSATIONS_PER_SERVER);
    run(server.get_or_insert_with(Server::start));
    *slot = server;
}

type Serving = std::pin::Pin<Box<dyn Future<Output = ()>>>;

struct Server {
    runtime: Runtime,
    store: Arc<Store>,
    delivery: Arc<Delivery>,
    account: AccountId,
    conversations: u64,
    _folder: TempDir,
}

impl Server {
    fn start() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store = store::open(&folder);
        let folders = [(MailboxName::new("Lists").unwrap(), None)];
        let account = runtime.block_on(store.add_user(LOGIN, "-", &folders)).unwrap();
        let directory = Arc::new(MemoryDirectory::default());
        directory.put(UserRecord {
            account,
            login: LOGIN.to_owned(),
            password_hash: "-".to_owned(),
            scram_verifier: None,
            enabled: true,
        });
        let rules = Rules {
            default_domain: "example.org".to_owned(),
            domains: vec!["example.org".to_owned()],
            separators: "+-".to_owned(),
            detail_folders: true,
            host_name: "mail.example.org".to_owned(),
            received_max: 5,
            refuse_over_quota: false,
        };
        let delivery = Arc::new(Delivery::new(store.clone(), directory, Arc::new(SystemClock), rules));
        Self { runtime, store, delivery, account, conversations: 0, _folder: folder }
    }

    /// Holds one conversation to its end, and checks the account.
    fn converse(&mut self, data: &[u8], serve: impl FnOnce(&Self, Conn) -> Serving) -> Vec<u8> {
        self.conversations += 1;
        let (client, end) = tokio::io::duplex(PIPE_BYTES);
        let served = serve(self, Conn::memory(end, Bounds::default()));
        self.runtime.block_on(async {
            let (output, ()) = tokio::join!(talk(client, data), served);
            let report = self.store.check(Some(self.account), true).await.unwrap();
            assert!(report.problems.is_empty(), "{report:#?}");
            output
        })
    }

    /// How many messages the account has.
    fn kept(&self) -> usize {
        let access = self.runtime.block_on(self.store.enter(self.account)).unwrap();
        let mailboxes = ["INBOX", "Lists"].map(|name| MailboxName::new(name).unwrap());
        let count = |name| access.mailbox(name, Rights::READ).unwrap().status().unwrap().messages as usize;
        mailboxes.iter().map(count).sum()
    }
}
