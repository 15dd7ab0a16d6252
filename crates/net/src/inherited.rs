//! Sockets handed over by the service manager (systemd socket activation, `sd_listen_fds(3)`).
//!
//! `LISTEN_FDS` says how many there are, `LISTEN_PID` for which process, and `LISTEN_FDNAMES` what
//! each is called (`FileDescriptorName=` of the socket unit).

use std::net::TcpListener;

use listenfd::ListenFd;

/// The sockets that this process was started with and that nobody has taken yet.
#[derive(Debug, Default)]
pub struct Inherited {
    sockets: Vec<(String, TcpListener)>,
}

/// What is wrong with a socket that was handed over.
#[derive(Debug, thiserror::Error)]
#[error("inherited socket {index} ({name:?}) is not a listening TCP socket: {source}")]
pub struct InheritedFault {
    /// Its place, from 0: file descriptor 3 comes first.
    pub index: usize,
    /// Its name, or `unknown`.
    pub name: String,
    /// What the system says.
    pub source: std::io::Error,
}

/// The name of a socket that was given none (`sd_listen_fds(3)`).
const UNNAMED: &str = "unknown";

impl Inherited {
    /// Takes what the environment hands to this process; nothing when it was started without.
    /// Call it once, before other threads start: a second call finds the same sockets again.
    ///
    /// # Errors
    /// A socket is not a TCP socket.
    pub fn from_environment() -> Result<Self, InheritedFault> {
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        let mut handed = ListenFd::from_env();
        let mut sockets = Vec::with_capacity(handed.len());
        for (index, name) in names_for(&names, handed.len()).into_iter().enumerate() {
            match handed.take_tcp_listener(index) {
                Ok(Some(socket)) => sockets.push((name, socket)),
                Ok(None) => {}
                Err(source) => return Err(InheritedFault { index, name, source }),
            }
        }
        Ok(Self { sockets })
    }

    /// The sockets of that name; one name may stand for several, such as IPv4 and IPv6.
    pub fn take(&mut self, name: &str) -> Vec<TcpListener> {
        let (taken, left) = std::mem::take(&mut self.sockets).into_iter().partition(|(n, _)| n == name);
        self.sockets = left;
        let taken: Vec<(String, TcpListener)> = taken;
        taken.into_iter().map(|(_, socket)| socket).collect()
    }

    /// The names of the sockets that are left, so that one that nothing uses can be reported.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.sockets.iter().map(|(name, _)| name.as_str())
    }
}

/// A name for each of `count` sockets from the colon-separated list.
fn names_for(list: &str, count: usize) -> Vec<String> {
    let given = list.split(':').map(|name| if name.is_empty() { UNNAMED } else { name });
    given.chain(std::iter::repeat(UNNAMED)).take(count).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_matched_by_place_and_missing_ones_filled() {
        assert_eq!(names_for("imap:imaps", 2), ["imap", "imaps"]);
        assert_eq!(names_for("imap", 3), ["imap", "unknown", "unknown"]);
        assert_eq!(names_for("", 1), ["unknown"]);
        assert_eq!(names_for("a:b:c", 2), ["a", "b"]);
    }

    #[test]
    fn one_name_may_stand_for_several_sockets() {
        let socket = || TcpListener::bind("127.0.0.1:0").unwrap();
        let sockets = ["imap", "imaps", "imap"].map(|name| (name.to_owned(), socket())).into();
        let mut inherited = Inherited { sockets };
        assert_eq!(inherited.take("imap").len(), 2);
        assert_eq!(inherited.take("imap").len(), 0);
        assert_eq!(inherited.names().collect::<Vec<_>>(), ["imaps"]);
    }

    #[test]
    fn a_process_started_without_sockets_has_none() {
        assert_eq!(Inherited::from_environment().unwrap().names().count(), 0);
    }
}
