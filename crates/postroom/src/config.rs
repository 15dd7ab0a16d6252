//! The configuration of `postroom serve`: what can be chosen, what holds where nothing is, and reading the file.
//!
//! `docs/configuration.md` documents every key and `postroom.toml` shows each with its default; a test keeps the three
//! together.

mod capabilities;
mod delivery;
mod folders;
mod http;
mod imap;
mod keys;
mod read;
mod reader;
pub(crate) mod size;

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ::imap::{Switch, switchable};
use auth::{CacheSettings, Cost, ITERATIONS_DEFAULT, PoolSettings, ScramMode, ThrottleSettings};
use mailstore::AccountLimits;
use message::Nesting;
use net::CertificateFiles;
use storage::RocksOptions;

pub(crate) use delivery::Arriving;
pub(crate) use folders::{DefaultFolders, Language};
pub(crate) use imap::Imap;
pub(crate) use reader::Problem;

/// The sample that ships with the program.
pub(crate) const SAMPLE: &str = include_str!("../postroom.toml");

/// The largest configuration file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// All that the operator can choose.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// Where everything is kept.
    pub(crate) data: PathBuf,
    /// The domain of login names without one.
    pub(crate) default_domain: String,
    /// The domains that users can be in.
    pub(crate) domains: Vec<String>,
    /// Whom to run as, when started as root.
    pub(crate) run_as: Option<RunAs>,
    /// Where passwords are taken without TLS.
    pub(crate) plaintext_login: PlaintextLogin,
    /// Which capabilities of IMAP are offered to whom.
    pub(crate) switches: Vec<Switch>,
    /// Where to listen.
    pub(crate) listeners: Vec<Listen>,
    /// The certificate; there may be none when only HTTP is served.
    pub(crate) tls: Option<TlsSource>,
    /// What is logged, and how.
    pub(crate) log: LogSettings,
    /// Bounds of everybody and of each user.
    pub(crate) limits: Limits,
    /// Bounds of IMAP's commands and sessions.
    pub(crate) imap: Imap,
    /// How mail is taken.
    pub(crate) arriving: Arriving,
    /// Bounds of HTTP.
    pub(crate) http: web::Settings,
    /// Of which attachments the text is searched.
    pub(crate) attachments: Vec<documents::Kind>,
    /// The folders of a new account, besides INBOX.
    pub(crate) folders: DefaultFolders,
    /// How passwords are hashed.
    pub(crate) hashing: PoolSettings,
    /// What is remembered of recent logins.
    pub(crate) recent_logins: CacheSettings,
    /// What becomes of SCRAM.
    pub(crate) scram: Scram,
    /// How failed logins slow down later ones.
    pub(crate) failed_logins: ThrottleSettings,
}

/// What becomes of SCRAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scram {
    /// Whether verifiers are stored, and logins by them offered.
    pub(crate) mode: ScramMode,
    /// Iterations of new verifiers.
    pub(crate) iterations: u32,
}

impl Default for Scram {
    fn default() -> Self {
        Self { mode: ScramMode::Offered, iterations: ITERATIONS_DEFAULT }
    }
}

/// A user, and perhaps a group, of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RunAs {
    /// The user's name.
    pub(crate) user: String,
    /// The group, if not the user's own.
    pub(crate) group: Option<String>,
}

/// Where a password may travel without encryption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlaintextLogin {
    /// Nowhere.
    Never,
    /// Between programs of this machine.
    Loopback,
}

/// What is spoken at a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Protocol {
    /// IMAP in plain text, with STARTTLS.
    Imap,
    /// IMAP inside TLS.
    Imaps,
    /// Health and metrics.
    Http,
    /// Mail that a mail server hands over.
    Lmtp,
    /// A mail server's questions whose an address is.
    Socketmap,
}

impl Protocol {
    /// Every protocol with its name in the configuration and in the log.
    pub(crate) const NAMES: [(&'static str, Self); 5] = [
        ("imap", Self::Imap),
        ("imaps", Self::Imaps),
        ("http", Self::Http),
        ("lmtp", Self::Lmtp),
        ("socketmap", Self::Socketmap),
    ];

    /// Its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Imap => "imap",
            Self::Imaps => "imaps",
            Self::Http => "http",
            Self::Lmtp => "lmtp",
            Self::Socketmap => "socketmap",
        }
    }

    /// Whether it may be spoken over a Unix socket: between programs of one machine.
    pub(crate) const fn is_for_sockets(self) -> bool {
        matches!(self, Self::Lmtp | Self::Socketmap)
    }

    /// Whether it needs a certificate.
    pub(crate) const fn needs_tls(self) -> bool {
        matches!(self, Self::Imap | Self::Imaps)
    }
}

/// One listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listen {
    /// What is spoken there.
    pub(crate) protocol: Protocol,
    /// Where it is.
    pub(crate) place: Place,
}

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// An address that the server binds.
    Address(SocketAddr),
    /// The sockets that the service manager hands over under this name.
    Systemd(String),
    /// A Unix socket that the server makes.
    Socket {
        /// Where.
        path: PathBuf,
        /// Who can connect.
        access: net::SocketAccess,
    },
}

/// Where the certificate comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TlsSource {
    /// From PEM files; the first certificate is for clients that name no host, or one that none is for.
    Files(Vec<CertificateFiles>),
    /// One that the server makes for itself in its data folder.
    SelfSigned,
}

/// What is logged, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LogSettings {
    /// How a line looks.
    pub(crate) format: LogFormat,
    /// What is important enough.
    pub(crate) level: tracing::Level,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// For programs: a JSON object a line.
    Json,
}

/// Bounds that depend on the machine and its users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Connections in all, from one address, of one user, and of nobody yet.
    pub(crate) connections: net::Limits,
    /// How long a client has to log in.
    pub(crate) login: Duration,
    /// The largest message, in bytes.
    pub(crate) message_bytes: u64,
    /// What one user may have.
    pub(crate) account: AccountLimits,
    /// How far messages that arrive are taken apart.
    pub(crate) nesting: Nesting,
    /// Changes under way in the whole store.
    pub(crate) changes_waiting: usize,
    /// Changes under way of one account.
    pub(crate) changes_waiting_per_user: usize,
    /// Memory for the images of mailboxes, in bytes.
    pub(crate) image_cache_bytes: usize,
    /// Memory for rows of the engine that were read, in bytes.
    pub(crate) row_cache_bytes: usize,
    /// Below so many free bytes, nothing is added to the store.
    pub(crate) disk_reserve_bytes: u64,
    /// How long sessions have to end when the server is stopped.
    pub(crate) drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: net::Limits::default(),
            login: Duration::from_secs(180),
            message_bytes: 64 << 20,
            account: AccountLimits::DEFAULT,
            nesting: Nesting::default(),
            changes_waiting: 4096,
            changes_waiting_per_user: 256,
            image_cache_bytes: 256 << 20,
            row_cache_bytes: RocksOptions::default().cache_bytes,
            disk_reserve_bytes: 256 << 20,
            drain: Duration::from_secs(20),
        }
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: tracing::Level::INFO }
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is too large to be a configuration.
    #[error("{path} is larger than any configuration ({FILE_BYTES_MAX} bytes at most)", path = path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The file says something that cannot be followed.
    #[error("{}", listed(path, problems))]
    Wrong {
        /// The file.
        path: PathBuf,
        /// All that is wrong with it, in the order of its lines.
        problems: Vec<Problem>,
    },
}

fn listed(path: &Path, problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(|p| format!("{}:{p}", path.display())).collect();
    lines.join("\n")
}

impl Config {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// It cannot be read, or all that is wrong with it.
    pub(crate) fn load(path: &Path) -> Result<Self, ConfigError> {
        let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
        if std::fs::metadata(path).map_err(unreadable)?.len() > FILE_BYTES_MAX {
            return Err(ConfigError::TooLarge { path: path.to_owned() });
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        read::config(&text).map_err(|problems| ConfigError::Wrong { path: path.to_owned(), problems })
    }

    /// The configuration of the demo, which has no file, and of commands that are given a data folder alone.
    pub(crate) fn demo(data: PathBuf) -> Self {
        let domain = "demo.example".to_owned();
        Self {
            data,
            default_domain: domain.clone(),
            domains: vec![domain],
            run_as: None,
            plaintext_login: PlaintextLogin::Never,
            switches: vec![Switch { on: switchable("UIDONLY").into_iter().collect(), ..Switch::default() }],
            listeners: Vec::new(),
            tls: Some(TlsSource::SelfSigned),
            log: LogSettings::default(),
            limits: Limits::default(),
            imap: Imap::default(),
            arriving: Arriving::default(),
            http: web::Settings::default(),
            attachments: documents::Kind::all(),
            folders: DefaultFolders::default(),
            hashing: PoolSettings::default(),
            recent_logins: CacheSettings::default(),
            scram: Scram::default(),
            failed_logins: ThrottleSettings::default(),
        }
    }
}

/// The cost of a new hash, with what is not configured as [`Cost::default`] has it.
pub(crate) fn cost(memory_kib: Option<u32>, passes: Option<u32>, lanes: Option<u32>) -> Cost {
    let usual = Cost::default();
    Cost {
        memory_kib: memory_kib.unwrap_or(usual.memory_kib),
        passes: passes.unwrap_or(usual.passes),
        lanes: lanes.unwrap_or(usual.lanes),
    }
}

/// How many passwords are hashed at once, unless configured.
pub(crate) fn usual_workers() -> NonZeroUsize {
    PoolSettings::default().workers
}

#[cfg(test)]
mod tests;
