//! The workloads: each measures one server and gives figures, the same ones whichever server it is.
//!
//! User [`LARGE_OWNER`] has the large mailbox, [`LARGE`]; users from [`FIRST_SMALL`] on have small ones of their own. A workload
//! leaves behind what it found, as far as the next one could notice.

mod append;
mod bulk;
mod fetch;
mod fill;
mod growth;
mod idle;
mod index;
mod lmtp;
mod login;
mod mixed;
mod passwords;
mod search;
mod select;
mod socket;
mod store;

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use clap::ValueEnum;
use clap::builder::RangedU64ValueParser;

pub(crate) use fill::fill;
pub(crate) use growth::{grow, measured};
pub(crate) use index::catch_up;
pub(crate) use passwords::USERS as PASSWORD_USERS;

use crate::connection::Connection;
use crate::mail::{Mail, Notes};
use crate::measure::Figure;
use crate::server::Server;

/// The mailbox that has many messages.
const LARGE: &str = "Large";

/// The user who has it.
const LARGE_OWNER: usize = 0;

/// The user whom many clients share.
const SHARED: usize = 1;

/// The user whose mail Dovecot's full-text plugin searches, and Postroom beside it.
pub(crate) const TEXT_OWNER: usize = 2;

/// That mail: the first messages of the large mailbox.
const TEXT: &str = "Text";

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
    /// Messages of the mailbox that Dovecot's full-text plugin searches; it indexes only a few a second
    #[arg(long, default_value_t = 2_000)]
    pub(crate) text_messages: usize,
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
    /// The same for Postroom, after it was measured with as many as the others; users repeat
    #[arg(long, default_value_t = 10_000)]
    pub(crate) idle_sessions_postroom: usize,
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
    /// The same answers of Postroom and of a loop that only writes them
    Socket,
    /// STORE on one message and on all
    Store,
    /// COPY, MOVE and EXPUNGE of many messages
    Bulk,
    /// Making a text index
    Index,
    /// SEARCH, SORT and THREAD
    Search,
    /// SEARCH beside Dovecot's full-text plugin
    FullText,
    /// Durable APPEND
    Append,
    /// Durable delivery over LMTP
    Lmtp,
    /// Logins, with and without TLS
    Login,
    /// Logins of a Postroom whose passwords cost what they do by default
    Passwords,
    /// Memory of idle sessions, and how soon they know of a new message
    Idle,
    /// Everyday traffic of many sessions
    Mixed,
}

impl Workload {
    /// Whether it writes mail, which is to be durable on every server. Where nothing or only a flag for later is
    /// written, each server does that as it does by default.
    pub(crate) fn is_durable(self) -> bool {
        matches!(self, Self::Store | Self::Bulk | Self::Append | Self::Lmtp | Self::Mixed)
    }

    /// Whether it takes long, so that it may be measured in fewer rounds.
    pub(crate) fn is_long(self) -> bool {
        matches!(self, Self::Index | Self::Search | Self::Idle | Self::Mixed)
    }

    /// Measures a server once.
    pub(crate) async fn run(self, scene: &Rc<Scene>, server: &mut Server) -> io::Result<Vec<Figure>> {
        match self {
            Self::Select => select::run(scene, server).await,
            Self::Fetch => fetch::run(scene, server).await,
            Self::Socket => socket::run(scene, server).await,
            Self::Store => store::run(scene, server).await,
            Self::Bulk => bulk::run(scene, server).await,
            Self::Index => index::run(scene, server).await,
            Self::Search => search::run(scene, server).await,
            Self::FullText => search::run_texts(scene, server).await,
            Self::Append => append::run(scene, server).await,
            Self::Lmtp => lmtp::run(scene, server).await,
            Self::Login => login::run(scene, server).await,
            Self::Passwords => passwords::run(scene, server).await,
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
