//! How much memory images may take, and which goes first.

use crate::account::Account;
use model::{AccountId, MailboxId};
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Weak};

/// An image that nobody has used for so many rounds of housekeeping is let go: a session that idles costs no image.
const UNUSED_ROUNDS: usize = 3;

/// Images in memory by their last use. The account that has an image lives as long as the image does.
pub(crate) struct ImageCache {
    limit: usize,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    entries: HashMap<(AccountId, MailboxId), Entry>,
    by_use: BTreeMap<u64, (AccountId, MailboxId)>,
    uses: u64,
    /// What `uses` was at the last rounds of housekeeping, oldest first.
    rounds: VecDeque<u64>,
    weight: usize,
}

struct Entry {
    account: Arc<Account>,
    weight: usize,
    used: u64,
}

impl ImageCache {
    /// A cache of `limit` bytes; one image larger than that is still held.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, inner: Mutex::default() }
    }

    /// Notes that an image is in use and how large it is now; lets go of those not used for longest.
    pub(crate) fn used(&self, account: &Weak<Account>, id: AccountId, mailbox: MailboxId, weight: usize) {
        let Some(account) = account.upgrade() else { return };
        let mut evicted = Vec::new();
        {
            let mut inner = self.inner.lock();
            inner.insert((id, mailbox), account, weight);
            while inner.weight > self.limit && inner.entries.len() > 1 {
                match inner.oldest() {
                    Some(entry) => evicted.push(entry),
                    None => break,
                }
            }
            metrics::gauge!("postroom_store_image_bytes").set(inner.weight as f64);
        }
        for (mailbox, account) in evicted {
            account.evict(mailbox);
        }
    }

    /// Notes that an image was read.
    pub(crate) fn touch(&self, id: AccountId, mailbox: MailboxId) {
        self.inner.lock().touch((id, mailbox));
    }

    /// A round of housekeeping: lets go of the images that nobody has used for [`UNUSED_ROUNDS`] of them.
    pub(crate) fn let_go_of_unused(&self) {
        let mut evicted = Vec::new();
        {
            let mut inner = self.inner.lock();
            let uses = inner.uses;
            inner.rounds.push_back(uses);
            if inner.rounds.len() <= UNUSED_ROUNDS {
                return;
            }
            let until = inner.rounds.pop_front().unwrap_or_default();
            while inner.by_use.first_key_value().is_some_and(|(used, _)| *used <= until) {
                evicted.extend(inner.oldest());
            }
            metrics::gauge!("postroom_store_image_bytes").set(inner.weight as f64);
        }
        for (mailbox, account) in evicted {
            account.evict(mailbox);
        }
    }

    /// Lets go of every account.
    pub(crate) fn clear(&self) {
        *self.inner.lock() = Inner::default();
    }
}

impl Inner {
    fn insert(&mut self, key: (AccountId, MailboxId), account: Arc<Account>, weight: usize) {
        self.uses += 1;
        let used = self.uses;
        if let Some(old) = self.entries.insert(key, Entry { account, weight, used }) {
            self.by_use.remove(&old.used);
            self.weight -= old.weight;
        }
        self.by_use.insert(used, key);
        self.weight += weight;
    }

    fn touch(&mut self, key: (AccountId, MailboxId)) {
        let Some(entry) = self.entries.get_mut(&key) else { return };
        self.uses += 1;
        self.by_use.remove(&std::mem::replace(&mut entry.used, self.uses));
        self.by_use.insert(self.uses, key);
    }

    fn oldest(&mut self) -> Option<(MailboxId, Arc<Account>)> {
        let (_, key) = self.by_use.pop_first()?;
        let entry = self.entries.remove(&key)?;
        self.weight -= entry.weight;
        Some((key.1, entry.account))
    }
}

#[cfg(test)]
mod tests {
    use crate::{Options, Store};
    use model::{MailboxName, Rights};
    use std::sync::Arc;

    #[tokio::test]
    async fn what_the_cache_holds_is_bounded() {
        let staging = tempfile::tempdir().unwrap();
        // Less than any image takes: no more than the last one used is held.
        let options = Options { image_cache_bytes: 1, ..Options::new(staging.path().to_owned()) };
        let (engine, blobs) =
            (Arc::new(storage::MemoryEngine::default()), Arc::new(storage::MemoryBlobs::default()));
        let store = Store::open(engine, blobs, Arc::new(model::SystemClock), options).unwrap();
        let account = store.add_user("ada@a.example", "-", &[]).await.unwrap();
        let access = store.enter(account).await.unwrap();
        for text in ["a", "b", "c", "a"] {
            let name = MailboxName::new(text).unwrap();
            // The last is there already.
            let _made = access.create(&name, None).await.is_ok();
            let mailbox = access.mailbox(&name, Rights::ALL).unwrap();
            assert_eq!(mailbox.snapshot().await.unwrap().image.uids().len(), 0);
            assert_eq!(store.shared.images.inner.lock().entries.len(), 1);
        }
    }
}
