//! The check of an account's manifest: its rows, its records, and that a rebuild would find what the store has.

use super::{Manifest, Place, decode_page, decode_root_row};
use crate::account::load;
use crate::chunk::Chunk;
use crate::content::read_blob;
use crate::error::Fault;
use crate::schema::{self, Head};
use crate::shared::Shared;
use model::{AccountId, BlobId, ModSeq};
use std::collections::{BTreeMap, BTreeSet};
use storage::{Location, Snapshot};

struct Check<'a> {
    shared: &'a Shared,
    snapshot: &'a dyn Snapshot,
    id: AccountId,
    records: BTreeSet<BlobId>,
    problems: Vec<String>,
}

/// What is wrong with the account's manifest. With `read_parts`, all its records are read, not only the root.
pub(crate) fn problems(
    shared: &Shared,
    snapshot: &dyn Snapshot,
    id: AccountId,
    read_parts: bool,
) -> Result<Vec<String>, Fault> {
    let mut check = Check { shared, snapshot, id, records: BTreeSet::new(), problems: Vec::new() };
    let roots = check.rows()?;
    match *roots.as_slice() {
        [] if check.records.is_empty() => {}
        [(root, as_of)] => check.tree(root, as_of, read_parts)?,
        _ => check.problems.push(format!("its manifest has {} roots", roots.len())),
    }
    Ok(check.problems)
}

impl Check<'_> {
    /// Notes all records; answers the roots, and as of which commit they are.
    fn rows(&mut self) -> Result<Vec<(BlobId, ModSeq)>, Fault> {
        let mut roots = Vec::new();
        load::scan(self.snapshot, &schema::manifests(self.id), |key, value| {
            let Some(blob) = schema::last_u64(key).map(BlobId) else { return Ok(()) };
            self.records.insert(blob);
            if !value.is_empty() {
                roots.push((blob, decode_root_row(value)?.0));
            }
            Ok(())
        })?;
        Ok(roots)
    }

    fn tree(&mut self, root: BlobId, as_of: ModSeq, read_parts: bool) -> Result<(), Fault> {
        let Some(content) = self.record(root)? else { return Ok(()) };
        let manifest = match Manifest::decode(&content) {
            Ok(manifest) => manifest,
            Err(damaged) => {
                self.problems.push(format!("manifest record {root}: {damaged}"));
                return Ok(());
            }
        };
        if manifest.as_of != as_of {
            self.problems.push(format!("its manifest is of {}, and its row says {as_of}", manifest.as_of));
        }
        let named: BTreeSet<BlobId> = manifest.parts.values().copied().chain([root]).collect();
        if named != self.records {
            let (rows, named) = (self.records.len(), named.len());
            self.problems
                .push(format!("its manifest has {named} records, and its rows tell of {rows}, or others"));
        }
        self.is_of_the_past(as_of)?;
        if read_parts { self.parts(&manifest) } else { Ok(()) }
    }

    fn is_of_the_past(&mut self, as_of: ModSeq) -> Result<(), Fault> {
        let head = self.snapshot.get(&schema::head(self.id))?;
        let modseq = head.map(|head| Head::decode(&head)).transpose()?.unwrap_or_default().modseq;
        if as_of > modseq {
            self.problems.push(format!("its manifest is of {as_of}, and the account only at {modseq}"));
        }
        Ok(())
    }

    /// Reads every part, and compares the chunks of mailboxes that have not changed since.
    fn parts(&mut self, manifest: &Manifest) -> Result<(), Fault> {
        let mut chunks = BTreeMap::new();
        for (&place, &blob) in &manifest.parts {
            let Some(content) = self.record(blob)? else { continue };
            let read = match place {
                Place::Chunk(..) => Chunk::decode(&content).map(|chunk| drop(chunks.insert(place, chunk))),
                Place::Emails(_) => decode_page(&content).map(drop),
            };
            if let Err(damaged) = read {
                self.problems.push(format!("manifest record {blob}: {damaged}"));
            }
        }
        for (mailbox, row) in load::read_mailboxes(self.snapshot, self.id)? {
            if row.highest_modseq > manifest.as_of {
                continue;
            }
            let there = load::read_rows(self.snapshot, self.id, mailbox, row.log_floor)?;
            let there = there.numbered().map(|(number, chunk)| (Place::Chunk(mailbox, number), &**chunk));
            let held = chunks.range(Place::Chunk(mailbox, 0)..=Place::Chunk(mailbox, u32::MAX));
            if !there.eq(held.map(|(&place, chunk)| (place, chunk))) {
                self.problems.push(format!("mailbox {mailbox} is not in its manifest as it is"));
            }
        }
        Ok(())
    }

    /// A record of the manifest, unless it cannot be read, or has been given up since.
    fn record(&mut self, blob: BlobId) -> Result<Option<Vec<u8>>, Fault> {
        let row = self.snapshot.get(&schema::blob(blob))?;
        let Some(at) = row.as_deref().and_then(Location::decode) else {
            self.problems.push(format!("manifest record {blob} is nowhere"));
            return Ok(None);
        };
        let read = read_blob(self.shared, blob, at, None);
        Ok(read.unwrap_or_else(|fault| {
            self.problems.push(format!("manifest record {blob}: {fault}"));
            None
        }))
    }
}
