//! Rebuilding the store from its segments alone, when the engine is lost (`docs/decisions/0006-manifests.md`).
//!
//! Each account comes back as its latest manifest has it. Blobs that are newer go into the mailbox [`RECOVERED`]; what
//! had been expunged stays away. The account goes back in time with this, so every mailbox gets a new UIDVALIDITY, and no
//! id is given out again that a client may have seen. Here is what is done in which order; [`source`] reads the
//! segments, [`account`] brings one account back, [`rows`] writes the engine's rows.

mod account;
mod rows;
mod source;

use crate::error::Fault;
use crate::schema::{self, FORMAT_VERSION, StoreRow};
use crate::store::read_store;
use crate::unreferred::generation_of;
use model::{AccountId, MailboxName, Timestamp, Uid};
use rows::Rows;
use source::Source;
use storage::{Disk, Engine, Salvage};

/// The mailbox that takes what is newer than its account's manifest.
pub const RECOVERED: &str = "Recovered";

/// What a rebuild has brought back, and what not.
#[derive(Debug, Default)]
pub struct Rebuilt {
    /// Accounts.
    pub accounts: u64,
    /// Mailboxes in them.
    pub mailboxes: u64,
    /// Messages where they were at the time of the manifest.
    pub messages: u64,
    /// Messages in [`RECOVERED`].
    pub recovered: u64,
    /// What is not as it was.
    pub losses: Vec<Loss>,
}

/// Something that a rebuild could not bring back.
#[derive(Debug, thiserror::Error)]
pub enum Loss {
    /// Part of a segment cannot be read.
    #[error(transparent)]
    Damage(#[from] storage::Error),
    /// An account has no manifest: it is newer than the last one would be, or all are damaged.
    #[error("account {account} has no manifest: its mail is in {RECOVERED:?}, and nobody can log in to it")]
    NoManifest {
        /// The account.
        account: AccountId,
    },
    /// Records of an account's only manifest are missing.
    #[error(
        "account {account}: its manifest is not whole; what is missing is in {RECOVERED:?}, and what was expunged may be too"
    )]
    NotWhole {
        /// The account.
        account: AccountId,
    },
    /// A message is in the manifest, and its content nowhere: damaged, or expunged after the manifest.
    #[error("account {account}, {mailbox}, UID {uid}: its content is not there any more")]
    Message {
        /// The account.
        account: AccountId,
        /// The mailbox.
        mailbox: MailboxName,
        /// The message's UID before.
        uid: Uid,
    },
}

/// Writes the rows of the store whose segments lie on `disk` to `engine`, which is empty. Nothing on the disk is changed.
/// Blocks for as long as it takes to read every message.
///
/// # Errors
/// A fault: the engine has rows, a segment is of a newer format, or the disk or the engine fails. What cannot be read is
/// no fault, but a loss.
pub fn rebuild(disk: &dyn Disk, engine: &dyn Engine, now: Timestamp) -> Result<Rebuilt, Fault> {
    if engine.snapshot()?.get(schema::STORE)?.is_some() {
        return Err(Fault::new("rebuild", "the engine is not empty"));
    }
    let (source, damage) = Source::read(disk)?;
    let mut report = Rebuilt { losses: damage.into_iter().map(Loss::from).collect(), ..Rebuilt::default() };
    let mut rows = Rows::new(engine);
    for plan in source.plans() {
        account::bring_back(&source, plan, now, &mut rows, &mut report)?;
        report.accounts += 1;
    }
    rows.segments(&source)?;
    rows.put(schema::COMMIT_NUMBER.to_vec(), source.newest_commit.to_be_bytes().to_vec())?;
    let generation = source.last_blob().map_or(0, generation_of);
    let next_account = source.last_account().map_or(1, |last| last.0 + 1);
    // Last, since a store without it is none.
    rows.flush()?;
    let store = StoreRow { version: FORMAT_VERSION, generation, next_account };
    rows.put(schema::STORE.to_vec(), store.encode())?;
    rows.flush()?;
    Ok(report)
}

/// Whether the engine has a store that knows of every commit that the segments have seen: one that needs no rebuild.
///
/// # Errors
/// The engine, the disk or the store's first rows cannot be read.
pub fn is_whole(disk: &dyn Disk, engine: &dyn Engine) -> Result<bool, Fault> {
    let (store, number) = read_store(engine)?;
    // A store that was never opened has no generation.
    Ok(store.generation > 0 && number >= source::newest_commit(disk)?)
}

/// Whether there are records and no store that could have written them: the engine is lost. Only sizes are looked at.
///
/// # Errors
/// The engine or the disk fails.
pub fn is_lost(disk: &dyn Disk, engine: &dyn Engine) -> Result<bool, Fault> {
    let has_store = engine.snapshot()?.get(schema::STORE)?.is_some();
    Ok(!has_store && Salvage::open(disk)?.holds_records()?)
}
