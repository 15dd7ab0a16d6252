//! A server in the test's process, with new users whenever they are asked for.

#[path = "fragile.rs"]
mod fragile;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;

use auth::{Authenticator, MemoryDirectory, Password, UserRecord};
use imap::{ImapServer, PlaintextLogin, Settings, Switch, switchable};
use mailstore::{Limit, Limits, QuotaOf, Store};
use model::{MailboxName, SpecialUse, SystemClock};
use net::{Bounds, Conn, Drain, Tls};
use storage::{BlobStore, Engine, MemoryEngine};
use testkit::dialogue::{Accounts, Credentials, QuotaLimits, Target};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use fragile::FragileBlobs;

const DOMAIN: &str = "example.org";
const PASSWORD: &str = "secret-words";
/// How many accounts a dialogue may use.
const USERS_PER_DIALOGUE: usize = 3;

/// The server, and new users in it for each dialogue.
pub(crate) struct InProcess {
    runtime: Runtime,
    address: SocketAddr,
    store: Arc<Store>,
    directory: Arc<MemoryDirectory>,
    secrets: auth::Secrets,
    /// When it begins, clients are told goodbye.
    drain: Drain,
    dialogue: u64,
}

impl InProcess {
    /// Starts a server on the in-memory engine that keeps its other files in `folder`.
    pub(crate) fn start(folder: &Path, settings: Settings) -> Self {
        Self::start_on(Arc::new(MemoryEngine::default()), Arc::new(FragileBlobs::default()), folder, settings)
    }

    /// Starts a server on an engine and a blob store.
    pub(crate) fn start_on(
        engine: Arc<dyn Engine>,
        blobs: Arc<dyn BlobStore>,
        folder: &Path,
        settings: Settings,
    ) -> Self {
        let runtime = Runtime::new().unwrap();
        let options = mailstore::Options {
            message_bytes_max: 10 << 20,
            image_cache_bytes: 64 << 20,
            disk_reserve_bytes: 0,
            // Some dialogues shall meet mailboxes whose log was cut.
            checkpoint_records_min: 4,
            ..mailstore::Options::new(folder.to_owned())
        };
        let store = Store::open(engine, blobs, Arc::new(SystemClock), options).unwrap();
        let directory = Arc::new(MemoryDirectory::default());
        let login = auth::Settings::for_tests(DOMAIN);
        let authenticator =
            Arc::new(Authenticator::new(directory.clone(), login, Arc::new(SystemClock)).unwrap());
        let secrets = runtime.block_on(authenticator.secrets(Password::new(PASSWORD))).unwrap();
        let tls = Tls::self_signed(&folder.join("certificate.pem"), &folder.join("key.pem")).unwrap();
        let server = Arc::new(ImapServer::new(store.clone(), authenticator, Some(tls), settings));
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let drain = Drain::new();
        runtime.spawn(listen(listener, server, drain.clone()));
        Self { runtime, address, store, directory, secrets, drain, dialogue: 0 }
    }

    fn login(&self, user: usize) -> String {
        format!("user{}x{user}@{DOMAIN}", self.dialogue)
    }

    /// Settings that let the dialogues log in without TLS.
    pub(crate) fn settings() -> Settings {
        let on = switchable("UIDONLY").into_iter().collect();
        let switches = vec![Switch { on, ..Switch::default() }];
        Settings { plaintext_login: PlaintextLogin::Loopback, switches, ..Settings::default() }
    }

    /// Begins to shut down.
    pub(crate) fn shut_down(&self) {
        self.drain.begin();
    }

    /// Does the housekeeping that is due: logs are cut, what was expunged is swept.
    pub(crate) fn tidy(&self) {
        self.runtime.block_on(self.store.tidy());
    }

    /// Brings the text index up to date.
    #[allow(dead_code, reason = "not every test binary needs it")]
    pub(crate) fn index(&self) {
        self.runtime.block_on(self.store.index_all()).unwrap();
    }

    /// Runs the store's check.
    pub(crate) fn assert_consistent(&self) {
        let report = self.runtime.block_on(self.store.check(None, true)).unwrap();
        assert!(report.problems.is_empty(), "{report:#?}");
    }
}

async fn listen(listener: TcpListener, server: Arc<ImapServer>, drain: Drain) {
    while let Ok((stream, peer)) = listener.accept().await {
        // As the listeners of `net` do.
        stream.set_nodelay(true).unwrap();
        let conn = Conn::tcp(stream, peer, Bounds::default());
        tokio::spawn(Arc::clone(&server).serve(conn, drain.clone()));
    }
}

fn folders() -> Vec<(MailboxName, Option<SpecialUse>)> {
    [
        ("Drafts", SpecialUse::Drafts),
        ("Sent", SpecialUse::Sent),
        ("Archive", SpecialUse::Archive),
        ("Junk", SpecialUse::Junk),
        ("Trash", SpecialUse::Trash),
    ]
    .map(|(name, role)| (MailboxName::new(name).unwrap(), Some(role)))
    .into()
}

impl Target for InProcess {
    fn begin(&mut self) -> Accounts {
        self.dialogue += 1;
        self.tidy();
        for user in 1..=USERS_PER_DIALOGUE {
            let login = self.login(user);
            let folders = folders();
            let auth::Secrets { password_hash, scram_verifier } = self.secrets.clone();
            let added = self.store.add_user(&login, &password_hash, &folders);
            let account = self.runtime.block_on(added).unwrap();
            self.directory.put(UserRecord { account, login, password_hash, scram_verifier, enabled: true });
        }
        Accounts::Fresh
    }

    fn credentials(&mut self, user: usize) -> Option<Credentials> {
        (1..=USERS_PER_DIALOGUE)
            .contains(&user)
            .then(|| Credentials { user: self.login(user), password: PASSWORD.to_owned() })
    }

    fn limit(&mut self, user: usize, limits: QuotaLimits) -> bool {
        let limits =
            Limits { bytes: Limit::Max(limits.storage * 1024), messages: Limit::Max(limits.messages) };
        let set = self.store.set_quota(QuotaOf::User(self.login(user)), limits);
        self.runtime.block_on(set).unwrap();
        true
    }

    fn connect(&mut self) -> io::Result<TcpStream> {
        TcpStream::connect(self.address)
    }

    fn peer(&self) -> &str {
        "postroom"
    }
}
