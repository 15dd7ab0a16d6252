//! What a SORT found, in its order. RFC 5256 §4, RFC 7162 §3.1.9.

use model::ModSeq;

use super::search::numbers_line;

/// `* SORT`, with message numbers or UIDs, and the highest mod-sequence among the messages if the keys asked for one. It
/// is left out where nothing was found.
pub fn sort(out: &mut Vec<u8>, numbers: impl IntoIterator<Item = u32>, modseq: Option<ModSeq>) {
    numbers_line(out, b"* SORT", numbers.into_iter(), modseq);
}
