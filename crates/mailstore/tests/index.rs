//! The text index: whatever it covers, its answers and a look at the rest are what a look at every message finds.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

use mailstore::{Access, Likeness, Mailbox, Message, Options, Store, TextIn};
use message::text::{Needle, Scope, contains, header_contains};
use message::{Comparator, Tree};
use model::{MailboxName, ManualClock, NamedFlags, Rights, Timestamp, Uid, UidSet};
use std::sync::Arc;
use storage::{MemoryBlobs, MemoryEngine};

const LOGIN: &str = "ada@a.example";
const WORDS: [&str; 12] = [
    "invoice",
    "Rechnung",
    "grüße",
    "GRÜSSE",
    "漢字かな",
    "report-2024",
    "x",
    "ab",
    "https://example.org/a?b=c",
    "…",
    "İstanbul",
    "naïve",
];

struct World {
    engine: Arc<MemoryEngine>,
    blobs: Arc<MemoryBlobs>,
    staging: tempfile::TempDir,
    store: Arc<Store>,
    dice: u64,
}

fn name(text: &str) -> MailboxName {
    MailboxName::new(text).unwrap()
}

impl World {
    async fn new(seed: u64) -> Self {
        let (engine, blobs) = (Arc::new(MemoryEngine::default()), Arc::new(MemoryBlobs::default()));
        let staging = tempfile::tempdir().unwrap();
        let store = open(&engine, &blobs, &staging);
        store.add_user(LOGIN, "-", &[(name("Archive"), None)]).await.unwrap();
        Self { engine, blobs, staging, store, dice: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1 }
    }

    fn below(&mut self, n: u64) -> u64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        self.dice % n
    }

    fn text(&mut self, words: u64) -> String {
        let mut text = String::new();
        for _ in 0..self.below(words) {
            text.push_str(WORDS[self.below(WORDS.len() as u64) as usize]);
            text.push_str([" ", ", ", "\r\n", ""][self.below(4) as usize]);
        }
        text
    }

    fn mail(&mut self, number: u64) -> Vec<u8> {
        let (subject, from, body, inner) = (self.text(3), self.text(2), self.text(12), self.text(4));
        let (subject, from) = (subject.replace("\r\n", " "), from.replace("\r\n", ""));
        let padding = "pad ".repeat(self.below(30) as usize);
        format!(
            "Subject: {subject} {number}\r\nFrom: <{from}@example.org>\r\nX-Note: {subject}\r\n\
             Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n{padding}\r\n--b\r\n\
             Content-Type: message/rfc822\r\n\r\nSubject: {inner}\r\n\r\n{inner}\r\n--b--\r\n"
        )
        .into_bytes()
    }

    async fn access(&self) -> Access {
        let account = self.store.user(LOGIN).unwrap().unwrap().account;
        self.store.enter(account).await.unwrap()
    }

    async fn inbox(&self) -> Mailbox {
        self.access().await.mailbox(&MailboxName::inbox(), Rights::ALL).unwrap()
    }

    async fn append(&mut self, number: u64) {
        let mail = self.mail(number);
        let mut intake = self.store.receive();
        intake.write(&mail).unwrap();
        let inbox = self.inbox().await;
        let arrival = intake.finish(&inbox, NamedFlags::default(), None).await.unwrap();
        inbox.append(vec![arrival]).await.unwrap();
    }

    /// A piece of some message's text, or what is in none.
    fn needle(&mut self, texts: &[Vec<u8>]) -> Needle {
        let some = &texts[self.below(texts.len() as u64) as usize];
        let text: Vec<char> = String::from_utf8_lossy(some).chars().collect();
        let from = self.below(text.len() as u64) as usize;
        let length = 1 + self.below(12) as usize;
        let mut piece: String = text.iter().skip(from).take(length).collect();
        if self.below(8) == 0 {
            piece.push_str("absent");
        }
        if self.below(4) == 0 {
            piece = piece.to_uppercase();
        }
        Needle::by(Comparator::ALL[self.below(3) as usize], &piece)
    }

    fn place(&mut self) -> TextIn {
        match self.below(6) {
            0 | 1 => TextIn::Body,
            2 | 3 => TextIn::Text,
            4 => TextIn::Header("subject".to_owned()),
            _ => TextIn::Header(["X-Note", "From", "x-none"][self.below(3) as usize].to_owned()),
        }
    }

    /// Asks for some texts, and looks at every message that the index leaves open; how many answers it had.
    async fn compare(&mut self) -> usize {
        let (access, inbox) = (self.access().await, self.inbox().await);
        let snapshot = inbox.snapshot().await.unwrap();
        let messages: Vec<_> = snapshot.image.iter().collect();
        let mut texts = Vec::new();
        for message in &messages {
            let email = access.emails(&[message.email]).await.unwrap().remove(0).unwrap();
            texts.push(access.body(&email).await.unwrap().unwrap().to_vec());
        }
        if texts.is_empty() {
            return 0;
        }
        let asked: Vec<(TextIn, Needle)> = (0..30).map(|_| (self.place(), self.needle(&texts))).collect();
        let answers = access.containing(asked.clone()).await.unwrap();
        let mut answered = 0;
        for ((place, needle), known) in asked.iter().zip(&answers) {
            for (message, text) in messages.iter().zip(&texts) {
                let Some(says) = known.as_ref().and_then(|known| known.says(message.email)) else { continue };
                answered += 1;
                let tree = Tree::of(text);
                let is_in = match place {
                    TextIn::Body => contains(text, &tree, Scope::Body, needle),
                    TextIn::Text => contains(text, &tree, Scope::Text, needle),
                    TextIn::Header(name) => header_contains(text, name, needle),
                };
                let what = String::from_utf8_lossy(text);
                assert_eq!(says, is_in, "{place:?} {:?} in {what}", needle.folded());
            }
        }
        answered + self.compare_likeness(&messages, &texts).await
    }

    /// The same of what is only to be like some texts: a message fits as much as by a look at it.
    async fn compare_likeness(&mut self, messages: &[Message], texts: &[Vec<u8>]) -> usize {
        let asked: Vec<Likeness> = (0..10)
            .filter_map(|_| {
                let text = self.text(2);
                Likeness::new(self.place(), text.get(..text.len() - 1).unwrap_or(&text))
            })
            .collect();
        let answers = self.access().await.resembling(asked.clone()).await.unwrap();
        let mut answered = 0;
        for (likeness, known) in asked.iter().zip(&answers) {
            for (message, text) in messages.iter().zip(texts) {
                let Some(says) = known.as_ref().and_then(|known| known.says(message.email)) else { continue };
                answered += 1;
                let looked = likeness.of(text, &Tree::of(text));
                assert!(
                    (says - looked).abs() < 1e-6,
                    "{likeness:?} {says} {looked} in {}",
                    String::from_utf8_lossy(text)
                );
            }
        }
        answered
    }
}

fn open(engine: &Arc<MemoryEngine>, blobs: &Arc<MemoryBlobs>, staging: &tempfile::TempDir) -> Arc<Store> {
    let clock = Arc::new(ManualClock::new(Timestamp(1_700_000_000_000)));
    // Small batches, so that there are many segments, and merges.
    let options = Options { index_batch_bytes: 20_000, ..Options::new(staging.path().to_owned()) };
    Store::open(engine.clone(), blobs.clone(), clock, options).unwrap()
}

#[tokio::test]
async fn an_index_and_a_look_at_the_rest_find_what_a_look_at_everything_finds() {
    for seed in 1..=4 {
        let mut world = World::new(seed).await;
        let mut answered = 0;
        for step in 0..400 {
            world.append(step).await;
            match world.below(20) {
                0 => world.store.index_all().await.unwrap(),
                1 => {
                    let uid = Uid::new(1 + world.below(step + 1) as u32).unwrap();
                    let (inbox, access) = (world.inbox().await, world.access().await);
                    let archive = access.mailbox(&name("Archive"), Rights::ALL).unwrap();
                    // It may have been moved before.
                    let _moved = inbox.move_to(&UidSet::range(uid, uid), &archive).await.is_ok();
                    access.delete(&name("Archive")).await.unwrap();
                    access.create(&name("Archive"), None).await.unwrap();
                }
                2 => {
                    world.store.tidy().await;
                    world.store = open(&world.engine, &world.blobs, &world.staging);
                }
                3 => answered += world.compare().await,
                _ => {}
            }
        }
        world.store.index_all().await.unwrap();
        answered += world.compare().await;
        assert!(answered > 5_000, "seed {seed}: {answered} answers");
        let size = world.store.index_size(LOGIN).await.unwrap();
        assert!(size.pending == 0 && (300..=400).contains(&size.emails), "{size:?}");
        assert!(size.segments <= 16, "{size:?}");
    }
}

#[tokio::test]
async fn an_index_that_was_dropped_is_made_anew_and_goes_with_its_user() {
    let mut world = World::new(7).await;
    for number in 0..100 {
        world.append(number).await;
    }
    world.store.index_all().await.unwrap();
    assert!(world.compare().await > 0);
    let before = world.store.index_size(LOGIN).await.unwrap();
    world.append(100).await;
    world.store.rebuild_index(LOGIN).await.unwrap();
    let size = world.store.index_size(LOGIN).await.unwrap();
    assert!(size.pending == 0 && size.emails == before.emails + 1 && size.text_bytes > before.text_bytes);
    assert!(world.compare().await > 0);
    world.store.remove_user(LOGIN).await.unwrap();
    let mut left = 0;
    use storage::Engine as _;
    let snapshot = world.engine.snapshot().unwrap();
    snapshot
        .scan(b"o", b"p", &mut |_, _| {
            left += 1;
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(left, 0);
}
