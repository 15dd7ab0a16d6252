//! What a search found: SEARCH, and ESEARCH with what was asked for. And where UIDBATCHES cuts a mailbox.
//!
//! RFC 3501 §7.2.5, RFC 4731 §3.1 and §3.2, RFC 7162 §3.1.5, RFC 9051 §7.3.4, RFC 9394 §3.1.

use model::{ModSeq, SeqNo, Uid, UidSet};

use super::{number, quoted, uid_set};
use crate::command::Tag;
use crate::partial::{CountFrom, PartialRange};

/// `* SEARCH`, with message numbers (RFC 3501 §7.2.5), and the highest mod-sequence among the messages found if
/// the keys asked for one (RFC 7162 §3.1.5). It is left out where nothing was found.
pub fn search(out: &mut Vec<u8>, numbers: impl IntoIterator<Item = SeqNo>, modseq: Option<ModSeq>) {
    search_line(out, numbers.into_iter().map(|seq| seq.0), modseq);
}

/// `* SEARCH` with UIDs, as UID SEARCH has it (RFC 3501 §6.4.8).
pub fn search_uids(out: &mut Vec<u8>, uids: impl IntoIterator<Item = Uid>, modseq: Option<ModSeq>) {
    search_line(out, uids.into_iter().map(Uid::get), modseq);
}

fn search_line(out: &mut Vec<u8>, numbers: impl Iterator<Item = u32>, modseq: Option<ModSeq>) {
    out.extend_from_slice(b"* SEARCH");
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

/// An ESEARCH response: each part is told if it is there. Sets hold UIDs if `uid`, and otherwise message numbers.
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
    pub all: Option<&'a UidSet>,
    /// PARTIAL: the range as it was asked for, and what lies in it, maybe nothing (RFC 9394 §3.1).
    pub partial: Option<(PartialRange, &'a UidSet)>,
    /// MODSEQ: the highest among the messages that are told (RFC 4731 §3.2). It is for the caller to leave it
    /// out where nothing was found.
    pub modseq: Option<ModSeq>,
}

impl<'a> Esearch<'a> {
    /// A response that tells nothing yet.
    #[must_use]
    pub const fn new(tag: &'a Tag, uid: bool) -> Self {
        Self { tag, uid, min: None, max: None, count: None, all: None, partial: None, modseq: None }
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
        uid_set(out, all);
    }
    if let Some((range, set)) = found.partial {
        partial(out, range, set);
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
fn partial(out: &mut Vec<u8>, range: PartialRange, set: &UidSet) {
    out.extend_from_slice(b" PARTIAL (");
    let sign: &[u8] = if range.from == CountFrom::Last { b"-" } else { b"" };
    out.extend_from_slice(sign);
    number(out, u64::from(range.start.get()));
    out.push(b':');
    out.extend_from_slice(sign);
    number(out, u64::from(range.end.get()));
    out.push(b' ');
    if set.is_empty() {
        out.extend_from_slice(b"NIL");
    } else {
        uid_set(out, set);
    }
    out.push(b')');
}
