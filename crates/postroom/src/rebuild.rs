//! `postroom rebuild`: makes the rows of the store anew from its segments, when the engine is lost.
//!
//! They are written to a folder of their own, which takes the place of the engine's when all is there. The engine's is put
//! aside and never removed.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use mailstore::{RECOVERED, Rebuilt};
use model::{Clock, InternalDate, SystemClock};
use storage::{RealDisk, RocksEngine, RocksOptions};

use crate::assembly::{self, Mail};
use crate::config::Config;
use crate::failure::Failure;
use crate::folder::{DataFolder, FolderFault};
use crate::say::say;

/// The engine's folder.
const ENGINE: &str = "kv";
/// Where the new engine is made.
const MADE: &str = "kv.rebuilding";
/// What the name of an engine's folder begins with that was put aside.
const ASIDE: &str = "kv.before-rebuild-";

/// Why nothing is rebuilt.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unneeded {
    /// The engine has all that it should.
    #[error(
        "the store in {path} is whole. Rebuilding it would undo what has changed in the last minutes, and every client \
         would read all mail anew; --force does it all the same",
        path = path.display()
    )]
    Whole {
        /// The data folder.
        path: PathBuf,
    },
    /// The engine can be opened, but not be read.
    #[error("{source}; --force rebuilds the store all the same")]
    Unclear {
        /// Why not.
        source: mailstore::Fault,
    },
    /// There is nothing to rebuild a store from.
    #[error("there are no segments in {path}", path = path.display())]
    NoSegments {
        /// Where they should be.
        path: PathBuf,
    },
}

/// Rebuilds the store of a data folder that no server has, also a whole one with `force`.
///
/// # Errors
/// The folder is in use, the store needs no rebuild, or the disk or the engine fails; then the store is as it was. Or not
/// everything could be brought back.
pub(crate) fn run(config: &Config, force: bool) -> Result<(), Failure> {
    let folder = take(&config.data)?;
    let blobs = folder.path().join("blobs");
    if !has_files(&blobs)? {
        return Err(Unneeded::NoSegments { path: blobs }.into());
    }
    let disk = RealDisk::open(&blobs)?;
    if !force {
        is_needed(&folder, &disk)?;
    }
    let rebuilt = fill(&folder, &disk)?;
    if let Some(aside) = put_in_place(&folder)? {
        say(format_args!("the engine of before is kept in {}", aside.display()));
    }
    let Rebuilt { accounts, mailboxes, messages, recovered, losses } = rebuilt;
    for loss in &losses {
        say(loss);
    }
    say(format_args!(
        "{accounts} accounts, {mailboxes} mailboxes, {messages} messages; {recovered} newer ones are in {RECOVERED:?}"
    ));
    settle(&folder, config)?;
    match losses.len() {
        0 => Ok(()),
        losses => Err(Failure::Losses { losses }),
    }
}

fn take(path: &Path) -> Result<DataFolder, FolderFault> {
    match DataFolder::take_existing(path)? {
        Some(folder) => Ok(folder),
        // This says who has it.
        None => DataFolder::take(path, None),
    }
}

fn has_files(folder: &Path) -> Result<bool, Failure> {
    match std::fs::read_dir(folder) {
        Ok(mut files) => Ok(files.next().is_some()),
        Err(missing) if missing.kind() == ErrorKind::NotFound => Ok(false),
        Err(source) => Err(Failure::System { op: "list the segments", source }),
    }
}

/// Refuses to rebuild a store that works.
fn is_needed(folder: &DataFolder, disk: &RealDisk) -> Result<(), Unneeded> {
    let engine = folder.path().join(ENGINE);
    if !engine.exists() {
        return Ok(());
    }
    let Ok(engine) = RocksEngine::open(&engine, RocksOptions::default()) else { return Ok(()) };
    match mailstore::is_whole(disk, &engine) {
        Ok(false) => Ok(()),
        Ok(true) => Err(Unneeded::Whole { path: folder.path().to_owned() }),
        Err(source) => Err(Unneeded::Unclear { source }),
    }
}

/// Makes the new engine.
fn fill(folder: &DataFolder, disk: &RealDisk) -> Result<Rebuilt, Failure> {
    let made = folder.path().join(MADE);
    if made.exists() {
        // The rest of a rebuild that was interrupted.
        std::fs::remove_dir_all(&made)
            .map_err(|source| Failure::System { op: "remove half an engine", source })?;
    }
    let engine = RocksEngine::open(&folder.folder(MADE)?, RocksOptions::default())?;
    Ok(mailstore::rebuild(disk, &engine, SystemClock.now())?)
}

/// Puts the new engine in the place of the old, and answers where that is now. Between the two steps there is none: then
/// no server starts, and a rebuild begins anew.
fn put_in_place(folder: &DataFolder) -> Result<Option<PathBuf>, Failure> {
    let rename = |from: &Path, to: &Path| {
        let renamed = std::fs::rename(from, to);
        renamed.map_err(|source| Failure::System { op: "rename an engine's folder", source })
    };
    let engine = folder.path().join(ENGINE);
    let mut aside = None;
    if engine.exists() {
        let free = aside_of(folder.path());
        rename(&engine, &free)?;
        aside = Some(free);
    }
    rename(&folder.path().join(MADE), &engine)?;
    folder.sync(folder.path())?;
    Ok(aside)
}

/// A name that is free.
fn aside_of(data: &Path) -> PathBuf {
    let now = i64::try_from(SystemClock.now().seconds()).unwrap_or(i64::MAX);
    let (year, month, day) = InternalDate::utc(now).ymd();
    let name = format!("{ASIDE}{year:04}-{month:02}-{day:02}");
    let first = data.join(&name);
    let others = (2u64..).map(|n| data.join(format!("{name}-{n}")));
    std::iter::once(first.clone()).chain(others).find(|path| !path.exists()).unwrap_or(first)
}

/// Opens the store, writes its first manifests, so that it can be lost again at once, and proves it.
fn settle(folder: &DataFolder, config: &Config) -> Result<(), Failure> {
    let runtime = assembly::runtime()?;
    let entered = runtime.enter();
    let mail = Mail::open(folder, config)?;
    drop(entered);
    let checked = runtime.block_on(async {
        mail.store.write_manifests().await?;
        mail.store.check(None, false).await
    });
    assembly::close(runtime, mail);
    let problems = checked?.problems;
    for problem in &problems {
        say(problem);
    }
    match problems.len() as u64 {
        0 => Ok(()),
        problems => Err(Failure::Inconsistent { problems }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_for_what_is_put_aside_is_free() {
        let data = tempfile::tempdir().unwrap();
        let first = aside_of(data.path());
        std::fs::create_dir(&first).unwrap();
        let second = aside_of(data.path());
        std::fs::create_dir(&second).unwrap();
        let third = aside_of(data.path());
        assert!(third.to_string_lossy().ends_with("-3"), "{third:?}");
        assert!(![first, second].contains(&third));
    }
}
