//! What a store of an earlier format lacks is added when it is opened (`docs/storage-format.md`).
//!
//! Each step can be repeated: the version is raised in the commit after the last of them.

use crate::account::load;
use crate::error::Fault;
use crate::schema;
use crate::users::User;
use model::{AccountId, Flags};
use storage::{Batch, Engine};

/// Brings the rows of a store up to the format of today.
pub(crate) fn migrate(engine: &dyn Engine, version: u64) -> Result<(), Fault> {
    if version < 2 {
        from_1_to_2(engine)?;
    }
    Ok(())
}

/// Accounts know their owners, and mailboxes the size of what has `\Deleted`.
fn from_1_to_2(engine: &dyn Engine) -> Result<(), Fault> {
    let snapshot = engine.snapshot()?;
    let mut users = Vec::new();
    load::scan(&*snapshot, schema::USERS, |key, value| {
        users.push(User::decode(key, value)?);
        Ok(())
    })?;
    for user in users {
        let mut batch = Batch::default();
        batch.put(schema::owner_of(user.account), user.login.into_bytes());
        count_deleted(&*snapshot, user.account, &mut batch)?;
        engine.commit(&batch)?;
    }
    Ok(())
}

fn count_deleted(
    snapshot: &dyn storage::Snapshot,
    account: AccountId,
    batch: &mut Batch,
) -> Result<(), Fault> {
    for (id, mut row) in load::read_mailboxes(snapshot, account)? {
        if row.deleted == 0 {
            continue;
        }
        let image = load::read_rows(snapshot, account, id, row.log_floor)?;
        let deleted = image.iter().filter(|m| m.flags.contains(Flags::DELETED));
        row.deleted_size = deleted.map(|m| u64::from(m.size)).sum();
        batch.put(schema::mailbox(account, id), row.encode());
    }
    Ok(())
}
