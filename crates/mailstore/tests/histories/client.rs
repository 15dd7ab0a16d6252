//! A client that goes offline and comes back, three ways at once.

use super::model::names;
use ::model::ModSeq;
use mailstore::{Mailbox, Op, Since};
use std::collections::{BTreeMap, BTreeSet};

type Seen = BTreeMap<u32, BTreeSet<String>>;

/// What a client knew of a mailbox when it went offline.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) uid_validity: u32,
    modseq: ModSeq,
    seen: Seen,
}

impl Client {
    /// A client that has just read the whole mailbox.
    pub(crate) async fn new(mailbox: &Mailbox) -> Self {
        let snapshot = mailbox.snapshot().await.unwrap();
        let one = |m: mailstore::Message| (m.uid.get(), names(&snapshot.keywords.named(m.flags)));
        Self {
            uid_validity: snapshot.status.uid_validity.get(),
            modseq: snapshot.modseq,
            seen: snapshot.image.iter().map(one).collect(),
        }
    }

    /// Comes back, and compares what each way of resynchronising gives.
    pub(crate) async fn resynchronise(&self, mailbox: &Mailbox) -> Self {
        let scratch = Self::new(mailbox).await;
        assert_eq!(self.uid_validity, scratch.uid_validity);
        assert_eq!(
            self.by_column(mailbox).await,
            scratch.seen,
            "CHANGEDSINCE and VANISHED since {}",
            self.modseq
        );
        if let Some(seen) = self.by_log(mailbox).await {
            assert_eq!(seen, scratch.seen, "the log since {}", self.modseq);
        }
        scratch
    }

    /// As QRESYNC does: what changed by the modseq column, and what vanished.
    async fn by_column(&self, mailbox: &Mailbox) -> Seen {
        let snapshot = mailbox.snapshot().await.unwrap();
        let vanished = mailbox.vanished_since(self.modseq, &snapshot).await.unwrap();
        let mut seen = self.seen.clone();
        seen.retain(|uid, _| !vanished.contains(::model::Uid::new(*uid).unwrap()));
        for m in snapshot.image.changed_since(self.modseq) {
            seen.insert(m.uid.get(), names(&snapshot.keywords.named(m.flags)));
        }
        seen
    }

    /// As a session that keeps up: record by record. `None` when the log does not reach back.
    async fn by_log(&self, mailbox: &Mailbox) -> Option<Seen> {
        let Since::Changes(changes) = mailbox.changes_since(self.modseq).await.unwrap() else { return None };
        let image = mailbox.snapshot().await.unwrap().image;
        let mut seen = self.seen.clone();
        let mut last = self.modseq;
        for record in &changes.records {
            assert!(record.modseq >= last, "the log is in order");
            last = record.modseq;
            for op in &record.change.ops {
                match op {
                    Op::Insert { first, messages, .. } => {
                        for (uid, m) in (first.get()..).zip(messages) {
                            seen.insert(uid, names(&changes.keywords.named(m.flags)));
                        }
                    }
                    Op::Flags { messages } => {
                        for (uid, flags) in messages {
                            seen.insert(uid.get(), names(&changes.keywords.named(*flags)));
                        }
                    }
                    Op::Expunge { uids } => {
                        seen.retain(|uid, _| !uids.contains(::model::Uid::new(*uid).unwrap()))
                    }
                    // Their flags are in the image, where they still are.
                    Op::FlagsDelta { uids, .. } => {
                        for m in image.range(uids) {
                            seen.insert(m.uid.get(), names(&changes.keywords.named(m.flags)));
                        }
                    }
                    Op::Link { first, count, .. } => {
                        for uid in first.get()..first.get() + count {
                            let message = image.get(::model::Uid::new(uid).unwrap());
                            seen.insert(
                                uid,
                                message.map(|m| names(&changes.keywords.named(m.flags))).unwrap_or_default(),
                            );
                        }
                    }
                }
            }
        }
        Some(seen)
    }
}
