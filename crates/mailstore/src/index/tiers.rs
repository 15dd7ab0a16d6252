//! Which segments of the index are merged: a look-up goes through all of them, so there must not be many, and a merge
//! writes all it merges, so there must not be many of those either.

use std::ops::Range;

use super::rows::SegmentRow;

/// So many neighbours of about one size become one.
const MERGED_TOGETHER: usize = 8;
/// E-mails of a segment of the lowest tier, at most.
const LOWEST: u64 = 256;

/// The last segments, if they are to be merged.
pub(super) fn due(segments: &[SegmentRow]) -> Option<Range<usize>> {
    let last = tier(segments.last()?);
    let small = segments.iter().rev().take_while(|segment| tier(segment) <= last).count();
    (small >= MERGED_TOGETHER).then(|| segments.len() - small..segments.len())
}

fn tier(segment: &SegmentRow) -> u32 {
    (segment.emails / LOWEST).checked_ilog(MERGED_TOGETHER as u64).map_or(0, |tier| tier + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn segment(emails: u64) -> SegmentRow {
        SegmentRow { number: 0, from: model::EmailId(0), emails, text_bytes: 0, bytes: 0 }
    }

    #[test]
    fn there_are_few_segments_and_few_merges() {
        let (mut segments, mut written) = (Vec::new(), 0);
        let batches = 4096;
        for _ in 0..batches {
            segments.push(segment(64));
            while let Some(range) = due(&segments) {
                let emails = segments.drain(range).map(|segment| segment.emails).sum();
                written += emails;
                segments.push(segment(emails));
            }
            assert!(segments.len() <= 32, "{}", segments.len());
        }
        assert!(written / (batches * 64) <= 5, "{written}");
    }
}
