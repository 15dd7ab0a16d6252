//! A running server: what is done before it serves, and how it comes to its end.
//!
//! The order of the beginning matters: the folder is taken, sockets are bound and keys read while there may still be
//! root; then root is given up; only then threads are started and files made.

mod certificates;
mod running;

use net::{Inherited, Listener, Tls, User};
use tokio::runtime::Runtime;

use crate::assembly::{self, Mail};
use crate::config::{self, Config, Listen, Place, Protocol};
use crate::failure::Failure;
use crate::folder::DataFolder;
use crate::logging;

/// Whether a server may run as root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Root {
    /// Not for longer than it takes to bind its ports.
    Refused,
    /// With a warning: the demo.
    Warned,
}

/// A server that has its folder and its sockets and nothing else.
pub(crate) struct Prepared {
    folder: DataFolder,
    listeners: Vec<(Protocol, Listener)>,
    tls: Option<Tls>,
}

impl Prepared {
    /// Takes the folder, binds the sockets, reads the keys, and gives up root.
    ///
    /// # Errors
    /// One of them cannot be done; nothing is served then.
    pub(crate) fn new(config: &Config, root: Root) -> Result<Self, Failure> {
        let user = config.run_as.as_ref().map(|run_as| User::find(&run_as.user, run_as.group.as_deref()));
        let user = user.transpose()?;
        if net::is_root() && user.is_none() {
            match root {
                Root::Refused => return Err(Failure::StayingRoot),
                Root::Warned => tracing::warn!("the demo runs as root; `postroom serve` would not"),
            }
        }
        assembly::raise_file_limit();
        let becomes = user.as_ref().filter(|user| !user.is_current() && net::is_root());
        let folder = DataFolder::take(&config.data, becomes.map(User::owner))?;
        let listeners = listen(&config.listeners)?;
        // Keys outside of the folder may be for root's eyes; one of our own making must be its user's.
        let read_as_root = matches!(config.tls, Some(config::TlsSource::Files(_)));
        let early = if read_as_root { assembly::tls(config, &folder)? } else { None };
        if let Some(user) = &user {
            user.become_it()?;
        }
        let tls = if read_as_root { early } else { assembly::tls(config, &folder)? };
        Ok(Self { folder, listeners, tls })
    }

    /// Where it listens for a protocol.
    pub(crate) fn addresses(&self, protocol: Protocol) -> impl Iterator<Item = std::net::SocketAddr> {
        let of_protocol = self.listeners.iter().filter(move |(p, _)| *p == protocol);
        of_protocol.filter_map(|(_, listener)| listener.local_addr())
    }

    /// Opens the store, or makes it.
    ///
    /// # Errors
    /// As [`Mail::open`].
    pub(crate) fn open(&self, config: &Config, runtime: &Runtime) -> Result<Mail, Failure> {
        let _entered = runtime.enter();
        Mail::open(&self.folder, config)
    }
}

/// Binds every address, and takes the sockets that were handed over.
fn listen(wanted: &[Listen]) -> Result<Vec<(Protocol, Listener)>, Failure> {
    let mut inherited = Inherited::from_environment()?;
    let mut listeners = Vec::new();
    for Listen { protocol, place } in wanted {
        match place {
            Place::Address(addr) => listeners.push((*protocol, Listener::bind(*addr)?)),
            Place::Socket { path, access } => {
                listeners.push((*protocol, Listener::bind_unix(path, access)?));
            }
            Place::Systemd(name) => {
                let sockets = inherited.take(name);
                if sockets.is_empty() {
                    return Err(Failure::NotHandedOver { name: name.clone() });
                }
                for socket in sockets {
                    listeners.push((*protocol, Listener::from_inherited(socket)?));
                }
            }
        }
    }
    for name in inherited.names() {
        tracing::warn!(name, "a socket was handed over that no listener of the configuration asks for");
    }
    Ok(listeners)
}

/// `postroom serve`: from the configuration to the end of the server.
///
/// # Errors
/// It cannot begin, or it failed.
pub(crate) fn serve(config: &Config) -> Result<(), Failure> {
    logging::begin(config.log);
    let mut prepared = Prepared::new(config, Root::Refused)?;
    let runtime = assembly::runtime()?;
    let mail = prepared.open(config, &runtime)?;
    let served = runtime.block_on(prepared.serve(&mail, config, || {}));
    assembly::close(runtime, mail);
    served
}

/// `postroom check-config`: what `serve` would find wrong before it begins.
///
/// # Errors
/// It.
pub(crate) fn check(config: &Config) -> Result<(), Failure> {
    if let Some(run_as) = &config.run_as {
        User::find(&run_as.user, run_as.group.as_deref())?;
    }
    if let Some(config::TlsSource::Files(files)) = &config.tls {
        Tls::from_files(files.clone())?;
    }
    config.hashing.cost.check()?;
    Ok(())
}
