//! Quotas: how much mail a user, and the users of a domain together, may keep (RFC 9208).
//!
//! Usage is not counted on its own, so it cannot drift: a user's is the sum of the mailboxes' summaries, which change
//! in the commit that changes the messages, and a domain's the sum of its users'. Every intent passes [`Quotas::admit`]
//! when it is resolved; only what makes usage grow is refused, so there is always a way out. Here are the terms and how
//! they are stored; `in_force` has what holds now.

mod in_force;

pub(crate) use in_force::Quotas;

use crate::codec::{Damaged, Reader, put_u64};
use crate::schema::{self, MailboxRow};
use std::fmt;
use storage::Batch;

/// How much mail is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// RFC822.SIZE of all messages together. A message that is in two mailboxes counts twice, as clients see it.
    pub bytes: u64,
    /// How many messages.
    pub messages: u64,
}

/// A limit, as it was set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Limit {
    /// Whatever is said in more general terms ([`QuotaOf`]), or none.
    #[default]
    Inherited,
    /// None, whatever is said in more general terms.
    Unlimited,
    /// So many bytes, or messages.
    Max(u64),
}

/// The limits of a quota.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Of [`Usage::bytes`].
    pub bytes: Limit,
    /// Of [`Usage::messages`].
    pub messages: Limit,
}

/// Whose mail a quota limits. A user's limit is the first that is said of the user, of each user of the domain, of
/// each user; a domain's is a further one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum QuotaOf {
    /// Each user.
    EachUser,
    /// Each user of a domain.
    EachUserOf(String),
    /// The user of a full address.
    User(String),
    /// All users of a domain together.
    Domain(String),
}

/// The limits that hold for somebody; `None`: there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Max {
    /// Of [`Usage::bytes`].
    pub bytes: Option<u64>,
    /// Of [`Usage::messages`].
    pub messages: Option<u64>,
}

/// What somebody has, and may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// What is there.
    pub usage: Usage,
    /// What may be there.
    pub max: Max,
}

/// A limit that would be exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// Whether it is the domain's: then its figure is nothing the user may know.
    pub of_domain: bool,
    /// What is limited.
    pub resource: Resource,
    /// The limit, in the resource's unit.
    pub limit: u64,
}

/// What is limited (RFC 9208 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// Bytes of messages.
    Storage,
    /// Messages.
    Message,
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.of_domain, self.resource) {
            (true, _) => f.write_str("the domain has reached the limit of its mail"),
            (false, Resource::Storage) => write!(f, "{} bytes of mail can be kept at most", self.limit),
            (false, Resource::Message) => write!(f, "{} messages can be kept at most", self.limit),
        }
    }
}

impl Usage {
    pub(crate) fn add(&mut self, row: &MailboxRow) {
        self.bytes += row.size;
        self.messages += u64::from(row.messages);
    }

    pub(crate) fn subtract(&mut self, row: &MailboxRow) {
        self.bytes = self.bytes.saturating_sub(row.size);
        self.messages = self.messages.saturating_sub(row.messages.into());
    }

    /// With one message less.
    pub(crate) const fn without_message(self, bytes: u64) -> Self {
        Self { bytes: self.bytes.saturating_sub(bytes), messages: self.messages.saturating_sub(1) }
    }

    /// With more messages, of so many bytes together.
    pub(crate) const fn with_messages(self, messages: u64, bytes: u64) -> Self {
        Self { bytes: self.bytes.saturating_add(bytes), messages: self.messages.saturating_add(messages) }
    }
}

impl Max {
    /// Which limit would be exceeded. What does not grow never is: a limit may have been lowered.
    fn exceeded(&self, before: Usage, after: Usage) -> Option<(Resource, u64)> {
        let over =
            |limit: Option<u64>, before: u64, after: u64| limit.filter(|&l| after > before && after > l);
        let storage = over(self.bytes, before.bytes, after.bytes).map(|limit| (Resource::Storage, limit));
        storage.or_else(|| {
            over(self.messages, before.messages, after.messages).map(|limit| (Resource::Message, limit))
        })
    }
}

impl Limit {
    fn encode(self) -> u64 {
        match self {
            Self::Inherited => 0,
            Self::Unlimited => 1,
            Self::Max(n) => n.saturating_add(2),
        }
    }

    const fn decode(n: u64) -> Self {
        match n {
            0 => Self::Inherited,
            1 => Self::Unlimited,
            n => Self::Max(n - 2),
        }
    }
}

impl Limits {
    pub(crate) fn encode(self) -> Vec<u8> {
        let mut out = Vec::new();
        put_u64(&mut out, self.bytes.encode());
        put_u64(&mut out, self.messages.encode());
        out
    }

    pub(crate) fn decode(value: &[u8]) -> Result<Self, Damaged> {
        let mut r = Reader::new(value, "limits of a quota");
        let limits = Self { bytes: Limit::decode(r.u64()?), messages: Limit::decode(r.u64()?) };
        r.end()?;
        Ok(limits)
    }
}

impl QuotaOf {
    fn key(&self) -> Vec<u8> {
        match self {
            Self::EachUser => schema::limits(b'e', ""),
            Self::EachUserOf(domain) => schema::limits(b'd', domain),
            Self::User(login) => schema::limits(b'u', login),
            Self::Domain(domain) => schema::limits(b't', domain),
        }
    }

    fn of_key(key: &[u8]) -> Result<Self, Damaged> {
        let damaged = Damaged { what: "name of a quota" };
        let (kind, name) = key.get(1..).and_then(<[u8]>::split_first).ok_or(damaged)?;
        let name = std::str::from_utf8(name).map_err(|_| damaged)?.to_owned();
        match kind {
            b'e' => Ok(Self::EachUser),
            b'd' => Ok(Self::EachUserOf(name)),
            b'u' => Ok(Self::User(name)),
            b't' => Ok(Self::Domain(name)),
            _ => Err(damaged),
        }
    }
}

pub(crate) fn domain_of(login: &str) -> &str {
    login.rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// In the commit that removes a user: nobody of that name inherits the limits.
pub(crate) fn forget_user(batch: &mut Batch, login: &str) {
    batch.delete(QuotaOf::User(login.to_owned()).key());
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn limits(bytes: Limit, messages: Limit) -> Limits {
        Limits { bytes, messages }
    }

    #[test]
    fn keys_and_limits_are_read_as_they_were_written() {
        for of in [
            QuotaOf::EachUser,
            QuotaOf::EachUserOf("a.example".into()),
            QuotaOf::User("ada@a.example".into()),
            QuotaOf::Domain("a.example".into()),
        ] {
            assert_eq!(QuotaOf::of_key(&of.key()), Ok(of));
        }
        let all = limits(Limit::Max(u64::MAX - 2), Limit::Unlimited);
        assert_eq!(Limits::decode(&all.encode()), Ok(all));
        assert_eq!(Limits::decode(&Limits::default().encode()), Ok(Limits::default()));
        assert!(QuotaOf::of_key(b"wx").is_err());
    }
}
