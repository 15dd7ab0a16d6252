//! The part of FETCH that the image answers: flags, UIDs, mod-sequences, dates, sizes and the e-mail's id.
//!
//! STORE, the pump and SELECT with QRESYNC answer with the same rows.

use imap_proto::command::{Fetch, FetchItem};
use imap_proto::response::FetchWriter;
use mailstore::Message;
use model::{ModSeq, SeqNo, Uid, UidSet};

use super::ROWS_PER_CHUNK;
use crate::flag_list::FlagLists;
use crate::io::Io;
use crate::object_id;
use crate::reply::Failure;
use crate::state::Selected;

/// Which columns are told.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rows {
    uid: bool,
    /// UIDs are told even where the response begins with them (RFC 9586 §3.3).
    uid_asked: bool,
    flags: bool,
    modseq: bool,
    date: bool,
    size: bool,
    saved: bool,
    email: bool,
    /// Only messages that were touched after this.
    since: Option<ModSeq>,
}

/// What a chunk has.
pub(super) struct Chunk {
    /// How many of its messages exist.
    pub(super) existing: u64,
    /// Those that are to be told.
    pub(super) matching: Vec<Message>,
}

impl Rows {
    /// What a FETCH asks for.
    pub(super) fn of(fetch: &Fetch) -> Self {
        let has = |item: &FetchItem| fetch.items.contains(item);
        Self {
            // RFC 3501 §6.4.8: UID FETCH always tells UIDs.
            uid: fetch.uid || has(&FetchItem::Uid),
            uid_asked: has(&FetchItem::Uid),
            flags: has(&FetchItem::Flags),
            // RFC 7162 §3.1.4.1: CHANGEDSINCE asks for MODSEQ as well.
            modseq: has(&FetchItem::ModSeq) || fetch.changed_since.is_some(),
            date: has(&FetchItem::InternalDate),
            size: has(&FetchItem::Size),
            saved: has(&FetchItem::SaveDate),
            email: has(&FetchItem::EmailId),
            since: fetch.changed_since,
        }
    }

    /// These and the flags, which have just changed; RFC 7162 §3.2.4 names what goes with them.
    pub(super) fn with_flags(self, condstore: bool) -> Self {
        Self { flags: true, uid: self.uid || condstore, modseq: self.modseq || condstore, ..self }
    }

    /// Flags, as after a STORE.
    pub(crate) fn flags(uid: bool, condstore: bool) -> Self {
        Self { uid: uid || condstore, flags: true, modseq: condstore, ..Self::default() }
    }

    /// Mod-sequences alone, as after STORE .SILENT.
    pub(crate) fn modseqs() -> Self {
        Self { uid: true, modseq: true, ..Self::default() }
    }

    /// Writes a whole response of columns that the log tells.
    pub(crate) fn write_changed(
        self,
        called: Called,
        (uid, flags, modseq): (Uid, &[u8], ModSeq),
        io: &mut Io,
    ) {
        let mut line = called.begin(io);
        if self.tells_uid(called) {
            line.uid(uid);
        }
        if self.flags {
            line.flags(flags);
        }
        if self.modseq {
            line.modseq(modseq);
        }
        line.finish();
    }

    const fn tells_uid(self, called: Called) -> bool {
        match called {
            Called::Number(_) => self.uid,
            Called::Uid(_) => self.uid_asked,
        }
    }

    /// What a client that comes back has to hear (RFC 7162 §3.2.5.1).
    pub(crate) fn resync(since: ModSeq) -> Self {
        Self { uid: true, flags: true, modseq: true, since: Some(since), ..Self::default() }
    }
}

/// How a response names its message.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Called {
    /// FETCH
    Number(SeqNo),
    /// UIDFETCH, under UIDONLY (RFC 9586 §3.3)
    Uid(Uid),
}

impl Called {
    fn begin(self, io: &mut Io) -> FetchWriter<'_> {
        match self {
            Self::Number(number) => FetchWriter::new(io.out(), number),
            Self::Uid(uid) => FetchWriter::by_uid(io.out(), uid),
        }
    }
}

/// The columns of one message.
#[derive(Clone, Copy)]
pub(super) struct Columns<'a> {
    pub(super) rows: Rows,
    pub(super) called: Called,
    pub(super) message: &'a Message,
    /// Spelt already.
    pub(super) flags: &'a [u8],
}

impl Columns<'_> {
    /// Begins the FETCH response of the message with its columns.
    pub(super) fn begin(self, io: &mut Io) -> FetchWriter<'_> {
        let Self { rows, called, message, flags } = self;
        let mut line = called.begin(io);
        if rows.tells_uid(called) {
            line.uid(message.uid);
        }
        if rows.flags {
            line.flags(flags);
        }
        if rows.modseq {
            line.modseq(message.modseq);
        }
        if rows.date {
            line.internal_date(message.date);
        }
        if rows.size {
            line.size(message.size.into());
        }
        if rows.saved {
            line.save_date(message.saved.date());
        }
        if rows.email {
            line.email_id(&object_id::of_email(message.email));
        }
        line
    }
}

impl Selected {
    /// Tells columns of messages in bounded chunks; those that are gone are passed over.
    pub(crate) async fn send_rows(&mut self, uids: &UidSet, rows: Rows, io: &mut Io) -> Result<(), Failure> {
        let mut lists = FlagLists::new(mailstore::Keywords::default());
        for some in chunks(uids, ROWS_PER_CHUNK) {
            let chunk = self.read_rows(&some, rows, &mut lists, io).await?;
            self.write_rows(&chunk.matching, rows, &mut lists, io).await?;
        }
        Ok(())
    }

    /// Reads a chunk's rows. New keywords are told first.
    pub(super) async fn read_rows(
        &mut self,
        uids: &UidSet,
        rows: Rows,
        lists: &mut FlagLists,
        io: &mut Io,
    ) -> Result<Chunk, Failure> {
        let snapshot = self.mailbox.snapshot().await?;
        let mut chunk = Chunk { existing: 0, matching: Vec::new() };
        for message in snapshot.image.range(uids) {
            chunk.existing += 1;
            if rows.since.is_none_or(|since| message.modseq > since) {
                chunk.matching.push(message);
            }
        }
        lists.set_keywords(snapshot.keywords.clone());
        if rows.flags {
            self.tell_flags(&snapshot.keywords, io);
        }
        Ok(chunk)
    }

    /// How responses name a message; `None` for one that the client does not know.
    pub(crate) fn called(&self, uid: Uid) -> Option<Called> {
        let number = self.view.number(uid)?;
        Some(if self.user.enabled.dialect.uid_only { Called::Uid(uid) } else { Called::Number(number) })
    }

    pub(super) async fn write_rows(
        &self,
        messages: &[Message],
        rows: Rows,
        lists: &mut FlagLists,
        io: &mut Io,
    ) -> Result<(), Failure> {
        for message in messages {
            if let Some(called) = self.called(message.uid) {
                let flags = lists.list(message.flags, self.shows_recent(message.uid));
                Columns { rows, called, message, flags }.begin(io).finish();
                io.flush_if_full().await?;
            }
        }
        Ok(())
    }
}

/// A set in pieces of at most `size` UIDs, ascending.
pub(crate) fn chunks(uids: &UidSet, size: usize) -> impl Iterator<Item = UidSet> + '_ {
    let mut ranges = uids.ranges();
    let mut rest: Option<(u32, u32)> = None;
    let size = u32::try_from(size).unwrap_or(u32::MAX);
    std::iter::from_fn(move || {
        let (mut piece, mut room) = (Vec::new(), size);
        while room > 0 {
            let Some((from, to)) = rest.take().or_else(|| ranges.next().map(|r| (*r.start(), *r.end())))
            else {
                break;
            };
            let end = to.min(from.saturating_add(room - 1));
            piece.push((from, end));
            room -= end - from + 1;
            rest = (end < to).then(|| (end + 1, to));
        }
        (!piece.is_empty()).then(|| UidSet::from_ranges(piece))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn chunks_are_the_set_in_pieces(
            ranges in proptest::collection::vec((1u32..200, 0u32..30), 0..8), size in 1usize..20,
        ) {
            let set = UidSet::from_ranges(ranges.into_iter().map(|(a, n)| (a, a + n)));
            let pieces: Vec<UidSet> = chunks(&set, size).collect();
            let joined: Vec<Uid> = pieces.iter().flat_map(|piece| piece.iter().collect::<Vec<_>>()).collect();
            prop_assert_eq!(joined, set.iter().collect::<Vec<_>>());
            for (n, piece) in pieces.iter().enumerate() {
                let full = n + 1 < pieces.len();
                let fits = if full { piece.len() == size as u64 } else { piece.len() <= size as u64 };
                prop_assert!(fits);
            }
        }
    }
}
