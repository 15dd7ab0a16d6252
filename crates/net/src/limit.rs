//! How many connections there may be: in all, from one address, of one user, and of nobody yet.
//!
//! It counts open connections and nothing else: rates and failed logins are not its business.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Arc;

use model::counted_as;
use parking_lot::Mutex;

/// The limits of one gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections in all.
    pub total: usize,
    /// Connections from one IPv4 address or one IPv6 /64, the smallest network a host is given
    /// (RFC 6177 §2). Loopback is not held to it: a webmail or proxy there speaks for everybody.
    pub per_address: usize,
    /// Connections on which nobody has logged in.
    pub unauthenticated: usize,
    /// Connections of one user.
    pub per_user: usize,
}

impl Limits {
    /// Connections in all, unless configured: an idle session costs some tens of KiB.
    pub const TOTAL_DEFAULT: usize = 20_000;
    /// Connections from one address, unless configured: an office behind one address, each of its
    /// people with three devices, each device with five connections.
    pub const PER_ADDRESS_DEFAULT: usize = 1_500;
    /// Connections on which nobody has logged in, unless configured: after a restart, everybody comes at once.
    pub const UNAUTHENTICATED_DEFAULT: usize = 5_000;
    /// Connections of one user, unless configured: ten devices, each with ten.
    pub const PER_USER_DEFAULT: usize = 100;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            total: Self::TOTAL_DEFAULT,
            per_address: Self::PER_ADDRESS_DEFAULT,
            unauthenticated: Self::UNAUTHENTICATED_DEFAULT,
            per_user: Self::PER_USER_DEFAULT,
        }
    }
}

/// Why a connection is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TurnedAway {
    /// The server is full.
    #[error("all {limit} connections are taken")]
    Total {
        /// [`Limits::total`].
        limit: usize,
    },
    /// This address has too many connections already.
    #[error("all {limit} connections of one address are taken")]
    PerAddress {
        /// [`Limits::per_address`].
        limit: usize,
    },
    /// Too many connections belong to nobody yet.
    #[error("all {limit} connections without a login are taken")]
    Unauthenticated {
        /// [`Limits::unauthenticated`].
        limit: usize,
    },
    /// The user has too many connections already.
    #[error("all {limit} connections of one user are taken")]
    PerUser {
        /// [`Limits::per_user`].
        limit: usize,
    },
}

/// Counts the connections of any number of listeners. Clones share one count.
#[derive(Clone, Debug)]
pub struct Gate {
    limits: Limits,
    counts: Arc<Mutex<Counts>>,
}

#[derive(Debug, Default)]
struct Counts {
    total: usize,
    /// Only addresses with an open connection, so it never holds more than `Limits::total`.
    by_address: HashMap<IpAddr, usize>,
    /// Only users with a connection.
    by_user: HashMap<String, usize>,
    unauthenticated: usize,
}

/// The right to be connected, given back when dropped.
#[derive(Debug)]
pub struct Permit {
    limits: Limits,
    counts: Arc<Mutex<Counts>>,
    address: IpAddr,
    /// Who has logged in.
    user: Option<String>,
}

impl Gate {
    /// A gate that nobody has passed yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, counts: Arc::default() }
    }

    /// Lets a connection from `address` in.
    ///
    /// # Errors
    /// A limit is reached.
    pub fn admit(&self, address: IpAddr) -> Result<Permit, TurnedAway> {
        let address = counted_as(address);
        let mut counts = self.counts.lock();
        if counts.total >= self.limits.total {
            return Err(TurnedAway::Total { limit: self.limits.total });
        }
        let here = counts.by_address.get(&address).copied().unwrap_or(0);
        if here >= self.limits.per_address && !address.is_loopback() {
            return Err(TurnedAway::PerAddress { limit: self.limits.per_address });
        }
        if counts.unauthenticated >= self.limits.unauthenticated {
            return Err(TurnedAway::Unauthenticated { limit: self.limits.unauthenticated });
        }
        counts.by_address.insert(address, here + 1);
        counts.total += 1;
        counts.unauthenticated += 1;
        Ok(Permit { limits: self.limits, counts: Arc::clone(&self.counts), address, user: None })
    }

    /// How many connections are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.counts.lock().total
    }
}

impl Permit {
    /// Counts the connection as the user's.
    pub(crate) fn log_in(&mut self, user: &str) -> Result<(), TurnedAway> {
        self.log_out();
        let mut counts = self.counts.lock();
        let theirs = counts.by_user.get(user).copied().unwrap_or(0);
        if theirs >= self.limits.per_user {
            return Err(TurnedAway::PerUser { limit: self.limits.per_user });
        }
        counts.by_user.insert(user.to_owned(), theirs + 1);
        counts.unauthenticated = counts.unauthenticated.saturating_sub(1);
        self.user = Some(user.to_owned());
        Ok(())
    }

    /// Counts the connection as nobody's. There may be too many of these for a while: it was let in already.
    pub(crate) fn log_out(&mut self) {
        if let Some(user) = self.user.take() {
            let mut counts = self.counts.lock();
            one_less(&mut counts.by_user, &user);
            counts.unauthenticated += 1;
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.log_out();
        let mut counts = self.counts.lock();
        counts.total = counts.total.saturating_sub(1);
        counts.unauthenticated = counts.unauthenticated.saturating_sub(1);
        one_less(&mut counts.by_address, &self.address);
    }
}

/// Who has none left is forgotten.
fn one_less<K: Hash + Eq>(counts: &mut HashMap<K, usize>, of: &K) {
    if let Some(left) = counts.get_mut(of) {
        *left = left.saturating_sub(1);
        if *left == 0 {
            counts.remove(of);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(total: usize, per_address: usize) -> Limits {
        Limits { total, per_address, ..Limits::default() }
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_total_is_held_and_given_back() {
        let gate = Gate::new(limits(2, 2));
        let first = gate.admit(ip("192.0.2.1")).unwrap();
        let _second = gate.admit(ip("192.0.2.2")).unwrap();
        assert_eq!(gate.admit(ip("192.0.2.3")).unwrap_err(), TurnedAway::Total { limit: 2 });
        drop(first);
        assert_eq!(gate.open(), 1);
        let _third = gate.admit(ip("192.0.2.3")).unwrap();
    }

    #[test]
    fn one_address_cannot_take_everything() {
        let gate = Gate::new(limits(10, 1));
        let _one = gate.admit(ip("192.0.2.1")).unwrap();
        let full = TurnedAway::PerAddress { limit: 1 };
        assert_eq!(gate.admit(ip("192.0.2.1")).unwrap_err(), full);
        assert_eq!(gate.admit(ip("::ffff:192.0.2.1")).unwrap_err(), full, "the mapped address is the same");
        let _other = gate.admit(ip("192.0.2.2")).unwrap();
    }

    #[test]
    fn an_ipv6_network_counts_as_one_address() {
        let gate = Gate::new(limits(10, 1));
        let _one = gate.admit(ip("2001:db8:0:1::1")).unwrap();
        assert!(gate.admit(ip("2001:db8:0:1:ffff::2")).is_err());
        let _neighbour = gate.admit(ip("2001:db8:0:2::1")).unwrap();
    }

    #[test]
    fn loopback_is_held_to_the_total_only() {
        let gate = Gate::new(limits(3, 1));
        let permits: Vec<_> = ["127.0.0.1", "127.0.0.1", "::1"].map(|a| gate.admit(ip(a)).unwrap()).into();
        assert!(gate.admit(ip("127.0.0.1")).is_err());
        drop(permits);
        assert!(gate.counts.lock().by_address.is_empty(), "nothing is remembered of who has left");
    }

    #[test]
    fn connections_of_nobody_are_bounded_until_somebody_logs_in() {
        let gate = Gate::new(Limits { unauthenticated: 1, ..Limits::default() });
        let mut first = gate.admit(ip("192.0.2.1")).unwrap();
        let full = TurnedAway::Unauthenticated { limit: 1 };
        assert_eq!(gate.admit(ip("192.0.2.2")).unwrap_err(), full);
        first.log_in("ada").unwrap();
        let second = gate.admit(ip("192.0.2.2")).unwrap();
        drop(second);
        first.log_out();
        assert_eq!(gate.admit(ip("192.0.2.2")).unwrap_err(), full);
        drop(first);
        let _third = gate.admit(ip("192.0.2.2")).unwrap();
    }

    #[test]
    fn one_user_cannot_take_everything() {
        let gate = Gate::new(Limits { per_user: 1, ..Limits::default() });
        let mut permits = ["192.0.2.1", "192.0.2.2"].map(|address| gate.admit(ip(address)).unwrap());
        permits[0].log_in("ada").unwrap();
        assert_eq!(permits[1].log_in("ada"), Err(TurnedAway::PerUser { limit: 1 }));
        permits[1].log_in("ben").unwrap();
        permits[0].log_out();
        permits[1].log_in("ada").unwrap();
        drop(permits);
        let counts = gate.counts.lock();
        assert!(counts.by_user.is_empty() && counts.unauthenticated == 0 && counts.total == 0);
    }
}
