//! IMAP sessions: what a client may say when, and how it stays in step with its mailbox.
//!
//! A session reads frames, runs one command after another as a method of the state that it needs, and
//! ends each with the pump, which alone tells what changed. How things are spelt on the wire is
//! `imap-proto`'s business, what a mailbox holds is `mailstore`'s. RFC 3501 and the extensions in
//! `docs/rfc/index.txt`.

mod cmd;
mod dispatch;
mod flag_list;
#[doc(hidden)]
pub mod follower;
mod io;
mod object_id;
mod page;
mod progress;
mod pump;
mod reply;
mod server;
mod session;
mod state;
mod switches;
mod view;

pub use imap_proto::Limits;
pub use imap_proto::extension::{CapabilitySet, switchable};
pub use server::{ImapServer, PlaintextLogin, Settings};
pub use switches::Switch;
