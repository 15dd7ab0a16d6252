//! FETCH and UID FETCH (RFC 3501 §6.4.5, §6.4.8; RFC 7162 §3.1.4, §3.2.6; RFC 9394 §3.3).
//!
//! Messages are answered in chunks: rows from the image, then unchanging facts or content where an item needs them.
//! Nothing of the mailbox is held while bytes go to the client.

mod content;
mod rows;
mod stretch;

use imap_proto::command::{Fetch, FetchItem};
use imap_proto::response::{Code, vanished_earlier};
use mailstore::{Content, Email, FlagOp, Message, ReadEmail, StoreFlags};
use message::UnknownEncoding;
use model::{Flags, ModSeq, NamedFlags, Rights, UidSet};

use self::content::{Answers, Contents};
use self::rows::Columns;
pub(crate) use self::rows::{Rows, chunks};
use crate::flag_list::FlagLists;
use crate::io::Io;
use crate::page::page;
use crate::pump::OwnChange;
use crate::reply::{Done, Failure, Fault, Wrong};
use crate::state::{Mode, Selected};

/// Messages per chunk when rows suffice.
pub(super) const ROWS_PER_CHUNK: usize = 1024;
/// Messages per chunk when each has an e-mail row to read as well.
const EMAILS_PER_CHUNK: usize = 256;
/// Messages per chunk when content is sent, which is slow: each chunk sees the newest flags, and an implicit
/// `\Seen` is committed for so many at once.
const CONTENTS_PER_CHUNK: usize = 64;
/// Contents that are read at once and held until they are sent: as many bytes, or one message. So many take a fraction of
/// a millisecond where memory has them, so that no other session waits for long.
const CONTENT_BYTES_PER_READ: u64 = 256 << 10;

/// What became of the messages that were asked for.
#[derive(Default)]
struct Tally {
    answered: u64,
    /// Expunged by somebody else; the client still counts them.
    expunged: u64,
    /// The first fault.
    fault: Option<Fault>,
    /// The first part that could not be decoded.
    unknown_encoding: Option<UnknownEncoding>,
}

/// What is asked for of the messages of a chunk.
struct Wanted<'a> {
    rows: Rows,
    /// Those that this FETCH has marked as seen.
    seen: UidSet,
    contents: &'a Contents<'a>,
}

impl Wanted<'_> {
    fn rows_of(&self, message: &Message, condstore: bool) -> Rows {
        if self.seen.contains(message.uid) { self.rows.with_flags(condstore) } else { self.rows }
    }
}

impl Selected {
    pub(crate) async fn fetch(&mut self, fetch: &Fetch, io: &mut Io) -> Result<Done, Failure> {
        if fetch.vanished && !self.user.enabled.qresync {
            return Err(Wrong::QresyncNotEnabled.into());
        }
        let uids = self.fetched(fetch)?;
        self.user.enabled.condstore |=
            fetch.changed_since.is_some() || fetch.items.contains(&FetchItem::ModSeq);
        if let (Some(since), true) = (fetch.changed_since, fetch.vanished) {
            self.fetch_vanished(fetch, since, io).await?;
        }
        let done = self.fetch_messages(fetch, &uids, io).await;
        if done.is_err() {
            // A message that was marked as seen may have got no answer that tells so: the pump has to.
            self.own.retain(|_, change| *change != OwnChange::Told);
        }
        done
    }

    async fn fetch_messages(&mut self, fetch: &Fetch, uids: &UidSet, io: &mut Io) -> Result<Done, Failure> {
        let sets_seen = self.mode == Mode::ReadWrite
            && self.mailbox.rights().contains(Rights::SEEN)
            && fetch.items.iter().any(FetchItem::sets_seen);
        let contents = Contents::of(&fetch.items);
        let rows = Rows::of(fetch);
        let chunk = match (contents.are_of_bodies(), contents.is_empty()) {
            (true, _) => CONTENTS_PER_CHUNK,
            (false, false) => EMAILS_PER_CHUNK,
            (false, true) => ROWS_PER_CHUNK,
        };
        let mut tally = Tally::default();
        let mut lists = FlagLists::new(mailstore::Keywords::default());
        for some in chunks(uids, chunk) {
            let seen = if sets_seen { self.see(&some, fetch.changed_since).await? } else { UidSet::new() };
            let messages = self.read_rows(&some, rows, &mut lists, io).await?;
            tally.expunged += some.len() - messages.existing;
            if contents.is_empty() {
                tally.answered += messages.matching.len() as u64;
                self.write_rows(&messages.matching, rows, &mut lists, io).await?;
            } else {
                let wanted = Wanted { rows, seen, contents: &contents };
                self.fetch_contents(&messages.matching, &wanted, &mut lists, &mut tally, io).await?;
            }
        }
        tally.done(fetch.uid)
    }

    /// The messages that the command names. PARTIAL counts before CHANGEDSINCE does (RFC 9394 §3.4).
    fn fetched(&self, fetch: &Fetch) -> Result<UidSet, Failure> {
        let named = self.targets(&fetch.set, fetch.uid)?;
        let Some(range) = fetch.partial else { return Ok(named) };
        // Those that are gone would be missing from the page.
        Ok(page(&named.difference(&self.view.ghosts()), range))
    }

    /// Answers messages with what their e-mails hold, a bounded number of bytes at a time.
    async fn fetch_contents(
        &self,
        messages: &[Message],
        wanted: &Wanted<'_>,
        lists: &mut FlagLists,
        tally: &mut Tally,
        io: &mut Io,
    ) -> Result<(), Failure> {
        for mut some in read_together(messages, |message| wanted.contents.bytes_read(message.size)) {
            while !some.is_empty() {
                let ids: Vec<_> = some.iter().map(|message| message.email).collect();
                let needed = wanted.contents.needed();
                let read = self.user.access.read(&ids, needed, CONTENT_BYTES_PER_READ).await?;
                let (answered, rest) = some.split_at_checked(read.len()).unwrap_or((some, &[]));
                for (message, read) in answered.iter().zip(read) {
                    self.fetch_email(message, read, wanted, lists, tally, io).await?;
                }
                some = rest;
            }
        }
        Ok(())
    }

    /// Answers one message.
    async fn fetch_email(
        &self,
        message: &Message,
        read: Option<ReadEmail>,
        wanted: &Wanted<'_>,
        lists: &mut FlagLists,
        tally: &mut Tally,
        io: &mut Io,
    ) -> Result<(), Failure> {
        let Some(called) = self.called(message.uid) else { return Ok(()) };
        let Some((email, content)) = tally.whole(read)? else { return Ok(()) };
        let answers = if wanted.contents.need_content_of(&email) {
            let tree = match email.tree() {
                Ok(tree) => tree,
                Err(damaged) => return tally.failed(Failure::ours("read part tree", damaged)),
            };
            match wanted.contents.answers(&email, &content, &tree) {
                Ok(answers) => answers,
                Err(unknown) => {
                    tally.unknown_encoding.get_or_insert(unknown);
                    return Ok(());
                }
            }
        } else {
            Answers::default()
        };
        let flags = lists.list(message.flags, self.shows_recent(message.uid));
        let rows = wanted.rows_of(message, self.user.enabled.condstore);
        let columns = Columns { rows, called, message, flags };
        wanted.contents.write(&email, &answers, columns, io).await?;
        tally.answered += 1;
        io.flush_if_full().await
    }

    /// Sets `\Seen` before the data goes out, so that the answer can carry it (RFC 3501 §6.4.5). Answers whose flags
    /// have changed by it.
    async fn see(&mut self, uids: &UidSet, since: Option<ModSeq>) -> Result<UidSet, Failure> {
        let flags = NamedFlags::system(Flags::SEEN);
        // What CHANGEDSINCE keeps back is not fetched, so it is not seen either; and marking it would change it.
        let uids = match since {
            None => uids.clone(),
            Some(since) => {
                let image = self.mailbox.snapshot().await?.image;
                image
                    .range(uids)
                    .filter(|message| message.modseq > since)
                    .map(|message| message.uid)
                    .collect()
            }
        };
        let request = StoreFlags { uids, op: FlagOp::Add, flags, unchanged_since: None };
        let stored = self.mailbox.store(request).await?;
        if !stored.changed.is_empty() {
            self.own.insert(stored.modseq, OwnChange::Told);
        }
        Ok(stored.changed)
    }

    /// The messages of the set that were expunged since (RFC 7162 §3.2.6), before any FETCH response.
    async fn fetch_vanished(&self, fetch: &Fetch, since: ModSeq, io: &mut Io) -> Result<(), Failure> {
        let snapshot = self.mailbox.snapshot().await?;
        // `n:*` is all from n on: the client has to hear of the last message's expunge as well.
        let asked = self.asked_uids(&fetch.set, snapshot.status.uid_last());
        let vanished = self.mailbox.vanished_since(since, &snapshot).await?.intersection(&asked);
        // Those that the client still counts come as its own VANISHED, without EARLIER.
        vanished_earlier(io.out(), &vanished.difference(&self.view.all()));
        io.flush_if_full().await
    }
}

impl Tally {
    /// What was read of a message, if it is there and sound.
    fn whole(&mut self, read: Option<ReadEmail>) -> Result<Option<(Email, Content)>, Failure> {
        match read.map(|read| (read.email, read.content)) {
            Some((email, Ok(Some(content)))) => return Ok(Some((email, content))),
            None | Some((_, Ok(None))) => self.expunged += 1,
            // A damaged message is not answered at all; the others are (RFC 2683 §3.4.9 has no better advice).
            Some((_, Err(error))) => self.failed(error.into())?,
        }
        Ok(None)
    }

    /// Keeps a fault for the end; whatever else it is ends the command.
    fn failed(&mut self, failure: Failure) -> Result<(), Failure> {
        match failure {
            Failure::Ours(fault) => {
                self.fault.get_or_insert(fault);
                Ok(())
            }
            other => Err(other),
        }
    }

    fn done(self, by_uid: bool) -> Result<Done, Failure> {
        if let Some(fault) = self.fault {
            return Err(Failure::Ours(fault));
        }
        // RFC 3516 §4.3: the command fails; what could be answered has been.
        if let Some(unknown) = self.unknown_encoding {
            return Err(Failure::UnknownEncoding(unknown));
        }
        // RFC 3501 §6.4.8: a UID of no message is passed over. RFC 2180 §4.1: a number stands for a message.
        match (self.expunged, self.answered) {
            (1.., 0) if !by_uid => Err(Failure::AllExpunged),
            (1.., _) if !by_uid => {
                Ok(Done::coded(Code::ExpungeIssued, "some of the messages no longer exist"))
            }
            _ => Ok(Done::new("FETCH completed")),
        }
    }
}

/// Messages in pieces whose contents are read together.
pub(super) fn read_together<T>(messages: &[T], bytes: impl Fn(&T) -> u64) -> impl Iterator<Item = &[T]> {
    let mut rest = messages;
    std::iter::from_fn(move || {
        let mut sum = 0;
        let fits = |message: &&T| {
            sum += bytes(message);
            sum <= CONTENT_BYTES_PER_READ
        };
        let count = rest.iter().take_while(fits).count().max(1);
        let (piece, behind) = rest.split_at_checked(count)?;
        rest = behind;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_read_together_while_they_are_small() {
        let big = CONTENT_BYTES_PER_READ;
        let sizes = [1, big - 1, 1, 2 * big, big, 0, 0, 1];
        let pieces: Vec<&[u64]> = read_together(&sizes, |&size| size).collect();
        assert_eq!(pieces, [&sizes[..2], &sizes[2..3], &sizes[3..4], &sizes[4..7], &sizes[7..]]);
        assert_eq!(read_together(&[], |&size: &u64| size).count(), 0);
    }
}
