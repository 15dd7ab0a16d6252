//! A server with some users over a store in memory, and a client that speaks to it line by line.

use std::sync::Arc;
use std::time::Duration;

use auth::{AliasName, LoginName, MemoryDirectory, UserRecord};
use delivery::{Delivery, Rules};
use mailstore::{Options, Store};
use model::{AccountId, MailboxName, ManualClock, Rights, Timestamp};
use net::{Bounds, Conn, Drain};
use storage::{CommitFault, FaultEngine, MemoryBlobs, MemoryEngine};
use textproto::lmtp::{LmtpServer, Settings};
use textproto::socketmap::SocketmapServer;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// How long an answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// The largest message.
pub(crate) const MESSAGE_BYTES_MAX: u64 = 20_000;

pub(crate) struct World {
    pub(crate) store: Arc<Store>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) directory: Arc<MemoryDirectory>,
    pub(crate) settings: Settings,
    pub(crate) rules: Rules,
    pub(crate) drain: Drain,
    _staging: tempfile::TempDir,
}

impl World {
    /// With ada and ben of example.org.
    pub(crate) async fn new() -> Self {
        Self::that_fails(None).await
    }

    /// The same, whose disk fails at some commit.
    pub(crate) async fn that_fails(fault: Option<CommitFault>) -> Self {
        let staging = tempfile::tempdir().unwrap();
        let options = Options {
            disk_reserve_bytes: 0,
            message_bytes_max: MESSAGE_BYTES_MAX,
            ..Options::new(staging.path().to_owned())
        };
        let engine = Arc::new(FaultEngine::new(Arc::new(MemoryEngine::default()), fault));
        let blobs = Arc::new(MemoryBlobs::default());
        // 1 March 2026.
        let clock = Arc::new(ManualClock::new(Timestamp(1_772_323_200_000)));
        let store = Store::open(engine, blobs, clock.clone(), options).unwrap();
        let rules = Rules {
            default_domain: "example.org".to_owned(),
            domains: vec!["example.org".to_owned()],
            separators: "+".to_owned(),
            detail_folders: true,
            host_name: "mail.example.org".to_owned(),
            received_max: 5,
            refuse_over_quota: false,
        };
        let (directory, settings) = (Arc::default(), Settings::default());
        let world = Self { store, clock, directory, settings, rules, drain: Drain::new(), _staging: staging };
        for login in ["ada@example.org", "ben@example.org"] {
            world.add(login).await;
        }
        world
    }

    pub(crate) async fn add(&self, login: &str) {
        let folders = [(MailboxName::new("Lists").unwrap(), None)];
        let account = self.store.add_user(login, "-", &folders).await.unwrap();
        let user = UserRecord {
            account,
            login: login.to_owned(),
            password_hash: "-".to_owned(),
            scram_verifier: None,
            enabled: true,
        };
        self.directory.put(user);
    }

    pub(crate) fn alias(&self, name: &str, targets: &[&str]) {
        let name = AliasName::parse(name, "example.org").unwrap();
        let targets = targets.iter().map(|t| LoginName::parse(t, "example.org").unwrap()).collect();
        self.directory.put_alias(&name, targets);
    }

    pub(crate) fn delivery(&self) -> Arc<Delivery> {
        let (store, directory, clock) = (self.store.clone(), self.directory.clone(), self.clock.clone());
        Arc::new(Delivery::new(store, directory, clock, self.rules.clone()))
    }

    /// A client that has read the greeting.
    pub(crate) async fn connect(&self) -> Client {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let server = Arc::new(LmtpServer::new(self.delivery(), self.settings.clone()));
        let conn = Conn::memory(theirs, Bounds::default());
        tokio::spawn(server.serve(conn, self.drain.clone()));
        let mut client = Client { stream: ours, unread: Vec::new() };
        client.expect("220 mail.example.org LMTP").await;
        client
    }

    /// A client that has said LHLO.
    pub(crate) async fn greeted(&self) -> Client {
        let mut client = self.connect().await;
        client.say("LHLO client.example").await;
        while client.line().await.starts_with("250-") {}
        client
    }

    pub(crate) fn socketmap(&self) -> DuplexStream {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let server = Arc::new(SocketmapServer::new(self.delivery(), ANSWER_WITHIN));
        tokio::spawn(server.serve(Conn::memory(theirs, Bounds::default()), self.drain.clone()));
        ours
    }

    /// The messages of a mailbox, oldest first.
    pub(crate) async fn messages(&self, account: u64, mailbox: &str) -> Vec<String> {
        let access = self.store.enter(AccountId(account)).await.unwrap();
        let mailbox = access.mailbox(&MailboxName::new(mailbox).unwrap(), Rights::READ).unwrap();
        let image = mailbox.snapshot().await.unwrap().image;
        let ids: Vec<_> = image.iter().map(|m| m.email).collect();
        let mut all = Vec::new();
        for email in access.emails(&ids).await.unwrap() {
            let body = access.body(&email.unwrap()).await.unwrap().unwrap();
            all.push(String::from_utf8(body.to_vec()).unwrap());
        }
        all
    }

    pub(crate) async fn checked(&self) {
        let report = self.store.check(None, true).await.unwrap();
        assert!(report.problems.is_empty(), "{:?}", report.problems);
    }
}

pub(crate) struct Client {
    stream: DuplexStream,
    unread: Vec<u8>,
}

impl Client {
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    pub(crate) async fn say(&mut self, line: &str) {
        self.send(format!("{line}\r\n")).await;
    }

    /// The next line of an answer; empty when the server has hung up.
    pub(crate) async fn line(&mut self) -> String {
        loop {
            if let Some(at) = self.unread.windows(2).position(|two| two == b"\r\n") {
                let line: Vec<u8> = self.unread.drain(..at + 2).collect();
                return String::from_utf8(line).unwrap().trim_end().to_owned();
            }
            let read = self.stream.read_buf(&mut self.unread);
            let read = tokio::time::timeout(ANSWER_WITHIN, read).await;
            if read.unwrap().unwrap() == 0 {
                return String::new();
            }
        }
    }

    pub(crate) async fn expect(&mut self, begin: &str) {
        let line = self.line().await;
        assert!(line.starts_with(begin) && line.is_empty() == begin.is_empty(), "{line:?} is not {begin:?}");
    }

    /// Says each line and expects an answer that begins so.
    pub(crate) async fn dialogue(&mut self, exchanges: &[(&str, &str)]) {
        for (line, answer) in exchanges {
            self.say(line).await;
            let got = self.line().await;
            assert!(got.starts_with(answer), "{line:?} was answered {got:?}, not {answer:?}");
        }
    }

    /// Sends a message from a@b.example to these recipients with DATA, all of which are expected to be accepted.
    pub(crate) async fn envelope(&mut self, to: &[&str]) {
        self.dialogue(&[("MAIL FROM:<a@b.example>", "250 2.1.0")]).await;
        for to in to {
            self.dialogue(&[(&format!("RCPT TO:<{to}>"), "250 2.1.5")]).await;
        }
    }
}
