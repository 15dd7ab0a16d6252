//! STORE and UID STORE (RFC 3501 §6.4.6, RFC 7162 §3.1.3).
//!
//! The FETCH responses for what changed come from the pump, like anyone's change; only messages that had the
//! flags already are answered here, since nothing changed that the pump could tell.

use imap_proto::command::{Store, StoreOp};
use imap_proto::response::Code;
use mailstore::{FlagOp, StoreFlags, Stored};

use crate::cmd::fetch::Rows;
use crate::io::Io;
use crate::pump::OwnChange;
use crate::reply::{Done, Failure};
use crate::state::Selected;

impl Selected {
    pub(crate) async fn store(&mut self, store: Store, io: &mut Io) -> Result<Done, Failure> {
        self.user.enabled.condstore |= store.unchanged_since.is_some();
        let uids = self.targets(&store.set, store.uid)?;
        self.writable()?;
        let op = match store.op {
            StoreOp::Replace => FlagOp::Replace,
            StoreOp::Add => FlagOp::Add,
            StoreOp::Remove => FlagOp::Remove,
        };
        let request = StoreFlags { uids, op, flags: store.flags, unchanged_since: store.unchanged_since };
        let stored = self.mailbox.store(request).await?;
        if store.silent && !stored.changed.is_empty() {
            self.own.insert(stored.modseq, OwnChange::Silent);
        }
        // RFC 7162 §3.1.3: a conditional STORE is answered with MODSEQ "even if the .SILENT suffix is specified".
        let rows = match (store.silent, store.unchanged_since) {
            (false, _) => {
                let uids = store.uid || self.user.enabled.dialect.rev2;
                Some(Rows::flags(uids, self.user.enabled.condstore))
            }
            (true, Some(_)) => Some(Rows::modseqs()),
            (true, None) => None,
        };
        if let Some(rows) = rows {
            self.send_rows(&stored.unchanged, rows, io).await?;
        }
        self.store_answer(&stored, store.uid)
    }

    fn store_answer(&self, stored: &Stored, by_uid: bool) -> Result<Done, Failure> {
        if !stored.modified.is_empty() {
            let set = if by_uid { stored.modified.clone() } else { self.numbers(&stored.modified) };
            return Ok(Done::coded(Code::Modified(set), "some of the messages have changed since"));
        }
        if stored.missing.is_empty() || by_uid {
            return Ok(Done::new("STORE completed"));
        }
        // RFC 2180 §4.2: those that exist are done.
        if stored.changed.is_empty() && stored.unchanged.is_empty() {
            return Err(Failure::AllExpunged);
        }
        Ok(Done::coded(Code::ExpungeIssued, "some of the messages no longer exist"))
    }
}
