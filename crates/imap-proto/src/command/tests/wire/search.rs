//! SEARCH, SORT and THREAD as a client writes them.

use super::{Wire, named};
use crate::command::*;

impl Wire {
    pub(super) fn search(&mut self, search: &Search) {
        self.by_uid(search.uid).word("SEARCH ");
        self.returns(search.returns);
        match &search.charset {
            Charset::UsAscii => {}
            Charset::Utf8 => self.word("CHARSET ").astring("UTF-8").raw(" ").done(),
            Charset::Named(name) => self.word("CHARSET ").astring(name).raw(" ").done(),
        }
        self.keys(&search.keys);
    }

    pub(super) fn sort(&mut self, sort: &Sort) {
        let search = &sort.search;
        self.by_uid(search.uid).word("SORT ");
        self.returns(search.returns);
        self.list(&sort.criteria, |wire, criterion| {
            wire.word(if criterion.reverse { "REVERSE " } else { "" }).word(criterion.key.name());
        });
        self.raw(" ").criteria(search);
    }

    pub(super) fn thread(&mut self, thread: &Thread) {
        self.by_uid(thread.search.uid).word("THREAD ").word(thread.algorithm.name()).raw(" ");
        self.criteria(&thread.search);
    }

    /// What follows the order of a SORT or the algorithm of a THREAD.
    fn criteria(&mut self, search: &Search) {
        match &search.charset {
            Charset::UsAscii => self.astring("US-ASCII"),
            Charset::Utf8 => self.astring("UTF-8"),
            Charset::Named(name) => self.astring(name),
        };
        self.raw(" ").keys(&search.keys);
    }

    fn returns(&mut self, returns: Option<SearchReturn>) {
        if let Some(SearchReturn { min, max, all, count, save, relevancy, partial }) = returns {
            let mut returns = named(&[
                ("MIN", min),
                ("MAX", max),
                ("ALL", all),
                ("COUNT", count),
                ("SAVE", save),
                ("RELEVANCY", relevancy),
            ]);
            returns.extend(partial.map(|_| "PARTIAL "));
            self.word("RETURN ").list(&returns, |wire, &option| {
                wire.word(option);
                if let ("PARTIAL ", Some(range)) = (option, partial) {
                    wire.partial_range(range);
                }
            });
            self.raw(" ");
        }
    }

    fn keys(&mut self, keys: &[SearchKey]) {
        for (i, key) in keys.iter().enumerate() {
            self.raw(if i > 0 { " " } else { "" });
            self.key(key);
        }
    }

    fn key(&mut self, key: &SearchKey) {
        match key {
            SearchKey::Not(key) => self.word("NOT ").key(key),
            SearchKey::Fuzzy(key) => self.word("FUZZY ").key(key),
            SearchKey::Or(one, other) => {
                self.word("OR ").key(one);
                self.raw(" ").key(other);
            }
            SearchKey::And(keys) => {
                self.raw("(").keys(keys);
                self.raw(")");
            }
            SearchKey::Numbers(set) => self.sequence_set(set).done(),
            SearchKey::Uid(set) => self.word("UID ").sequence_set(set).done(),
            SearchKey::Saved if self.coin() => self.raw("$").done(),
            SearchKey::Saved => self.word("UID ").raw("$").done(),
            SearchKey::Keyword(keyword) => self.word("KEYWORD ").raw(keyword.as_str()).done(),
            SearchKey::NotKeyword(keyword) => self.word("UNKEYWORD ").raw(keyword.as_str()).done(),
            SearchKey::Header { name, value } => self.header(name, value),
            SearchKey::Body(text) => self.word("BODY ").astring(text).done(),
            SearchKey::Text(text) => self.word("TEXT ").astring(text).done(),
            SearchKey::Larger(n) => self.word("LARGER ").number(n).done(),
            SearchKey::Smaller(n) => self.word("SMALLER ").number(n).done(),
            SearchKey::Older(n) => self.word("OLDER ").number(n).done(),
            SearchKey::Younger(n) => self.word("YOUNGER ").number(n).done(),
            SearchKey::ModSeq(n) => self.word("MODSEQ ").number(n).done(),
            SearchKey::EmailId(id) => self.word("EMAILID ").raw(id).done(),
            SearchKey::ThreadId(id) => self.word("THREADID ").raw(id).done(),
            other => self.day_or_plain(other),
        }
    }

    fn header(&mut self, name: &str, value: &[u8]) {
        let has_key = ["BCC", "CC", "FROM", "SUBJECT", "TO"].contains(&name);
        if has_key && self.coin() {
            self.word(name).raw(" ").astring(value);
        } else {
            self.word("HEADER ").astring(name).raw(" ").astring(value);
        }
    }

    fn day_or_plain(&mut self, key: &SearchKey) {
        let (name, day) = match key {
            SearchKey::Before(day) => ("BEFORE", day),
            SearchKey::On(day) => ("ON", day),
            SearchKey::Since(day) => ("SINCE", day),
            SearchKey::SentBefore(day) => ("SENTBEFORE", day),
            SearchKey::SentOn(day) => ("SENTON", day),
            SearchKey::SentSince(day) => ("SENTSINCE", day),
            SearchKey::SavedBefore(day) => ("SAVEDBEFORE", day),
            SearchKey::SavedOn(day) => ("SAVEDON", day),
            SearchKey::SavedSince(day) => ("SAVEDSINCE", day),
            plain => {
                let found = search::PLAIN.iter().find(|(_, key)| key == plain);
                return self.word(found.unwrap().0).done();
            }
        };
        self.word(name).raw(" ").date(*day);
    }

    /// A day as `date`.
    fn date(&mut self, days: i64) -> &mut Self {
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let is = |&(y, m, d): &(i64, u32, u32)| model::InternalDate::days_of(y, m, d) == Some(days);
        let year = 1970 + days.div_euclid(365);
        let dates =
            (year - 1..=year).flat_map(|y| (1..=12).flat_map(move |m| (1..=31).map(move |d| (y, m, d))));
        let (y, m, d) = dates.into_iter().find(is).unwrap();
        let date = format!("{d}-{}-{y:04}", MONTHS[m as usize - 1]);
        if self.coin() { self.raw(date) } else { self.raw(format!("\"{date}\"")) }
    }
}
