//! The rows that a rebuild writes, in batches, and what it takes of each segment.

use super::source::Source;
use crate::error::Fault;
use crate::schema;
use model::{AccountId, BlobId, EmailId};
use std::collections::BTreeMap;
use storage::{Batch, Engine, Location};

/// Rows are written when so many bytes of them have gathered.
const BATCH_BYTES: usize = 4 << 20;

pub(super) struct Rows<'a> {
    engine: &'a dyn Engine,
    batch: Batch,
    /// Bytes of each segment that are referred to.
    live: BTreeMap<u32, u64>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(engine: &'a dyn Engine) -> Self {
        Self { engine, batch: Batch::default(), live: BTreeMap::new() }
    }

    pub(super) fn put(&mut self, key: Vec<u8>, value: Vec<u8>) -> Result<(), Fault> {
        self.batch.put(key, value);
        if self.batch.size_bytes() >= BATCH_BYTES { self.flush() } else { Ok(()) }
    }

    /// An e-mail's row, and those of its blob.
    pub(super) fn put_email(
        &mut self,
        account: AccountId,
        email: EmailId,
        (blob, at): (BlobId, Location),
        row: Vec<u8>,
    ) -> Result<(), Fault> {
        self.put(schema::email(account, email), row)?;
        self.put(schema::owner(blob, account, email), Vec::new())?;
        self.put(schema::blob(blob), at.encode().to_vec())?;
        *self.live.entry(at.segment).or_default() += u64::from(at.stored);
        Ok(())
    }

    /// How far each segment is referred to, and how much of it is not.
    pub(super) fn segments(&mut self, source: &Source) -> Result<(), Fault> {
        for (&segment, &end) in &source.ends {
            self.put(schema::segment(segment), end.to_be_bytes().to_vec())?;
            let live = self.live.get(&segment).copied().unwrap_or_default();
            let dead = source.bytes(segment)?.saturating_sub(live);
            self.put(schema::dead(segment), dead.to_be_bytes().to_vec())?;
        }
        Ok(())
    }

    pub(super) fn flush(&mut self) -> Result<(), Fault> {
        Ok(self.engine.commit(&std::mem::take(&mut self.batch))?)
    }
}
