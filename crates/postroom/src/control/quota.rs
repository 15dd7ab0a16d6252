//! The server's side of `postroom quota`.

use mailstore::{Limit, Limits, QuotaOf, Refusal};

use super::protocol::{Bound, QuotaWhose, Reply};
use super::server::{Control, Replies, Undone};

impl Control {
    pub(super) async fn list_quotas(&self, to: &mut Replies) -> Result<Reply, Undone> {
        for (of, limits) in self.store.quotas() {
            let (storage, messages) = (limits.bytes.into(), limits.messages.into());
            to.send(&Reply::Limits { whose: of.into(), storage, messages }).await?;
        }
        Ok(Reply::Done)
    }

    pub(super) async fn show_quota(&self, whose: QuotaWhose) -> Result<Reply, Undone> {
        let quota = match self.quota_of(whose)? {
            QuotaOf::User(login) => self.store.quota(&login).await?,
            QuotaOf::Domain(domain) => self.store.domain_quota(&domain).ok_or_else(|| {
                Undone::Refused(format!("{domain} as a whole has no limits, so its mail is not counted"))
            })?,
            QuotaOf::EachUser | QuotaOf::EachUserOf(_) => {
                return Err(Undone::Refused("show one user or one domain".to_owned()));
            }
        };
        Ok(Reply::Usage {
            bytes: quota.usage.bytes,
            bytes_max: quota.max.bytes,
            messages: quota.usage.messages,
            messages_max: quota.max.messages,
        })
    }

    pub(super) async fn set_quota(
        &self,
        whose: QuotaWhose,
        storage: Option<Bound>,
        messages: Option<Bound>,
    ) -> Result<Reply, Undone> {
        let of = self.quota_of(whose)?;
        let before = self.store.quotas().into_iter().find(|(known, _)| *known == of);
        let before = before.map(|(_, limits)| limits).unwrap_or_default();
        let limits = Limits {
            bytes: storage.map_or(before.bytes, Limit::from),
            messages: messages.map_or(before.messages, Limit::from),
        };
        self.store.set_quota(of, limits).await?;
        Ok(Reply::Done)
    }

    fn quota_of(&self, whose: QuotaWhose) -> Result<QuotaOf, Undone> {
        Ok(match whose {
            QuotaWhose::Each => QuotaOf::EachUser,
            QuotaWhose::EachOf { domain } => QuotaOf::EachUserOf(self.domain(&domain)?),
            QuotaWhose::Domain { domain } => QuotaOf::Domain(self.domain(&domain)?),
            QuotaWhose::User { name } => {
                let login = self.any_login(&name)?;
                self.store.user(login.as_str())?.ok_or(Refusal::AccountMissing)?;
                QuotaOf::User(login.to_string())
            }
        })
    }
}

impl From<QuotaOf> for QuotaWhose {
    fn from(of: QuotaOf) -> Self {
        match of {
            QuotaOf::EachUser => Self::Each,
            QuotaOf::EachUserOf(domain) => Self::EachOf { domain },
            QuotaOf::User(name) => Self::User { name },
            QuotaOf::Domain(domain) => Self::Domain { domain },
        }
    }
}

impl From<Limit> for Bound {
    fn from(limit: Limit) -> Self {
        match limit {
            Limit::Inherited => Self::Inherited,
            Limit::Unlimited => Self::Unlimited,
            Limit::Max(n) => Self::Max(n),
        }
    }
}

impl From<Bound> for Limit {
    fn from(bound: Bound) -> Self {
        match bound {
            Bound::Inherited => Self::Inherited,
            Bound::Unlimited => Self::Unlimited,
            Bound::Max(n) => Self::Max(n),
        }
    }
}
