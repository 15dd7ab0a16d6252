//! What is told of a search, and what of it is kept: SEARCH, ESEARCH and `$`.
//!
//! RFC 3501 §7.2.5, RFC 4731 §3, RFC 5182 §2, RFC 6203 §4, RFC 7162 §3.1.5, RFC 9051 §6.4.4, RFC 9394 §3.1 and §3.2.

use std::borrow::Cow;
use std::collections::HashMap;

use imap_proto::command::{Search, SearchReturn, Tag};
use imap_proto::response::{self, Esearch, Results};
use mailstore::Message;
use model::{ModSeq, Uid, UidSet};

use crate::io::Io;
use crate::page::page;
use crate::reply::{Done, Failure};
use crate::state::Selected;

/// What a search found.
#[derive(Debug, Default)]
pub(in crate::cmd) struct Found {
    pub(in crate::cmd) uids: UidSet,
    /// The mod-sequences of all of them, in no order, where the keys ask for mod-sequences.
    modseqs: Option<Vec<(Uid, ModSeq)>>,
    /// How much each fits, where the keys say that it may do so more or less.
    scores: Option<HashMap<Uid, f32>>,
}

impl Found {
    /// Nothing yet.
    pub(super) fn new(has_modseq: bool, is_fuzzy: bool) -> Self {
        let (modseqs, scores) = (has_modseq.then(Vec::new), is_fuzzy.then(HashMap::new));
        Self { uids: UidSet::new(), modseqs, scores }
    }

    /// `score` is asked for where scores are kept.
    pub(super) fn add(&mut self, message: &Message, score: impl FnOnce() -> f32) {
        self.uids.insert(message.uid);
        if let Some(scores) = &mut self.scores {
            scores.insert(message.uid, score());
        }
        if let Some(modseqs) = &mut self.modseqs {
            modseqs.push((message.uid, message.modseq));
        }
    }

    /// The highest mod-sequence among some of them (RFC 4731 §3.2, RFC 7162 §3.1.5).
    pub(in crate::cmd) fn modseq_of(&self, some: &UidSet) -> Option<ModSeq> {
        let modseqs = self.modseqs.iter().flatten();
        modseqs.filter(|(uid, _)| some.contains(*uid)).map(|&(_, modseq)| modseq).max()
    }

    /// How well messages fit, in their order, from 1 to 100, which is what the best of all has (RFC 6203 §4).
    pub(in crate::cmd) fn relevancies<'a>(&self, uids: impl IntoIterator<Item = &'a Uid>) -> Vec<u8> {
        let best = self.scores.iter().flat_map(HashMap::values).copied().fold(0.0, f32::max);
        uids.into_iter().map(|&uid| relevancy(self.score(uid), best)).collect()
    }

    /// How much a message fits, by no certain measure.
    pub(in crate::cmd) fn score(&self, uid: Uid) -> f32 {
        self.scores.as_ref().and_then(|scores| scores.get(&uid)).copied().unwrap_or(0.0)
    }

    /// The messages that the options single out. Theirs is the mod-sequence that is told (RFC 4731 §3.2), and they
    /// are what is saved (RFC 5182 §2.4, RFC 9394 §3.2).
    fn chosen(&self, returns: SearchReturn) -> Cow<'_, UidSet> {
        let singles_out = returns.min || returns.max || returns.partial.is_some();
        if returns.all || returns.count || !singles_out {
            return Cow::Borrowed(&self.uids);
        }
        let mut chosen = returns.partial.map(|range| page(&self.uids, range)).unwrap_or_default();
        let min = returns.min.then(|| self.uids.first()).flatten();
        let max = returns.max.then(|| self.uids.last()).flatten();
        min.into_iter().chain(max).for_each(|uid| chosen.insert(uid));
        Cow::Owned(chosen)
    }
}

/// As a share of the best; where no message fits better than another, all fit well.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 1 to 100")]
fn relevancy(score: f32, best: f32) -> u8 {
    if best > 0.0 { (100.0 * score / best).round().clamp(1.0, 100.0) as u8 } else { 100 }
}

impl Selected {
    pub(super) async fn answer_search(
        &mut self,
        tag: &Tag,
        search: &Search,
        found: &Found,
        io: &mut Io,
    ) -> Result<Done, Failure> {
        // RFC 9051 §6.4.4: once IMAP4rev2 is enabled there is no SEARCH response any more.
        let implied = self.user.enabled.dialect.rev2.then_some(SearchReturn::ALL);
        match search.returns.or(implied) {
            Some(returns) => self.answer_extended(tag, (search.uid, returns), found, io)?,
            None => self.answer_plainly(search.uid, found, io),
        }
        io.flush_if_full().await?;
        Ok(Done::new("SEARCH completed"))
    }

    fn answer_plainly(&self, by_uid: bool, found: &Found, io: &mut Io) {
        let modseq = found.modseq_of(&found.uids);
        if by_uid {
            response::search_uids(io.out(), found.uids.iter(), modseq);
        } else {
            response::search(io.out(), found.uids.iter().filter_map(|uid| self.view.number(uid)), modseq);
        }
    }

    fn answer_extended(
        &mut self,
        tag: &Tag,
        (by_uid, returns): (bool, SearchReturn),
        found: &Found,
        io: &mut Io,
    ) -> Result<(), Failure> {
        let chosen = found.chosen(returns);
        if returns.save {
            self.save(chosen.clone().into_owned())?;
        }
        // RFC 5182 §2.1: SAVE alone has no answer.
        if !returns.has_answer() {
            return Ok(());
        }
        let all = if by_uid { Cow::Borrowed(&found.uids) } else { Cow::Owned(self.numbers(&found.uids)) };
        let relevancies = returns.relevancy.then(|| match returns.partial {
            Some(range) => found.relevancies(&page(&found.uids, range).iter().collect::<Vec<_>>()),
            None => found.relevancies(&found.uids.iter().collect::<Vec<_>>()),
        });
        let page = returns.partial.map(|range| (range, page(&all, range)));
        let told = Esearch {
            relevancy: relevancies.as_deref(),
            min: all.first().filter(|_| returns.min).map(Uid::get),
            max: all.last().filter(|_| returns.max).map(Uid::get),
            count: returns.count.then(|| all.len()),
            all: returns.all.then_some(Results::Set(&all)),
            partial: page.as_ref().map(|(range, page)| (*range, Results::Set(page))),
            modseq: found.modseq_of(&chosen),
            ..Esearch::new(tag, by_uid)
        };
        response::esearch(io.out(), &told);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use imap_proto::PartialRange;
    use imap_proto::partial::CountFrom;
    use std::num::NonZeroU32;

    fn found(uids: &[u32]) -> Found {
        let uids = uids.iter().copied().filter_map(Uid::new);
        let modseqs = uids.clone().map(|uid| (uid, ModSeq(100 - u64::from(uid.get())))).collect();
        Found { uids: uids.collect(), modseqs: Some(modseqs), scores: None }
    }

    fn page_of(start: u32, end: u32) -> Option<PartialRange> {
        let (start, end) = (NonZeroU32::new(start).unwrap(), NonZeroU32::new(end).unwrap());
        Some(PartialRange { from: CountFrom::First, start, end })
    }

    #[test]
    fn what_the_options_single_out_is_what_counts() {
        let found = found(&[3, 5, 6, 9]);
        let none = SearchReturn::default();
        for (returns, chosen) in [
            (SearchReturn { save: true, ..none }, &[(3, 3), (5, 6), (9, 9)][..]),
            (SearchReturn { min: true, ..none }, &[(3, 3)]),
            (SearchReturn { min: true, max: true, ..none }, &[(3, 3), (9, 9)]),
            (SearchReturn { max: true, count: true, ..none }, &[(3, 3), (5, 6), (9, 9)]),
            (SearchReturn { partial: page_of(2, 3), ..none }, &[(5, 6)]),
            (SearchReturn { partial: page_of(2, 3), max: true, ..none }, &[(5, 6), (9, 9)]),
            (SearchReturn { partial: page_of(8, 9), ..none }, &[]),
        ] {
            let expected = UidSet::from_ranges(chosen.iter().copied());
            assert_eq!(*found.chosen(returns), expected, "{returns:?}");
            let lowest = expected.first().map(|uid| ModSeq(100 - u64::from(uid.get())));
            assert_eq!(found.modseq_of(&expected), lowest, "{returns:?}");
        }
    }
}
