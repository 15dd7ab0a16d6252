//! What a SORT found, in its order, and by which comparator it sorts. RFC 5256 §4, RFC 7162 §3.1.9, RFC 5255 §4.8.

use model::ModSeq;

use super::search::numbers_line;

/// `* COMPARATOR`, with the one that is used, whether it sorts the other way round, and those that were matched if they are
/// several (RFC 5255 §4.8).
pub fn comparator(out: &mut Vec<u8>, (reverse, active): (bool, &str), matched: &[&str]) {
    out.extend_from_slice(b"* COMPARATOR ");
    out.extend_from_slice(if reverse { b"-" } else { b"" });
    out.extend_from_slice(active.as_bytes());
    if matched.len() > 1 {
        out.extend_from_slice(b" (");
        out.extend_from_slice(matched.join(" ").as_bytes());
        out.push(b')');
    }
    out.extend_from_slice(b"\r\n");
}

/// `* SORT`, with message numbers or UIDs, and the highest mod-sequence among the messages if the keys asked for one. It
/// is left out where nothing was found.
pub fn sort(out: &mut Vec<u8>, numbers: impl IntoIterator<Item = u32>, modseq: Option<ModSeq>) {
    numbers_line(out, b"* SORT", numbers.into_iter(), modseq);
}
