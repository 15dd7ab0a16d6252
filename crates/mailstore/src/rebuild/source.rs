//! What the segments hold: where every blob is, and which manifest each account comes back from.

use crate::error::Fault;
use crate::manifest::{Kind, Manifest};
use model::{AccountId, BlobId, InternalDate};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use storage::{Disk, Location, RecordKind, Salvage, Salvaged};

/// Everything that is sound in the segments. It takes memory for each record, some 100 bytes.
pub(super) struct Source {
    salvage: Salvage,
    found: HashMap<BlobId, Found>,
    /// By account: the blobs that were stored for it, and the roots of its manifests.
    accounts: BTreeMap<AccountId, OfAccount>,
    /// Up to which offset each segment has sound records.
    pub(super) ends: BTreeMap<u32, u64>,
    pub(super) newest_commit: u64,
}

/// A record.
#[derive(Clone, Copy)]
pub(super) struct Found {
    pub(super) at: Location,
    pub(super) date: InternalDate,
    /// Flags on arrival.
    pub(super) flags: u64,
    certain: bool,
}

#[derive(Default)]
struct OfAccount {
    blobs: BTreeSet<BlobId>,
    /// The surest and newest is the last.
    roots: BTreeSet<(bool, BlobId)>,
}

/// How an account comes back.
pub(super) struct Plan {
    pub(super) account: AccountId,
    /// Its manifest's root, if it has one.
    pub(super) root: Option<BlobId>,
    pub(super) manifest: Manifest,
    /// Whether every part of the manifest is there.
    pub(super) is_whole: bool,
}

impl Source {
    /// Reads every record of every segment, and tells what of it is damaged.
    pub(super) fn read(disk: &dyn Disk) -> Result<(Self, Vec<storage::Error>), Fault> {
        let salvage = Salvage::open(disk)?;
        let (mut found, mut accounts) = (HashMap::new(), BTreeMap::new());
        let walked = salvage.walk(&mut |record| note(record, &mut found, &mut accounts))?;
        let storage::Walked { ends, newest_commit, damage } = walked;
        Ok((Self { salvage, found, accounts, ends, newest_commit }, damage))
    }

    pub(super) fn get(&self, blob: BlobId) -> Option<Found> {
        self.found.get(&blob).copied()
    }

    /// A record's content; `None` when it is not there or damaged.
    pub(super) fn content(&self, blob: BlobId) -> Option<Vec<u8>> {
        self.salvage.read(&self.found.get(&blob)?.at).ok()
    }

    pub(super) fn bytes(&self, segment: u32) -> Result<u64, Fault> {
        Ok(self.salvage.bytes(segment)?)
    }

    pub(super) fn last_blob(&self) -> Option<BlobId> {
        self.found.keys().max().copied()
    }

    pub(super) fn last_account(&self) -> Option<AccountId> {
        self.accounts.last_key_value().map(|(&account, _)| account)
    }

    /// How each account comes back, those with the newest manifest last: where two claim a user, it has the user.
    pub(super) fn plans(&self) -> Vec<Plan> {
        let mut plans: Vec<Plan> =
            self.accounts.iter().map(|(&id, account)| self.plan(id, account)).collect();
        plans.sort_by_key(|plan| plan.root);
        plans
    }

    /// The newest manifest that is whole; else the newest that can be read at all.
    fn plan(&self, account: AccountId, of: &OfAccount) -> Plan {
        let mut torn = None;
        for &(_, root) in of.roots.iter().rev() {
            let Some(Ok(manifest)) = self.content(root).map(|content| Manifest::decode(&content)) else {
                continue;
            };
            let is_whole = manifest.parts.values().all(|part| self.found.contains_key(part));
            let plan = Plan { account, root: Some(root), manifest, is_whole };
            if is_whole {
                return plan;
            }
            torn.get_or_insert(plan);
        }
        let none = Plan { account, root: None, manifest: Manifest::default(), is_whole: false };
        torn.unwrap_or(none)
    }

    /// The blobs that were stored for an account.
    pub(super) fn blobs_of(&self, account: AccountId) -> impl Iterator<Item = BlobId> + '_ {
        self.accounts.get(&account).into_iter().flat_map(|of| of.blobs.iter().copied())
    }
}

/// Notes where a record is. It may be there twice, where compaction was interrupted.
fn note(record: Salvaged, found: &mut HashMap<BlobId, Found>, accounts: &mut BTreeMap<AccountId, OfAccount>) {
    let Salvaged { header, at, certain } = record;
    let known = found.get(&header.id).is_some_and(|before| before.certain || !certain);
    if !known {
        found.insert(header.id, Found { at, date: header.date, flags: header.flags, certain });
    }
    let account = accounts.entry(header.account).or_default();
    match header.kind {
        RecordKind::Blob => drop(account.blobs.insert(header.id)),
        RecordKind::Manifest if header.flags == Kind::Root as u64 => {
            account.roots.insert((certain, header.id));
        }
        RecordKind::Manifest => {}
    }
}

/// The newest commit that the segments tell of.
pub(super) fn newest_commit(disk: &dyn Disk) -> Result<u64, Fault> {
    Ok(Salvage::open(disk)?.walk(&mut |_| {})?.newest_commit)
}
