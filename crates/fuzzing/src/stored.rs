//! Bytes of the store: whatever a row holds, it is read or refused, and what was read is written the same again.

use mailstore::stored::{FORMS, read_and_write};
use textindex::{Batch, Block, Damaged, Directory, Field, Query, Segment, Source, Words, merge};

/// A stored value. The first byte chooses its form.
pub(crate) fn stored(data: &[u8]) {
    let Some((&choice, value)) = data.split_first() else { return };
    let form = FORMS[usize::from(choice) % FORMS.len()];
    if let Ok(written) = read_and_write(form, value) {
        assert_eq!(read_and_write(form, &written).as_ref(), Ok(&written), "{form:?}");
    }
}

/// A block of the text index as it may be found on a disk: bytes up to the first 0xFF are its directory, those up to the
/// second its terms, the rest its postings.
struct Found<'a>([&'a [u8]; 3]);

impl<'a> Found<'a> {
    fn new(data: &'a [u8]) -> Self {
        let mut parts = data.splitn(3, |byte| *byte == 0xff);
        Self(std::array::from_fn(|_| parts.next().unwrap_or_default()))
    }
}

impl Source for Found<'_> {
    type Fault = Damaged;

    fn directory(&self, _: u8) -> Result<Directory, Damaged> {
        Directory::decode(self.0[0])
    }

    fn terms(&self, _: u8, _: usize) -> Result<Vec<u8>, Damaged> {
        Ok(self.0[1].to_vec())
    }

    fn postings(&self, _: u8, _: usize) -> Result<Vec<u8>, Damaged> {
        Ok(self.0[2].to_vec())
    }
}

/// A segment as it was made.
struct Made(Segment);

impl Made {
    /// Of one document, whose text comes in two pieces.
    fn of(number: u64, pieces: [&str; 2], field: Field) -> Self {
        let mut batch = Batch::default();
        let mut document = batch.document(number);
        pieces.into_iter().for_each(|piece| document.push(field, piece));
        document.end(field);
        Self(batch.finish())
    }

    fn block(&self, field: u8, number: usize) -> Result<&Block, Damaged> {
        let (_, blocks) = self.0.fields.iter().find(|(of, _)| *of == field).ok_or(Damaged)?;
        blocks.get(number).ok_or(Damaged)
    }
}

impl Source for Made {
    type Fault = Damaged;

    fn directory(&self, field: u8) -> Result<Directory, Damaged> {
        let mut directory = Directory::default();
        let blocks = self.0.fields.iter().filter(|(of, _)| *of == field).flat_map(|(_, blocks)| blocks);
        blocks.for_each(|block| directory.push(block.first.clone()));
        Directory::decode(&directory.encode())
    }

    fn terms(&self, field: u8, block: usize) -> Result<Vec<u8>, Damaged> {
        Ok(self.block(field, block)?.terms.clone())
    }

    fn postings(&self, field: u8, block: usize) -> Result<Vec<u8>, Damaged> {
        Ok(self.block(field, block)?.postings.clone())
    }
}

/// Queries and merges of damaged blocks end; and the same bytes, as text, are found when they are indexed.
pub(crate) fn text_index(data: &[u8]) {
    const DOCUMENT: u64 = 7;
    const NEEDLE_BYTES: usize = 64;
    let field = Field { number: 0, words: Words::Addresses };
    let text = String::from_utf8_lossy(data);
    let (before, after) = text.split_at(text.floor_char_boundary(text.len() / 2));
    let needle = &before[..before.floor_char_boundary(NEEDLE_BYTES)];
    let _ = merge(0, &[Found::new(data), Found::new(data)], &mut |_| true, &mut |_| Ok(()));
    let Some(query) = Query::new(needle, field) else { return };
    let _ = query.run(&Found::new(data));
    let found = query.run(&Made::of(DOCUMENT, [before, after], field)).unwrap();
    assert!(found.documents.contains(DOCUMENT), "{needle:?} in {text:?}");
}
