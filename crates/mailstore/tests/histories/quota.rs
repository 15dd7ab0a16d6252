//! A limit comes and goes: what would exceed it is refused as a whole, and usage is what the messages add up to.

use super::model::Request;
use super::world::{LOGIN, World, tell};
use mailstore::{Limit, Limits, QuotaOf, Usage};

impl World {
    /// Sets a limit that is met soon, or lifts the one there is.
    pub(super) async fn change_quota(&mut self) {
        let messages = match self.limit() {
            Some(_) => Limit::Inherited,
            None => Limit::Max(self.total().messages + self.dice.below(4)),
        };
        tell(|| format!("quota {messages:?}"));
        let limits = Limits { messages, ..Limits::default() };
        if self.store.set_quota(QuotaOf::User(LOGIN.to_owned()), limits).await.is_err() {
            self.power_cut(None).await;
        }
    }

    /// How many messages the account may have.
    pub(super) fn limit(&self) -> Option<u64> {
        self.store.quotas().first().and_then(|(_, limits)| match limits.messages {
            Limit::Max(max) => Some(max),
            _ => None,
        })
    }

    /// Whether the request has to be refused.
    pub(super) fn exceeds_quota(&self, request: &Request) -> bool {
        let more = match request {
            Request::Append { mails, .. } => mails.len(),
            Request::Copy { uids, .. } => uids.len(),
            _ => 0,
        };
        more > 0 && self.limit().is_some_and(|max| self.total().messages + more as u64 > max)
    }

    pub(super) async fn compare_usage(&self) {
        assert_eq!(self.store.quota(LOGIN).await.unwrap().usage, self.total());
    }

    /// What the messages of the model add up to.
    fn total(&self) -> Usage {
        let mails = || self.model.folders.values().flat_map(|folder| folder.mails.values());
        let bytes = mails().map(|mail| mail.content.len() as u64).sum();
        Usage { bytes, messages: mails().count() as u64 }
    }
}
