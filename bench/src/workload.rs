//! The workloads: each measures one server and gives figures, the same ones whichever server it is.
//!
//! User 0 has the large mailbox, [`LARGE`]; users from [`FIRST_SMALL`] on have small ones of their own. A workload
//! leaves behind what it found, as far as the next one could notice.

mod append;
mod bulk;
mod fetch;
mod fill;
mod idle;
mod lmtp;
mod login;
mod mixed;
mod search;
mod select;
mod store;

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use clap::ValueEnum;
use clap::builder::RangedU64ValueParser;

pub(crate) use fill::fill;

use crate::connection::Connection;
use crate::mail::{Mail, Notes};
use crate::measure::Figure;
use crate::server::Server;

/// The mailbox of user 0 that has many messages.
const LARGE: &str = "Large";

/// The user whom many clients share.
const SHARED: usize = 1;

/// The first of the users who have small mailboxes.
const FIRST_SMALL: usize = 10;

/// As many as workloads have clients with a user each, besides those of the large and the shared mailbox.
const USERS_MIN: u64 = 138;

/// How much is measured.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Sizes {
    /// Messages of the large mailbox
    #[arg(long, default_value_t = 100_000)]
    pub(crate) messages: usize,
    /// Users; 128 clients need one each
    #[arg(long, default_value_t = 2_000, value_parser = RangedU64ValueParser::<usize>::new().range(USERS_MIN..))]
    pub(crate) users: usize,
    /// Messages in the mailbox of each other user
    #[arg(long, default_value_t = 20)]
    pub(crate) small: usize,
    /// Bytes of an appended or delivered message
    #[arg(long, default_value_t = 4_096)]
    pub(crate) append_bytes: usize,
    /// Seconds of a workload that could go on for ever
    #[arg(long, default_value_t = 5)]
    pub(crate) seconds: u64,
    /// Messages of EXPUNGE, COPY and MOVE, and changes before a SELECT
    #[arg(long, default_value_t = 10_000)]
    pub(crate) bulk: usize,
    /// Sessions that idle
    #[arg(long, default_value_t = 1_000)]
    pub(crate) idle_sessions: usize,
    /// Seconds that they have idled when the memory is read
    #[arg(long, default_value_t = 120)]
    pub(crate) idle_seconds: u64,
    /// Sessions that idle on one mailbox when a message arrives
    #[arg(long, default_value_t = 500)]
    pub(crate) told_sessions: usize,
    /// Sessions of the mixed traffic
    #[arg(long, default_value_t = 500)]
    pub(crate) mixed_sessions: usize,
    /// Seconds of the mixed traffic
    #[arg(long, default_value_t = 600)]
    pub(crate) mixed_seconds: u64,
}

impl Sizes {
    fn time(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

/// What every workload needs.
pub(crate) struct Scene {
    pub(crate) sizes: Sizes,
    pub(crate) mail: Mail,
    pub(crate) notes: Notes,
    /// Numbers of notes that were given out.
    numbers: Cell<usize>,
}

impl Scene {
    pub(crate) fn new(sizes: Sizes) -> Self {
        let mail = Mail::new();
        let notes = Notes::new(&mail, sizes.append_bytes);
        Self { sizes, mail, notes, numbers: Cell::new(0) }
    }

    /// A message that no server has seen.
    fn fresh_note(&self) -> Vec<u8> {
        let number = self.numbers.get() + 1;
        self.numbers.set(number);
        self.notes.stamped(number)
    }

    /// The user of a client that has one of its own.
    fn own_user(&self, client: usize) -> usize {
        FIRST_SMALL + client % (self.sizes.users - FIRST_SMALL)
    }
}

/// A group of figures that are measured together.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Workload {
    /// SELECT, warm, cold, and with QRESYNC
    Select,
    /// FETCH of flags, envelopes, headers and contents
    Fetch,
    /// STORE on one message and on all
    Store,
    /// COPY, MOVE and EXPUNGE of many messages
    Bulk,
    /// SEARCH, SORT and THREAD
    Search,
    /// Durable APPEND
    Append,
    /// Durable delivery over LMTP
    Lmtp,
    /// Logins, with and without TLS
    Login,
    /// Memory of idle sessions, and how soon they know of a new message
    Idle,
    /// Everyday traffic of many sessions
    Mixed,
}

impl Workload {
    /// Measures a server once.
    pub(crate) async fn run(self, scene: &Rc<Scene>, server: &mut Server) -> io::Result<Vec<Figure>> {
        match self {
            Self::Select => select::run(scene, server).await,
            Self::Fetch => fetch::run(scene, server).await,
            Self::Store => store::run(scene, server).await,
            Self::Bulk => bulk::run(scene, server).await,
            Self::Search => search::run(scene, server).await,
            Self::Append => append::run(scene, server).await,
            Self::Lmtp => lmtp::run(scene, server).await,
            Self::Login => login::run(scene, server).await,
            Self::Idle => idle::run(scene, server).await,
            Self::Mixed => mixed::run(scene, server).await,
        }
    }
}

/// A connection of a user on which a mailbox is selected.
async fn selected(server: &Server, user: usize, mailbox: &str) -> io::Result<Connection> {
    let mut connection = server.login(user).await?;
    connection.expect(&format!("SELECT {mailbox}")).await?;
    Ok(connection)
}
