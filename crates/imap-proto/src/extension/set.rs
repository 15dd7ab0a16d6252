//! Sets of capabilities: what an operator has switched off.
//!
//! Which sessions a choice is for is not known here.

use super::{EXTENSIONS, Extension, When};

/// Capabilities of [`EXTENSIONS`], by their places there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CapabilitySet(u128);

impl CapabilitySet {
    /// None.
    pub const NONE: Self = Self(0);

    /// What is not offered unless it is switched on.
    #[must_use]
    pub fn off_by_default() -> Self {
        EXTENSIONS.iter().filter(|e| e.when == When::WhereWanted).collect()
    }

    /// Whether it holds the capability of this name.
    #[must_use]
    pub fn contains(self, capability: &str) -> bool {
        EXTENSIONS.iter().zip(0..).any(|(e, place)| e.capability == capability && self.0 & (1 << place) != 0)
    }

    /// What is in either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in this one and not in the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl FromIterator<&'static Extension> for CapabilitySet {
    fn from_iter<I: IntoIterator<Item = &'static Extension>>(extensions: I) -> Self {
        let place = |extension: &'static Extension| EXTENSIONS.iter().position(|e| e == extension);
        Self(extensions.into_iter().filter_map(place).fold(0, |set, place| set | (1 << place)))
    }
}

/// The extension of this name, in any case, if an operator may switch it: the protocol itself, and what says how a
/// password may travel, stay as they are.
#[must_use]
pub fn switchable(name: &str) -> Option<&'static Extension> {
    let may = |e: &Extension| match e.when {
        When::Always => e.capability != "IMAP4rev1",
        When::WhereWanted | When::PasswordAllowed | When::ScramOffered | When::ChannelBindable => true,
        When::Unserved
        | When::BeforeLogin
        | When::AfterLogin
        | When::TlsCanBegin
        | When::PasswordForbidden => false,
    };
    EXTENSIONS.iter().find(|e| e.capability.eq_ignore_ascii_case(name)).filter(|e| may(e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_has_a_place() {
        assert!(EXTENSIONS.len() <= 128);
        let all: CapabilitySet = EXTENSIONS.iter().collect();
        assert!(EXTENSIONS.iter().all(|e| all.contains(e.capability)));
        assert_eq!(all.without(all), CapabilitySet::NONE);
    }

    #[test]
    fn the_protocol_itself_stays_switched_on() {
        assert_eq!(switchable("idle").map(|e| e.capability), Some("IDLE"));
        assert!(switchable("UIDONLY").is_some() && switchable("AUTH=LOGIN").is_some());
        for fixed in ["IMAP4rev1", "STARTTLS", "LOGINDISABLED", "LITERAL+", "X-UNKNOWN"] {
            assert_eq!(switchable(fixed), None, "{fixed}");
        }
    }
}
