//! A listening socket, bound here or inherited.
//!
//! It accepts and tunes connections over TCP and Unix sockets; who may connect and what is spoken is decided in `serve`.

mod unix;

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use socket2::{Domain, Protocol, Socket, Type};

use crate::conn::Stream;

pub use unix::SocketAccess;

/// Connections the kernel holds for us until they are accepted.
const BACKLOG: i32 = 1024;
/// Ports below this are for root and `CAP_NET_BIND_SERVICE`.
const UNPRIVILEGED_PORT_MIN: u16 = 1024;

/// A socket that accepts connections. Binding needs no runtime, so that it can come before the
/// runtime starts and before root is given up; accepting needs one.
#[derive(Debug)]
pub struct Listener {
    socket: Bound,
    place: Place,
}

#[derive(Debug)]
enum Bound {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// Where a listener is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// An address with a port.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(addr) => addr.fmt(f),
            Self::Unix(path) => path.display().fmt(f),
        }
    }
}

/// Why there is no listener.
#[derive(Debug, thiserror::Error)]
pub enum ListenFault {
    /// Something else listens there.
    #[error("cannot listen on {addr}: another program listens there already")]
    InUse {
        /// The address asked for.
        addr: SocketAddr,
    },
    /// A low port, and neither root nor the capability.
    #[error(
        "cannot listen on {addr}: ports below 1024 need the capability CAP_NET_BIND_SERVICE, \
         socket activation, or a start as root with `user = ` to drop to"
    )]
    Privileged {
        /// The address asked for.
        addr: SocketAddr,
    },
    /// The machine has no such address.
    #[error("cannot listen on {addr}: this machine does not have that address")]
    NoSuchAddress {
        /// The address asked for.
        addr: SocketAddr,
    },
    /// Another program listens on the Unix socket.
    #[error("cannot listen on {path}: another program listens there already", path = path.display())]
    SocketInUse {
        /// The path asked for.
        path: PathBuf,
    },
    /// There is a file of another kind where the Unix socket should be.
    #[error("cannot listen on {path}: there is a file that is no socket", path = path.display())]
    NotASocket {
        /// The path asked for.
        path: PathBuf,
    },
    /// There is no such group.
    #[error("cannot give {path} to the group {group:?}: there is no such group", path = path.display())]
    NoSuchGroup {
        /// The path asked for.
        path: PathBuf,
        /// The group.
        group: String,
    },
    /// Something else.
    #[error("cannot listen on {place}: {source}")]
    System {
        /// The address or path asked for.
        place: Place,
        /// What the system says.
        source: io::Error,
    },
    /// A socket that was handed over cannot be used.
    #[error("cannot use an inherited socket: {source}")]
    Inherited {
        /// What the system says.
        source: io::Error,
    },
}

impl Listener {
    /// Listens on `addr`; port 0 takes any free one.
    ///
    /// An IPv6 address stands for IPv6 only, so `0.0.0.0` and `[::]` can be bound side by side.
    ///
    /// # Errors
    /// Each variant of [`ListenFault`] but `Inherited`.
    pub fn bind(addr: SocketAddr) -> Result<Self, ListenFault> {
        let socket = open(addr).map_err(|source| blame(addr, source))?;
        let addr = socket.local_addr().map_err(|source| blame(addr, source))?;
        Ok(Self { socket: Bound::Tcp(socket), place: Place::Tcp(addr) })
    }

    /// Listens on a Unix socket that `access` can connect to. A socket that nobody listens on any more is replaced.
    ///
    /// # Errors
    /// [`ListenFault::SocketInUse`], [`ListenFault::NotASocket`], [`ListenFault::NoSuchGroup`], or the system refuses.
    pub fn bind_unix(path: &Path, access: &SocketAccess) -> Result<Self, ListenFault> {
        let socket = unix::open(path, access)?;
        Ok(Self { socket: Bound::Unix(socket), place: Place::Unix(path.to_owned()) })
    }

    /// Listens on a socket that was bound by somebody else, such as one of [`crate::Inherited`].
    ///
    /// # Errors
    /// [`ListenFault::Inherited`].
    pub fn from_inherited(socket: TcpListener) -> Result<Self, ListenFault> {
        let prepared = socket.set_nonblocking(true).and_then(|()| socket.local_addr());
        let addr = prepared.map_err(|source| ListenFault::Inherited { source })?;
        Ok(Self { socket: Bound::Tcp(socket), place: Place::Tcp(addr) })
    }

    /// Where it listens, with the port that was really taken.
    #[must_use]
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// The address it listens on; `None` for a Unix socket.
    #[must_use]
    pub const fn local_addr(&self) -> Option<SocketAddr> {
        match self.place {
            Place::Tcp(addr) => Some(addr),
            Place::Unix(_) => None,
        }
    }

    /// Hands the socket to the runtime that this is called in.
    pub(crate) fn activate(self) -> io::Result<ActiveListener> {
        Ok(match self.socket {
            Bound::Tcp(socket) => ActiveListener::Tcp(tokio::net::TcpListener::from_std(socket)?),
            Bound::Unix(socket) => ActiveListener::Unix(tokio::net::UnixListener::from_std(socket)?),
        })
    }
}

/// A listener that a runtime serves.
#[derive(Debug)]
pub(crate) enum ActiveListener {
    Tcp(tokio::net::TcpListener),
    Unix(tokio::net::UnixListener),
}

impl ActiveListener {
    /// The next connection. It may be dropped and called again at any time.
    ///
    /// Whoever comes over a Unix socket is on this machine, and counts as 127.0.0.1, port 0.
    pub(crate) async fn accept(&self) -> io::Result<(Stream, SocketAddr)> {
        match self {
            Self::Tcp(socket) => {
                let (stream, peer) = socket.accept().await?;
                // Replies are written whole, so waiting to fill a packet would only delay them.
                stream.set_nodelay(true)?;
                Ok((Stream::tcp(stream), SocketAddr::new(peer.ip().to_canonical(), peer.port())))
            }
            Self::Unix(socket) => {
                let (stream, _) = socket.accept().await?;
                Ok((Stream::unix(stream), (Ipv4Addr::LOCALHOST, 0).into()))
            }
        }
    }
}

fn open(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    if addr.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // A restart must not wait for the old connections' TIME_WAIT; on Linux this does not let two
    // programs listen on one address.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn blame(addr: SocketAddr, source: io::Error) -> ListenFault {
    match source.kind() {
        ErrorKind::AddrInUse => ListenFault::InUse { addr },
        ErrorKind::AddrNotAvailable => ListenFault::NoSuchAddress { addr },
        ErrorKind::PermissionDenied if addr.port() < UNPRIVILEGED_PORT_MIN => {
            ListenFault::Privileged { addr }
        }
        _ => ListenFault::System { place: Place::Tcp(addr), source },
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    #[test]
    fn both_families_can_have_one_port() {
        let Ok(v6) = Listener::bind((Ipv6Addr::UNSPECIFIED, 0).into()) else {
            return; // A machine without IPv6.
        };
        let port = v6.local_addr().unwrap().port();
        let v4 = Listener::bind((Ipv4Addr::UNSPECIFIED, port).into()).unwrap();
        assert_eq!(v4.local_addr().unwrap().port(), port);
    }

    #[test]
    fn a_taken_address_is_reported_as_such() {
        let first = Listener::bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let fault = Listener::bind(first.local_addr().unwrap()).unwrap_err();
        assert!(matches!(fault, ListenFault::InUse { .. }), "{fault}");
    }

    #[test]
    fn a_foreign_address_is_reported_as_such() {
        let fault = Listener::bind("192.0.2.1:0".parse().unwrap()).unwrap_err();
        assert!(matches!(fault, ListenFault::NoSuchAddress { .. }), "{fault}");
    }

    #[test]
    fn a_forbidden_low_port_says_what_would_help() {
        let addr: SocketAddr = "0.0.0.0:143".parse().unwrap();
        let fault = blame(addr, ErrorKind::PermissionDenied.into());
        let text = fault.to_string();
        for way in ["CAP_NET_BIND_SERVICE", "socket activation", "`user = `"] {
            assert!(text.contains(way), "{text}");
        }
    }

    #[tokio::test]
    async fn an_inherited_socket_accepts() {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let listener = Listener::from_inherited(socket).unwrap();
        let addr = listener.local_addr().unwrap();
        let listener = listener.activate().unwrap();
        let client = tokio::net::TcpStream::connect(addr).await.unwrap();
        let (_accepted, peer) = listener.accept().await.unwrap();
        assert_eq!(peer, client.local_addr().unwrap());
    }
}
