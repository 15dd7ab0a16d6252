//! A store with some mail in it, what can be seen of it, and the loss of its engine.

use mailstore::{
    Access, Arrival, Expunge, FlagOp, Limit, Limits, Mailbox, Options, QuotaOf, Rebuilt, Store, StoreFlags,
};
use model::{
    AccountId, Clock as _, EmailId, Flags, InternalDate, Keyword, MailboxName, ManualClock, NamedFlags,
    Rights, SaveDate, SpecialUse, ThreadId, Timestamp, Uid, UidSet,
};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use storage::{Disk as _, Engine, MemoryEngine, RecordKind, Salvage, SegmentOptions, SegmentStore, SimDisk};

pub(crate) const LOGIN: &str = "rebuild@example.org";
/// Small, so that there are many of them and some are compacted.
const SEGMENT_BYTES: u64 = 4 << 10;
/// What no key is above.
const ABOVE_ALL: &[u8] = &[0xff; 64];

pub(crate) struct World {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) disk: SimDisk,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: Arc<Store>,
    staging: tempfile::TempDir,
}

/// All that users see, and their clients remember.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) mailboxes: BTreeMap<String, SeenMailbox>,
    pub(crate) subscribed: BTreeSet<String>,
    users: Vec<mailstore::User>,
    quotas: Vec<(QuotaOf, Limits)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SeenMailbox {
    pub(crate) uid_validity: u32,
    special_use: Option<SpecialUse>,
    uid_next: u64,
    pub(crate) messages: Vec<SeenMessage>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SeenMessage {
    uid: u32,
    email: EmailId,
    thread: Option<ThreadId>,
    subject: String,
    pub(crate) flags: NamedFlags,
    pub(crate) date: InternalDate,
    saved: SaveDate,
    modseq: u64,
    preview: Option<String>,
}

impl SeenMailbox {
    pub(crate) fn subjects(&self) -> Vec<String> {
        self.messages.iter().map(|m| m.subject.clone()).collect()
    }
}

impl Seen {
    pub(crate) fn count(&self) -> u64 {
        self.mailboxes.values().map(|mailbox| mailbox.messages.len() as u64).sum()
    }

    pub(crate) fn subjects(&self) -> BTreeSet<String> {
        self.mailboxes.values().flat_map(SeenMailbox::subjects).collect()
    }

    pub(crate) fn without_validity(&self) -> Self {
        let mut seen = self.clone();
        seen.mailboxes.values_mut().for_each(|mailbox| mailbox.uid_validity = 0);
        seen
    }

    pub(crate) fn forget(&mut self, subject: &str) {
        for mailbox in self.mailboxes.values_mut() {
            mailbox.messages.retain(|m| m.subject != subject);
        }
    }
}

fn name(text: &str) -> MailboxName {
    MailboxName::new(text).unwrap()
}

/// A store with mailboxes, flags, copies, a rename and an expunge.
pub(crate) async fn furnished() -> World {
    let (engine, disk) = (Arc::new(MemoryEngine::default()), SimDisk::default());
    let clock = Arc::new(ManualClock::new(Timestamp(1_790_000_000_000)));
    let staging = tempfile::tempdir().unwrap();
    let store = open(engine.clone(), &disk, &clock, &staging);
    let world = World { engine, disk, clock, store, staging };
    let folders = [(name("Trash"), Some(SpecialUse::Trash)), (name("old"), None)];
    world.store.add_user(LOGIN, "a hash", &folders).await.unwrap();
    let domain = "example.org".to_owned();
    for of in [QuotaOf::EachUser, QuotaOf::User(LOGIN.to_owned()), QuotaOf::Domain(domain)] {
        let limits = Limits { messages: Limit::Max(1000), bytes: Limit::Inherited };
        world.store.set_quota(of, limits).await.unwrap();
    }
    for n in 0..12 {
        world.append("INBOX", &format!("kept {n}"), Flags::NONE).await;
    }
    world.append("old", "in the folder", Flags::FLAGGED).await;
    let keyword = NamedFlags { system: Flags::SEEN, keywords: vec![Keyword::new("$Junk").unwrap()] };
    world.flag("INBOX", &[2, 3, 5], keyword).await;
    let (inbox, trash) = (world.mailbox("INBOX").await, world.mailbox("Trash").await);
    inbox.copy(&uids(&[1, 2]), &trash).await.unwrap();
    inbox.move_to(&uids(&[7, 8]), &world.mailbox("old").await).await.unwrap();
    world.access().await.rename(&name("old"), &name("new/deep")).await.unwrap();
    world.append("INBOX", "given up", Flags::DELETED).await;
    world.expunge("INBOX").await;
    world.access().await.subscribe(&name("nowhere"), true).await.unwrap();
    world.access().await.subscribe(&name("Trash"), false).await.unwrap();
    world
}

/// After a manifest: newer mail, and changes that a rebuild does not know of.
pub(crate) async fn changes_more(world: &World) {
    world.append("INBOX", "later", Flags::NONE).await;
    world.append("Trash", "later seen", Flags::SEEN).await;
    world.flag("INBOX", &[4], NamedFlags::system(Flags::DELETED)).await;
    world.expunge("INBOX").await;
    world.access().await.rename(&name("new/deep"), &name("newer")).await.unwrap();
}

fn uids(all: &[u32]) -> UidSet {
    all.iter().filter_map(|&uid| Uid::new(uid)).collect()
}

fn open(
    engine: Arc<dyn Engine>,
    disk: &SimDisk,
    clock: &Arc<ManualClock>,
    staging: &tempfile::TempDir,
) -> Arc<Store> {
    let lengths = mailstore::committed_lengths(&*engine).unwrap();
    let segments = SegmentOptions { segment_bytes: SEGMENT_BYTES };
    let blobs = SegmentStore::open(Arc::new(disk.clone()), segments, &lengths).unwrap();
    let options = Options { disk_reserve_bytes: 0, ..Options::new(staging.path().to_owned()) };
    Store::open(engine, Arc::new(blobs), clock.clone(), options).unwrap()
}

impl World {
    /// Loses the engine and all power, and rebuilds the store with another.
    pub(crate) async fn rebuild(&mut self, engine: Arc<dyn Engine>) -> Rebuilt {
        self.clock.advance(1000);
        self.disk = self.disk.crash(7);
        let report = mailstore::rebuild(&self.disk, &*engine, self.clock.now()).unwrap();
        self.engine = engine.clone();
        self.store = open(engine, &self.disk, &self.clock, &self.staging);
        report
    }

    pub(crate) async fn access(&self) -> Access {
        self.store.enter(AccountId(1)).await.unwrap()
    }

    async fn mailbox(&self, text: &str) -> Mailbox {
        self.access().await.mailbox(&name(text), Rights::ALL).unwrap()
    }

    /// A message whose content is stored, and which is in no mailbox yet.
    pub(crate) async fn arrival(&self, to: &str, subject: &str, flags: Flags) -> Arrival {
        let to = self.mailbox(to).await;
        let mut intake = self.store.receive();
        let text = format!(
            "From: Ann <ann@example.org>\r\nSubject: {subject}\r\nMessage-ID: <{}@example.org>\r\n\
             References: <root-{}@example.org>\r\n\r\nText of {subject}\r\n",
            subject.replace(' ', "-"),
            subject.len() % 3,
        );
        intake.write(text.as_bytes()).unwrap();
        let date = InternalDate { seconds: 1_780_000_000, zone_minutes: 330 };
        intake.finish(&to, NamedFlags::system(flags), Some(date)).await.unwrap()
    }

    pub(crate) async fn append(&self, to: &str, subject: &str, flags: Flags) -> EmailId {
        let arrival = self.arrival(to, subject, flags).await;
        self.put(to, arrival).await
    }

    pub(crate) async fn put(&self, to: &str, arrival: Arrival) -> EmailId {
        let to = self.mailbox(to).await;
        let appended = to.append(vec![arrival]).await.unwrap();
        let image = to.snapshot().await.unwrap().image;
        image.get(appended.uids.iter().next().unwrap()).unwrap().email
    }

    async fn flag(&self, on: &str, uid: &[u32], flags: NamedFlags) {
        let request = StoreFlags { uids: uids(uid), op: FlagOp::Add, flags, unchanged_since: None };
        self.mailbox(on).await.store(request).await.unwrap();
    }

    pub(crate) async fn expunge(&self, on: &str) {
        self.mailbox(on).await.expunge(Expunge::AllDeleted).await.unwrap();
    }

    pub(crate) async fn is_sound(&self) {
        assert_eq!(self.store.check(None, true).await.unwrap().problems, []);
    }

    pub(crate) async fn seen(&self) -> Seen {
        let access = self.access().await;
        let tree = access.tree();
        let mut mailboxes = BTreeMap::new();
        for listed in tree.mailboxes {
            let snapshot = self.mailbox(listed.name.as_str()).await.snapshot().await.unwrap();
            let mut messages = Vec::new();
            for m in snapshot.image.iter() {
                let email = access.emails(&[m.email]).await.unwrap().pop().flatten().unwrap();
                let content = access.body(&email).await.unwrap().unwrap();
                let text = String::from_utf8(content.to_vec()).unwrap();
                let subject = text.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap();
                messages.push(SeenMessage {
                    uid: m.uid.get(),
                    email: m.email,
                    thread: email.thread,
                    subject: subject.to_owned(),
                    flags: snapshot.keywords.named(m.flags),
                    date: m.date,
                    saved: m.saved,
                    modseq: m.modseq.0,
                    preview: email.preview().map(Into::into),
                });
            }
            let seen = SeenMailbox {
                uid_validity: listed.status.uid_validity.get(),
                special_use: listed.special_use,
                uid_next: listed.status.uid_next,
                messages,
            };
            mailboxes.insert(listed.name.to_string(), seen);
        }
        let subscribed = tree.subscribed.iter().map(ToString::to_string).collect();
        Seen { mailboxes, subscribed, users: self.store.users().await.unwrap(), quotas: self.store.quotas() }
    }

    /// Which message each e-mail id stands for.
    pub(crate) async fn ids(&self) -> BTreeMap<EmailId, String> {
        let seen = self.seen().await;
        let messages = seen.mailboxes.into_values().flat_map(|mailbox| mailbox.messages);
        messages.map(|m| (m.email, m.subject)).collect()
    }

    pub(crate) fn rows(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut rows = Vec::new();
        let mut row = |key: &[u8], value: &[u8]| {
            rows.push((key.to_vec(), value.to_vec()));
            ControlFlow::Continue(())
        };
        self.engine.snapshot().unwrap().scan(&[], ABOVE_ALL, &mut row).unwrap();
        rows
    }

    /// The keys of rows `j`.
    pub(crate) fn manifest_records(&self) -> BTreeSet<Vec<u8>> {
        self.rows().into_iter().map(|(key, _)| key).filter(|key| key.starts_with(b"j")).collect()
    }

    /// The numbers of the segments that are there.
    pub(crate) fn segments(&self) -> Vec<usize> {
        let number = |name: String| usize::from_str_radix(name.strip_suffix(".seg")?, 16).ok();
        let mut numbers: Vec<usize> = self.disk.list().unwrap().into_iter().filter_map(number).collect();
        numbers.sort_unstable();
        numbers
    }

    /// Flips a bit in the payload of each record that is one of these.
    fn damage(&self, mut is_one: impl FnMut(&Salvage, &storage::Salvaged) -> bool) {
        let salvage = Salvage::open(&self.disk).unwrap();
        let mut found = Vec::new();
        salvage.walk(&mut |record| found.extend(is_one(&salvage, &record).then_some(record.at))).unwrap();
        assert!(!found.is_empty());
        for at in found {
            self.disk.flip_bit(&format!("{:08x}.seg", at.segment), at.offset as usize + 106, 1).unwrap();
        }
    }

    pub(crate) async fn damage_content(&self, subject: &str) {
        let line = format!("Subject: {subject}\r\n");
        self.damage(|salvage, record| {
            let is_blob = record.header.kind == RecordKind::Blob;
            is_blob && String::from_utf8_lossy(&salvage.read(&record.at).unwrap()).contains(&line)
        });
    }

    pub(crate) fn damage_a_chunk_of_the_manifest(&self) {
        self.damage(|_, record| record.header.kind == RecordKind::Manifest && record.header.flags == 2);
    }
}
