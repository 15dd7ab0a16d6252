//! Which capabilities a session is not offered, by the operator's choice: for everybody, for users, for addresses.
//!
//! What a client says of itself plays no part (RFC 2971 §1: servers must not decide by ID).

use std::net::IpAddr;

use imap_proto::extension::CapabilitySet;
use ipnet::IpNet;

/// One choice. It is for the sessions that fit all that it names.
#[derive(Clone, Debug, Default)]
pub struct Switch {
    /// What is offered.
    pub on: CapabilitySet,
    /// What is not offered, and refused.
    pub off: CapabilitySet,
    /// The users it is for, by their full login names; empty for everybody, also before login.
    pub users: Vec<String>,
    /// Where the clients are that it is for; empty for everywhere.
    pub addresses: Vec<IpNet>,
}

impl Switch {
    fn is_for(&self, peer: IpAddr, login: Option<&str>) -> bool {
        let is_user = |login: &str| self.users.iter().any(|user| user == login);
        (self.users.is_empty() || login.is_some_and(is_user))
            && (self.addresses.is_empty() || self.addresses.iter().any(|range| range.contains(&peer)))
    }
}

/// What is switched off for a session. Later choices prevail.
pub(crate) fn switched_off(switches: &[Switch], peer: IpAddr, login: Option<&str>) -> CapabilitySet {
    // An IPv4 client at an IPv6 socket is one of its IPv4 range.
    let peer = peer.to_canonical();
    let choices = switches.iter().filter(|switch| switch.is_for(peer, login));
    choices.fold(CapabilitySet::off_by_default(), |off, switch| off.union(switch.off).without(switch.on))
}

#[cfg(test)]
mod tests {
    use super::*;
    use imap_proto::extension::switchable;

    fn set(names: &[&str]) -> CapabilitySet {
        names.iter().filter_map(|name| switchable(name)).collect()
    }

    fn off(switches: &[Switch], peer: &str, login: Option<&str>) -> CapabilitySet {
        switched_off(switches, peer.parse().unwrap(), login)
    }

    #[test]
    fn a_choice_is_for_those_it_names() {
        let users = vec!["mia@example.org".to_owned()];
        let addresses = vec!["192.0.2.0/24".parse().unwrap()];
        let switches = [
            Switch { off: set(&["IDLE"]), ..Switch::default() },
            Switch { off: set(&["MOVE"]), users: users.clone(), ..Switch::default() },
            Switch { off: set(&["ESEARCH"]), addresses: addresses.clone(), ..Switch::default() },
            Switch { on: set(&["UIDONLY", "IDLE"]), users, addresses, ..Switch::default() },
        ];
        let mia = Some("mia@example.org");
        assert_eq!(off(&switches, "198.51.100.1", None), set(&["UIDONLY", "IDLE"]));
        assert_eq!(off(&switches, "198.51.100.1", mia), set(&["UIDONLY", "IDLE", "MOVE"]));
        assert_eq!(
            off(&switches, "192.0.2.9", Some("ada@example.org")),
            set(&["UIDONLY", "IDLE", "ESEARCH"])
        );
        assert_eq!(off(&switches, "::ffff:192.0.2.9", mia), set(&["MOVE", "ESEARCH"]));
    }
}
