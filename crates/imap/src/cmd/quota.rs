//! GETQUOTA and GETQUOTAROOT (RFC 9208 §4.1). A user has one quota root, named after the login; limits that the users
//! of a domain share are the operator's business, and are not shown.

use imap_proto::command::QuotaResource;
use imap_proto::response::{self, QuotaUsage};
use model::MailboxName;

use crate::io::Io;
use crate::reply::{Done, Failure};
use crate::state::Authenticated;

/// The unit of STORAGE, in bytes (RFC 9208 §5.1).
const STORAGE_UNIT: u64 = 1024;

impl Authenticated {
    pub(crate) fn get_quota(&self, root: &str, io: &mut Io) -> Result<Done, Failure> {
        if root != self.access.owner_login() {
            return Err(Failure::NoQuotaRoot);
        }
        self.tell_quota(io);
        Ok(Done::new("GETQUOTA completed"))
    }

    /// The mailbox need not exist (RFC 9208 §4.1.2).
    pub(crate) fn get_quota_root(&self, mailbox: &MailboxName, io: &mut Io) -> Done {
        let root = self.access.owner_login();
        response::quota_root(io.out(), self.enabled.dialect, mailbox, &[root]);
        self.tell_quota(io);
        Done::new("GETQUOTAROOT completed")
    }

    /// What is not limited is not told: the grammar has no usage without a limit (RFC 9208 §4.2.1).
    fn tell_quota(&self, io: &mut Io) {
        let quota = self.access.quota();
        let storage = quota.max.bytes.map(|limit| QuotaUsage {
            resource: QuotaResource::Storage,
            usage: quota.usage.bytes.div_ceil(STORAGE_UNIT),
            limit: limit / STORAGE_UNIT,
        });
        let messages = quota.max.messages.map(|limit| QuotaUsage {
            resource: QuotaResource::Message,
            usage: quota.usage.messages,
            limit,
        });
        let storage = storage.filter(|_| self.is_offered("QUOTA=RES-STORAGE"));
        let messages = messages.filter(|_| self.is_offered("QUOTA=RES-MESSAGE"));
        let limited: Vec<QuotaUsage> = storage.into_iter().chain(messages).collect();
        response::quota(io.out(), self.access.owner_login(), &limited);
    }
}
