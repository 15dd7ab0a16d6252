//! How the text index is stored: its state in one row, and each segment in rows of its own.

use model::{AccountId, EmailId};
use storage::Snapshot;
use textindex::{Directory, Source};

use crate::codec::{Damaged, Reader, put_u64};
use crate::error::Fault;
use crate::schema;

/// The version of the stored form. An index of another one is made anew.
const VERSION: u64 = 5;

/// The kinds of rows of a field of a segment.
pub(super) const DIRECTORY: u8 = 0;
pub(super) const TERMS: u8 = 1;
pub(super) const POSTINGS: u8 = 2;

/// What there is of an account's index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State {
    /// E-mails from here on are not indexed.
    pub(super) until: EmailId,
    /// The number of the next segment. Rows of segments from here on are the rest of work that was broken off.
    pub(super) next_segment: u32,
    /// Segments in the order of their e-mails.
    pub(super) segments: Vec<SegmentRow>,
}

/// One segment of the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SegmentRow {
    pub(super) number: u32,
    /// E-mails before this one are not in it, nor those that the next segment begins with.
    pub(super) from: EmailId,
    /// How many e-mails it is of, and how many bytes of text they had.
    pub(super) emails: u64,
    pub(super) text_bytes: u64,
    /// How large it is.
    pub(super) bytes: u64,
}

/// How much of an account is indexed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IndexSize {
    /// E-mails that are in the index.
    pub emails: u64,
    /// E-mails that are not yet.
    pub pending: u64,
    /// Segments.
    pub segments: u64,
    /// Bytes of text, decoded, that the e-mails in it had.
    pub text_bytes: u64,
    /// Bytes that the index takes, before the engine compresses them.
    pub bytes: u64,
}

impl Default for State {
    fn default() -> Self {
        Self { until: EmailId(0), next_segment: 0, segments: Vec::new() }
    }
}

impl State {
    /// The state of an account's index; `None` if there is none, or one of another version.
    pub(super) fn read(snapshot: &dyn Snapshot, account: AccountId) -> Result<Option<Self>, Fault> {
        match snapshot.get(&schema::index(account))? {
            Some(row) => Ok(Self::decode(&row)?),
            None => Ok(None),
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_u64(&mut out, VERSION);
        put_u64(&mut out, self.until.0);
        put_u64(&mut out, self.next_segment.into());
        for segment in &self.segments {
            put_u64(&mut out, segment.number.into());
            put_u64(&mut out, segment.from.0);
            put_u64(&mut out, segment.emails);
            put_u64(&mut out, segment.text_bytes);
            put_u64(&mut out, segment.bytes);
        }
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Option<Self>, Damaged> {
        let mut r = Reader::new(bytes, "state of the text index");
        if r.u64()? != VERSION {
            return Ok(None);
        }
        let (until, next_segment) = (EmailId(r.u64()?), r.u32()?);
        let mut segments = Vec::new();
        while !r.is_empty() {
            let (number, from) = (r.u32()?, EmailId(r.u64()?));
            let (emails, text_bytes, bytes) = (r.u64()?, r.u64()?, r.u64()?);
            segments.push(SegmentRow { number, from, emails, text_bytes, bytes });
        }
        Ok(Some(Self { until, next_segment, segments }))
    }

    /// The sum of all segments, of an account whose next e-mail is this.
    pub(super) fn size(&self, next_email: u64) -> IndexSize {
        let mut size = IndexSize {
            pending: next_email.saturating_sub(self.until.0.max(1)),
            segments: self.segments.len() as u64,
            ..IndexSize::default()
        };
        for segment in &self.segments {
            size.emails += segment.emails;
            size.text_bytes += segment.text_bytes;
            size.bytes += segment.bytes;
        }
        size
    }
}

/// A segment's rows in a snapshot.
pub(super) struct RowSource<'a> {
    pub(super) snapshot: &'a dyn Snapshot,
    pub(super) account: AccountId,
    pub(super) segment: u32,
}

impl RowSource<'_> {
    fn row(&self, field: u8, kind: u8, block: usize) -> Result<Option<Vec<u8>>, Fault> {
        let block = u32::try_from(block).map_err(|_| textindex::Damaged)?;
        Ok(self.snapshot.get(&schema::index_part(self.account, self.segment, (field, kind), block))?)
    }
}

impl Source for RowSource<'_> {
    type Fault = Fault;

    fn directory(&self, field: u8) -> Result<Directory, Fault> {
        let row = self.row(field, DIRECTORY, 0)?;
        Ok(Directory::decode(&row.unwrap_or_default())?)
    }

    fn terms(&self, field: u8, block: usize) -> Result<Vec<u8>, Fault> {
        Ok(self.row(field, TERMS, block)?.ok_or(textindex::Damaged)?)
    }

    fn postings(&self, field: u8, block: usize) -> Result<Vec<u8>, Fault> {
        Ok(self.row(field, POSTINGS, block)?.ok_or(textindex::Damaged)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_read_as_it_was_written_and_another_version_is_none() {
        let segment =
            |number| SegmentRow { number, from: EmailId(5), emails: 64, text_bytes: 1 << 20, bytes: 1 << 17 };
        let state = State { until: EmailId(700), next_segment: 9, segments: vec![segment(3), segment(8)] };
        let mut bytes = state.encode();
        assert_eq!(State::decode(&bytes), Ok(Some(state.clone())));
        assert_eq!(
            state.size(800),
            IndexSize { emails: 128, pending: 100, segments: 2, text_bytes: 2 << 20, bytes: 2 << 17 }
        );
        bytes[0] += 1;
        assert_eq!(State::decode(&bytes), Ok(None));
        assert!(State::decode(&state.encode()[..10]).is_err());
    }
}
