//! A listening socket, bound here or inherited.
//!
//! It accepts and tunes TCP connections; who may connect and what is spoken is decided in `serve`.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpStream;

/// Connections the kernel holds for us until they are accepted.
const BACKLOG: i32 = 1024;
/// Ports below this are for root and `CAP_NET_BIND_SERVICE`.
const UNPRIVILEGED_PORT_MIN: u16 = 1024;

/// A socket that accepts connections. Binding needs no runtime, so that it can come before the
/// runtime starts and before root is given up; accepting needs one.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    addr: SocketAddr,
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
    /// Something else.
    #[error("cannot listen on {addr}: {source}")]
    System {
        /// The address asked for.
        addr: SocketAddr,
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
        Ok(Self { socket, addr })
    }

    /// Listens on a socket that was bound by somebody else, such as one of [`crate::Inherited`].
    ///
    /// # Errors
    /// [`ListenFault::Inherited`].
    pub fn from_inherited(socket: TcpListener) -> Result<Self, ListenFault> {
        let prepared = socket.set_nonblocking(true).and_then(|()| socket.local_addr());
        let addr = prepared.map_err(|source| ListenFault::Inherited { source })?;
        Ok(Self { socket, addr })
    }

    /// The address it listens on, with the port that was really taken.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// Hands the socket to the runtime that this is called in.
    pub(crate) fn activate(self) -> io::Result<ActiveListener> {
        Ok(ActiveListener { socket: tokio::net::TcpListener::from_std(self.socket)? })
    }
}

/// A listener that a runtime serves.
#[derive(Debug)]
pub(crate) struct ActiveListener {
    socket: tokio::net::TcpListener,
}

impl ActiveListener {
    /// The next connection. It may be dropped and called again at any time.
    pub(crate) async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = self.socket.accept().await?;
        // Replies are written whole, so waiting to fill a packet would only delay them.
        stream.set_nodelay(true)?;
        Ok((stream, SocketAddr::new(peer.ip().to_canonical(), peer.port())))
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
        _ => ListenFault::System { addr, source },
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
        let port = v6.local_addr().port();
        let v4 = Listener::bind((Ipv4Addr::UNSPECIFIED, port).into()).unwrap();
        assert_eq!(v4.local_addr().port(), port);
    }

    #[test]
    fn a_taken_address_is_reported_as_such() {
        let first = Listener::bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let fault = Listener::bind(first.local_addr()).unwrap_err();
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
        let addr = listener.local_addr();
        let listener = listener.activate().unwrap();
        let client = TcpStream::connect(addr).await.unwrap();
        let (accepted, peer) = listener.accept().await.unwrap();
        assert_eq!(peer, client.local_addr().unwrap());
        assert!(accepted.nodelay().unwrap());
    }
}
