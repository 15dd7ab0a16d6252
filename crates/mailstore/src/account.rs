//! One account in memory: what is resolved, what is durable, and the way from one to the other.
//!
//! Intents are resolved one after another under a lock that is never held across an await or a read of the disk; their
//! commits are queued in that order. [`Account::publish`] runs after the sync, and is the one place that announces.

pub(crate) mod load;

use crate::committer::Job;
use crate::error::{Error, Fault, Refusal, Stopped};
use crate::image::Image;
use crate::ring::Ring;
use crate::shared::Shared;
use crate::state::{Commit, State};
use crate::thread::{Recent, Tie};
use crate::txn::{Outcome, Txn};
use model::{AccountId, EmailId, MailboxId, ModSeq, ThreadId};
use parking_lot::{Mutex, MutexGuard};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Weak};
use tokio::sync::{Semaphore, oneshot, watch};

pub(crate) struct Account {
    pub(crate) id: AccountId,
    /// The owner's login; empty where the user has been removed.
    pub(crate) owner: String,
    pub(crate) shared: Arc<Shared>,
    this: Weak<Self>,
    inner: Mutex<Inner>,
    head: watch::Sender<ModSeq>,
    /// Serializes the loading of images, so that two sessions that open one mailbox read it once.
    loading: tokio::sync::Mutex<()>,
    /// Places for intents under way.
    intents: Arc<Semaphore>,
}

pub(crate) struct Inner {
    /// After every intent that was resolved. Nothing of it is readable or announced.
    pub(crate) resolved: State,
    /// After every commit that is durable.
    pub(crate) published: State,
    /// Commits between the two.
    pending: VecDeque<Arc<Commit>>,
    pub(crate) ring: Ring,
    /// Where \Recent begins, as far as sessions have claimed it since the row was written.
    recent_from: HashMap<MailboxId, u64>,
    recent_threads: Recent,
    /// Large copies that are staging rows: meanwhile no e-mail is given up.
    staging: u32,
}

impl Account {
    pub(crate) fn new(id: AccountId, owner: String, shared: Arc<Shared>, state: State) -> Arc<Self> {
        let modseq = state.modseq();
        let intents = Arc::new(Semaphore::new(shared.options.intents_per_account_max));
        Arc::new_cyclic(|this| Self {
            id,
            owner,
            shared,
            this: this.clone(),
            intents,
            inner: Mutex::new(Inner::new(state)),
            head: watch::Sender::new(modseq),
            loading: tokio::sync::Mutex::new(()),
        })
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock()
    }

    pub(crate) fn watch(&self) -> watch::Receiver<ModSeq> {
        self.head.subscribe()
    }

    /// Resolves an intent and waits until its commit is durable. `needs` are the mailboxes whose images it reads.
    ///
    /// Once resolved, the commit is carried out even if the caller goes away.
    ///
    /// # Errors
    /// The refusal of `resolve`, after which nothing has changed; or a fault, after which the outcome is unknown and
    /// the store takes no more changes.
    pub(crate) async fn commit<T>(
        &self,
        needs: &[MailboxId],
        resolve: impl FnOnce(&mut Txn<'_>) -> Result<T, Refusal>,
    ) -> Result<(ModSeq, T), Error> {
        let permit = self.shared.intent(Some(&self.intents)).await?;
        let (answer, durable) = loop {
            for &id in needs {
                self.image(id).await?;
            }
            let mut inner = self.lock();
            // An image may have been evicted since; a mailbox that is gone is for `resolve` to refuse.
            let there =
                |id| inner.resolved.images.contains_key(id) || !inner.resolved.mailboxes.contains_key(id);
            if !needs.iter().all(there) {
                continue;
            }
            let (value, outcome) = self.resolve(&inner, resolve)?;
            let (done, durable) = oneshot::channel();
            let modseq = self.submit(&mut inner, outcome, (done, permit));
            break ((modseq, value), durable);
        };
        durable.await.unwrap_or(Err(Stopped)).map_err(|stopped| Fault::new("commit", stopped))?;
        Ok(answer)
    }

    /// Resolves an intent against everything that was resolved before it. Nothing comes of it until it is queued.
    pub(crate) fn resolve<T>(
        &self,
        inner: &Inner,
        resolve: impl FnOnce(&mut Txn<'_>) -> Result<T, Refusal>,
    ) -> Result<(T, Outcome), Refusal> {
        let now = self.shared.clock.now();
        let mut txn = Txn::new(self.id, &inner.resolved, now, self.shared.options.account);
        // \Recent watermarks ride along with rows that are written anyway: a commit of their own they never get.
        txn.set_claims(&inner.recent_from);
        txn.set_recent_threads(&inner.recent_threads);
        let value = resolve(&mut txn)?;
        self.shared.quotas.admit(self.id, &self.owner, inner.resolved.usage, txn.usage())?;
        Ok((value, txn.finish()))
    }

    /// Queues a resolved intent. The lock is held, so that commits are queued in the order they were resolved in.
    fn submit(&self, inner: &mut Inner, outcome: Outcome, done: crate::committer::Done) -> ModSeq {
        let Outcome { commit, batch, located, holds, threads } = outcome;
        let commit = Arc::new(commit);
        inner.advance(&commit, threads);
        let publish: Option<crate::committer::Publish> = self.this.upgrade().map(|this| {
            inner.pending.push_back(commit.clone());
            Box::new(move || {
                this.publish(&commit);
                holds.iter().for_each(|hold| hold.referred());
            }) as _
        });
        self.shared.committer.submit(Job { batch, located, publish, done });
        inner.resolved.modseq()
    }

    /// Makes a durable commit visible and wakes the sessions. Called by the committer alone, in the order of commits.
    fn publish(&self, commit: &Arc<Commit>) {
        let (mut used, mut due) = (Vec::new(), Vec::new());
        {
            let mut inner = self.lock();
            inner.pending.pop_front();
            if commit.head.next_email != inner.published.head.next_email {
                self.shared.maintenance.index_due(self.id);
            }
            inner.published.apply(commit);
            if !commit.silent {
                inner.ring.push(commit.head.modseq, commit.changes.clone());
            }
            for (id, image) in &commit.images {
                used.push((*id, image.weight()));
            }
            for (id, row) in &commit.rows {
                match row {
                    Some(row) if crate::checkpoint::is_due(row, &self.shared.options) => due.push(*id),
                    Some(_) => {}
                    None => {
                        inner.recent_from.remove(id);
                    }
                }
            }
        }
        for (id, weight) in used {
            self.shared.images.used(&self.this, self.id, id, weight);
        }
        for id in due {
            self.shared.maintenance.checkpoint_due(self.id, id);
        }
        if !commit.silent {
            self.head.send_replace(commit.head.modseq);
        }
    }

    /// Drops a mailbox's image from memory, unless a commit under way carries a newer one: the cache learns of that
    /// when it is published.
    pub(crate) fn evict(&self, id: MailboxId) {
        let mut inner = self.lock();
        if !inner.pending.iter().any(|commit| commit.images.iter().any(|(carried, _)| *carried == id)) {
            inner.published.images.remove(&id);
            inner.resolved.images.remove(&id);
        }
    }

    /// The published image of a mailbox, read from the store if it is not in memory; `None` if the mailbox is gone.
    pub(crate) async fn image(&self, id: MailboxId) -> Result<Option<Image>, Error> {
        loop {
            if let Some(known) = self.image_in_memory(id) {
                self.shared.images.touch(self.id, id);
                return Ok(known);
            }
            let _one_at_a_time = self.loading.lock().await;
            if self.image_in_memory(id).is_none() {
                self.load_image(id).await?;
            }
        }
    }

    /// `None`: it has to be loaded. `Some(None)`: there is no such mailbox (any more).
    fn image_in_memory(&self, id: MailboxId) -> Option<Option<Image>> {
        let inner = self.lock();
        match inner.published.images.get(&id) {
            Some(image) => Some(Some(image.clone())),
            // A mailbox whose creation is not durable yet has no rows to load.
            None => (!inner.published.mailboxes.contains_key(&id)).then_some(None),
        }
    }

    /// Commits rows that change nothing of the account's state, if `still` holds at that moment; whether it did.
    ///
    /// Intents that are resolved later are queued behind it, so what `still` looked at cannot change before it.
    pub(crate) async fn commit_if(
        &self,
        batch: storage::Batch,
        still: impl FnOnce(&Inner) -> bool,
    ) -> Result<bool, Error> {
        let permit = self.shared.intent(Some(&self.intents)).await?;
        let (done, durable) = oneshot::channel();
        {
            let inner = self.lock();
            if !still(&inner) {
                return Ok(false);
            }
            let done = (done, permit);
            self.shared.committer.submit(Job { batch, located: Vec::new(), publish: None, done });
        }
        durable.await.unwrap_or(Err(Stopped)).map_err(|stopped| Fault::new("commit", stopped))?;
        Ok(true)
    }

    /// Up to which number every stage is either linked by a durable commit or will never be; `None` while that cannot
    /// be told. A copy whose caller went away may still have its link in the queue.
    pub(crate) fn settled_stages(&self) -> Option<u64> {
        let inner = self.lock();
        let linking = |commit: &Arc<Commit>| commit.changes.iter().any(|(_, change)| load::has_link(change));
        let unsettled = inner.staging > 0 || inner.pending.iter().any(linking);
        (!unsettled).then_some(inner.resolved.head.next_stage)
    }

    /// While the guard lives, no e-mail of the account is given up by the sweeper.
    pub(crate) fn keep_all(self: &Arc<Self>) -> KeepAll {
        self.lock().staging += 1;
        KeepAll(self.clone())
    }
}

/// See [`Account::keep_all`].
pub(crate) struct KeepAll(Arc<Account>);

impl Drop for KeepAll {
    fn drop(&mut self) {
        self.0.lock().staging -= 1;
    }
}

impl Inner {
    /// Everything that was resolved is durable.
    pub(crate) fn new(state: State) -> Self {
        Self {
            pending: VecDeque::new(),
            ring: Ring::new(state.modseq()),
            recent_from: HashMap::new(),
            recent_threads: Recent::default(),
            staging: 0,
            resolved: state.clone(),
            published: state,
        }
    }

    /// The next intents are resolved against what this commit makes of the account.
    pub(crate) fn advance(&mut self, commit: &Commit, threads: Vec<(Tie, ThreadId)>) {
        self.resolved.apply(commit);
        self.recent_threads.extend(threads);
    }

    /// From which UID on a mailbox's messages are \Recent.
    pub(crate) fn recent_from(&self, id: MailboxId) -> u64 {
        let written = self.published.mailboxes.get(&id).map_or(0, |row| row.recent_from);
        self.recent_from.get(&id).copied().unwrap_or_default().max(written)
    }

    /// No message below `uid` is \Recent to other sessions from now on.
    pub(crate) fn claim_recent(&mut self, id: MailboxId, uid: u64) {
        self.recent_from.insert(id, uid);
    }

    /// Which of `emails` a commit after `since` has brought into a mailbox, or may yet bring; `None`: cannot be told.
    pub(crate) fn brought_in(&self, since: ModSeq, emails: &HashSet<EmailId>) -> Option<HashSet<EmailId>> {
        if self.staging > 0 {
            return None;
        }
        let pending = self.pending.iter().map(|commit| &commit.changes);
        let mut brought = HashSet::new();
        for (_, change) in self.ring.all_since(since)?.chain(pending).flat_map(|changes| changes.iter()) {
            for op in &change.ops {
                match op {
                    crate::Op::Insert { messages, .. } => {
                        brought.extend(messages.iter().map(|m| m.email).filter(|e| emails.contains(e)));
                    }
                    crate::Op::Link { .. } => return None,
                    _ => {}
                }
            }
        }
        Some(brought)
    }
}
