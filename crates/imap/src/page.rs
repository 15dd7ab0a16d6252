//! A page of results: which of them a PARTIAL range is about (RFC 9394 §3.1 and §3.3).

use imap_proto::PartialRange;
use model::UidSet;

/// Those in the range, in the order of their numbers or UIDs; none where it lies beyond.
pub(crate) fn page(results: &UidSet, range: PartialRange) -> UidSet {
    let (from, to) = range.places(results.len());
    let ends = results.nth(from).zip(to.checked_sub(1).and_then(|last| results.nth(last)));
    ends.map(|(first, last)| results.intersection(&UidSet::range(first, last))).unwrap_or_default()
}
