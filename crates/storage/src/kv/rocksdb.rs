//! RocksDB, the embedded engine (`docs/decisions/0002-rocksdb.md`).

use super::{Batch, Each, Engine, Op, Snapshot};
use crate::{Error, Wait};
use rocksdb::{
    BlockBasedOptions, Cache, DB, DBCompressionType, DBRecoveryMode, ErrorKind, LogLevel, Options,
    ReadOptions, ReadTier, WriteBatch, WriteOptions,
};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// Small blocks: a mailbox's rows are read one by one as often as in a run.
const BLOCK_BYTES: usize = 8 << 10;
/// What a commit may wait behind when it is flushed.
const WRITE_BUFFER_BYTES: usize = 64 << 20;
/// Bounds what is read again after a kill.
const WAL_BYTES_MAX: u64 = 256 << 20;
/// Files that are held open.
const OPEN_FILES_MAX: i32 = 512;
/// Bits per key of the filters that spare look-ups in files that do not have the key.
const FILTER_BITS: f64 = 10.0;
/// The share of the write buffer that a filter takes, which spares looking there for keys that it does not have: most
/// message-ids that are looked up are new.
const BUFFER_FILTER_SHARE: f64 = 0.02;
/// From this many rows on, keys are looked up together rather than one by one.
const MULTI_GET_MIN: usize = 2;

/// What the operator can choose.
#[derive(Clone, Copy, Debug)]
pub struct RocksOptions {
    /// Memory for blocks that were read, shared by all reads, in bytes.
    pub cache_bytes: usize,
}

impl Default for RocksOptions {
    fn default() -> Self {
        Self { cache_bytes: 256 << 20 }
    }
}

/// An open database. One process at a time has it.
pub struct RocksEngine {
    db: DB,
    durable: WriteOptions,
    /// A commit has failed. RocksDB may recover by itself from what made it fail; what became of that commit stays
    /// unknown all the same.
    poisoned: AtomicBool,
}

impl RocksEngine {
    /// Opens the database of a folder, or makes it.
    ///
    /// # Errors
    /// When another process has it, it is damaged (other than by a torn end of the log), or cannot be read.
    pub fn open(folder: &Path, options: RocksOptions) -> Result<Self, Error> {
        let db = DB::open(&settings(options), folder).map_err(|error| failed("open", error))?;
        let mut durable = WriteOptions::default();
        durable.set_sync(true);
        Ok(Self { db, durable, poisoned: AtomicBool::new(false) })
    }

    /// Bytes of what was read that are held ([`RocksOptions::cache_bytes`] limits them).
    ///
    /// # Errors
    /// When the engine fails.
    pub fn cached_bytes(&self) -> Result<u64, Error> {
        let used = self.db.property_int_value("rocksdb.block-cache-usage");
        Ok(used.map_err(|error| failed("look at the cache", error))?.unwrap_or(0))
    }
}

fn settings(options: RocksOptions) -> Options {
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(&Cache::new_lru_cache(options.cache_bytes));
    table.set_block_size(BLOCK_BYTES);
    table.set_bloom_filter(FILTER_BITS, false);
    table.set_cache_index_and_filter_blocks(true);
    table.set_pin_l0_filter_and_index_blocks_in_cache(true);
    let mut settings = Options::default();
    settings.create_if_missing(true);
    settings.set_block_based_table_factory(&table);
    settings.set_compression_type(DBCompressionType::Lz4);
    settings.set_write_buffer_size(WRITE_BUFFER_BYTES);
    settings.set_memtable_prefix_bloom_ratio(BUFFER_FILTER_SHARE);
    settings.set_memtable_whole_key_filtering(true);
    settings.set_max_total_wal_size(WAL_BYTES_MAX);
    settings.set_max_open_files(OPEN_FILES_MAX);
    settings.set_max_background_jobs(2);
    settings.set_bytes_per_sync(1 << 20);
    // A commit that was torn by a power cut was never acknowledged and is dropped; any other damage in the log is
    // reported, where the default mode would silently drop every commit behind it.
    settings.set_wal_recovery_mode(DBRecoveryMode::TolerateCorruptedTailRecords);
    settings.set_track_and_verify_wals_in_manifest(true);
    settings.set_paranoid_checks(true);
    settings.set_keep_log_file_num(2);
    settings.set_log_level(LogLevel::Warn);
    settings
}

fn failed(op: &'static str, error: rocksdb::Error) -> Error {
    match error.kind() {
        // Only of reads that were told to stay in memory.
        ErrorKind::Incomplete => Error::WouldWait,
        _ => Error::Engine { op, message: error.into_string() },
    }
}

impl Engine for RocksEngine {
    fn snapshot_for(&self, wait: Wait) -> Result<Box<dyn Snapshot + '_>, Error> {
        Ok(Box::new(View { snapshot: self.db.snapshot(), wait }))
    }

    fn commit(&self, batch: &Batch) -> Result<(), Error> {
        let mut write = WriteBatch::default();
        for op in batch.ops() {
            match op {
                Op::Put(key, value) => write.put(key, value),
                Op::Delete(key) => write.delete(key),
                Op::DeleteRange(from, to) if from < to => write.delete_range(from, to),
                // RocksDB would fail the commit over it, and every later one.
                Op::DeleteRange(..) => {}
            }
        }
        if self.poisoned.load(Ordering::Acquire) {
            return Err(Error::Poisoned);
        }
        self.db.write_opt(write, &self.durable).map_err(|error| {
            self.poisoned.store(true, Ordering::Release);
            failed("commit", error)
        })
    }
}

struct View<'a> {
    snapshot: rocksdb::Snapshot<'a>,
    wait: Wait,
}

impl View<'_> {
    fn options(&self) -> ReadOptions {
        let mut options = ReadOptions::default();
        if self.wait == Wait::Forbidden {
            options.set_read_tier(ReadTier::BlockCache);
        }
        options
    }
}

impl Snapshot for View<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.snapshot.get_opt(key, self.options()).map_err(|error| failed("get", error))
    }

    fn get_many(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, Error> {
        if keys.len() < MULTI_GET_MIN {
            return keys.iter().map(|key| self.get(key)).collect();
        }
        let values = self.snapshot.multi_get_opt(keys, self.options());
        values.into_iter().map(|value| value.map_err(|error| failed("get", error))).collect()
    }

    fn scan(&self, from: &[u8], to: &[u8], each: Each<'_>) -> Result<(), Error> {
        self.scan_with(self.options(), from, to, each)
    }

    fn scan_once(&self, from: &[u8], to: &[u8], each: Each<'_>) -> Result<(), Error> {
        let mut options = self.options();
        options.fill_cache(false);
        self.scan_with(options, from, to, each)
    }
}

impl View<'_> {
    fn scan_with(
        &self,
        mut options: ReadOptions,
        from: &[u8],
        to: &[u8],
        each: Each<'_>,
    ) -> Result<(), Error> {
        options.set_iterate_upper_bound(to);
        // The raw one: the other copies each key and each value.
        let mut rows = self.snapshot.raw_iterator_opt(options);
        rows.seek(from);
        while let Some((key, value)) = rows.item() {
            if each(key, value).is_break() {
                return Ok(());
            }
            rows.next();
        }
        rows.status().map_err(|error| failed("scan", error))
    }
}
