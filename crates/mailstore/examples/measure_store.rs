//! Measures the store alone, without a protocol: the figures behind `docs/decisions/0003-log-first.md`,
//! `0004-commit-path.md` and `0006-manifests.md`.
//!
//! `cargo run --release -p mailstore --features storage/rocksdb --example measure_store -- FOLDER WORKLOAD`, where
//! WORKLOAD is `open`, `million`, `commits`, `idle` or `rebuild`. The folder is filled anew.

use mailstore::{Access, Arrival, FlagOp, Mailbox, Options, Since, Store, StoreFlags};
use model::{Clock as _, Flags, MailboxName, NamedFlags, Rights, SystemClock, UidSet};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use storage::{RealDisk, RocksEngine, RocksOptions, SegmentOptions, SegmentStore};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn open(folder: &Path, image_cache_bytes: usize) -> Outcome<Arc<Store>> {
    let staging = folder.join("staging");
    std::fs::create_dir_all(&staging)?;
    let engine = Arc::new(RocksEngine::open(&folder.join("kv"), RocksOptions::default())?);
    let disk = Arc::new(RealDisk::open(&folder.join("blobs"))?);
    let blobs =
        SegmentStore::open(disk, SegmentOptions::default(), &mailstore::committed_lengths(&*engine)?)?;
    let options = Options { image_cache_bytes, ..Options::new(staging) };
    Ok(Store::open(engine, Arc::new(blobs), Arc::new(SystemClock), options)?)
}

async fn user(store: &Store, name: &str) -> Outcome<(Access, Mailbox)> {
    let archive = MailboxName::new("Archive")?;
    let account = store.add_user(name, "-", &[(archive, None)]).await?;
    let access = store.enter(account).await?;
    let inbox = access.mailbox(&MailboxName::inbox(), Rights::ALL)?;
    Ok((access, inbox))
}

async fn arrival(store: &Store, to: &Mailbox, bytes: usize) -> Outcome<Arrival> {
    let mut intake = store.receive();
    intake.write(b"Subject: measured\r\nFrom: a@example.org\r\n\r\n")?;
    intake.write(&vec![b'x'; bytes])?;
    Ok(intake.finish(to, NamedFlags::default(), None).await?)
}

/// Puts messages into a mailbox, so many per commit.
async fn fill(store: &Arc<Store>, to: &Mailbox, messages: usize, per_commit: usize) -> Outcome<()> {
    for _ in 0..messages / per_commit {
        let mut tasks = Vec::with_capacity(per_commit);
        for _ in 0..per_commit {
            let (store, to) = (store.clone(), to.clone());
            tasks.push(tokio::spawn(
                async move { arrival(&store, &to, 200).await.map_err(|e| e.to_string()) },
            ));
        }
        let mut arrivals = Vec::with_capacity(per_commit);
        for task in tasks {
            arrivals.push(task.await??);
        }
        to.append(arrivals).await?;
    }
    Ok(())
}

fn report(what: &str, took: Duration) {
    println!("{what}: {:.2} ms", took.as_secs_f64() * 1000.0);
}

/// A mailbox of 100,000 that was filled one message a commit and never checkpointed, opened cold.
async fn cold_open(folder: &Path) -> Outcome<()> {
    let store = open(folder, 256 << 20)?;
    let (access, inbox) = user(&store, "open@example.org").await?;
    let start = Instant::now();
    let share = 100_000 / 128;
    let workers = (0..128).map(|_| {
        let (store, inbox) = (store.clone(), inbox.clone());
        tokio::spawn(async move { fill(&store, &inbox, share, 1).await.map_err(|e| e.to_string()) })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await??;
    }
    println!("filled with 128 writers: {:.0}/s", 99_968.0 / start.elapsed().as_secs_f64());
    drop((access, inbox));
    drop(store);
    tokio::time::sleep(Duration::from_millis(200)).await;
    for round in 0..3 {
        // Root alone can drop the page cache; elsewhere the figure is that of a warm one.
        let dropped = std::fs::write("/proc/sys/vm/drop_caches", "3").is_ok();
        let store = open(folder, 256 << 20)?;
        let account = store.accounts().await?.first().copied().ok_or("no account")?;
        let access = store.enter(account).await?;
        let inbox = access.mailbox(&MailboxName::inbox(), Rights::ALL)?;
        let start = Instant::now();
        let messages = inbox.snapshot().await?.image.len();
        report(
            &format!("cold open {round}, {messages} messages, page cache dropped: {dropped}"),
            start.elapsed(),
        );
        drop((access, inbox, store));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}

/// STORE 1:* and COPY 1:* over a million messages.
async fn million(folder: &Path) -> Outcome<()> {
    let store = open(folder, 1 << 30)?;
    let (access, inbox) = user(&store, "million@example.org").await?;
    let start = Instant::now();
    fill(&store, &inbox, 1_000_000, 2000).await?;
    println!("filled, 2,000 a commit: {:.0}/s", 1_000_000.0 / start.elapsed().as_secs_f64());
    let snapshot = inbox.snapshot().await?;
    let all: UidSet = snapshot.image.uids();
    for (op, what) in [(FlagOp::Add, "STORE 1:* +FLAGS"), (FlagOp::Remove, "STORE 1:* -FLAGS")] {
        let flags = NamedFlags::system(Flags::FLAGGED);
        let start = Instant::now();
        let stored = inbox.store(StoreFlags { uids: all.clone(), op, flags, unchanged_since: None }).await?;
        report(&format!("{what}, {} messages", stored.changed.len()), start.elapsed());
    }
    let archive = access.mailbox(&MailboxName::new("Archive")?, Rights::ALL)?;
    let (quick_store, quick_inbox) = (store.clone(), inbox.clone());
    let beside = tokio::spawn(async move {
        let mut worst = Duration::ZERO;
        for _ in 0..200 {
            let start = Instant::now();
            fill(&quick_store, &quick_inbox, 1, 1).await.map_err(|e| e.to_string())?;
            worst = worst.max(start.elapsed());
        }
        Ok::<_, String>(worst)
    });
    let start = Instant::now();
    let copied = inbox.copy(&all, &archive).await?;
    report(&format!("COPY 1:*, {} messages", copied.to.len()), start.elapsed());
    report("the longest of 200 appends beside the COPY", beside.await??);
    Ok(())
}

/// Appends by 16 and 128 writers, on one account and on one each.
async fn commits(folder: &Path) -> Outcome<()> {
    let store = open(folder, 256 << 20)?;
    let mut inboxes = Vec::new();
    for n in 0..128 {
        inboxes.push(user(&store, &format!("user{n}@example.org")).await?);
    }
    for writers in [1, 16, 128] {
        for many in [false, true] {
            let end = Instant::now() + Duration::from_secs(5);
            let tasks = (0..writers).map(|n| {
                let index = if many { n } else { 0 };
                let (store, inbox) = (store.clone(), inboxes.get(index).map(|(_, inbox)| inbox.clone()));
                tokio::spawn(async move {
                    let (mut done, Some(inbox)) = (0u64, inbox) else { return Ok(0) };
                    while Instant::now() < end {
                        let arrival = arrival(&store, &inbox, 4096).await.map_err(|e| e.to_string())?;
                        inbox.append(vec![arrival]).await.map_err(|e| e.to_string())?;
                        done += 1;
                    }
                    Ok::<_, String>(done)
                })
            });
            let mut total = 0;
            for task in tasks.collect::<Vec<_>>() {
                total += task.await??;
            }
            let accounts = if many { "an account each" } else { "one account" };
            println!("{writers} writers, {accounts}: {:.0} appends/s", total as f64 / 5.0);
        }
    }
    Ok(())
}

/// What 10,000 accounts in use hold in memory, each with a mailbox of 10,000 that an idle session has read.
async fn idle(folder: &Path) -> Outcome<()> {
    let store = open(folder, 64 << 20)?;
    let (mut held, mut before) = (Vec::new(), 0);
    for n in 0..10_000 {
        let (access, inbox) = user(&store, &format!("user{n}@example.org")).await?;
        let mut arrivals = Vec::new();
        arrivals.push(arrival(&store, &inbox, 100).await?);
        inbox.append(arrivals).await?;
        // One message copied over and over makes a mailbox of 10,000 without 10,000 blobs.
        while inbox.status()?.messages < 10_000 {
            let uids = inbox.snapshot().await?.image.uids();
            let missing = u64::from(10_000 - inbox.status()?.messages);
            let some: UidSet = uids.iter().take(usize::try_from(missing)?).collect();
            inbox.copy(&some, &inbox).await?;
        }
        let snapshot = inbox.snapshot().await?;
        let view = snapshot.image.uids();
        let Since::Changes(_) = inbox.changes_since(snapshot.modseq).await? else {
            return Err("no log".into());
        };
        let watch = access.watch();
        drop(snapshot);
        held.push((access, inbox, view, watch));
        if n == 999 {
            before = resident()?;
        }
    }
    let now = resident()?;
    println!("{} sessions' share of the store: {:.1} KiB each", held.len(), (now - before) as f64 / 9000.0);
    Ok(())
}

/// What manifests cost in an account of 100,000 messages, and how long a rebuild takes.
async fn rebuild(folder: &Path) -> Outcome<()> {
    let store = open(folder, 256 << 20)?;
    let (access, inbox) = user(&store, "rebuild@example.org").await?;
    fill(&store, &inbox, 100_000, 2000).await?;
    manifest(&store, folder, "the first manifest").await?;
    manifest(&store, folder, "nothing has changed").await?;
    fill(&store, &inbox, 1, 1).await?;
    manifest(&store, folder, "after one APPEND").await?;
    for (uids, what) in [(1, "after a STORE on one"), (100_001, "after a STORE on all")] {
        let uids = inbox.snapshot().await?.image.uids().iter().take(uids).collect();
        let flags = NamedFlags::system(Flags::SEEN);
        inbox.store(StoreFlags { uids, op: FlagOp::Add, flags, unchanged_since: None }).await?;
        manifest(&store, folder, what).await?;
    }
    drop((access, inbox, store));
    tokio::time::sleep(Duration::from_millis(200)).await;
    let engine = RocksEngine::open(&folder.join("kv-rebuilt"), RocksOptions::default())?;
    let start = Instant::now();
    let rebuilt = mailstore::rebuild(&RealDisk::open(&folder.join("blobs"))?, &engine, SystemClock.now())?;
    report(&format!("rebuild, {} messages, {} KiB resident", rebuilt.messages, resident()?), start.elapsed());
    Ok(())
}

async fn manifest(store: &Store, folder: &Path, what: &str) -> Outcome<()> {
    let before = segments(folder)?;
    let start = Instant::now();
    store.write_manifests().await?;
    report(&format!("{what}: {} bytes written", segments(folder)? - before), start.elapsed());
    Ok(())
}

/// Bytes of all segments.
fn segments(folder: &Path) -> Outcome<u64> {
    let sizes = std::fs::read_dir(folder.join("blobs"))?.map(|file| file?.metadata());
    Ok(sizes.map(|metadata| metadata.map(|m| m.len())).sum::<std::io::Result<u64>>()?)
}

/// Resident memory, in KiB.
fn resident() -> Outcome<i64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let (folder, workload) = (arguments.next().ok_or("FOLDER?")?, arguments.next().ok_or("WORKLOAD?")?);
    let folder = Path::new(&folder);
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    match workload.as_str() {
        "open" => cold_open(folder).await,
        "million" => million(folder).await,
        "commits" => commits(folder).await,
        "idle" => idle(folder).await,
        "rebuild" => rebuild(folder).await,
        other => Err(format!("no workload {other}").into()),
    }
}
