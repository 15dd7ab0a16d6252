//! An address as mail is sent to it, before it is known whose it is. The grammar of the wire is the protocol's business.

use std::fmt;

/// A local part, without quotes, and perhaps a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// What is before the `@`.
    pub local: String,
    /// What is after it; none where the default domain is meant.
    pub domain: Option<String>,
}

impl Address {
    /// Reads an address as people write it: no quotes, and the domain after the last `@`.
    #[must_use]
    pub fn plain(text: &str) -> Self {
        let (local, domain) = match text.rsplit_once('@') {
            Some((local, domain)) => (local, Some(domain.to_owned())),
            None => (text, None),
        };
        Self { local: local.to_owned(), domain }
    }

    /// The same address with a domain.
    #[must_use]
    pub fn in_domain(self, default_domain: &str) -> Self {
        let Self { local, domain } = self;
        Self { local, domain: Some(domain.unwrap_or_else(|| default_domain.to_owned())) }
    }

    /// The local part before the first of the `separators`, and what follows it (RFC 5233 §4).
    pub(crate) fn split(&self, separators: &str) -> Option<(&str, &str)> {
        let at = self.local.find(|c| separators.contains(c)).filter(|&at| at > 0)?;
        let (user, rest) = self.local.split_at(at);
        let mut rest = rest.chars();
        rest.next();
        Some((user, rest.as_str()))
    }
}

/// As RFC 5321 §4.1.2 writes it: quoted where it must be.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match is_dot_string(&self.local) {
            true => f.write_str(&self.local)?,
            false => {
                f.write_str("\"")?;
                for c in self.local.chars() {
                    if matches!(c, '"' | '\\') {
                        f.write_str("\\")?;
                    }
                    write!(f, "{c}")?;
                }
                f.write_str("\"")?;
            }
        }
        match &self.domain {
            Some(domain) => write!(f, "@{domain}"),
            None => Ok(()),
        }
    }
}

/// Whether a local part needs no quotes (RFC 5321 §4.1.2, RFC 6531 §3.3).
fn is_dot_string(local: &str) -> bool {
    let atext = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || !c.is_ascii();
    local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(atext))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_quoted_where_it_must_be() {
        for (local, shown) in [
            ("ada", "ada@x"),
            ("a.b+c", "a.b+c@x"),
            ("a b", "\"a b\"@x"),
            ("a\"\\", "\"a\\\"\\\\\"@x"),
            ("", "\"\"@x"),
        ] {
            let address = Address { local: local.to_owned(), domain: Some("x".to_owned()) };
            assert_eq!(address.to_string(), shown);
        }
    }

    #[test]
    fn the_first_separator_splits() {
        let address = Address::plain("ada+lists-rust@example.org");
        assert_eq!(address.split("+-"), Some(("ada", "lists-rust")));
        assert_eq!(address.split("-"), Some(("ada+lists", "rust")));
        assert_eq!(address.split(""), None);
        assert_eq!(Address::plain("+ada").split("+"), None, "there must be somebody");
    }
}
