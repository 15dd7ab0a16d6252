//! The name of an alias or a group: an address, or a domain whose otherwise unknown addresses it stands for.

use std::fmt;

use crate::login_name::{InvalidLogin, LoginName};

/// What an alias is found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AliasName {
    /// This address.
    Address(LoginName),
    /// Every address of the domain that is nobody's: a catch-all, written `@example.org`.
    CatchAll(String),
}

impl AliasName {
    /// Reads a full address, a bare name in `default_domain`, or `@` and a domain.
    ///
    /// # Errors
    /// It is none of them.
    pub fn parse(input: &str, default_domain: &str) -> Result<Self, InvalidLogin> {
        match input.strip_prefix('@') {
            // Any name will do to read the domain as logins have it.
            Some(domain) => Ok(Self::CatchAll(LoginName::parse("any", domain)?.domain().to_owned())),
            None => Ok(Self::Address(LoginName::parse(input, default_domain)?)),
        }
    }

    /// The domain it is in.
    #[must_use]
    pub fn domain(&self) -> &str {
        match self {
            Self::Address(address) => address.domain(),
            Self::CatchAll(domain) => domain,
        }
    }
}

impl fmt::Display for AliasName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::CatchAll(domain) => write!(f, "@{domain}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(input: &str) -> Option<String> {
        AliasName::parse(input, "example.org").ok().map(|name| name.to_string())
    }

    #[test]
    fn an_alias_is_an_address_or_the_rest_of_a_domain() {
        assert_eq!(read("Info").as_deref(), Some("info@example.org"));
        assert_eq!(read("info@Example.COM").as_deref(), Some("info@example.com"));
        assert_eq!(read("@Example.COM").as_deref(), Some("@example.com"));
        for bad in ["", "@", "a@b@example.org", "@a@example.org", "@bad domain"] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }
}
