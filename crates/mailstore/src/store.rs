//! Opening the store, and the way from an account's id to the account.

use crate::access::Access;
use crate::account::{Account, load};
use crate::background::Background;
use crate::cache::ImageCache;
use crate::committer::Committer;
use crate::error::{During, Error, Fault, Refusal};
use crate::index::AttachmentText;
use crate::maintenance::Due;
use crate::migrate::migrate;
use crate::quota::Quotas;
use crate::schema::{self, FORMAT_VERSION, StoreRow};
use crate::shared::Shared;
use crate::unreferred::Unreferred;
use model::{AccountId, Clock, MailboxName};
use std::collections::HashMap;
use std::sync::{Arc, Weak};
use storage::{Batch, BlobStore, Engine};
use tokio::sync::{Mutex, Semaphore, watch};

/// What the operator can choose.
#[derive(Clone, Debug)]
pub struct Options {
    /// The largest message, in bytes.
    pub message_bytes_max: u64,
    /// How much memory the images of mailboxes may take, in bytes.
    pub image_cache_bytes: usize,
    /// Where literals wait that are too large for memory.
    pub staging: std::path::PathBuf,
    /// Below so many free bytes on the disk of the store, nothing is added to it.
    pub disk_reserve_bytes: u64,
    /// A mailbox's log of no more records than this is never checkpointed: reading it costs less than writing chunks.
    pub checkpoint_records_min: u64,
    /// The most intents under way in the whole store; one more waits.
    pub intents_max: usize,
    /// The most intents under way in one account, so that none keeps the others waiting; one more waits.
    pub intents_per_account_max: usize,
    /// What an account may have.
    pub account: AccountLimits,
    /// How far messages that arrive are taken apart.
    pub nesting: message::Nesting,
    /// So many e-mails are indexed together at least; fewer are looked at by each search.
    pub index_pending_min: u64,
    /// The memory that e-mails on their way into the index may take, in bytes, about.
    pub index_batch_bytes: usize,
    /// Who reads the text of attachments for SEARCH FUZZY; nobody unless given.
    pub attachments: Option<Arc<dyn AttachmentText>>,
    /// A copy of more messages than this is staged in batches, so that nobody waits behind it.
    pub copy_inline_max: u64,
}

impl Options {
    /// The defaults, with literals staged in `staging`.
    #[must_use]
    pub const fn new(staging: std::path::PathBuf) -> Self {
        Self {
            message_bytes_max: 64 << 20,
            image_cache_bytes: 256 << 20,
            staging,
            disk_reserve_bytes: 256 << 20,
            checkpoint_records_min: 256,
            intents_max: 4096,
            intents_per_account_max: 256,
            account: AccountLimits::DEFAULT,
            nesting: message::Nesting { levels: message::DEPTH_MAX, parts: message::PARTS_MAX },
            index_pending_min: 64,
            index_batch_bytes: 32 << 20,
            attachments: None,
            copy_inline_max: 1000,
        }
    }
}

/// What one account may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountLimits {
    /// The most mailboxes, and the most subscriptions.
    pub mailboxes: usize,
    /// The most levels of a mailbox name, up to [`model::DEPTH_MAX`].
    pub mailbox_levels: usize,
    /// The most bytes of a mailbox name, up to [`model::NAME_BYTES_MAX`].
    pub mailbox_name_bytes: usize,
    /// The most different keywords, up to [`model::KEYWORDS_MAX`].
    pub keywords: usize,
}

impl AccountLimits {
    /// What holds unless something else was chosen.
    pub const DEFAULT: Self = Self {
        mailboxes: 10_000,
        mailbox_levels: model::DEPTH_MAX,
        mailbox_name_bytes: model::NAME_BYTES_MAX,
        keywords: model::KEYWORDS_MAX,
    };

    /// Whether a mailbox may be called so.
    pub(crate) fn check(&self, name: &MailboxName) -> Result<(), Refusal> {
        if name.as_str().len() > self.mailbox_name_bytes {
            return Err(Refusal::NameLimit { limit: self.mailbox_name_bytes, of: "bytes" });
        }
        if name.levels() > self.mailbox_levels {
            return Err(Refusal::NameLimit { limit: self.mailbox_levels, of: "levels" });
        }
        Ok(())
    }
}

/// All accounts, on one engine and one blob store.
pub struct Store {
    pub(crate) shared: Arc<Shared>,
    /// Accounts that are in use. The lock is held while one is read, so that there is never a second of it.
    accounts: Mutex<HashMap<AccountId, Weak<Account>>>,
    pub(crate) directory: Mutex<()>,
    /// For what the housekeeping does besides waiting.
    pub(crate) background: Background,
}

impl Store {
    /// Opens a store, or makes one of an empty engine. Blocks while it reads.
    ///
    /// # Errors
    /// A fault: the format is newer than this program, the engine has lost commits that the blobs have seen, or the
    /// engine or the blobs fail.
    pub fn open(
        engine: Arc<dyn Engine>,
        blobs: Arc<dyn BlobStore>,
        clock: Arc<dyn Clock>,
        options: Options,
    ) -> Result<Arc<Self>, Fault> {
        let (mut row, number) = read_store(&*engine)?;
        let seen = blobs.newest_commit_seen();
        if seen > number {
            return Err(Fault::new(
                "open",
                format!(
                    "the engine is at commit {number}, but the segments have seen commit {seen}: the engine has lost acknowledged commits; restore a backup, or let `postroom rebuild` make the store anew of its segments"
                ),
            ));
        }
        migrate(&*engine, row.version)?;
        row.version = FORMAT_VERSION;
        row.generation += 1;
        let mut batch = Batch::default();
        batch.put(schema::STORE.to_vec(), row.encode());
        engine.commit(&batch)?;
        blobs.note_commit(number);
        let quotas = Quotas::load(&*engine.snapshot()?)?;
        let failed = watch::Sender::new(false);
        let committer =
            Committer::start(engine.clone(), blobs.clone(), number, failed.clone()).during("open")?;
        let intents = Arc::new(Semaphore::new(options.intents_max));
        let shared = Shared {
            engine,
            blobs,
            clock,
            committer,
            failed,
            images: ImageCache::new(options.image_cache_bytes),
            options,
            maintenance: Due::default(),
            intents,
            unreferred: Arc::new(Unreferred::new(row.generation)),
            quotas,
        };
        Ok(Arc::new(Self {
            shared: Arc::new(shared),
            accounts: Mutex::default(),
            directory: Mutex::default(),
            background: Background::start().during("open")?,
        }))
    }

    /// A user's way to the own account.
    ///
    /// # Errors
    /// [`Refusal::AccountMissing`], or a fault.
    pub async fn enter(&self, user: AccountId) -> Result<Access, Error> {
        let account = self.account(user).await?.ok_or(Refusal::AccountMissing)?;
        Ok(Access::new(account, user))
    }

    pub(crate) async fn account(&self, id: AccountId) -> Result<Option<Arc<Account>>, Error> {
        let mut accounts = self.accounts.lock().await;
        if let Some(account) = accounts.get(&id).and_then(Weak::upgrade) {
            return Ok(Some(account));
        }
        let account = Account::open(id, &self.shared).await?;
        if let Some(account) = &account {
            // Only when the map would grow, so that an account costs the same however many are in use.
            if accounts.len() == accounts.capacity() {
                accounts.retain(|_, account| account.strong_count() > 0);
                let live = accounts.len();
                accounts.reserve(live);
            }
            accounts.insert(id, Arc::downgrade(account));
        }
        Ok(account)
    }

    /// The ids of all accounts.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn accounts(&self) -> Result<Vec<AccountId>, Error> {
        let list = |snapshot: &dyn storage::Snapshot| {
            let mut all = Vec::new();
            load::scan(snapshot, schema::HEADS, |key, _| {
                all.extend(schema::last_u64(key).map(AccountId));
                Ok(())
            })?;
            Ok(all)
        };
        self.shared.read(list).await
    }

    /// Resolves when the store has failed: the process must then end, since what was not answered is unknown.
    pub async fn failed(&self) {
        let mut failed = self.shared.failed.subscribe();
        // An error means that the store is gone, which is no better.
        drop(failed.wait_for(|failed| *failed).await);
    }

    /// The largest message that is taken, in bytes.
    #[must_use]
    pub fn message_bytes_max(&self) -> u64 {
        self.shared.options.message_bytes_max
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // The images hold their accounts, and those hold what is shared.
        self.shared.images.clear();
    }
}

impl Shared {
    /// Refuses what needs space when there is hardly any, so that a full disk is never met in the middle of a commit.
    pub(crate) fn has_space(&self) -> Result<(), Refusal> {
        let reserve = self.options.disk_reserve_bytes;
        match storage::free_bytes(&self.options.staging) {
            Some(free) if free < reserve => Err(Refusal::DiskReserve { free, reserve }),
            _ => Ok(()),
        }
    }
}

/// The store's row and the number of the last commit.
pub(crate) fn read_store(engine: &dyn Engine) -> Result<(StoreRow, u64), Fault> {
    let snapshot = engine.snapshot()?;
    let row = match snapshot.get(schema::STORE)? {
        Some(row) => StoreRow::decode(&row)?,
        None => StoreRow { version: FORMAT_VERSION, generation: 0, next_account: 1 },
    };
    if row.version > FORMAT_VERSION {
        let newer = format!(
            "the store has format version {}, and this program knows versions up to {FORMAT_VERSION}: use a newer postroom",
            row.version
        );
        return Err(Fault::new("open", newer));
    }
    let number = snapshot.get(schema::COMMIT_NUMBER)?;
    Ok((row, number.and_then(|n| schema::last_u64(&n)).unwrap_or_default()))
}

/// Up to which offset each segment holds records that the engine refers to: what lies above is the rest of a write
/// that was never acknowledged, and may be cut.
///
/// # Errors
/// A fault of the engine.
pub fn committed_lengths(engine: &dyn Engine) -> Result<HashMap<u32, u64>, Fault> {
    read_lengths(&*engine.snapshot()?)
}

/// The rows behind [`committed_lengths`].
pub(crate) fn read_lengths(snapshot: &dyn storage::Snapshot) -> Result<HashMap<u32, u64>, Fault> {
    let mut lengths = HashMap::new();
    load::scan(snapshot, schema::SEGMENTS, |key, value| {
        if let (Some(segment), Some(length)) = (schema::last_u32(key), schema::last_u64(value)) {
            lengths.insert(segment, length);
        }
        Ok(())
    })?;
    Ok(lengths)
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    #[test]
    fn what_waits_of_one_account_leaves_room_for_the_others() {
        let engine = Arc::new(storage::MemoryEngine::default());
        let blobs = Arc::new(storage::MemoryBlobs::default());
        let options = Options { intents_max: 3, ..Options::new(std::env::temp_dir()) };
        let store = Store::open(engine, blobs, Arc::new(model::SystemClock), options).unwrap();
        let taken_at_once = |places: &Arc<Semaphore>| {
            let mut taking = pin!(store.shared.intent(Some(places)));
            match taking.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                std::task::Poll::Ready(taken) => taken.ok(),
                std::task::Poll::Pending => None,
            }
        };
        let (one, other) = (Arc::new(Semaphore::new(2)), Arc::new(Semaphore::new(2)));
        let mut held = [&one, &one, &one, &other, &other].map(taken_at_once);
        assert_eq!(
            held.each_ref().map(Option::is_some),
            [true, true, false, true, false],
            "two of an account, three in all"
        );
        held[0] = None;
        assert!(taken_at_once(&one).is_some(), "one has room for one more again");
    }

    #[test]
    fn a_store_of_a_newer_format_is_refused_and_left_as_it_is() {
        let engine: Arc<dyn Engine> = Arc::new(storage::MemoryEngine::default());
        let mut batch = Batch::default();
        let newer = StoreRow { version: FORMAT_VERSION + 1, generation: 7, next_account: 3 }.encode();
        batch.put(schema::STORE.to_vec(), newer.clone());
        engine.commit(&batch).unwrap();
        let blobs = Arc::new(storage::MemoryBlobs::default());
        let options = Options::new(std::env::temp_dir());
        let Err(refused) = Store::open(engine.clone(), blobs, Arc::new(model::SystemClock), options) else {
            panic!("it was opened");
        };
        let said = format!("{refused:?}");
        assert!(said.contains(&format!("format version {}", FORMAT_VERSION + 1)), "{said}");
        assert!(said.contains("use a newer postroom"), "{said}");
        assert_eq!(engine.snapshot().unwrap().get(schema::STORE).unwrap(), Some(newer));
    }
}
