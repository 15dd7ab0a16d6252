//! Connections: listeners, TLS and STARTTLS, limits, drain on shutdown, and giving up root.
//!
//! It moves bytes and knows no protocol that is spoken in them. It is the only crate that names rustls:
//! what leaves it is a [`Conn`], the same type over TCP, TLS and an in-memory stream.

mod conn;
mod drain;
mod host_name;
mod inherited;
mod limit;
mod listener;
mod privilege;
mod serve;
mod tls;

pub use conn::{Bounds, Conn, Lost, READ_BYTES_MAX, Stream, Traffic};
pub use drain::{Drain, Drained, Session};
pub use host_name::host_name;
pub use inherited::{Inherited, InheritedFault};
pub use limit::{Gate, Limits, Permit, TurnedAway};
pub use listener::{ListenFault, Listener, Place, SocketAccess};
pub use privilege::{PrivilegeFault, User, is_root};
pub use serve::{Service, serve};
pub use tls::{CertificateFiles, CertificateState, Tls, TlsFault};
