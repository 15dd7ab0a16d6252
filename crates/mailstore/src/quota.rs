//! Quotas: how much mail a user, and the users of a domain together, may keep (RFC 9208).
//!
//! Usage is not counted on its own, so it cannot drift: a user's is the sum of the mailboxes' summaries, which change
//! in the commit that changes the messages, and a domain's the sum of its users'. Every intent passes [`Quotas::admit`]
//! when it is resolved; only what makes usage grow is refused, so there is always a way out.

use crate::account::load;
use crate::codec::{Damaged, Reader, put_u64};
use crate::error::{Error, Fault, Refusal};
use crate::schema::{self, MailboxRow};
use crate::store::Store;
use crate::users::User;
use model::AccountId;
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use storage::{Batch, Snapshot};

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

    /// With one more message.
    pub(crate) const fn with_message(self, bytes: u64) -> Self {
        Self { bytes: self.bytes.saturating_add(bytes), messages: self.messages.saturating_add(1) }
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
    fn encode(self) -> Vec<u8> {
        let mut out = Vec::new();
        put_u64(&mut out, self.bytes.encode());
        put_u64(&mut out, self.messages.encode());
        out
    }

    fn decode(value: &[u8]) -> Result<Self, Damaged> {
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

/// What the users of a domain have. Only kept where their sum is limited.
#[derive(Default)]
struct Domain {
    total: Usage,
    /// Those that have any.
    accounts: HashMap<AccountId, Usage>,
}

impl Domain {
    /// The sum, if an account's part of it were `usage`.
    fn total_with(&self, account: AccountId, usage: Usage) -> Usage {
        let own = self.accounts.get(&account).copied().unwrap_or_default();
        Usage {
            bytes: self.total.bytes - own.bytes + usage.bytes,
            messages: self.total.messages - own.messages + usage.messages,
        }
    }

    fn set(&mut self, account: AccountId, usage: Usage) {
        self.total = self.total_with(account, usage);
        match usage == Usage::default() {
            true => self.accounts.remove(&account),
            false => self.accounts.insert(account, usage),
        };
    }
}

/// All quotas of a store.
#[derive(Default)]
pub(crate) struct Quotas(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    limits: BTreeMap<QuotaOf, Limits>,
    domains: HashMap<String, Domain>,
}

impl Inner {
    /// The limits that hold for a user.
    fn max(&self, login: &str) -> Max {
        let said = |of: QuotaOf| self.limits.get(&of).copied().unwrap_or_default();
        let all = [
            said(QuotaOf::User(login.to_owned())),
            said(QuotaOf::EachUserOf(domain_of(login).to_owned())),
            said(QuotaOf::EachUser),
        ];
        let first = |which: fn(&Limits) -> Limit| match all.iter().map(which).find(|l| *l != Limit::Inherited)
        {
            Some(Limit::Max(n)) => Some(n),
            _ => None,
        };
        Max { bytes: first(|limits| limits.bytes), messages: first(|limits| limits.messages) }
    }

    fn domain_max(&self, domain: &str) -> Max {
        let said = self.limits.get(&QuotaOf::Domain(domain.to_owned())).copied().unwrap_or_default();
        let max = |limit| if let Limit::Max(n) = limit { Some(n) } else { None };
        Max { bytes: max(said.bytes), messages: max(said.messages) }
    }

    fn check(&self, account: AccountId, login: &str, before: Usage, after: Usage) -> Result<(), Refusal> {
        if let Some((resource, limit)) = self.max(login).exceeded(before, after) {
            return Err(Refusal::OverQuota(Exceeded { of_domain: false, resource, limit }));
        }
        let name = domain_of(login);
        let Some(domain) = self.domains.get(name) else { return Ok(()) };
        let (before, after) = (domain.total, domain.total_with(account, after));
        match self.domain_max(name).exceeded(before, after) {
            Some((resource, limit)) => Err(Refusal::OverQuota(Exceeded { of_domain: true, resource, limit })),
            None => Ok(()),
        }
    }
}

impl Quotas {
    /// Reads the limits, and counts the domains that have any.
    pub(crate) fn load(snapshot: &dyn Snapshot) -> Result<Self, Fault> {
        let mut inner = Inner::default();
        load::scan(snapshot, schema::LIMITS, |key, value| {
            inner.limits.insert(QuotaOf::of_key(key)?, Limits::decode(value)?);
            Ok(())
        })?;
        for of in inner.limits.keys() {
            if let QuotaOf::Domain(domain) = of {
                inner.domains.insert(domain.clone(), Domain::default());
            }
        }
        if !inner.domains.is_empty() {
            load::scan(snapshot, schema::USERS, |key, value| {
                let user = User::decode(key, value)?;
                if let Some(domain) = inner.domains.get_mut(domain_of(&user.login)) {
                    let mut usage = Usage::default();
                    load::read_mailboxes(snapshot, user.account)?.values().for_each(|row| usage.add(row));
                    domain.set(user.account, usage);
                }
                Ok(())
            })?;
        }
        Ok(Self(Mutex::new(inner)))
    }

    /// Lets an intent pass that makes `after` of an account's usage, and counts it from then on. The account is locked.
    ///
    /// # Errors
    /// [`Refusal::OverQuota`]
    pub(crate) fn admit(
        &self,
        account: AccountId,
        login: &str,
        before: Usage,
        after: Usage,
    ) -> Result<(), Refusal> {
        if before == after {
            return Ok(());
        }
        let mut inner = self.0.lock();
        if inner.limits.is_empty() {
            return Ok(());
        }
        inner.check(account, login, before, after)?;
        if let Some(domain) = inner.domains.get_mut(domain_of(login)) {
            domain.set(account, after);
        }
        Ok(())
    }

    /// Whether an intent would pass now.
    ///
    /// # Errors
    /// [`Refusal::OverQuota`]
    pub(crate) fn would_admit(
        &self,
        account: AccountId,
        login: &str,
        before: Usage,
        after: Usage,
    ) -> Result<(), Refusal> {
        self.0.lock().check(account, login, before, after)
    }

    /// The limits that hold for a user.
    pub(crate) fn max(&self, login: &str) -> Max {
        self.0.lock().max(login)
    }

    /// Takes the limits that are durable now.
    pub(crate) fn set(&self, of: QuotaOf, limits: Limits) {
        let mut inner = self.0.lock();
        match (&of, limits == Limits::default()) {
            (QuotaOf::Domain(domain), true) => drop(inner.domains.remove(domain)),
            (QuotaOf::Domain(domain), false) => drop(inner.domains.entry(domain.clone()).or_default()),
            _ => {}
        }
        match limits == Limits::default() {
            true => inner.limits.remove(&of),
            false => inner.limits.insert(of, limits),
        };
    }

    /// Counts an account that is locked meanwhile.
    fn count(&self, account: AccountId, domain: &str, usage: Usage) {
        if let Some(domain) = self.0.lock().domains.get_mut(domain) {
            domain.set(account, usage);
        }
    }
}

impl Store {
    /// Sets the limits of a quota; those that are [`Limit::Inherited`] are no longer said. What is there already stays,
    /// even above them.
    ///
    /// # Errors
    /// [`Refusal::AccountMissing`], or a fault.
    pub async fn set_quota(&self, of: QuotaOf, limits: Limits) -> Result<(), Error> {
        let _one_at_a_time = self.directory.lock().await;
        if let QuotaOf::User(login) = &of {
            self.find_user(login).await?.ok_or(Refusal::AccountMissing)?;
        }
        let mut batch = Batch::default();
        match limits == Limits::default() {
            true => batch.delete(of.key()),
            false => batch.put(of.key(), limits.encode()),
        }
        self.shared.commit_rows(batch, Vec::new()).await?;
        self.shared.quotas.set(of.clone(), limits);
        match of {
            QuotaOf::Domain(domain) => self.count_domain(&domain).await,
            _ => Ok(()),
        }
    }

    /// Brings a domain's sum up to date. Whoever grows meanwhile is counted by [`Quotas::admit`].
    async fn count_domain(&self, domain: &str) -> Result<(), Error> {
        for user in self.users().await? {
            if domain_of(&user.login) != domain {
                continue;
            }
            if let Some(account) = self.account(user.account).await? {
                let inner = account.lock();
                self.shared.quotas.count(account.id, domain, inner.resolved.usage);
            }
        }
        Ok(())
    }

    /// Every quota that was set.
    #[must_use]
    pub fn quotas(&self) -> Vec<(QuotaOf, Limits)> {
        self.shared.quotas.0.lock().limits.iter().map(|(of, limits)| (of.clone(), *limits)).collect()
    }

    /// What a user has, and may have.
    ///
    /// # Errors
    /// [`Refusal::AccountMissing`], or a fault.
    pub async fn quota(&self, login: &str) -> Result<Quota, Error> {
        let user = self.find_user(login).await?.ok_or(Refusal::AccountMissing)?;
        Ok(self.enter(user.account).await?.quota())
    }

    /// What the users of a domain have together, and may have; `None` where their sum is not limited, and not counted.
    #[must_use]
    pub fn domain_quota(&self, domain: &str) -> Option<Quota> {
        let inner = self.shared.quotas.0.lock();
        let usage = inner.domains.get(domain)?.total;
        Some(Quota { usage, max: inner.domain_max(domain) })
    }
}

/// In the commit that removes a user: nobody of that name inherits the limits.
pub(crate) fn forget_user(batch: &mut Batch, login: &str) {
    batch.delete(QuotaOf::User(login.to_owned()).key());
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn usage(bytes: u64, messages: u64) -> Usage {
        Usage { bytes, messages }
    }

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

    #[test]
    fn the_most_special_limit_holds_for_each_resource() {
        let quotas = Quotas::default();
        quotas.set(QuotaOf::EachUser, limits(Limit::Max(100), Limit::Max(10)));
        quotas.set(QuotaOf::EachUserOf("a".into()), limits(Limit::Max(200), Limit::Inherited));
        quotas.set(QuotaOf::User("x@a".into()), limits(Limit::Inherited, Limit::Unlimited));
        assert_eq!(quotas.max("x@a"), Max { bytes: Some(200), messages: None });
        assert_eq!(quotas.max("y@a"), Max { bytes: Some(200), messages: Some(10) });
        assert_eq!(quotas.max("z@b"), Max { bytes: Some(100), messages: Some(10) });
        quotas.set(QuotaOf::EachUserOf("a".into()), Limits::default());
        assert_eq!(quotas.max("x@a"), Max { bytes: Some(100), messages: None });
    }

    #[test]
    fn only_what_grows_is_refused() {
        let quotas = Quotas::default();
        quotas.set(QuotaOf::EachUser, limits(Limit::Max(100), Limit::Max(10)));
        let admit = |before, after| quotas.admit(AccountId(1), "x@a", before, after);
        assert_eq!(admit(usage(0, 0), usage(100, 10)), Ok(()), "the limit itself can be reached");
        assert_eq!(admit(usage(500, 50), usage(400, 49)), Ok(()));
        let over = |resource, limit| Err(Refusal::OverQuota(Exceeded { of_domain: false, resource, limit }));
        assert_eq!(admit(usage(500, 5), usage(501, 5)), over(Resource::Storage, 100));
        assert_eq!(admit(usage(10, 50), usage(5, 51)), over(Resource::Message, 10));
    }

    #[test]
    fn a_domain_is_limited_as_a_sum() {
        let quotas = Quotas::default();
        quotas.set(QuotaOf::Domain("a".into()), limits(Limit::Max(100), Limit::Inherited));
        let admit = |id, login, before, after| quotas.admit(AccountId(id), login, before, after);
        assert_eq!(admit(1, "x@a", usage(0, 0), usage(60, 1)), Ok(()));
        let exceeded = Exceeded { of_domain: true, resource: Resource::Storage, limit: 100 };
        assert_eq!(admit(2, "y@a", usage(0, 0), usage(50, 1)), Err(Refusal::OverQuota(exceeded)));
        assert_eq!(admit(3, "z@b", usage(0, 0), usage(50, 1)), Ok(()), "another domain");
        assert_eq!(admit(1, "x@a", usage(60, 1), usage(10, 1)), Ok(()));
        assert_eq!(admit(2, "y@a", usage(0, 0), usage(50, 1)), Ok(()), "there is room again");
    }
}
