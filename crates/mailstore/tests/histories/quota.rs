//! A limit comes and goes: what would exceed it is refused as a whole, and usage is what the messages add up to.

use super::model::{Model, Request};
use super::world::{LOGIN, World, tell};
use mailstore::{Limit, Limits, QuotaOf, Usage};

impl World {
    /// Sets a limit that is met soon, or lifts the one there is.
    pub(super) async fn change_quota(&mut self) {
        let (total, is_limited) = (self.total(), self.has_limit());
        let (more, kind) = (self.dice.below(4), self.dice.below(4));
        let limits = match (is_limited, kind) {
            (true, _) => Limits::default(),
            (false, 0) => Limits { bytes: Limit::Max(total.bytes + more * 1000), ..Limits::default() },
            (false, _) => Limits { messages: Limit::Max(total.messages + more), ..Limits::default() },
        };
        // A user's own limit, or one of all users of the domain together: there is one.
        let of = match self.dice.one_in(3) {
            true => QuotaOf::Domain("example.org".to_owned()),
            false => QuotaOf::User(LOGIN.to_owned()),
        };
        let of = self.store.quotas().into_iter().next().map_or(of, |(of, _)| of);
        tell(|| format!("quota {of:?} {limits:?}"));
        if self.store.set_quota(of, limits).await.is_err() {
            self.power_cut(None).await;
        }
    }

    /// Whether there is any.
    pub(super) fn has_limit(&self) -> bool {
        !self.store.quotas().is_empty()
    }

    /// Whether the request has to be refused.
    pub(super) fn exceeds_quota(&self, request: &Request) -> bool {
        let Some((_, limits)) = self.store.quotas().into_iter().next() else { return false };
        let before = self.total();
        let mut after = self.model.clone();
        // What a new mailbox is called by does not count.
        if matches!(request, Request::Append { .. } | Request::Copy { .. } | Request::Replace { .. }) {
            after.apply(request, 0);
        }
        let after = total(&after);
        let exceeds = |limit: Limit, before: u64, after: u64| {
            after > before && matches!(limit, Limit::Max(max) if after > max)
        };
        exceeds(limits.messages, before.messages, after.messages)
            || exceeds(limits.bytes, before.bytes, after.bytes)
    }

    pub(super) async fn compare_usage(&self) {
        assert_eq!(self.store.quota(LOGIN).await.unwrap().usage, self.total());
    }

    /// What the messages of the model add up to.
    fn total(&self) -> Usage {
        total(&self.model)
    }
}

fn total(model: &Model) -> Usage {
    let mails = || model.folders.values().flat_map(|folder| folder.mails.values());
    let bytes = mails().map(|mail| mail.content.len() as u64).sum();
    Usage { bytes, messages: mails().count() as u64 }
}
