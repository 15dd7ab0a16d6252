//! Why a command fails, and the exit code that says so.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::config::ConfigError;
use crate::control::client::ClientFault;
use crate::control::server::UserUnmade;
use crate::folder::FolderFault;
use crate::import::Undetected;
use crate::password::Unread;
use crate::rebuild::Unneeded;

/// Exit code of a command that failed. (2 is for arguments that make no sense.)
const FAILED: u8 = 1;
/// Exit code of a command that did what it could, and not all of it: some messages were not imported or brought back,
/// or the check found problems.
const PARTLY: u8 = 3;
/// Exit code of a server whose store failed (EX_IOERR of `sysexits.h`).
const STORE_FAILED: u8 = 74;

/// Why a command fails. Its text is for whoever typed the command.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The configuration will not do.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderFault),
    /// No documents can be read here.
    #[error("reading documents: {0}")]
    ReadDocuments(std::io::Error),
    /// The conversation with the server failed.
    #[error(transparent)]
    Client(#[from] ClientFault),
    /// The store cannot be opened or has failed.
    #[error("the store: {0}")]
    Store(#[from] mailstore::Error),
    /// The store's files cannot be opened.
    #[error("the store: {0}")]
    Storage(#[from] storage::Error),
    /// The store failed while the server ran.
    #[error(
        "the store has failed, and what was not acknowledged may or may not be there; see the log, put right what is \
         wrong with the disk, and start the server again"
    )]
    StoreFailed,
    /// A user cannot be made.
    #[error("user {name}: {source}")]
    User {
        /// The user.
        name: String,
        /// Why.
        source: UserUnmade,
    },
    /// Passwords cannot be hashed as configured.
    #[error(transparent)]
    Cost(#[from] auth::InvalidCost),
    /// The certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] net::TlsFault),
    /// A socket cannot be listened on.
    #[error(transparent)]
    Listen(#[from] net::ListenFault),
    /// A socket that was handed over cannot be used.
    #[error(transparent)]
    Inherited(#[from] net::InheritedFault),
    /// No socket of that name was handed over.
    #[error(
        "the configuration has a listener with systemd = {name:?}, but no socket of that name was handed over"
    )]
    NotHandedOver {
        /// The name.
        name: String,
    },
    /// The process cannot run as the user it should.
    #[error(transparent)]
    Privilege(#[from] net::PrivilegeFault),
    /// The server would stay root.
    #[error(
        "`postroom serve` does not stay root: name a user in the configuration, for example user = \"postroom\" \
         (`useradd --system postroom` makes one), or start it as that user"
    )]
    StayingRoot,
    /// Metrics cannot be recorded.
    #[error(transparent)]
    Metrics(#[from] web::MetricsFault),
    /// The system refuses something that every server needs.
    #[error("cannot {op}: {source}")]
    System {
        /// What.
        op: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
    /// A source of an import cannot be opened.
    #[error(transparent)]
    Source(#[from] Undetected),
    /// A password was not given.
    #[error(transparent)]
    Password(#[from] Unread),
    /// A question was not answered with yes.
    #[error("nothing was done; say --yes to do it without being asked")]
    NotConfirmed,
    /// Part of an import was left out.
    #[error("{skipped} could not be imported; the lines above say why")]
    Skipped {
        /// How many messages or folders.
        skipped: u64,
    },
    /// The engine has no store, but there is mail.
    #[error(
        "the engine in {path}/kv is empty, and there is mail in {path}/blobs: restore a backup of kv, or let `postroom \
         rebuild` make it anew",
        path = path.display()
    )]
    EngineLost {
        /// The data folder.
        path: PathBuf,
    },
    /// A store is not rebuilt.
    #[error(transparent)]
    Unneeded(#[from] Unneeded),
    /// Not everything was brought back.
    #[error("the store is rebuilt, but not as it was; the {losses} lines above say what is lost")]
    Losses {
        /// How many.
        losses: usize,
    },
    /// A message was not delivered to everybody.
    #[error("not delivered: {why}")]
    NotDelivered {
        /// The code of `sysexits.h` that says what to do about it.
        exit: u8,
        /// To whom not, and why.
        why: String,
    },
    /// The check found problems.
    #[error("the store is not consistent: {problems} problems")]
    Inconsistent {
        /// How many.
        problems: u64,
    },
}

impl Failure {
    /// What the process ends with.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Skipped { .. } | Self::Inconsistent { .. } | Self::Losses { .. } => PARTLY,
            Self::StoreFailed => STORE_FAILED,
            Self::NotDelivered { exit, .. } => *exit,
            _ => FAILED,
        })
    }
}

impl From<mailstore::Fault> for Failure {
    fn from(fault: mailstore::Fault) -> Self {
        Self::Store(fault.into())
    }
}
