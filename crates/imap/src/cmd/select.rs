//! SELECT and EXAMINE (RFC 3501 §6.3.1 and §6.3.2; RFC 7162 §3.1.8 and §3.2.5; RFC 8474 §4.2;
//! RFC 9051 §6.3.2 and §6.3.3).
//!
//! Everything told comes from one snapshot; what happens after it is the pump's.

use std::sync::Arc;

use imap_proto::command::{Qresync, Select};
use imap_proto::response::{self, Code};
use mailstore::{Mailbox, Snapshot};
use model::{Rights, SeqNo, Uid, UidSet};

use super::fetch::Rows;
use crate::io::Io;
use crate::object_id;
use crate::pump::Own;
use crate::reply::{Done, Failure, Wrong};
use crate::state::{Authenticated, Mode, Selected};
use crate::view::View;

impl Authenticated {
    /// Whether SELECT may come with these parameters.
    ///
    /// # Errors
    /// QRESYNC was not enabled (RFC 7162 §3.2.5).
    pub(crate) fn check_select(&mut self, select: &Select) -> Result<(), Failure> {
        if select.qresync.is_some() && !self.enabled.qresync {
            return Err(Wrong::QresyncNotEnabled.into());
        }
        self.enabled.condstore |= select.condstore;
        Ok(())
    }

    /// Finds the mailbox and reads it, before anything is told.
    pub(crate) async fn open(&self, select: &Select) -> Result<(Mailbox, Snapshot), Failure> {
        let mailbox = self.access.mailbox(&select.mailbox, Rights::READ)?;
        let snapshot = mailbox.snapshot().await?;
        Ok((mailbox, snapshot))
    }
}

impl Selected {
    /// The state in which the mailbox is selected. Nothing has been told yet.
    pub(crate) fn new(user: Authenticated, (mailbox, snapshot): (Mailbox, &Snapshot), mode: Mode) -> Self {
        let mut view = View::new(&snapshot.image.uids(), snapshot.modseq);
        view.add_recent(&mailbox.recent(mode == Mode::ReadWrite));
        let highest_told = user.enabled.condstore;
        let (own, saved) = (Own::new(), Arc::default());
        Self { user, mailbox, mode, view, own, keywords_told: None, saved, highest_told }
    }

    /// Tells what SELECT has to tell.
    pub(crate) async fn introduce(
        &mut self,
        select: &Select,
        snapshot: Snapshot,
        io: &mut Io,
    ) -> Result<Done, Failure> {
        let status = snapshot.status;
        self.tell_flags(&snapshot.keywords, io);
        self.tell_count(io);
        let dialect = self.user.enabled.dialect;
        if dialect.rev2 {
            // RFC 9051 §6.3.2: its LIST response comes with it.
            self.user.announce_name(&select.mailbox, select.sent_as.as_deref(), io);
        }
        // It is a message number (RFC 9586 §3), and IMAP4rev2 has no UNSEEN (RFC 9051, Appendix E, 11).
        if !dialect.uid_only
            && !dialect.rev2
            && let Some(first) = snapshot.image.first_unseen().and_then(|uid| self.view.number(uid))
        {
            io.untagged_ok(Code::Unseen(first), "the first unseen message");
        }
        io.untagged_ok(Code::UidValidity(status.uid_validity), "UIDs are valid");
        if let Some(next) = u32::try_from(status.uid_next).ok().and_then(Uid::new) {
            io.untagged_ok(Code::UidNext(next), "the next UID");
        }
        io.untagged_ok(Code::HighestModSeq(status.highest_modseq), "the highest mod-sequence");
        if self.user.is_offered("OBJECTID") {
            let id = object_id::of_mailbox(self.mailbox.id());
            io.untagged_ok(Code::MailboxId(id), "the mailbox's lasting name");
        }
        if let Some(known) = select.qresync.as_ref().filter(|known| known.uid_validity == status.uid_validity)
        {
            self.resynchronise(known, snapshot, io).await?;
        }
        Ok(match self.mode {
            Mode::ReadWrite => Done::coded(Code::ReadWrite, "SELECT completed"),
            Mode::ReadOnly => Done::coded(Code::ReadOnly, "EXAMINE completed"),
        })
    }

    /// What happened since the client was here (RFC 7162 §3.2.5.1).
    async fn resynchronise(
        &mut self,
        known: &Qresync,
        snapshot: Snapshot,
        io: &mut Io,
    ) -> Result<(), Failure> {
        let mut vanished = self.mailbox.vanished_since(known.modseq, &snapshot).await?;
        drop(snapshot);
        if let Some(uids) = &known.known_uids {
            vanished = vanished.intersection(uids);
        }
        response::vanished_earlier(io.out(), &vanished.difference(&self.agreed(known)));
        let asked = known.known_uids.as_ref().map_or_else(|| self.view.all(), |uids| self.view.known(uids));
        self.send_rows(&asked, Rows::resync(known.modseq), io).await
    }

    /// The UIDs up to the highest message number that client and server agree on: of expunges among them the client
    /// has heard (RFC 7162 §3.2.5.2).
    fn agreed(&self, known: &Qresync) -> UidSet {
        let Some(samples) = &known.seq_match else { return UidSet::new() };
        let numbers = samples.numbers.resolve(self.view.exists()).flat_map(|(from, to)| from..=to);
        let pairs =
            numbers.zip(samples.uids.iter()).take_while(|&(n, uid)| self.view.uid(SeqNo(n)) == Some(uid));
        pairs.last().map_or_else(UidSet::new, |(_, uid)| UidSet::range(Uid::FIRST, uid))
    }
}
