//! Compaction: copies what lives out of segments that are mostly dead, and removes them.

use crate::account::load;
use crate::error::{During, Error, Fault, Stopped};
use crate::schema;
use crate::store::{Store, read_lengths};
use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use storage::{Batch, Location, RecordHeader};
use tokio::sync::oneshot;

/// A segment is compacted when this share of it is dead, in percent.
const DEAD_PERCENT: u64 = 50;
/// Records copied per commit.
const RECORDS_PER_COMMIT: usize = 256;

impl Store {
    /// Compacts every closed segment of which more than half is dead, and those to which nothing was ever committed or
    /// whose removal was interrupted.
    pub(crate) async fn compact(&self) -> Result<(), Error> {
        let (dead, committed) =
            self.shared.read(|snapshot| Ok((read_dead(snapshot)?, read_lengths(snapshot)?))).await?;
        let segments = self.shared.blobs.segments().map_err(Fault::from)?;
        for segment in segments.iter().filter(|segment| segment.closed) {
            let bytes = dead.get(&segment.number).copied().unwrap_or_default();
            let mostly_dead = bytes * 100 >= segment.bytes * DEAD_PERCENT && bytes > 0;
            if !mostly_dead && committed.contains_key(&segment.number) {
                continue;
            }
            // A segment that is damaged stays as it is, and does not stand in the way of the others.
            if let Err(error) = self.compact_segment(segment.number).await {
                tracing::error!(%error, segment = segment.number, "compact");
            }
        }
        Ok(())
    }

    /// Counts what was stored and then refused, or given up by its client, with what the sweeper has found dead.
    pub(crate) async fn count_garbage(&self) -> Result<(), Error> {
        let mut garbage = self.shared.unreferred.take_garbage();
        if garbage.is_empty() {
            return Ok(());
        }
        // One that was removed meanwhile took its garbage along.
        let segments = self.shared.blobs.segments().map_err(Fault::from)?;
        garbage.retain(|&number, _| segments.iter().any(|segment| segment.number == number));
        let mut batch = Batch::default();
        put_dead(&mut batch, &self.shared.read(read_dead).await?, garbage);
        self.shared.commit_rows(batch, Vec::new()).await
    }

    async fn compact_segment(&self, segment: u32) -> Result<(), Error> {
        let shared = self.shared.clone();
        let living = move || {
            let mut records: Vec<(RecordHeader, Location)> = Vec::new();
            shared.blobs.scan(segment, &mut |header, at| {
                records.push((header.clone(), at));
                ControlFlow::Continue(())
            })?;
            // What is on its way in is asked for first: let go of after that, it is in the snapshot.
            if shared.unreferred.any(records.iter().map(|(header, _)| header.id)) {
                return Ok(None);
            }
            let snapshot = shared.engine.snapshot()?;
            let keys: Vec<Vec<u8>> = records.iter().map(|(header, _)| schema::blob(header.id)).collect();
            let rows = snapshot.get_many(&keys)?;
            let lives = |(record, row): ((RecordHeader, Location), Option<Vec<u8>>)| {
                (row.as_deref().and_then(Location::decode) == Some(record.1)).then_some(record)
            };
            Ok(Some(records.into_iter().zip(rows).filter_map(lives).collect::<Vec<_>>()))
        };
        let Some(living) = self.background.run(living).await? else { return Ok(()) };
        for some in living.chunks(RECORDS_PER_COMMIT) {
            self.relocate(some).await?;
        }
        let mut batch = Batch::default();
        batch.delete(schema::dead(segment));
        batch.delete(schema::segment(segment));
        self.shared.commit_rows(batch, Vec::new()).await?;
        // A reader that holds the segment's file goes on; one that comes later finds the new place in the index.
        let blobs = self.shared.blobs.clone();
        self.shared.blocking(move || Ok(blobs.remove_segment(segment)?)).await
    }

    /// Copies records, then points the index at the copies.
    async fn relocate(&self, records: &[(RecordHeader, Location)]) -> Result<(), Error> {
        let mut copies = Vec::with_capacity(records.len());
        for (header, at) in records {
            let (done, durable) = oneshot::channel();
            let (blobs, at) = (self.shared.blobs.clone(), *at);
            let copy = move || Ok(blobs.relocate(&at, Box::new(move |copied| drop(done.send(copied))))?);
            self.background.run(copy).await?;
            copies.push((header.id, durable));
        }
        let mut batch = Batch::default();
        let mut located = Vec::with_capacity(copies.len());
        for (id, durable) in copies {
            let copied = durable.await.map_err(|_| Fault::new("compact", Stopped))?.during("compact")?;
            batch.put(schema::blob(id), copied.encode().to_vec());
            located.push(copied);
        }
        self.shared.commit_rows(batch, located).await
    }
}

/// Adds to the bytes of segments that nobody refers to; `before` is what [`read_dead`] has found.
pub(crate) fn put_dead(batch: &mut Batch, before: &HashMap<u32, u64>, more: BTreeMap<u32, u64>) {
    for (segment, bytes) in more {
        let bytes = bytes + before.get(&segment).copied().unwrap_or_default();
        batch.put(schema::dead(segment), bytes.to_be_bytes().to_vec());
    }
}

/// How many bytes of each segment nobody refers to.
pub(crate) fn read_dead(snapshot: &dyn storage::Snapshot) -> Result<HashMap<u32, u64>, Fault> {
    let mut dead = HashMap::new();
    load::scan(snapshot, schema::DEAD, |key, value| {
        dead.extend(schema::last_u32(key).zip(schema::last_u64(value)));
        Ok(())
    })?;
    Ok(dead)
}
