//! Keys of what is kept beside the mail: users, aliases, quotas.

use super::Key;
use model::AccountId;

/// `p` account: the login of the account's owner.
pub(crate) fn owner_of(account: AccountId) -> Vec<u8> {
    Key::table(b'p').u64(account.0).0
}

/// `w` kind name: the limits of a quota ([`crate::QuotaOf`]).
pub(crate) fn limits(kind: u8, name: &str) -> Vec<u8> {
    let mut key = vec![b'w', kind];
    key.extend_from_slice(name.as_bytes());
    key
}

/// Every quota's limits.
pub(crate) const LIMITS: &[u8] = b"w";

/// `u` login: a user's record.
pub(crate) fn user(login: &str) -> Vec<u8> {
    let mut key = b"u".to_vec();
    key.extend_from_slice(login.as_bytes());
    key
}

/// Every user.
pub(crate) const USERS: &[u8] = b"u";

/// `f` name: where mail for an address, or for the rest of a domain, goes instead.
pub(crate) fn alias(name: &str) -> Vec<u8> {
    let mut key = b"f".to_vec();
    key.extend_from_slice(name.as_bytes());
    key
}

/// Every alias.
pub(crate) const ALIASES: &[u8] = b"f";
