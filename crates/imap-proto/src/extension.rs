//! What the server offers: one record for each capability, from which CAPABILITY and ENABLE answers are made.
//!
//! RFC 3501 §6.1.1 and §7.2.1, RFC 5161 §3.1. The records themselves are in `extension/records.rs`.

mod records;
mod set;

pub use records::EXTENSIONS;
pub use set::{CapabilitySet, switchable};

/// One capability.
#[derive(Debug, PartialEq, Eq)]
pub struct Extension {
    /// Its name in CAPABILITY.
    pub capability: &'static str,
    /// The RFC that defines it.
    pub rfc: u16,
    /// What it is, in some words.
    pub title: &'static str,
    /// When it is offered.
    pub when: When,
    /// Whether ENABLE switches it on, by the same name.
    pub can_be_enabled: bool,
    /// The commands it adds, or adds arguments to.
    pub commands: &'static [&'static str],
    /// The items, keys, options and response codes it adds.
    pub items: &'static [&'static str],
}

/// When a capability is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Not yet: the grammar knows it, and the sessions do not serve it. Commands that use it are refused.
    Unserved,
    /// Always.
    Always,
    /// Before login.
    BeforeLogin,
    /// After login.
    AfterLogin,
    /// Before login and TLS, where TLS can be begun (RFC 3501 §6.2.1).
    TlsCanBegin,
    /// Before login, where a password may be sent.
    PasswordAllowed,
    /// Before login, where a password may be sent and SCRAM is offered.
    ScramOffered,
    /// Before login, where the same can be bound to the TLS connection.
    ChannelBindable,
    /// Before login, where no password may be sent in the clear (RFC 3501 §6.2.3).
    PasswordForbidden,
    /// Where the operator switched it on.
    WhereWanted,
}

/// What the offer depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Somebody is logged in.
    pub authenticated: bool,
    /// STARTTLS would work: the connection is in the clear, and there is a certificate.
    pub tls_can_begin: bool,
    /// A password may be sent: over TLS, or because the configuration says so.
    pub password_allowed: bool,
    /// SCRAM is configured.
    pub scram: bool,
    /// The connection is one of TLS that can be bound to (RFC 5929, RFC 9266).
    pub channel_bindable: bool,
    /// What the operator does not want this session to be offered.
    pub switched_off: CapabilitySet,
}

impl When {
    const fn holds(self, now: Conditions) -> bool {
        match self {
            Self::Unserved => false,
            // What is switched off has been left out before.
            Self::Always | Self::WhereWanted => true,
            Self::AfterLogin => now.authenticated,
            Self::BeforeLogin => !now.authenticated,
            Self::TlsCanBegin => !now.authenticated && now.tls_can_begin,
            Self::PasswordAllowed => !now.authenticated && now.password_allowed,
            Self::ScramOffered => Self::PasswordAllowed.holds(now) && now.scram,
            Self::ChannelBindable => Self::ScramOffered.holds(now) && now.channel_bindable,
            Self::PasswordForbidden => !now.authenticated && !now.password_allowed,
        }
    }
}

impl Conditions {
    /// Whether CAPABILITY names this one now.
    #[must_use]
    pub fn offers(self, capability: &str) -> bool {
        EXTENSIONS.iter().any(|e| e.capability == capability && e.is_offered(self))
    }
}

impl Extension {
    fn is_offered(&self, now: Conditions) -> bool {
        self.when.holds(now) && !now.switched_off.contains(self.capability)
    }
}

/// The names to offer now, in the order of [`EXTENSIONS`].
#[must_use]
pub fn capabilities(now: Conditions) -> Vec<&'static str> {
    EXTENSIONS.iter().filter(|extension| extension.is_offered(now)).map(|e| e.capability).collect()
}

/// Whether the capability of this name is served to a session for which this is switched off, at whatever time it is
/// offered.
#[must_use]
pub fn is_served(capability: &str, switched_off: CapabilitySet) -> bool {
    let is_there = |e: &Extension| e.when != When::Unserved && e.capability == capability;
    EXTENSIONS.iter().any(is_there) && !switched_off.contains(capability)
}

/// The extension that ENABLE switches on by this name, in any case, if it is offered now.
#[must_use]
pub fn enabled_by(name: &str, now: Conditions) -> Option<&'static Extension> {
    let is = |e: &&Extension| e.can_be_enabled && e.capability.eq_ignore_ascii_case(name);
    EXTENSIONS.iter().find(is).filter(|e| e.is_offered(now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn passwords_are_offered_only_where_they_may_be_sent() {
        let clear = capabilities(Conditions { tls_can_begin: true, ..Conditions::default() });
        assert_eq!(clear.first(), Some(&"IMAP4rev1"));
        assert!(clear.contains(&"STARTTLS") && clear.contains(&"LOGINDISABLED"));
        assert!(!clear.contains(&"AUTH=PLAIN"));
        let tls = capabilities(Conditions { password_allowed: true, ..Conditions::default() });
        assert!(tls.contains(&"AUTH=PLAIN") && tls.contains(&"SASL-IR"));
        assert!(!tls.contains(&"STARTTLS") && !tls.contains(&"LOGINDISABLED"));
    }

    #[test]
    fn scram_is_offered_where_it_is_configured_and_plus_where_the_connection_can_be_bound_to() {
        let offer = |password_allowed, scram, channel_bindable| {
            let now = Conditions { password_allowed, scram, channel_bindable, ..Conditions::default() };
            let names = capabilities(now);
            ["AUTH=SCRAM-SHA-256", "AUTH=SCRAM-SHA-256-PLUS"].map(|name| names.contains(&name))
        };
        assert_eq!(offer(true, true, true), [true, true]);
        assert_eq!(offer(true, true, false), [true, false]);
        assert_eq!(offer(true, false, true), [false, false]);
        assert_eq!(offer(false, true, true), [false, false]);
    }

    #[test]
    fn only_one_kind_of_literal_is_offered_at_a_time() {
        // RFC 7888 §3: "A server MUST NOT advertise both".
        let before = capabilities(Conditions::default());
        let after = capabilities(Conditions { authenticated: true, ..Conditions::default() });
        assert!(before.contains(&"LITERAL-") && !before.contains(&"LITERAL+"));
        assert!(after.contains(&"LITERAL+") && !after.contains(&"LITERAL-"));
        assert!(!after.contains(&"AUTH=PLAIN") && !after.contains(&"LOGINDISABLED"));
    }

    #[test]
    fn each_capability_has_one_record() {
        let names: BTreeSet<_> = EXTENSIONS.iter().map(|extension| extension.capability).collect();
        assert_eq!(names.len(), EXTENSIONS.len());
    }

    #[test]
    fn enable_knows_what_can_be_switched_on() {
        let now = Conditions::default();
        assert_eq!(enabled_by("qresync", now).map(|extension| extension.rfc), Some(7162));
        assert!(enabled_by("IDLE", now).is_none());
    }

    #[test]
    fn what_is_switched_off_is_not_offered() {
        let now = Conditions { switched_off: CapabilitySet::off_by_default(), ..Conditions::default() };
        assert!(enabled_by("UIDONLY", now).is_none() && !capabilities(now).contains(&"UIDONLY"));
        assert!(enabled_by("UIDONLY", Conditions::default()).is_some());
        let off = switchable("IDLE").into_iter().collect();
        assert!(!is_served("IDLE", off) && is_served("IDLE", CapabilitySet::NONE));
    }
}
