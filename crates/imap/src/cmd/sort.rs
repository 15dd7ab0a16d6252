//! SORT and UID SORT (RFC 5256, RFC 5957), also with options to return (RFC 5267 §3, RFC 9394 §3.1).
//!
//! It begins as a SEARCH. What the messages are compared by comes from the mailbox's rows, or else from what is stored
//! of each message since its arrival; no content is read.

pub(super) mod order;

use imap_proto::PartialRange;
use imap_proto::command::{SearchReturn, Sort, SortCriterion, Tag};
use imap_proto::response::{self, Esearch, Results};
use mailstore::{Damaged, EMAILS_PER_READ_MAX, Email, Message};
use model::{Uid, UidSet};

use self::order::{Keyed, Order};
use super::search::answer::Found;
use crate::io::Io;
use crate::reply::{Done, Failure};
use crate::server::ImapServer;
use crate::state::Selected;

impl Selected {
    pub(crate) async fn sort(
        &mut self,
        tag: &Tag,
        sort: &Sort,
        server: &ImapServer,
        io: &mut Io,
    ) -> Result<Done, Failure> {
        let done = self.find_and_sort(tag, sort, server, io).await;
        self.forget_saved(&sort.search, &done);
        done
    }

    async fn find_and_sort(
        &mut self,
        tag: &Tag,
        sort: &Sort,
        server: &ImapServer,
        io: &mut Io,
    ) -> Result<Done, Failure> {
        let found = self.find(tag, &sort.search, server, io).await?;
        let sorted = self.sorted(&sort.criteria, (tag, &found), server, io).await?;
        match sort.search.returns {
            None => {
                let modseq = found.modseq_of(&set_of(&sorted));
                response::sort(io.out(), self.numbers_told(&sorted, sort.search.uid), modseq);
            }
            Some(returns) => self.answer_sort(tag, (sort.search.uid, returns), (&found, &sorted), io)?,
        }
        io.flush_if_full().await?;
        Ok(Done::new("SORT completed"))
    }

    /// What was found, in order. What was expunged since is no longer among it.
    async fn sorted(
        &self,
        criteria: &[SortCriterion],
        (tag, found): (&Tag, &Found),
        server: &ImapServer,
        io: &mut Io,
    ) -> Result<Vec<Uid>, Failure> {
        let permit = server.text_search().await?;
        let order = Order::of(criteria, self.user.collation);
        let mut keyed = Vec::new();
        let mut key = |message: &Message, email: Option<&Email>| {
            keyed.push(order.keyed(message, email, found.score(message.uid))?);
            Ok(())
        };
        let damaged = |damaged: Damaged| Failure::ours("sort", damaged);
        let mut progress = self.progress_uncounted(tag, server);
        for some in self.rows(found).await?.chunks(EMAILS_PER_READ_MAX) {
            progress.step(io).await?;
            if order.needs_emails() {
                let mut all = self.with_emails(some).await?;
                all.try_for_each(|(message, email)| key(message, Some(&email))).map_err(damaged)?;
            } else {
                some.iter().try_for_each(|message| key(message, None)).map_err(damaged)?;
            }
        }
        let work = tokio::task::spawn_blocking(move || {
            let _held = permit;
            order.sort(&mut keyed);
            keyed.iter().map(|keyed: &Keyed| keyed.uid).collect()
        });
        work.await.map_err(|broken| Failure::ours("sort", broken))
    }

    /// The mailbox's rows of what was found.
    pub(super) async fn rows(&self, found: &Found) -> Result<Vec<Message>, Failure> {
        let snapshot = self.mailbox.snapshot().await?;
        Ok(snapshot.image.range(&found.uids).collect())
    }

    /// Some messages with what never changes of them. One that was given up since is passed over.
    pub(super) async fn with_emails<'m>(
        &self,
        some: &'m [Message],
    ) -> Result<impl Iterator<Item = (&'m Message, Email)> + use<'m>, Failure> {
        let ids: Vec<_> = some.iter().map(|message| message.email).collect();
        let emails = self.user.access.emails(&ids).await?;
        tokio::task::yield_now().await;
        Ok(some.iter().zip(emails).filter_map(|(message, email)| Some((message, email?))))
    }

    /// A message as the client is told it: by its UID or its number.
    pub(super) fn number_told(&self, uid: Uid, by_uid: bool) -> Option<u32> {
        if by_uid { Some(uid.get()) } else { self.view.number(uid).map(|number| number.0) }
    }

    fn numbers_told(&self, sorted: &[Uid], by_uid: bool) -> Vec<u32> {
        sorted.iter().filter_map(|&uid| self.number_told(uid, by_uid)).collect()
    }

    /// ESORT (RFC 5267 §3.1).
    fn answer_sort(
        &mut self,
        tag: &Tag,
        (by_uid, returns): (bool, SearchReturn),
        (found, sorted): (&Found, &[Uid]),
        io: &mut Io,
    ) -> Result<(), Failure> {
        let chosen = chosen(sorted, returns);
        if returns.save {
            self.save(chosen.clone())?;
        }
        if !returns.has_answer() {
            return Ok(());
        }
        let all = self.numbers_told(sorted, by_uid);
        let relevancies = returns
            .relevancy
            .then(|| found.relevancies(returns.partial.map_or(sorted, |range| page(sorted, range))));
        let line = Esearch {
            min: all.first().copied().filter(|_| returns.min),
            max: all.last().copied().filter(|_| returns.max),
            count: returns.count.then_some(all.len() as u64),
            all: returns.all.then_some(Results::InOrder(&all)),
            partial: returns.partial.map(|range| (range, Results::InOrder(page(&all, range)))),
            relevancy: relevancies.as_deref(),
            modseq: found.modseq_of(&chosen),
            ..Esearch::new(tag, by_uid)
        };
        response::esearch(io.out(), &line);
        Ok(())
    }
}

/// Those in the range, in their order; none where it lies beyond (RFC 9394 §3.1).
fn page<T>(sorted: &[T], range: PartialRange) -> &[T] {
    let (from, to) = range.places(sorted.len() as u64);
    let place = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    sorted.get(place(from)..place(to)).unwrap_or_default()
}

/// The messages that the options single out, as of a SEARCH, but by the order: what is saved, and whose
/// mod-sequence is told (RFC 5267 §3, RFC 4731 §3.2, RFC 5182 §2.4).
fn chosen(sorted: &[Uid], returns: SearchReturn) -> UidSet {
    let singles_out = returns.min || returns.max || returns.partial.is_some();
    if returns.all || returns.count || !singles_out {
        return set_of(sorted);
    }
    let on_page = returns.partial.map(|range| page(sorted, range)).unwrap_or_default();
    let min = sorted.first().filter(|_| returns.min);
    let max = sorted.last().filter(|_| returns.max);
    set_of(on_page.iter().chain(min).chain(max))
}

/// UIDs in any order as a set.
fn set_of<'a>(uids: impl IntoIterator<Item = &'a Uid>) -> UidSet {
    UidSet::from_ranges(uids.into_iter().map(|uid| (uid.get(), uid.get())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use imap_proto::partial::CountFrom;
    use std::num::NonZeroU32;

    #[test]
    fn the_ends_of_a_sort_are_those_of_its_order() {
        let sorted: Vec<Uid> = [7, 3, 9, 4].into_iter().filter_map(Uid::new).collect();
        let range = |from, start, end| {
            let [start, end] = [start, end].map(|n| NonZeroU32::new(n).unwrap());
            Some(PartialRange { from, start, end })
        };
        let none = SearchReturn::default();
        for (returns, expected) in [
            (SearchReturn { min: true, ..none }, &[(7, 7)][..]),
            (SearchReturn { min: true, max: true, ..none }, &[(4, 4), (7, 7)]),
            (SearchReturn { max: true, count: true, ..none }, &[(3, 4), (7, 7), (9, 9)]),
            (SearchReturn { save: true, ..none }, &[(3, 4), (7, 7), (9, 9)]),
            (SearchReturn { partial: range(CountFrom::First, 2, 3), ..none }, &[(3, 3), (9, 9)]),
            (SearchReturn { partial: range(CountFrom::Last, 1, 1), min: true, ..none }, &[(4, 4), (7, 7)]),
            (SearchReturn { partial: range(CountFrom::First, 5, 9), ..none }, &[]),
        ] {
            assert_eq!(
                chosen(&sorted, returns),
                UidSet::from_ranges(expected.iter().copied()),
                "{returns:?}"
            );
        }
    }
}
