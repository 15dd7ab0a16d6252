//! How the command line talks to a running server: a socket in the data folder that only the server's user can open.
//!
//! The same conversation is held within one process when no server runs and the command line opens the store itself.

mod aliases;
pub(crate) mod client;
pub(crate) mod deliver;
mod importer;
mod index;
pub(crate) mod protocol;
mod quota;
pub(crate) mod server;
