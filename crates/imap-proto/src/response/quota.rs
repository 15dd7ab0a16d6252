//! What is told of quotas. RFC 9208 §4.2.

use model::MailboxName;

use super::mailbox::name;
use super::{astring, number};
use crate::command::QuotaResource;
use crate::dialect::Dialect;

/// How much of a resource is used and may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaUsage {
    /// Which resource, and so in which unit.
    pub resource: QuotaResource,
    /// How much is used.
    pub usage: u64,
    /// How much may be.
    pub limit: u64,
}

/// `* QUOTA` of a quota root. Nothing is limited where there are no resources, though the grammar wants one.
pub fn quota(out: &mut Vec<u8>, root: &str, resources: &[QuotaUsage]) {
    out.extend_from_slice(b"* QUOTA ");
    astring(out, root.as_bytes());
    out.extend_from_slice(b" (");
    for (i, QuotaUsage { resource, usage, limit }) in resources.iter().enumerate() {
        out.extend_from_slice(if i > 0 { b" " } else { b"" });
        out.extend_from_slice(resource.to_string().as_bytes());
        out.push(b' ');
        number(out, *usage);
        out.push(b' ');
        number(out, *limit);
    }
    out.extend_from_slice(b")\r\n");
}

/// `* QUOTAROOT`: the quota roots that a mailbox is in, maybe none.
pub fn quota_root(out: &mut Vec<u8>, dialect: Dialect, mailbox: &MailboxName, roots: &[&str]) {
    out.extend_from_slice(b"* QUOTAROOT ");
    name(out, dialect, mailbox.as_str());
    for root in roots {
        out.push(b' ');
        astring(out, root.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}
