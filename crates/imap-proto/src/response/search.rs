//! What a search found: SEARCH, and ESEARCH with what was asked for. And where UIDBATCHES cuts a mailbox.
//!
//! RFC 3501 §7.2.5, RFC 4731 §3.1 and §3.2, RFC 5267 §3, RFC 6203 §4, RFC 7162 §3.1.5, RFC 9051 §7.3.4, RFC 9394 §3.1.

use model::{ModSeq, SeqNo, Uid, UidSet};

use super::{number, quoted, uid_set};
use crate::command::Tag;
use crate::partial::{CountFrom, PartialRange};

/// `* SEARCH`, with message numbers (RFC 3501 §7.2.5), and the highest mod-sequence among the messages found if
/// the keys asked for one (RFC 7162 §3.1.5). It is left out where nothing was found.
pub fn search(out: &mut Vec<u8>, numbers: impl IntoIterator<Item = SeqNo>, modseq: Option<ModSeq>) {
    numbers_line(out, b"* SEARCH", numbers.into_iter().map(|seq| seq.0), modseq);
}

/// `* SEARCH` with UIDs, as UID SEARCH has it (RFC 3501 §6.4.8).
pub fn search_uids(out: &mut Vec<u8>, uids: impl IntoIterator<Item = Uid>, modseq: Option<ModSeq>) {
    numbers_line(out, b"* SEARCH", uids.into_iter().map(Uid::get), modseq);
}

/// A line of numbers, with their highest mod-sequence if there are any.
pub(super) fn numbers_line(
    out: &mut Vec<u8>,
    start: &[u8],
    numbers: impl Iterator<Item = u32>,
    modseq: Option<ModSeq>,
) {
    out.extend_from_slice(start);
    let mut found = false;
    for n in numbers {
        found = true;
        out.push(b' ');
        number(out, u64::from(n));
    }
    if let Some(modseq) = modseq.filter(|_| found) {
        out.extend_from_slice(b" (MODSEQ ");
        number(out, modseq.0);
        out.push(b')');
    }
    out.extend_from_slice(b"\r\n");
}

/// Results that ESEARCH tells: UIDs or message numbers.
#[derive(Clone, Copy, Debug)]
pub enum Results<'a> {
    /// Of a SEARCH: by ascending numbers.
    Set(&'a UidSet),
    /// Of a SORT: in the order that it asked for (RFC 5267 §3).
    InOrder(&'a [u32]),
}

impl Results<'_> {
    fn is_empty(self) -> bool {
        match self {
            Self::Set(set) => set.is_empty(),
            Self::InOrder(numbers) => numbers.is_empty(),
        }
    }

    fn write(self, out: &mut Vec<u8>) {
        match self {
            Self::Set(set) => uid_set(out, set),
            Self::InOrder(numbers) => in_order(out, numbers),
        }
    }
}

/// Numbers in their order. RFC 5267 §3.2: a range stands for ascending numbers only.
fn in_order(out: &mut Vec<u8>, numbers: &[u32]) {
    for (i, run) in numbers.chunk_by(|a, b| a.checked_add(1) == Some(*b)).enumerate() {
        if i > 0 {
            out.push(b',');
        }
        if let Some(first) = run.first() {
            number(out, u64::from(*first));
        }
        if let [_, .., last] = run {
            out.push(b':');
            number(out, u64::from(*last));
        }
    }
}

/// An ESEARCH response: each part is told if it is there. Results are UIDs if `uid`, and otherwise message numbers.
#[derive(Clone, Copy, Debug)]
pub struct Esearch<'a> {
    /// The tag of the SEARCH.
    pub tag: &'a Tag,
    /// Whether everything is told in UIDs.
    pub uid: bool,
    /// MIN; `None` also where nothing was found.
    pub min: Option<u32>,
    /// MAX; `None` also where nothing was found.
    pub max: Option<u32>,
    /// COUNT
    pub count: Option<u64>,
    /// ALL. It is left out where nothing was found (RFC 4731 §3.1).
    pub all: Option<Results<'a>>,
    /// PARTIAL: the range as it was asked for, and what lies in it, maybe nothing (RFC 9394 §3.1).
    pub partial: Option<(PartialRange, Results<'a>)>,
    /// RELEVANCY: how well each fits, from 1 to 100, in the order of PARTIAL or else of ALL (RFC 6203 §4).
    pub relevancy: Option<&'a [u8]>,
    /// MODSEQ: the highest among the messages that are told (RFC 4731 §3.2). It is for the caller to leave it
    /// out where nothing was found.
    pub modseq: Option<ModSeq>,
}

impl<'a> Esearch<'a> {
    /// A response that tells nothing yet.
    #[must_use]
    pub const fn new(tag: &'a Tag, uid: bool) -> Self {
        Self {
            tag,
            uid,
            min: None,
            max: None,
            count: None,
            all: None,
            partial: None,
            relevancy: None,
            modseq: None,
        }
    }
}

/// `* ESEARCH`
pub fn esearch(out: &mut Vec<u8>, found: &Esearch<'_>) {
    out.extend_from_slice(b"* ESEARCH (TAG ");
    quoted(out, found.tag.as_str());
    out.push(b')');
    if found.uid {
        out.extend_from_slice(b" UID");
    }
    for (name, value) in [
        (" MIN ", found.min.map(u64::from)),
        (" MAX ", found.max.map(u64::from)),
        (" COUNT ", found.count),
        (" MODSEQ ", found.modseq.map(|modseq| modseq.0)),
    ] {
        if let Some(value) = value {
            out.extend_from_slice(name.as_bytes());
            number(out, value);
        }
    }
    if let Some(all) = found.all.filter(|all| !all.is_empty()) {
        out.extend_from_slice(b" ALL ");
        all.write(out);
    }
    if let Some((range, results)) = found.partial {
        partial(out, range, results);
    }
    if let Some(scores) = found.relevancy {
        out.extend_from_slice(b" RELEVANCY (");
        for (i, score) in scores.iter().enumerate() {
            out.extend_from_slice(if i > 0 { b" " } else { b"" });
            number(out, u64::from(*score));
        }
        out.push(b')');
    }
    out.extend_from_slice(b"\r\n");
}

/// `* UIDBATCHES` with the batches from the highest UIDs down, each from its higher end to its lower one, maybe none
/// (RFC 10022).
pub fn uid_batches(out: &mut Vec<u8>, tag: &Tag, batches: impl IntoIterator<Item = (Uid, Uid)>) {
    out.extend_from_slice(b"* UIDBATCHES (TAG ");
    quoted(out, tag.as_str());
    out.push(b')');
    let mut before = b' ';
    for (high, low) in batches {
        out.push(before);
        number(out, u64::from(high.get()));
        out.push(b':');
        number(out, u64::from(low.get()));
        before = b',';
    }
    out.extend_from_slice(b"\r\n");
}

/// `ret-data-partial` (RFC 9394 §4)
fn partial(out: &mut Vec<u8>, range: PartialRange, results: Results<'_>) {
    out.extend_from_slice(b" PARTIAL (");
    let sign: &[u8] = if range.from == CountFrom::Last { b"-" } else { b"" };
    out.extend_from_slice(sign);
    number(out, u64::from(range.start.get()));
    out.push(b':');
    out.extend_from_slice(sign);
    number(out, u64::from(range.end.get()));
    out.push(b' ');
    if results.is_empty() {
        out.extend_from_slice(b"NIL");
    } else {
        results.write(out);
    }
    out.push(b')');
}
