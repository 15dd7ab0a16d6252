//! The one way by which a client hears of changes: from what it believes to the published head.
//!
//! The tail of every command, NOOP and IDLE all come here. Nothing is announced anywhere else.
//! RFC 3501 §5.2, §7.3, §7.4; RFC 7162 §3.1.4.2, §3.2.10; RFC 9051 §7.5.2.

mod news;

use imap_proto::response::{self, Code};
use mailstore::{Changes, Keywords, Since, Snapshot};
use model::{Flags, Keyword, UidSet};

pub(crate) use self::news::{News, Own, OwnChange};
use crate::cmd::fetch::Rows;
use crate::flag_list::FlagLists;
use crate::io::Io;
use crate::reply::Failure;
use crate::state::{Mode, Selected};
use crate::view::Gone;

/// Whether expunges may be told now (RFC 3501 §7.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expunges {
    /// Message numbers may move.
    Tell,
    /// They must not: the client speaks in numbers. Expunged messages stay as ghosts.
    Hold,
}

/// How a command ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tail {
    pub(crate) expunges: Expunges,
    /// FETCH responses tell UIDs, as those of a UID command have to (RFC 3501 §6.4.8).
    pub(crate) uids: bool,
}

impl Tail {
    /// Everything is told.
    pub(crate) const PLAIN: Self = Self { expunges: Expunges::Tell, uids: false };
}

impl Selected {
    /// Brings the view to the published head and tells the client what it may be told.
    pub(crate) async fn pump(&mut self, tail: Tail, io: &mut Io) -> Result<(), Failure> {
        let (news, keywords) = match self.mailbox.changes_since(self.view.through()).await? {
            Since::Changes(changes) => self.apply(changes),
            Since::TooOld { .. } => self.compare(&self.mailbox.snapshot().await?),
        };
        let gone = match tail.expunges {
            Expunges::Tell => self.view.announce(),
            Expunges::Hold => Gone::default(),
        };
        self.tell_gone(&gone, io).await?;
        if !news.arrived.is_empty() {
            self.view.add_recent(&self.mailbox.recent(self.mode == Mode::ReadWrite));
            self.tell_count(io);
        }
        self.tell_flags(&keywords, io);
        // RFC 9051 §7.5.2: what was not asked for tells the UID.
        let uids = tail.uids || self.user.enabled.dialect.rev2;
        self.tell_updates(news, keywords, uids, io).await?;
        self.tell_highest(io)
    }

    /// How many messages there are, and for IMAP4rev1 how many of them are recent (RFC 9051, Appendix E, 12).
    pub(crate) fn tell_count(&self, io: &mut Io) {
        response::exists(io.out(), self.view.exists());
        if !self.user.enabled.dialect.rev2 {
            response::recent(io.out(), self.view.recent_count());
        }
    }

    /// HIGHESTMODSEQ, where the client would not come to the right one by itself: once it asks for mod-sequences in
    /// this mailbox (RFC 7162 §3.1), and with QRESYNC while expunges are held back, since it would take a later
    /// change's mod-sequence for the highest and never hear of them (RFC 7162 §3.2, §6), and once they are told.
    fn tell_highest(&mut self, io: &mut Io) -> Result<(), Failure> {
        let holds_back = self.user.enabled.qresync && self.view.has_ghosts();
        if self.user.enabled.condstore && (holds_back || !self.highest_told) {
            self.highest_told = !holds_back;
            let highest = self.told(self.mailbox.status()?.highest_modseq);
            io.untagged_ok(Code::HighestModSeq(highest), "the highest mod-sequence");
        }
        Ok(())
    }

    /// Tells everything, expunges included: for the commands that have to before they answer.
    pub(crate) async fn tell_all(&mut self, io: &mut Io) -> Result<(), Failure> {
        self.pump(Tail::PLAIN, io).await
    }

    fn apply(&mut self, changes: Changes) -> (News, Keywords) {
        let news = News::follow(&mut self.view, &changes.records, changes.through, &mut self.own);
        (news, changes.keywords)
    }

    /// The log does not reach back to what the client was told last: what differs from the image is news.
    fn compare(&mut self, snapshot: &Snapshot) -> (News, Keywords) {
        let changed = snapshot.image.changed_since(self.view.through()).map(|message| message.uid).collect();
        let news = News::by_comparison(&mut self.view, &snapshot.image.uids(), &changed);
        self.own.clear();
        self.view.advance(snapshot.modseq);
        (news, snapshot.keywords.clone())
    }

    async fn tell_gone(&self, gone: &Gone, io: &mut Io) -> Result<(), Failure> {
        // RFC 7162 §3.2.10, RFC 9586 §3
        if self.user.enabled.qresync || self.user.enabled.dialect.uid_only {
            response::vanished(io.out(), &gone.uids);
            return io.flush_if_full().await;
        }
        for &number in &gone.numbers {
            response::expunge(io.out(), number);
            io.flush_if_full().await?;
        }
        Ok(())
    }

    /// FLAGS and PERMANENTFLAGS, if there are keywords that the client was not told of (RFC 3501 §7.2.6).
    pub(crate) fn tell_flags(&mut self, keywords: &Keywords, io: &mut Io) {
        if self.keywords_told.is_some_and(|told| told >= keywords.all().len()) {
            return;
        }
        self.keywords_told = Some(keywords.all().len());
        let system = Flags::SYSTEM.iter().map(|&(_, name)| name);
        let names: Vec<&str> = system.chain(keywords.all().iter().map(Keyword::as_str)).collect();
        response::flags(io.out(), names.iter().copied());
        // RFC 3501 §7.1: what can be changed for good, new keywords among it.
        let permanent = match self.mode {
            Mode::ReadWrite => names.into_iter().chain(["\\*"]).map(str::to_owned).collect(),
            Mode::ReadOnly => Vec::new(),
        };
        io.untagged_ok(Code::PermanentFlags(permanent), "flags that can be changed");
    }

    async fn tell_updates(
        &mut self,
        news: News,
        keywords: Keywords,
        uids: bool,
        io: &mut Io,
    ) -> Result<(), Failure> {
        let condstore = self.user.enabled.condstore;
        let rows = Rows::flags(uids, condstore);
        let mut lists = FlagLists::new(keywords);
        for (&uid, &(flags, modseq)) in &news.latest {
            let Some(called) = self.called(uid) else { continue };
            let columns = if news.flags.contains(uid) {
                rows
            } else if condstore && news.modseqs.contains(uid) {
                Rows::modseqs()
            } else {
                continue;
            };
            let list = lists.list(flags, self.shows_recent(uid));
            columns.write_changed(called, (uid, list, modseq), io);
            io.flush_if_full().await?;
        }
        let known: UidSet = news.latest.keys().copied().collect();
        self.send_rows(&news.flags.difference(&known), rows, io).await?;
        if condstore {
            self.send_rows(&news.modseqs.difference(&known), Rows::modseqs(), io).await?;
        }
        Ok(())
    }
}
