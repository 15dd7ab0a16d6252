//! SEARCH and UID SEARCH (RFC 3501 §6.4.4, RFC 5182, RFC 7162 §3.1.5).
//!
//! Rows of the image answer most keys, and the text index those for text; what they leave open has its metadata read in
//! bulk, and what that leaves open its header or its content, some messages at a time, on a bounded pool.

pub(super) mod answer;
mod compile;
pub(crate) mod program;

use std::cell::OnceCell;
use std::ops::Range;
use std::sync::Arc;

use imap_proto::command::{Search, Tag};
use mailstore::{Content, EMAILS_PER_READ_MAX, Email, Message, Snapshot};

use self::answer::Found;
use self::compile::Context;
use self::program::{Loaded, Test};
use crate::cmd::fetch::{chunks, read_together};
use crate::io::Io;
use crate::progress::Progress;
use crate::reply::{Done, Failure};
use crate::server::ImapServer;
use crate::state::Selected;

/// Messages whose rows are looked at before other sessions have their turn: with as many keys as a command can have,
/// some ten milliseconds.
const ROWS_AT_ONCE: usize = 1024;

/// In a mailbox of fewer messages, looking at each costs no more than asking the index.
const INDEXED_MIN: u32 = 16;
/// Texts that the index is asked for before other searches have their turn.
const TEXTS_AT_ONCE: usize = 16;

impl Selected {
    pub(crate) async fn search(
        &mut self,
        tag: &Tag,
        search: &Search,
        server: &ImapServer,
        io: &mut Io,
    ) -> Result<Done, Failure> {
        let done = match self.find(tag, search, server, io).await {
            Ok(found) => self.answer_search(tag, search, &found, io).await,
            Err(failure) => Err(failure),
        };
        self.forget_saved(search, &done);
        done
    }

    /// RFC 5182 §2.1: NO empties `$`, BAD leaves it as it is.
    pub(super) fn forget_saved(&mut self, search: &Search, done: &Result<Done, Failure>) {
        let is_bad = matches!(done, Err(Failure::Wrong(_)));
        if search.returns.is_some_and(|returns| returns.save) && done.is_err() && !is_bad {
            self.saved = Arc::default();
        }
    }

    /// The messages that the keys hold for. SORT and THREAD begin with it too.
    pub(super) async fn find(
        &mut self,
        tag: &Tag,
        search: &Search,
        server: &ImapServer,
        io: &mut Io,
    ) -> Result<Found, Failure> {
        let has_modseq = search.has_modseq();
        self.user.enabled.condstore |= has_modseq;
        let snapshot = self.mailbox.snapshot().await?;
        let mut test = self.compile(search, &snapshot)?;
        self.ask_index(&mut test, server).await?;
        let pick = test.pick();
        let test = Arc::new(test);
        let (mut found, mut open) = (Found::new(has_modseq, search.has_fuzzy()), Vec::new());
        // Where keys name messages, only these are looked at.
        let named = test.named(&self.view).map(|named| named.intersection(&self.view.all()));
        for some in chunks(&named.unwrap_or_else(|| self.view.all()), ROWS_AT_ONCE) {
            snapshot.image.pick(&some, &pick, |message| {
                let loaded = Loaded { message: &message, email: None, content: None };
                match test.holds(loaded) {
                    Some(true) => found.add(&message, || test.score(loaded)),
                    Some(false) => {}
                    None => open.push(message),
                }
            });
            tokio::task::yield_now().await;
        }
        drop(snapshot);
        let mut progress = self.progress(tag, open.len(), server);
        for some in open.chunks(EMAILS_PER_READ_MAX) {
            self.search_open(&test, some, server, (&mut found, &mut progress), io).await?;
        }
        Ok(found)
    }

    /// Has the index say which messages have the texts, or may.
    async fn ask_index(&self, test: &mut Test, server: &ImapServer) -> Result<(), Failure> {
        if self.view.exists() < INDEXED_MIN {
            return Ok(());
        }
        let mut sought = test.sought();
        for some in sought.chunks_mut(TEXTS_AT_ONCE) {
            let _held = server.text_search().await?;
            let asked = some.iter().map(|sought| (sought.place.clone(), sought.needle.clone())).collect();
            let answers = self.user.access.containing(asked).await?;
            for (sought, answer) in some.iter_mut().zip(answers) {
                sought.known = answer;
            }
        }
        for some in test.alike().chunks_mut(TEXTS_AT_ONCE) {
            let _held = server.text_search().await?;
            let asked = some.iter().map(|alike| alike.likeness.clone()).collect();
            let answers = self.user.access.resembling(asked).await?;
            for (alike, answer) in some.iter_mut().zip(answers) {
                alike.known = answer;
            }
        }
        Ok(())
    }

    fn compile(&self, search: &Search, snapshot: &Snapshot) -> Result<Test, Failure> {
        let context = Context {
            view: &self.view,
            shared: OnceCell::new(),
            saved: &self.saved,
            keywords: &snapshot.keywords,
            charset: compile::charset(search)?,
            comparator: self.user.collation.comparator,
            likeness: &self.user.access.likenesses(),
            now: self.user.access.now(),
        };
        compile::compile(search, &context)
    }

    /// Decides on messages whose rows did not suffice.
    async fn search_open(
        &self,
        test: &Arc<Test>,
        messages: &[Message],
        server: &ImapServer,
        (found, progress): (&mut Found, &mut Progress),
        io: &mut Io,
    ) -> Result<(), Failure> {
        let ids: Vec<_> = messages.iter().map(|message| message.email).collect();
        let emails = self.user.access.emails(&ids).await?;
        let (mut holding, mut open) = (Vec::new(), Vec::new());
        for (message, email) in messages.iter().zip(emails) {
            // Given up since: it was expunged, and an expunged message is not found.
            let Some(email) = email else { continue };
            let loaded = Loaded { message, email: Some(&email), content: None };
            match test.holds(loaded) {
                Some(true) => holding.push((*message, test.score(loaded))),
                Some(false) => {}
                None => open.push((*message, test.content_needed(&email), email)),
            }
        }
        for some in read_together(&open, |(_, needed, _)| needed.len() as u64) {
            holding.extend(self.search_contents(test, some, server).await?);
            progress.steps(some.len(), io).await?;
        }
        progress.steps(messages.len() - open.len(), io).await?;
        holding.sort_unstable_by_key(|(message, _)| message.uid);
        holding.iter().for_each(|(message, score)| found.add(message, || *score));
        Ok(())
    }

    /// Those of the messages that hold the test by what stands in them, and how much they fit.
    async fn search_contents(
        &self,
        test: &Arc<Test>,
        messages: &[(Message, Range<u32>, Email)],
        server: &ImapServer,
    ) -> Result<Vec<(Message, f32)>, Failure> {
        let permit = server.text_search().await?;
        let wanted = messages.iter().map(|(_, needed, email)| (email.clone(), needed.clone())).collect();
        let mut read = Vec::new();
        for ((message, ..), one) in messages.iter().zip(self.user.access.contents(wanted).await?) {
            if let Some(content) = one.content? {
                read.push((*message, one.email, content));
            }
        }
        let test = Arc::clone(test);
        let work = tokio::task::spawn_blocking(move || {
            let _held = permit;
            let holds = |(message, email, content): &(Message, Email, Content)| {
                let tree = email.tree()?;
                let content = Some((content.bytes(), &tree));
                let loaded = Loaded { message, email: Some(email), content };
                let holds = test.holds(loaded).unwrap_or(false);
                Ok(holds.then(|| (*message, test.score(loaded))))
            };
            read.iter().filter_map(|one| holds(one).transpose()).collect::<Result<_, mailstore::Damaged>>()
        });
        let found = work.await.map_err(|broken| Failure::ours("search", broken))?;
        found.map_err(|damaged| Failure::ours("search", damaged))
    }
}
