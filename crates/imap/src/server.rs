//! The IMAP service as the program sees it: what it needs, how it is set, and one connection served.
//!
//! It does not listen: `net` accepts connections and hands them here.

use std::sync::Arc;
use std::time::Duration;

use auth::Authenticator;
use imap_proto::limits::Limits;
use mailstore::Store;
use net::{Conn, Drain, Tls};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::reply::{End, Failure};
use crate::session::Session;
use crate::switches::Switch;

/// Who may send a password without TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlaintextLogin {
    /// Nobody: LOGINDISABLED is advertised until TLS has begun (RFC 3501 §6.2.3).
    #[default]
    Never,
    /// Clients on this machine.
    Loopback,
}

/// How patient the server is, and what it offers where that can be chosen.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who may send a password without TLS.
    pub plaintext_login: PlaintextLogin,
    /// How long a client has to log in.
    pub login_timeout: Duration,
    /// Commands that a client may send without a login.
    pub commands_before_login_max: u32,
    /// Bytes that a client may send without a login, as they are under TLS.
    pub bytes_before_login_max: u64,
    /// How long a client may be silent afterwards; RFC 3501 §5.4 asks for at least 30 minutes.
    pub idle_timeout: Duration,
    /// How often an idling client hears that the connection is alive.
    // CLIENT: Outlook and some NAT routers forget a connection that is silent for longer.
    pub idle_keepalive: Duration,
    /// How often a client hears how far a long command has come (RFC 9585).
    pub progress_every: Duration,
    /// After so many BAD answers in a row the client is sent away.
    pub bad_commands_max: u32,
    /// Searches that read message contents, SORTs and THREADs at the same time in the whole server; one more waits. Each takes
    /// a thread of the blocking pool, and a search one message in memory, the others what they compare.
    pub text_searches_max: usize,
    /// How many stretches of UIDs `$` may have (RFC 5182 §2.1): eight bytes each, in every session that saves a search.
    pub saved_ranges_max: usize,
    /// How much of anything one command may hold.
    pub limits: Limits,
    /// Which capabilities are offered to whom; later ones prevail. UIDONLY is not offered unless one says so.
    // CLIENT: Microsoft's cloud client enables UIDONLY wherever it is offered, and then sends message numbers.
    pub switches: Vec<Switch>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            plaintext_login: PlaintextLogin::Never,
            login_timeout: Duration::from_secs(3 * 60),
            commands_before_login_max: 100,
            bytes_before_login_max: 64 * 1024,
            idle_timeout: Duration::from_secs(30 * 60),
            idle_keepalive: Duration::from_secs(2 * 60),
            progress_every: Duration::from_secs(10),
            bad_commands_max: 20,
            text_searches_max: 4,
            saved_ranges_max: 1 << 17,
            limits: Limits::DEFAULT,
            switches: Vec::new(),
        }
    }
}

/// Everything that sessions share.
pub struct ImapServer {
    pub(crate) store: Arc<Store>,
    pub(crate) authenticator: Arc<Authenticator>,
    /// For STARTTLS; `None` where it is not offered.
    pub(crate) tls: Option<Tls>,
    pub(crate) settings: Settings,
    /// A permit for every search that reads contents, every SORT and THREAD.
    text_searches: Arc<Semaphore>,
}

impl ImapServer {
    /// A server over `store` for the users that `authenticator` knows.
    #[must_use]
    pub fn new(
        store: Arc<Store>,
        authenticator: Arc<Authenticator>,
        tls: Option<Tls>,
        settings: Settings,
    ) -> Self {
        let text_searches = Arc::new(Semaphore::new(settings.text_searches_max));
        Self { store, authenticator, tls, settings, text_searches }
    }

    /// A place among the text searches under way, once there is one.
    pub(crate) async fn text_search(&self) -> Result<OwnedSemaphorePermit, Failure> {
        // It is closed with the server alone.
        Arc::clone(&self.text_searches).acquire_owned().await.map_err(|_| End::ShuttingDown.into())
    }

    /// Serves one connection to its end. When `drain` begins, the client is told goodbye between commands.
    pub async fn serve(self: Arc<Self>, conn: Conn, drain: Drain) {
        Session::new(self, conn, drain).run().await;
    }
}
