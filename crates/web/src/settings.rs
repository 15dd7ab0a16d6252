//! What can be chosen about HTTP: how many may connect, and how long they may take.

use std::time::Duration;

use net::Limits;

/// The bounds of HTTP that can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Connections in all.
    pub connections: usize,
    /// Connections from one IPv4 address or IPv6 /64. Loopback is not held to it.
    pub connections_per_address: usize,
    /// How long the head of a request may take, also the next one of an idle connection.
    pub head: Duration,
    /// How long a connection may last in all, whatever its peer does.
    pub connection: Duration,
}

impl Default for Settings {
    /// A scraper and a load balancer need a handful of connections, and are never slow.
    fn default() -> Self {
        Self {
            connections: 256,
            connections_per_address: 64,
            head: Duration::from_secs(10),
            connection: Duration::from_secs(600),
        }
    }
}

impl Settings {
    /// What a gate holds connections to.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            total: self.connections,
            per_address: self.connections_per_address,
            // Nobody logs in there.
            unauthenticated: self.connections,
            ..Limits::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use net::{Gate, TurnedAway};

    use super::*;

    #[test]
    fn one_address_does_not_get_all_connections_over_http() {
        let gate = Gate::new(Settings::default().limits());
        let admit = |address: &str| gate.admit(address.parse().unwrap());
        let held: Vec<_> = (0..64).map(|_| admit("192.0.2.1").unwrap()).collect();
        assert_eq!(admit("192.0.2.1").unwrap_err(), TurnedAway::PerAddress { limit: 64 });
        let _other = admit("192.0.2.2").unwrap();
        let _local: Vec<_> = (held.len() + 1..256).map(|_| admit("127.0.0.1").unwrap()).collect();
        assert_eq!(admit("192.0.2.2").unwrap_err(), TurnedAway::Total { limit: 256 });
    }
}
