//! Bytes of the store: whatever a row holds, it is read or refused, and what was read is written the same again.

use mailstore::stored::{FORMS, read_and_write};
use textindex::{Batch, Damaged, Directory, Field, Query, Source, Words, merge};

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

/// Queries and merges over damaged blocks end, and what was indexed is found: the same bytes, as text.
pub(crate) fn text_index(data: &[u8]) {
    let field = Field { number: 0, words: Words::Addresses };
    let text = String::from_utf8_lossy(data);
    let (half, around) = (text.floor_char_boundary(text.len() / 2), &*text);
    let needle = &around[..around.floor_char_boundary(half.min(64))];
    if let Some(query) = Query::new(needle, field) {
        let _ = query.run(&Found::new(data));
        let mut batch = Batch::default();
        let mut document = batch.document(7);
        for piece in [&around[..half], &around[half..]] {
            document.push(field, piece);
        }
        document.end(field);
        let segment = batch.finish();
        let blocks = &segment.fields[0].1;
        let mut directory = Directory::default();
        blocks.iter().for_each(|block| directory.push(block.first.clone()));
        let bytes = directory.encode();
        let first = Found([&bytes, &blocks[0].terms, &blocks[0].postings]);
        if blocks.len() == 1 {
            assert!(query.run(&first).unwrap().documents.contains(7), "{needle:?} in {around:?}");
        }
    }
    let _ = merge(0, &[Found::new(data), Found::new(data)], &mut |_| true, &mut |_| Ok(()));
}
