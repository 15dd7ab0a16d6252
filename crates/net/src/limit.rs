//! How many connections there may be, in all and from one address.
//!
//! It counts open connections and nothing else: rates and failed logins are not its business.

use std::collections::HashMap;
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
}

impl Limits {
    /// Connections in all, unless configured: an idle session costs some tens of KiB.
    pub const TOTAL_DEFAULT: usize = 20_000;
    /// Connections from one address, unless configured: an office behind one address, each of its
    /// people with three devices, each device with five connections.
    pub const PER_ADDRESS_DEFAULT: usize = 1_500;
}

impl Default for Limits {
    fn default() -> Self {
        Self { total: Self::TOTAL_DEFAULT, per_address: Self::PER_ADDRESS_DEFAULT }
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
}

/// The right to be connected, given back when dropped.
#[derive(Debug)]
pub struct Permit {
    counts: Arc<Mutex<Counts>>,
    address: IpAddr,
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
        counts.by_address.insert(address, here + 1);
        counts.total += 1;
        Ok(Permit { counts: Arc::clone(&self.counts), address })
    }

    /// How many connections are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.counts.lock().total
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut counts = self.counts.lock();
        counts.total = counts.total.saturating_sub(1);
        if let Some(here) = counts.by_address.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                counts.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_total_is_held_and_given_back() {
        let gate = Gate::new(Limits { total: 2, per_address: 2 });
        let first = gate.admit(ip("192.0.2.1")).unwrap();
        let _second = gate.admit(ip("192.0.2.2")).unwrap();
        assert_eq!(gate.admit(ip("192.0.2.3")).unwrap_err(), TurnedAway::Total { limit: 2 });
        drop(first);
        assert_eq!(gate.open(), 1);
        let _third = gate.admit(ip("192.0.2.3")).unwrap();
    }

    #[test]
    fn one_address_cannot_take_everything() {
        let gate = Gate::new(Limits { total: 10, per_address: 1 });
        let _one = gate.admit(ip("192.0.2.1")).unwrap();
        let full = TurnedAway::PerAddress { limit: 1 };
        assert_eq!(gate.admit(ip("192.0.2.1")).unwrap_err(), full);
        assert_eq!(gate.admit(ip("::ffff:192.0.2.1")).unwrap_err(), full, "the mapped address is the same");
        let _other = gate.admit(ip("192.0.2.2")).unwrap();
    }

    #[test]
    fn an_ipv6_network_counts_as_one_address() {
        let gate = Gate::new(Limits { total: 10, per_address: 1 });
        let _one = gate.admit(ip("2001:db8:0:1::1")).unwrap();
        assert!(gate.admit(ip("2001:db8:0:1:ffff::2")).is_err());
        let _neighbour = gate.admit(ip("2001:db8:0:2::1")).unwrap();
    }

    #[test]
    fn loopback_is_held_to_the_total_only() {
        let gate = Gate::new(Limits { total: 3, per_address: 1 });
        let permits: Vec<_> = ["127.0.0.1", "127.0.0.1", "::1"].map(|a| gate.admit(ip(a)).unwrap()).into();
        assert!(gate.admit(ip("127.0.0.1")).is_err());
        drop(permits);
        assert!(gate.counts.lock().by_address.is_empty(), "nothing is remembered of who has left");
    }
}
