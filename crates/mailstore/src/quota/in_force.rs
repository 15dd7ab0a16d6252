//! The quotas that are in force, what the users of limited domains have, and what would exceed either.

use crate::account::load;
use crate::error::{Error, Fault, Refusal};
use crate::schema;
use crate::store::Store;
use crate::users::User;
use model::AccountId;
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap};
use storage::{Batch, Snapshot};

use super::{Exceeded, Limit, Limits, Max, Quota, QuotaOf, Usage, domain_of};

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

#[cfg(test)]
mod tests {
    use super::super::Resource;
    use super::*;

    const fn usage(bytes: u64, messages: u64) -> Usage {
        Usage { bytes, messages }
    }

    const fn limits(bytes: Limit, messages: Limit) -> Limits {
        Limits { bytes, messages }
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
