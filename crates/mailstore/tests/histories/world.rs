//! A store on simulated hardware, the model beside it, and clients that come and go.

use super::client::Client;
use super::dice::Dice;
use super::model::{Mail, Model, Request, names};
use super::rebuild::Manifested;
use ::model::{
    AccountId, EmailId, Flags, InternalDate, Keyword, MailboxName, ManualClock, NamedFlags, Rights, SaveDate,
    ThreadId, Timestamp, Uid, UidSet,
};
use mailstore::{Access, Arrival, Error, Expunge, FlagOp, Mailbox, Options, Refusal, Store, StoreFlags};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use storage::{
    CommitFault, DiskFaults, Engine as _, FaultEngine, MemoryEngine, SegmentOptions, SegmentStore, SimDisk,
};

pub(super) const LOGIN: &str = "history@example.org";
const FOLDERS: [&str; 6] = ["INBOX", "a", "a/b", "c", "INBOX/d", "e"];
const KEYWORDS: [&str; 4] = ["$Forwarded", "$Junk", "work", "later"];
/// Among so many commits after an opening, a planned one fails.
const FAULT_AMONG: u64 = 25;

pub(crate) struct World {
    pub(super) dice: Dice,
    pub(super) engine: Arc<MemoryEngine>,
    pub(super) disk: SimDisk,
    pub(super) clock: Arc<ManualClock>,
    staging: tempfile::TempDir,
    pub(super) store: Arc<Store>,
    account: AccountId,
    pub(super) access: Access,
    pub(super) model: Model,
    pub(super) clients: BTreeMap<MailboxName, Client>,
    /// By UIDVALIDITY, from where on messages are \Recent.
    recent_from: BTreeMap<u32, u64>,
    pub(super) written: u64,
    /// What never changes of a message, by UIDVALIDITY and UID.
    lasting: RefCell<HashMap<(u32, u32), Lasting>>,
    /// What the last manifest may be of.
    pub(super) manifested: Vec<Manifested>,
}

/// What never changes of a message in a mailbox: its e-mail, its thread, when it was put there, when it arrived.
type Lasting = (EmailId, Option<ThreadId>, SaveDate, InternalDate);

fn name(text: &str) -> MailboxName {
    MailboxName::new(text).unwrap()
}

pub(crate) fn set(uids: &[u32]) -> UidSet {
    uids.iter().filter_map(|&uid| Uid::new(uid)).collect()
}

impl World {
    pub(crate) async fn new(mut dice: Dice) -> Self {
        let engine = Arc::new(MemoryEngine::default());
        let disk = SimDisk::default();
        let clock = Arc::new(ManualClock::new(Timestamp(1_750_000_000_000)));
        let staging = tempfile::tempdir().unwrap();
        let store = open(&engine, &disk, &clock, &staging, None, &mut dice).unwrap();
        let account = store.add_user(LOGIN, "hash", &[(name("a"), None)]).await.unwrap();
        let access = store.enter(account).await.unwrap();
        let mut world = Self {
            dice,
            engine,
            disk,
            clock,
            staging,
            store,
            account,
            access,
            model: Model::default(),
            clients: BTreeMap::new(),
            recent_from: BTreeMap::new(),
            written: 0,
            lasting: RefCell::default(),
            manifested: Vec::new(),
        };
        for folder in ["INBOX", "a"] {
            let validity = world.validity(&name(folder)).unwrap();
            world.model.create(&name(folder), validity);
            world.model.subscribed.insert(name(folder));
        }
        world.manifest().await;
        world
    }

    pub(crate) async fn step(&mut self) {
        // Housekeeping beside other things may have failed, which is only logged.
        if self.access.watch().failed() {
            self.power_cut(None).await;
        }
        match self.dice.below(23) {
            0 => self.tidy().await,
            1 => self.compare().await,
            2 => self.power_cut(None).await,
            3 | 4 => self.clients_come_and_go().await,
            5 => self.at_once().await,
            6 => self.claim_recent(),
            7 => self.manifest().await,
            8 => self.change_quota().await,
            _ => self.request().await,
        }
        self.clock.advance(self.dice.below(3) * 700);
    }

    /// Does the housekeeping. What goes wrong there is only logged, but a store that failed has to be opened anew.
    async fn tidy(&mut self) {
        self.store.tidy().await;
        if self.access.watch().failed() {
            self.power_cut(None).await;
        }
    }

    pub(crate) async fn finish(&mut self) {
        self.power_cut(None).await;
        self.clients_come_and_go().await;
        self.compare().await;
        self.tidy().await;
        self.compare().await;
        if self.dice.one_in(3) {
            self.lose_the_engine().await;
        }
        self.leave_nothing().await;
    }

    // ---- what is asked

    async fn request(&mut self) {
        let Some(mut request) = self.choose() else { return };
        if self.dice.one_in(3) {
            self.demand_unchanged(&mut request).await;
        }
        tell(|| format!("{request:?}"));
        let exceeds = self.exceeds_quota(&request);
        match self.carry_out(&request).await {
            Ok(()) => {
                assert!(!exceeds, "{request:?} exceeds the quota");
                let validity = self.new_validity(&request);
                self.model.apply(&request, validity);
                self.forget_clients(&request);
            }
            Err(Error::Refused(Refusal::OverQuota(_))) if exceeds => {}
            Err(Error::Refused(refusal)) => panic!("{request:?} was refused: {refusal}"),
            Err(Error::Failed(_)) => self.power_cut(Some(request)).await,
        }
    }

    fn choose(&mut self) -> Option<Request> {
        let on = self.some_folder();
        let uids: Vec<u32> = self.model.folders[&on].mails.keys().copied().collect();
        let to = self.some_folder();
        Some(match self.dice.below(14) {
            0..=3 => {
                let count = 1 + self.dice.below(3);
                Request::Append { to: on, mails: (0..count).map(|_| self.mail()).collect() }
            }
            4..=6 => Request::Store { request: self.flags(&uids), on, modified: UidSet::new() },
            7 => Request::Expunge { on },
            8 => Request::Copy { from: on, uids: self.dice.some(&uids), to },
            9 => Request::Move { from: on, uids: self.dice.some(&uids), to },
            10 => {
                let name = name(self.dice.pick::<&str>(&FOLDERS));
                match self.model.folders.contains_key(&name) {
                    true if name.is_inbox() => return None,
                    true => Request::Delete { name },
                    false => Request::Create { name },
                }
            }
            11 => {
                Request::Subscribe { name: name(self.dice.pick::<&str>(&FOLDERS)), on: self.dice.one_in(2) }
            }
            12 => {
                let uid = (!uids.is_empty()).then(|| *self.dice.pick(&uids))?;
                Request::Replace { on, uid, by: self.mail(), to }
            }
            _ => self.rename(on)?,
        })
    }

    fn rename(&mut self, from: MailboxName) -> Option<Request> {
        let to = name(self.dice.pick::<&str>(&FOLDERS));
        let taken = |name: &MailboxName| self.model.folders.contains_key(name);
        let moving = self.model.folders.keys().filter(|n| n.is_below(&from));
        let collides =
            !from.is_inbox() && moving.clone().any(|n| n.moved(&from, &to).is_ok_and(|new| taken(&new)));
        (!taken(&to) && !to.is_below(&from) && !collides).then_some(Request::Rename { from, to })
    }

    pub(super) fn some_folder(&mut self) -> MailboxName {
        let folders: Vec<MailboxName> = self.model.folders.keys().cloned().collect();
        self.dice.pick(&folders).clone()
    }

    pub(super) fn mail(&mut self) -> Mail {
        self.written += 1;
        let padding = "pad ".repeat(self.dice.below(300) as usize);
        let written = self.written;
        let before = 1 + self.dice.below(written);
        let ids = format!("Message-ID: <{written}@x>\r\nIn-Reply-To: <{before}@x>\r\n");
        let content = format!("Subject: mail {written}\r\n{ids}\r\n{padding}\r\n");
        Mail { content: content.into_bytes(), flags: names(&self.some_flags()) }
    }

    fn some_flags(&mut self) -> NamedFlags {
        let system = Flags::SYSTEM
            .iter()
            .filter(|_| self.dice.one_in(3))
            .fold(Flags::NONE, |all, (f, _)| all.with(*f));
        let keywords =
            KEYWORDS.iter().filter(|_| self.dice.one_in(4)).map(|k| Keyword::new(k).unwrap()).collect();
        NamedFlags { system, keywords }
    }

    pub(super) fn flags(&mut self, uids: &[u32]) -> StoreFlags {
        let op = *self.dice.pick(&[FlagOp::Add, FlagOp::Remove, FlagOp::Replace]);
        StoreFlags { uids: set(&self.dice.some(uids)), op, flags: self.some_flags(), unchanged_since: None }
    }

    // ---- how it is done

    pub(super) fn mailbox(&self, name: &MailboxName) -> Mailbox {
        self.access.mailbox(name, Rights::ALL).unwrap()
    }

    async fn carry_out(&self, request: &Request) -> Result<(), Error> {
        match request {
            Request::Append { to, mails } => append(&self.store, &self.mailbox(to), mails).await.map(drop),
            Request::Store { on, request, modified } => {
                let stored = self.mailbox(on).store(request.clone()).await?;
                assert!(stored.missing.is_empty() && stored.modified == *modified);
                Ok(())
            }
            Request::Expunge { on } => self.mailbox(on).expunge(Expunge::AllDeleted).await.map(drop),
            Request::Copy { from, uids, to } => {
                let copied = self.mailbox(from).copy(&set(uids), &self.mailbox(to)).await?;
                assert_eq!(copied.to.len(), uids.len() as u64);
                Ok(())
            }
            Request::Move { from, uids, to } => {
                self.mailbox(from).move_to(&set(uids), &self.mailbox(to)).await.map(drop)
            }
            Request::Replace { on, uid, by, to } => {
                let (on, to) = (self.mailbox(on), self.mailbox(to));
                let by = receive(&self.store, &to, by).await?;
                on.replace(Uid::new(*uid).unwrap(), by, &to).await.map(drop)
            }
            Request::Create { name } => self.access.create(name, None).await.map(drop),
            Request::Delete { name } => self.access.delete(name).await,
            Request::Rename { from, to } => self.access.rename(from, to).await,
            Request::Subscribe { name, on } => self.access.subscribe(name, *on).await,
        }
    }

    fn validity(&self, name: &MailboxName) -> Option<u32> {
        Some(self.access.mailbox(name, Rights::READ).ok()?.status().ok()?.uid_validity.get())
    }

    fn new_validity(&self, request: &Request) -> u32 {
        match request {
            Request::Create { name } | Request::Rename { to: name, .. } => {
                self.validity(name).unwrap_or_default()
            }
            _ => 0,
        }
    }

    // ---- what goes wrong

    /// The power goes, and comes back. `open` is what was asked and not answered.
    pub(super) async fn power_cut(&mut self, open: Option<Request>) {
        self.reopen().await;
        if let Some(request) = open {
            let mut happened = self.model.clone();
            happened.apply(&request, self.new_validity(&request));
            let there = self.read().await;
            assert!(
                there == self.model || there == happened,
                "{request:?} is half done:\n{there:?}\nfrom {:?}",
                self.model
            );
            self.model = there;
            self.forget_clients(&request);
        }
        self.compare().await;
    }

    pub(super) async fn reopen(&mut self) {
        tell(|| "power cut".to_owned());
        let fault = match self.dice.below(3) {
            0 => Some(Fault::Commit(CommitFault::seeded(self.dice.next(), FAULT_AMONG))),
            1 => Some(Fault::Disk(self.dice.next())),
            _ => None,
        };
        let seed = self.dice.next();
        self.disk = self.disk.crash(seed);
        let opened = open(&self.engine, &self.disk, &self.clock, &self.staging, fault, &mut self.dice);
        // A fault may hit the opening itself; without one it has to succeed.
        self.store = opened
            .or_else(|_| {
                self.disk = self.disk.crash(seed);
                open(&self.engine, &self.disk, &self.clock, &self.staging, None, &mut self.dice)
            })
            .unwrap();
        self.access = self.store.enter(self.account).await.unwrap();
        // A claim that no row was written after is forgotten; what nobody claimed is \Recent still.
        for listed in self.access.tree().mailboxes {
            let known = self.recent_from.entry(listed.status.uid_validity.get()).or_insert(1);
            assert!(listed.status.recent_from <= *known, "{} lost what was \\Recent", listed.name);
            *known = listed.status.recent_from;
        }
    }

    pub(super) async fn open_without_faults(&mut self) {
        self.store =
            open(&self.engine, &self.disk, &self.clock, &self.staging, None, &mut self.dice).unwrap();
        self.access = self.store.enter(self.account).await.unwrap();
    }

    // ---- what is compared

    /// A mailbox that was deleted, or whose name stands for another one now, has no client that comes back.
    fn forget_clients(&mut self, request: &Request) {
        if matches!(request, Request::Delete { .. } | Request::Rename { .. } | Request::Create { .. }) {
            self.clients.clear();
        }
    }

    /// A session takes what is \Recent; no other ever gets the same.
    fn claim_recent(&mut self) {
        let folder = self.some_folder();
        let mailbox = self.mailbox(&folder);
        let status = mailbox.status().unwrap();
        let from = self.recent_from.entry(status.uid_validity.get()).or_insert(1);
        assert_eq!(status.recent_from, *from, "\\Recent in {folder}");
        assert_eq!(mailbox.recent(true), status.recent());
        assert!(mailbox.recent(false).is_empty());
        *from = status.uid_next;
    }

    /// Makes a STORE conditional (RFC 7162 §3.1.3).
    async fn demand_unchanged(&mut self, request: &mut Request) {
        let Request::Store { on, request, modified } = request else { return };
        let image = self.mailbox(on).snapshot().await.unwrap().image;
        let modseqs: Vec<_> = image.iter().map(|m| m.modseq).collect();
        if modseqs.is_empty() {
            return;
        }
        let since = *self.dice.pick(&modseqs);
        request.unchanged_since = Some(since);
        *modified = image.range(&request.uids).filter(|m| m.modseq > since).map(|m| m.uid).collect();
    }

    /// When all mail is given up, no row of it is left.
    async fn leave_nothing(&mut self) {
        self.disk = self.disk.crash(self.dice.next());
        self.open_without_faults().await;
        for listed in self.access.tree().mailboxes {
            if !listed.name.is_inbox() {
                self.access.delete(&listed.name).await.unwrap();
            }
        }
        let inbox = self.mailbox(&MailboxName::inbox());
        let uids = inbox.snapshot().await.unwrap().image.uids();
        let flags = NamedFlags { system: Flags::DELETED, ..NamedFlags::default() };
        inbox.store(StoreFlags { uids, op: FlagOp::Add, flags, unchanged_since: None }).await.unwrap();
        inbox.expunge(Expunge::AllDeleted).await.unwrap();
        self.store.tidy().await;
        self.store.write_manifests().await.unwrap();
        let (mut left, mut keys) = (Vec::new(), BTreeMap::<u8, BTreeSet<Vec<u8>>>::new());
        let mut row = |key: &[u8], _: &[u8]| {
            match key[0] {
                b'x' => drop(keys.entry(b'x').or_default().insert(key[1..17].to_vec())),
                table @ (b'y' | b'b') => drop(keys.entry(table).or_default().insert(key[1..].to_vec())),
                b'j' => drop(keys.entry(b'j').or_default().insert(key[9..].to_vec())),
                table => left.push(char::from(table)),
            }
            std::ops::ControlFlow::Continue(())
        };
        self.engine.snapshot().unwrap().scan(b"A", b"zz", &mut row).unwrap();
        left.retain(|table| "ergqz".contains(*table));
        assert_eq!(left, [], "rows of what is gone");
        // What INBOX has had staged stays for as long as its log tells of it.
        assert_eq!(keys.get(&b'x'), keys.get(&b'y'), "stages of copies that failed");
        assert_eq!(keys.get(&b'b'), keys.get(&b'j'), "blobs that are of no manifest");
    }

    async fn clients_come_and_go(&mut self) {
        let folder = self.some_folder();
        let mailbox = self.mailbox(&folder);
        let client = match self.clients.remove(&folder) {
            Some(client) => client.resynchronise(&mailbox).await,
            None => Client::new(&mailbox).await,
        };
        self.clients.insert(folder, client);
    }

    pub(super) async fn compare(&mut self) {
        let there = self.read().await;
        assert_eq!(there, self.model);
        let report = self.store.check(None, true).await.unwrap();
        assert_eq!(report.problems, [], "the store's own check");
        let mails: usize = self.model.folders.values().map(|folder| folder.mails.len()).sum();
        assert_eq!(report.messages, mails as u64);
        self.compare_usage().await;
    }

    pub(super) async fn read(&self) -> Model {
        let mut model = Model::default();
        let tree = self.access.tree();
        model.subscribed = BTreeSet::clone(&tree.subscribed);
        for listed in tree.mailboxes {
            let folder = self.read_folder(&listed.name).await;
            model.folders.insert(listed.name, folder);
        }
        model
    }

    pub(super) async fn read_folder(&self, name: &MailboxName) -> super::model::Folder {
        let snapshot = self.mailbox(name).snapshot().await.unwrap();
        let uid_validity = snapshot.status.uid_validity.get();
        let mut contents: HashMap<_, Vec<u8>> = HashMap::new();
        let mut threads = HashMap::new();
        let ids: BTreeSet<_> = snapshot.image.iter().map(|m| m.email).collect();
        for some in ids.into_iter().collect::<Vec<_>>().chunks(mailstore::EMAILS_PER_READ_MAX) {
            for email in self.access.emails(some).await.unwrap() {
                let email = email.unwrap();
                threads.insert(email.id, email.thread);
                contents.insert(email.id, self.access.body(&email).await.unwrap().unwrap().to_vec());
            }
        }
        for m in snapshot.image.iter() {
            let now = (m.email, threads[&m.email], m.saved, m.date);
            let mut lasting = self.lasting.borrow_mut();
            let known = lasting.entry((uid_validity, m.uid.get())).or_insert(now);
            assert_eq!(*known, now, "message {} of {name} has become another", m.uid);
        }
        let mail = |m: mailstore::Message| {
            let flags = names(&snapshot.keywords.named(m.flags));
            (m.uid.get(), Mail { content: contents[&m.email].clone(), flags })
        };
        super::model::Folder {
            uid_validity,
            uid_next: u32::try_from(snapshot.status.uid_next).unwrap(),
            mails: snapshot.image.iter().map(mail).collect(),
        }
    }
}

/// What happens; the test's output is shown when it fails.
pub(crate) fn tell(what: impl FnOnce() -> String) {
    println!("{}", what().chars().take(400).collect::<String>());
}

enum Fault {
    Commit(CommitFault),
    Disk(u64),
}

/// One of the next writes or syncs fails, or the power goes off in between.
fn disk_faults(disk: &SimDisk, dice: &mut Dice) -> DiskFaults {
    let soon = 1 + dice.below(FAULT_AMONG);
    match dice.below(3) {
        0 => DiskFaults {
            fail_write: Some(disk.writes() + soon),
            torn: dice.one_in(2),
            ..DiskFaults::default()
        },
        1 => DiskFaults { fail_sync: Some(disk.syncs() + soon), ..DiskFaults::default() },
        _ => DiskFaults { power_off_after: Some(disk.operations() + soon), ..DiskFaults::default() },
    }
}

pub(crate) async fn append(
    store: &Arc<Store>,
    to: &Mailbox,
    mails: &[Mail],
) -> Result<::model::ModSeq, Error> {
    let mut arrivals = Vec::new();
    for mail in mails {
        arrivals.push(receive(store, to, mail).await?);
    }
    to.append(arrivals).await.map(|appended| appended.modseq)
}

async fn receive(store: &Arc<Store>, to: &Mailbox, mail: &Mail) -> Result<Arrival, Error> {
    let mut intake = store.receive();
    intake.write(&mail.content)?;
    let system = Flags::SYSTEM
        .iter()
        .filter(|(_, n)| mail.flags.contains(*n))
        .fold(Flags::NONE, |all, (f, _)| all.with(*f));
    let keywords = mail.flags.iter().filter_map(|n| Keyword::new(n).ok()).collect();
    intake.finish(to, NamedFlags { system, keywords }, None).await
}

fn open(
    engine: &Arc<MemoryEngine>,
    disk: &SimDisk,
    clock: &Arc<ManualClock>,
    staging: &tempfile::TempDir,
    fault: Option<Fault>,
    dice: &mut Dice,
) -> Result<Arc<Store>, mailstore::Fault> {
    let commit_fault = match &fault {
        Some(Fault::Commit(fault)) => Some(*fault),
        _ => None,
    };
    let lengths = mailstore::committed_lengths(&**engine)?;
    // Small segments, so that histories have many of them and compact some.
    let segments = SegmentOptions { segment_bytes: 4 << 10 };
    let blobs = SegmentStore::open(Arc::new(disk.clone()), segments, &lengths)?;
    if let Some(Fault::Disk(seed)) = fault {
        disk.set_faults(disk_faults(disk, &mut Dice::new(seed)));
    }
    let faulty = Arc::new(FaultEngine::new(engine.clone(), commit_fault));
    let options = Options {
        image_cache_bytes: 20_000,
        disk_reserve_bytes: 0,
        checkpoint_records_min: 2 + dice.below(10),
        copy_inline_max: dice.below(6),
        ..Options::new(staging.path().to_owned())
    };
    Store::open(faulty, Arc::new(blobs), clock.clone(), options)
}
