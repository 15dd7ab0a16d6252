//! A store on simulated hardware whose engine stops where a test wants it to.

use mailstore::{Access, FlagOp, Mailbox, Options, Store, StoreFlags};
use model::{AccountId, Flags, MailboxName, ManualClock, NamedFlags, Rights, Timestamp, Uid, UidSet};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use storage::{
    Batch, BlobStore, Disk as _, Engine, Error, MemoryEngine, SegmentOptions, SegmentStore, SimDisk,
    Snapshot, Wait,
};

pub(crate) const LOGIN: &str = "race@example.org";
/// After this, a test that waits goes on, and fails by what it finds.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) fn name(text: &str) -> MailboxName {
    MailboxName::new(text).unwrap()
}

pub(crate) fn set(uids: RangeInclusive<u32>) -> UidSet {
    UidSet::range(Uid::new(*uids.start()).unwrap(), Uid::new(*uids.end()).unwrap())
}

/// A STORE of `\Deleted`.
pub(crate) fn deleted(uids: RangeInclusive<u32>, op: FlagOp) -> StoreFlags {
    let flags = NamedFlags { system: Flags::DELETED, ..NamedFlags::default() };
    StoreFlags { uids: set(uids), op, flags, unchanged_since: None }
}

/// A message that hardly compresses.
pub(crate) fn content(seed: u32) -> Vec<u8> {
    let mut n = u64::from(seed) + 1;
    let mut next = || {
        n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        char::from(b'a' + (n >> 59) as u8 % 26)
    };
    let body: String = (0..400).map(|_| next()).collect();
    format!("Subject: mail {seed}\r\n\r\n{body}\r\n").into_bytes()
}

/// Where a commit stops until the test lets it go on.
#[derive(Default)]
pub(crate) struct Gate {
    reached: AtomicBool,
    open: AtomicBool,
}

impl Gate {
    pub(crate) fn open(&self) {
        self.open.store(true, Ordering::SeqCst);
    }

    pub(crate) async fn reached(&self) {
        while !self.reached.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    pub(crate) fn wait_until(condition: impl Fn() -> bool) {
        let begun = Instant::now();
        while !condition() && begun.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn pass(&self) {
        self.reached.store(true, Ordering::SeqCst);
        Self::wait_until(|| self.open.load(Ordering::SeqCst));
    }
}

type Hook = Box<dyn FnOnce() + Send>;
/// At the commit of this number; whether before it is carried out.
type Stop = (u64, bool, Arc<Gate>);

/// The engine, and where it stops.
#[derive(Default)]
pub(crate) struct Hooked {
    inner: MemoryEngine,
    commits: AtomicU64,
    stop: Mutex<Option<Stop>>,
    after_get: Mutex<Option<(u8, Hook)>>,
}

impl Hooked {
    fn stop(&self, after: u64, before: bool) -> Arc<Gate> {
        let gate = Arc::new(Gate::default());
        *self.stop.lock().unwrap() = Some((self.commits() + after, before, gate.clone()));
        gate
    }

    /// The `nth` commit from now on is not begun until the gate opens.
    pub(crate) fn before_commit(&self, nth: u64) -> Arc<Gate> {
        self.stop(nth, true)
    }

    /// The `nth` commit from now on is durable, and does not return until the gate opens.
    pub(crate) fn after_commit(&self, nth: u64) -> Arc<Gate> {
        self.stop(nth, false)
    }

    /// Runs `hook` when a row of a table was read next.
    pub(crate) fn after_get(&self, table: u8, hook: impl FnOnce() + Send + 'static) {
        *self.after_get.lock().unwrap() = Some((table, Box::new(hook)));
    }

    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::SeqCst)
    }

    /// How many rows a table has.
    pub(crate) fn rows(&self, table: u8) -> usize {
        let mut rows = 0;
        let snapshot = self.inner.snapshot().unwrap();
        snapshot
            .scan(&[table], &[table + 1], &mut |_, _| {
                rows += 1;
                std::ops::ControlFlow::Continue(())
            })
            .unwrap();
        rows
    }

    fn has_read(&self, key: &[u8]) {
        let mut hook = self.after_get.lock().unwrap();
        let meant = hook.take_if(|(table, _)| key.first() == Some(table));
        drop(hook);
        if let Some((_, hook)) = meant {
            hook();
        }
    }
}

impl Engine for Hooked {
    fn snapshot_for(&self, wait: Wait) -> Result<Box<dyn Snapshot + '_>, Error> {
        // A hook may wait for what other tasks do.
        if wait == Wait::Forbidden {
            return Err(Error::WouldWait);
        }
        Ok(Box::new(Seen { inner: self.inner.snapshot()?, engine: self }))
    }

    fn commit(&self, batch: &Batch) -> Result<(), Error> {
        let number = self.commits.fetch_add(1, Ordering::SeqCst) + 1;
        let stop = self.stop.lock().unwrap().take_if(|(at, ..)| *at == number);
        if let Some((_, true, gate)) = &stop {
            gate.pass();
        }
        self.inner.commit(batch)?;
        if let Some((_, false, gate)) = &stop {
            gate.pass();
        }
        Ok(())
    }
}

struct Seen<'a> {
    inner: Box<dyn Snapshot + 'a>,
    engine: &'a Hooked,
}

impl Snapshot for Seen<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let row = self.inner.get(key)?;
        self.engine.has_read(key);
        Ok(row)
    }

    fn get_many(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, Error> {
        let rows = self.inner.get_many(keys)?;
        if let Some(key) = keys.first() {
            self.engine.has_read(key);
        }
        Ok(rows)
    }

    fn scan(&self, from: &[u8], to: &[u8], each: storage::Each<'_>) -> Result<(), Error> {
        self.inner.scan(from, to, each)
    }
}

pub(crate) struct World {
    pub(crate) engine: Arc<Hooked>,
    blobs: Arc<SegmentStore>,
    disk: SimDisk,
    staging: tempfile::TempDir,
    copy_inline_max: u64,
    account: AccountId,
    pub(crate) store: Arc<Store>,
    pub(crate) access: Access,
}

impl World {
    /// A store with a user whose mailboxes are INBOX and `a`; larger copies than this are staged.
    pub(crate) async fn new(copy_inline_max: u64) -> Self {
        let (engine, disk) = (Arc::new(Hooked::default()), SimDisk::default());
        let staging = tempfile::tempdir().unwrap();
        let (blobs, store) = open(&engine, &disk, &staging, copy_inline_max);
        let account = store.add_user(LOGIN, "hash", &[(name("a"), None)]).await.unwrap();
        let access = store.enter(account).await.unwrap();
        Self { engine, blobs, disk, staging, copy_inline_max, account, store, access }
    }

    /// Reads everything anew.
    pub(crate) async fn reopen(self) -> Self {
        let Self { engine, blobs, disk, staging, copy_inline_max, account, store, access } = self;
        drop((access, store, blobs));
        let (blobs, store) = open(&engine, &disk, &staging, copy_inline_max);
        let access = store.enter(account).await.unwrap();
        Self { engine, blobs, disk, staging, copy_inline_max, account, store, access }
    }

    pub(crate) fn mailbox(&self, mailbox: &str) -> Mailbox {
        self.access.mailbox(&name(mailbox), Rights::ALL).unwrap()
    }

    /// Appends so many messages, one after another.
    pub(crate) async fn append(&self, to: &str, count: u32) {
        let mailbox = self.mailbox(to);
        for seed in 0..count {
            let mut intake = self.store.receive();
            intake.write(&content(seed)).unwrap();
            let arrival = intake.finish(&mailbox, NamedFlags::default(), None).await.unwrap();
            mailbox.append(vec![arrival]).await.unwrap();
        }
    }

    /// The bytes of a segment.
    pub(crate) fn segment(&self, number: u32) -> Vec<u8> {
        let file = self.disk.open(&format!("{number:08x}.seg")).unwrap();
        let mut bytes = vec![0; file.size().unwrap() as usize];
        file.read_at(0, &mut bytes, Wait::Allowed).unwrap();
        bytes
    }

    /// Makes a segment's file.
    pub(crate) fn put_segment(&self, number: u32, bytes: &[u8]) {
        self.disk.create(&format!("{number:08x}.seg")).unwrap().append(bytes).unwrap();
    }

    pub(crate) fn segments(&self) -> usize {
        self.blobs.segments().unwrap().len()
    }
}

fn open(
    engine: &Arc<Hooked>,
    disk: &SimDisk,
    staging: &tempfile::TempDir,
    copy_inline_max: u64,
) -> (Arc<SegmentStore>, Arc<Store>) {
    let lengths = mailstore::committed_lengths(&**engine).unwrap();
    let segments = SegmentOptions { segment_bytes: 4 << 10 };
    let blobs = Arc::new(SegmentStore::open(Arc::new(disk.clone()), segments, &lengths).unwrap());
    let clock = Arc::new(ManualClock::new(Timestamp(1_750_000_000_000)));
    let options =
        Options { disk_reserve_bytes: 0, copy_inline_max, ..Options::new(staging.path().to_owned()) };
    let store = Store::open(engine.clone(), blobs.clone(), clock, options).unwrap();
    (blobs, store)
}
