//! The rows that belong to an account and are kept under other keys than the account's: its users, and the quotas that
//! are set for them.
//!
//! No commit of the account tells that they have changed, so a digest of them does.

use crate::account::load;
use crate::error::Fault;
use crate::quota::domain_of;
use crate::schema;
use crate::users::User;
use model::AccountId;
use std::collections::{BTreeMap, HashMap};
use storage::Snapshot;

/// Bytes of a digest.
pub(super) const DIGEST_BYTES: usize = 16;

/// Rows, as the engine holds them.
pub(super) type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

/// These rows of every account that has a user.
pub(super) fn by_account(snapshot: &dyn Snapshot) -> Result<HashMap<AccountId, Rows>, Fault> {
    let mut limits = Rows::new();
    load::scan(snapshot, schema::LIMITS, |key, value| {
        limits.insert(key.to_vec(), value.to_vec());
        Ok(())
    })?;
    let mut all: HashMap<AccountId, Rows> = HashMap::new();
    load::scan(snapshot, schema::USERS, |key, value| {
        let user = User::decode(key, value)?;
        let rows = all.entry(user.account).or_default();
        rows.insert(key.to_vec(), value.to_vec());
        for key in limits_of(&user.login) {
            rows.extend(limits.get_key_value(&key).map(|(key, value)| (key.clone(), value.clone())));
        }
        Ok(())
    })?;
    Ok(all)
}

/// The keys of all limits that may hold for a user.
fn limits_of(login: &str) -> [Vec<u8>; 4] {
    let domain = domain_of(login);
    [(b'u', login), (b'd', domain), (b'e', ""), (b't', domain)].map(|(kind, name)| schema::limits(kind, name))
}

pub(super) fn digest(rows: &Rows) -> [u8; DIGEST_BYTES] {
    let mut hasher = blake3::Hasher::new();
    for (key, value) in rows {
        for part in [key, value] {
            hasher.update(&(part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
    }
    let mut digest = [0; DIGEST_BYTES];
    hasher.finalize_xof().fill(&mut digest);
    digest
}
