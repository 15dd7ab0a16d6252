//! Putting the parts together: the store on its engine and segments, logins over it, and the command line's access.

use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use auth::{Authenticator, ScramSettings, Settings};
use delivery::Delivery;
use mailstore::{AttachmentText, Options, Store};
use model::SystemClock;
use net::{Drain, Tls};
use storage::{RealDisk, RocksEngine, RocksOptions, SegmentOptions, SegmentStore};
use tokio::runtime::{Builder, Runtime};

use crate::attachments::Attachments;
use crate::config::{Config, TlsSource};
use crate::control::server::{Control, converse};
use crate::directory::StoredUsers;
use crate::failure::Failure;
use crate::folder::DataFolder;

/// How long blocking work may go on when everything else has ended. It is reads; nothing that was acknowledged waits.
const SHUTDOWN_WITHIN: Duration = Duration::from_secs(5);
/// How often to look whether the store is closed.
const CLOSED_EVERY: Duration = Duration::from_millis(1);

/// The mail of all users, and who may come to it.
#[derive(Clone)]
pub(crate) struct Mail {
    /// The store.
    pub(crate) store: Arc<Store>,
    /// Logins.
    pub(crate) authenticator: Arc<Authenticator>,
    /// The way of mail to the users.
    pub(crate) delivery: Arc<Delivery>,
    /// What the command line can ask for.
    pub(crate) control: Arc<Control>,
    /// Kept to see when nobody uses it any more.
    engine: Arc<RocksEngine>,
}

impl Mail {
    /// Opens the store of a data folder, or makes it. Blocks while it reads.
    ///
    /// # Errors
    /// The store cannot be opened, or the cost of passwords is none.
    pub(crate) fn open(folder: &DataFolder, config: &Config) -> Result<Self, Failure> {
        let options = RocksOptions { cache_bytes: config.limits.row_cache_bytes };
        let engine = Arc::new(RocksEngine::open(&folder.folder("kv")?, options)?);
        let store = open_store(engine.clone(), folder, config)?;
        let clock = Arc::new(SystemClock);
        let directory = Arc::new(StoredUsers { store: store.clone(), domains: config.domains.clone() });
        let settings = Settings {
            default_domain: config.default_domain.clone(),
            pool: config.hashing,
            cache: config.recent_logins,
            throttle: config.failed_logins,
            scram: ScramSettings {
                mode: config.scram.mode,
                iterations: config.scram.iterations,
                secret: folder.secret()?,
            },
        };
        let authenticator = Arc::new(Authenticator::new(directory.clone(), settings, clock.clone())?);
        let delivery = Delivery::new(store.clone(), directory, clock, config.delivery_rules());
        let delivery = Arc::new(delivery);
        let control = Control::new(store.clone(), authenticator.clone(), delivery.clone(), config);
        Ok(Self { store, authenticator, delivery, control: Arc::new(control), engine })
    }
}

/// Who reads attachments, unless none are searched.
fn attachments(config: &Config) -> Option<Arc<dyn AttachmentText>> {
    let kinds = config.attachments.clone();
    (!kinds.is_empty()).then(|| Arc::new(Attachments::new(kinds)) as Arc<dyn AttachmentText>)
}

fn open_store(engine: Arc<RocksEngine>, folder: &DataFolder, config: &Config) -> Result<Arc<Store>, Failure> {
    let disk = Arc::new(RealDisk::open(&folder.folder("blobs")?)?);
    // Asked before the segments are opened: that cuts off what the engine knows nothing of.
    if mailstore::is_lost(&*disk, &*engine)? {
        return Err(Failure::EngineLost { path: folder.path().to_owned() });
    }
    let committed = mailstore::committed_lengths(&*engine)?;
    let blobs = SegmentStore::open(disk, SegmentOptions::default(), &committed)?;
    for damage in blobs.damage() {
        tracing::error!(%damage, "a segment is damaged; `postroom check --hashes` says which messages");
    }
    let staging = folder.path().join("staging");
    storage::clear_staging(&staging)?;
    let options = Options {
        message_bytes_max: config.limits.message_bytes,
        account: config.limits.account,
        nesting: config.limits.nesting,
        intents_max: config.limits.changes_waiting,
        intents_per_account_max: config.limits.changes_waiting_per_user,
        image_cache_bytes: config.limits.image_cache_bytes,
        disk_reserve_bytes: config.limits.disk_reserve_bytes,
        attachments: attachments(config),
        ..Options::new(staging)
    };
    Ok(Store::open(engine, Arc::new(blobs), Arc::new(SystemClock), options)?)
}

/// The certificate, as the configuration says.
///
/// # Errors
/// It cannot be read, or not be made.
pub(crate) fn tls(config: &Config, folder: &DataFolder) -> Result<Option<Tls>, Failure> {
    Ok(match &config.tls {
        None => None,
        Some(TlsSource::Files(files)) => Some(Tls::from_files(files.clone())?),
        Some(TlsSource::SelfSigned) => Some(self_signed(folder)?),
    })
}

fn self_signed(folder: &DataFolder) -> Result<Tls, Failure> {
    let place = folder.folder("tls")?;
    let (certificate, key) = (place.join("certificate.pem"), place.join("key.pem"));
    if certificate.exists() != key.exists() {
        // One without the other is what a crash left while they were made, and of no use.
        for half in [&certificate, &key].into_iter().filter(|half| half.exists()) {
            let removed = std::fs::remove_file(half);
            removed.map_err(|source| Failure::System { op: "remove half a certificate", source })?;
        }
    }
    let tls = Tls::self_signed(&certificate, &key)?;
    folder.sync(&place)?;
    Ok(tls)
}

/// Threads for what blocks, which is short: reads and writes of the store. More would not read faster, and each keeps
/// memory that others have freed (docs/decisions/0007-allocator.md).
const BLOCKING_THREADS: usize = 32;

/// The runtime that serves everybody. It is made after root was given up, so that no thread keeps it.
///
/// # Errors
/// The system refuses threads.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    let mut builder = Builder::new_multi_thread();
    builder.enable_all().thread_name("postroom").max_blocking_threads(BLOCKING_THREADS);
    let runtime = builder.build();
    runtime.map_err(|source| Failure::System { op: "start threads", source })
}

/// Ends the runtime, and then closes the store. Neither may take for ever.
///
/// The engine has threads of its own and must be closed before the process exits, or it may crash on its way out.
pub(crate) fn close(runtime: Runtime, mail: Mail) {
    runtime.shutdown_timeout(SHUTDOWN_WITHIN);
    let engine = mail.engine.clone();
    drop(mail);
    let until = Instant::now() + SHUTDOWN_WITHIN;
    while Arc::strong_count(&engine) > 1 {
        if Instant::now() > until {
            tracing::warn!("the store is still in use; leaving it as after a crash");
            return;
        }
        std::thread::sleep(CLOSED_EVERY);
    }
}

/// A store that a command has opened for itself, since no server runs, with the server's side of one conversation.
pub(crate) struct Local {
    /// Until it is dropped.
    open: Option<(Runtime, Mail)>,
    /// Given back when the store is closed.
    _folder: DataFolder,
}

impl Local {
    /// Opens the store of `folder` and converses over `stream`.
    ///
    /// # Errors
    /// As [`Mail::open`].
    pub(crate) fn open(folder: DataFolder, config: &Config, stream: UnixStream) -> Result<Self, Failure> {
        let refused = |source| Failure::System { op: "open a conversation", source };
        let runtime = runtime()?;
        let entered = runtime.enter();
        let mail = Mail::open(&folder, config)?;
        stream.set_nonblocking(true).map_err(refused)?;
        let stream = tokio::net::UnixStream::from_std(stream).map_err(refused)?;
        runtime.spawn(converse(stream, mail.control.clone(), Drain::new()));
        drop(entered);
        Ok(Self { open: Some((runtime, mail)), _folder: folder })
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        if let Some((runtime, mail)) = self.open.take() {
            close(runtime, mail);
        }
    }
}

/// Raises the limit of open files as far as the system allows: each connection is one.
pub(crate) fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}
