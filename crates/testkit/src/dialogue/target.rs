//! Where a dialogue is played: the server, and the accounts it may use there.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long a connection may take to be accepted.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);

/// A name and a password.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// What LOGIN sends first.
    pub user: String,
    /// What LOGIN sends second.
    pub password: String,
}

/// What a dialogue finds in the accounts it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accounts {
    /// Nothing: nobody has used them before.
    Fresh,
    /// What earlier dialogues left; the runner empties them over IMAP.
    Used,
}

/// How much a user may keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaLimits {
    /// In units of 1024 bytes.
    pub storage: u64,
    /// How many.
    pub messages: u64,
}

/// A server that dialogues are played against.
pub trait Target {
    /// A new dialogue begins; says what its accounts hold.
    fn begin(&mut self) -> Accounts;

    /// The credentials of the dialogue's n-th user, from 1; `None` if there are not so many.
    fn credentials(&mut self, user: usize) -> Option<Credentials>;

    /// Limits what the n-th user may keep; `false` if that is not for the runner to say.
    fn limit(&mut self, _user: usize, _limits: QuotaLimits) -> bool {
        false
    }

    /// Connects to the server in plain text.
    ///
    /// # Errors
    /// Whatever the network says.
    fn connect(&mut self) -> io::Result<TcpStream>;

    /// The name that `differs` lines know the server by.
    fn peer(&self) -> &str;
}

/// Any IMAP server on a socket.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    peer: String,
    users: Vec<Credentials>,
    /// Makes the names of `{n}` templates unlike those of earlier runs.
    run: u128,
    dialogue: u64,
}

/// What a user name may contain to be different in each dialogue.
const FRESH_NAME: &str = "{n}";

impl Server {
    /// Users whose names contain `{n}` are new ones in each dialogue: the server is expected to know them,
    /// or to make them at their first login.
    #[must_use]
    pub fn new(address: SocketAddr, peer: &str, users: Vec<Credentials>) -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { address, peer: peer.to_owned(), users, run: since_epoch.as_millis(), dialogue: 0 }
    }
}

impl Target for Server {
    fn begin(&mut self) -> Accounts {
        self.dialogue += 1;
        let is_fresh = self.users.iter().all(|user| user.user.contains(FRESH_NAME));
        if is_fresh { Accounts::Fresh } else { Accounts::Used }
    }

    fn credentials(&mut self, user: usize) -> Option<Credentials> {
        let index = user.checked_sub(1)?;
        // One template serves any number of users.
        let template = self
            .users
            .get(index)
            .or_else(|| self.users.first().filter(|user| user.user.contains(FRESH_NAME)))?;
        let unique = format!("{:x}x{}x{user}", self.run, self.dialogue);
        Some(Credentials {
            user: template.user.replace(FRESH_NAME, &unique),
            password: template.password.clone(),
        })
    }

    fn connect(&mut self) -> io::Result<TcpStream> {
        TcpStream::connect_timeout(&self.address, CONNECT_PATIENCE)
    }

    fn peer(&self) -> &str {
        &self.peer
    }
}
