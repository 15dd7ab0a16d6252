//! Aliases and groups, kept in the store beside the users: the addresses that mail for a name goes to instead.
//!
//! Names and addresses are kept as they are given; which are good, and what they lead to, is decided elsewhere.

use crate::account::load;
use crate::codec::{Damaged, Reader, put_bytes, put_u64};
use crate::error::{Error, Refusal};
use crate::schema;
use crate::store::Store;
use crate::users::Address;
use storage::Batch;

/// The most addresses that one alias leads to: they are one row. A larger group is made of groups.
pub const ALIAS_TARGETS_MAX: usize = 1000;

/// An alias, or a group when it leads to several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// Its address, or `@` and a domain.
    pub name: String,
    /// Where mail for it goes, in the order in which they were added.
    pub targets: Vec<String>,
    /// Its address as it was written when it was made, where that differs.
    pub spelling: Option<String>,
}

impl Alias {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_u64(&mut out, self.targets.len() as u64);
        for target in &self.targets {
            put_bytes(&mut out, target.as_bytes());
        }
        if let Some(spelling) = &self.spelling {
            put_bytes(&mut out, spelling.as_bytes());
        }
        out
    }

    pub(crate) fn decode(key: &[u8], value: &[u8]) -> Result<Self, Damaged> {
        let mut r = Reader::new(value, "alias");
        let name = key.get(1..).and_then(|name| std::str::from_utf8(name).ok());
        let name = name.ok_or_else(|| r.damaged())?.to_owned();
        let count = r.count()?;
        let targets = (0..count).map(|_| r.string()).collect::<Result<_, _>>()?;
        let spelling = if r.is_empty() { None } else { Some(r.string()?) };
        r.end()?;
        Ok(Self { name, targets, spelling })
    }
}

impl Store {
    /// The alias of that name.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn alias(&self, name: &str) -> Result<Option<Alias>, Error> {
        let key = schema::alias(name);
        let read = move |snapshot: &dyn storage::Snapshot| {
            let row = snapshot.get(&key)?;
            Ok(row.map(|row| Alias::decode(&key, &row)).transpose()?)
        };
        self.shared.read_soon(read).await
    }

    /// All aliases, by name.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn aliases(&self) -> Result<Vec<Alias>, Error> {
        let list = |snapshot: &dyn storage::Snapshot| {
            let mut all = Vec::new();
            load::scan(snapshot, schema::ALIASES, |key, value| {
                all.push(Alias::decode(key, value)?);
                Ok(())
            })?;
            Ok(all)
        };
        self.shared.read(list).await
    }

    /// Makes the alias lead to `targets` too; it is made if it does not exist.
    ///
    /// # Errors
    /// [`Refusal::AliasLimit`], or a fault.
    pub async fn add_to_alias(&self, alias: impl Into<Address>, targets: &[String]) -> Result<(), Error> {
        let Address { name, spelling } = alias.into();
        let _one_at_a_time = self.directory.lock().await;
        let known = self.alias(&name).await?;
        let mut alias = known.unwrap_or_else(|| Alias { name, targets: Vec::new(), spelling });
        for target in targets {
            if !alias.targets.contains(target) {
                alias.targets.push(target.clone());
            }
        }
        if alias.targets.len() > ALIAS_TARGETS_MAX {
            return Err(Refusal::AliasLimit { limit: ALIAS_TARGETS_MAX }.into());
        }
        self.put_alias(&alias).await
    }

    /// Makes the alias lead to `targets` no longer. One that leads nowhere is removed, and so is the whole alias when
    /// no targets are named. Whether there was something to remove.
    ///
    /// # Errors
    /// A fault.
    pub async fn remove_from_alias(&self, name: &str, targets: &[String]) -> Result<bool, Error> {
        let _one_at_a_time = self.directory.lock().await;
        let Some(mut alias) = self.alias(name).await? else { return Ok(false) };
        let before = alias.targets.len();
        alias.targets.retain(|target| !targets.is_empty() && !targets.contains(target));
        if alias.targets.len() == before {
            return Ok(false);
        }
        self.put_alias(&alias).await?;
        Ok(true)
    }

    async fn put_alias(&self, alias: &Alias) -> Result<(), Error> {
        let mut batch = Batch::default();
        match alias.targets.is_empty() {
            true => batch.delete(schema::alias(&alias.name)),
            false => batch.put(schema::alias(&alias.name), alias.encode()),
        }
        self.shared.commit_rows(batch, Vec::new()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_is_read_as_it_was_written() {
        let targets = vec!["ada@example.org".to_owned(), "ben@example.org".to_owned()];
        for spelling in [None, Some("Team@example.org".to_owned())] {
            let alias = Alias { name: "team@example.org".to_owned(), targets: targets.clone(), spelling };
            assert_eq!(Alias::decode(&schema::alias(&alias.name), &alias.encode()), Ok(alias));
        }
    }
}
