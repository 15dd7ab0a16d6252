//! The spelling of answers, appended to a `Vec<u8>`: nothing here decides what is said, or sends it.
//!
//! One file per family below `response/`. RFC 3501 §7 and §9.

mod code;
mod fetch;
mod mailbox;
mod number;
mod quota;
mod search;
mod sort;
mod status;
mod text;
mod thread;

pub use code::{AppendUid, Code, CopyUid, InProgress};
pub use fetch::{FetchWriter, SectionName};
pub use mailbox::{ListLine, StatusValue, flags, list, lsub, mailbox_status, namespace, separator};
pub use number::number;
pub use quota::{QuotaUsage, quota, quota_root};
pub use search::{Esearch, Results, esearch, search, search_uids, uid_batches};
pub use sort::{comparator, sort};
pub use status::{Status, bye, capability, continuation, enabled, error, id, tagged, untagged};
pub use text::{astring, literal, nstring, quoted};
pub use thread::{Threads, thread};

use model::{SeqNo, UidSet};

/// `* n EXISTS` (RFC 3501 §7.3.1)
pub fn exists(out: &mut Vec<u8>, count: u32) {
    numbered(out, count, b" EXISTS\r\n");
}

/// `* n RECENT` (RFC 3501 §7.3.2)
pub fn recent(out: &mut Vec<u8>, count: u32) {
    numbered(out, count, b" RECENT\r\n");
}

/// `* n EXPUNGE` (RFC 3501 §7.4.1)
pub fn expunge(out: &mut Vec<u8>, seq: SeqNo) {
    numbered(out, seq.0, b" EXPUNGE\r\n");
}

fn numbered(out: &mut Vec<u8>, n: u32, rest: &[u8]) {
    out.extend_from_slice(b"* ");
    number(out, u64::from(n));
    out.extend_from_slice(rest);
}

/// `* VANISHED set`: expunged now (RFC 7162 §3.2.10). Nothing for the empty set.
pub fn vanished(out: &mut Vec<u8>, uids: &UidSet) {
    vanished_line(out, b"* VANISHED ", uids);
}

/// `* VANISHED (EARLIER) set`: expunged before, told in answer to a question (RFC 7162 §3.2.10). Nothing for the
/// empty set.
pub fn vanished_earlier(out: &mut Vec<u8>, uids: &UidSet) {
    vanished_line(out, b"* VANISHED (EARLIER) ", uids);
}

fn vanished_line(out: &mut Vec<u8>, start: &[u8], uids: &UidSet) {
    if uids.is_empty() {
        return;
    }
    out.extend_from_slice(start);
    uid_set(out, uids);
    out.extend_from_slice(b"\r\n");
}

/// A set of UIDs or of message numbers.
pub(crate) fn uid_set(out: &mut Vec<u8>, uids: &UidSet) {
    for (i, range) in uids.ranges().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        number(out, u64::from(*range.start()));
        if range.start() != range.end() {
            out.push(b':');
            number(out, u64::from(*range.end()));
        }
    }
}

#[cfg(test)]
mod tests;
