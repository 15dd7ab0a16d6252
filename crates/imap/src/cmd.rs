//! The commands, one file per verb. Each is a method of the state that it needs, or a function where any will do.
//!
//! NOOP, CHECK, LOGOUT and UNSELECT have no file: they are what `dispatch` does for every command.

mod append;
pub(crate) mod authenticate;
pub(crate) mod capability;
mod close;
pub(crate) mod comparator;
mod compress;
mod copy;
mod create;
mod delete;
mod enable;
mod expunge;
pub(crate) mod fetch;
pub(crate) mod id;
pub(crate) mod idle;
mod list;
pub(crate) mod login;
mod r#move;
pub(crate) mod namespace;
mod quota;
mod rename;
mod replace;
mod search;
mod select;
mod sort;
mod status;
mod store;
mod subscribe;
mod thread;
mod uidbatches;
mod unauthenticate;
