//! GETQUOTA, GETQUOTAROOT and SETQUOTA. RFC 9208 §4.1 and §7.

use std::fmt;

use crate::error::Error;
use crate::lex::Cursor;

/// The most resources that one SETQUOTA names; there are four in the registry.
const RESOURCES_MAX: usize = 16;

/// SETQUOTA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetQuota {
    /// The quota root.
    pub root: String,
    /// The resources with their new limits. Those that are not named have none any more.
    pub limits: Vec<(QuotaResource, u64)>,
}

/// What a quota limits (RFC 9208 §5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuotaResource {
    /// STORAGE, in units of 1024 bytes
    Storage,
    /// MESSAGE: how many messages
    Message,
    /// MAILBOX: how many mailboxes
    Mailbox,
    /// Another one, by its name in capitals.
    Other(String),
}

impl QuotaResource {
    fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        let name = cursor.atom("the name of a resource")?.to_ascii_uppercase();
        Ok(match name.as_str() {
            "STORAGE" => Self::Storage,
            "MESSAGE" => Self::Message,
            "MAILBOX" => Self::Mailbox,
            _ => Self::Other(name),
        })
    }
}

impl fmt::Display for QuotaResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Storage => "STORAGE",
            Self::Message => "MESSAGE",
            Self::Mailbox => "MAILBOX",
            Self::Other(name) => name,
        })
    }
}

/// `quota-root-name`, and the space before it. No root has a name that is not UTF-8, so that a replacement will do.
pub(super) fn root(cursor: &mut Cursor<'_>) -> Result<String, Error> {
    cursor.space()?;
    Ok(String::from_utf8_lossy(&cursor.astring("a quota root")?).into_owned())
}

impl SetQuota {
    pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        let root = root(cursor)?;
        cursor.space()?;
        let mut limits = Vec::new();
        cursor.list_or_empty("a list of resources", |cursor| {
            cursor.at_most("resources", limits.len() + 1, RESOURCES_MAX)?;
            let resource = QuotaResource::parse(cursor)?;
            cursor.space()?;
            limits.push((resource, cursor.number64("a limit")?));
            Ok(())
        })?;
        Ok(Self { root, limits })
    }
}
