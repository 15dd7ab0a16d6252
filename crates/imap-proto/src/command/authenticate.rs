//! AUTHENTICATE and LOGIN: secrets that no debug output shows. RFC 3501 §6.2.2 and §6.2.3, RFC 4959.

use std::fmt;

use crate::error::Error;
use crate::lex::Cursor;

/// AUTHENTICATE. What follows is an exchange of Base64 lines, which [`crate::frame::Framer::raw_line`] reads.
#[derive(Clone, PartialEq, Eq)]
pub struct Authenticate {
    /// The SASL mechanism, in capitals.
    pub mechanism: String,
    /// The initial response (RFC 4959 §3), still in Base64; `=` stands for an empty one.
    pub initial: Option<Vec<u8>>,
}

/// LOGIN.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The user name, as bytes: no character set is agreed on.
    pub user: Vec<u8>,
    /// The password.
    pub password: Vec<u8>,
}

impl fmt::Debug for Authenticate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticate").field("mechanism", &self.mechanism).finish_non_exhaustive()
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("user", &String::from_utf8_lossy(&self.user)).finish_non_exhaustive()
    }
}

impl Authenticate {
    pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        cursor.space()?;
        let mechanism = cursor.atom("a SASL mechanism")?.to_ascii_uppercase();
        let initial = match cursor.skip(b" ") {
            true => Some(cursor.base64()?.to_vec()),
            false => None,
        };
        Ok(Self { mechanism, initial })
    }
}

impl Login {
    pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        cursor.space()?;
        let user = cursor.astring("a user name")?.into_owned();
        cursor.space()?;
        let password = cursor.astring("a password")?.into_owned();
        Ok(Self { user, password })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_shows_no_secret() {
        let login = Login { user: b"fred".to_vec(), password: b"blurdybloop".to_vec() };
        assert!(format!("{login:?}").contains("fred") && !format!("{login:?}").contains("blurdy"));
        let plain = Authenticate { mechanism: "PLAIN".to_owned(), initial: Some(b"AHNlY3JldA==".to_vec()) };
        assert!(!format!("{plain:?}").contains("AHNl"));
    }
}
