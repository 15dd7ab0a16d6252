//! Several segments become one.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::Source;
use crate::block::{Block, BlockWriter, Damaged, Postings, terms};

/// Merges a field of neighbouring segments, given in the order of their documents, without those documents that are gone.
/// Blocks go to `take` as they become full: the memory that is needed does not grow with the segments.
///
/// # Errors
/// A block cannot be had, or is damaged, or the segments overlap; or that of `take`.
pub fn merge<S: Source>(
    field: u8,
    sources: &[S],
    is_there: &mut dyn FnMut(u64) -> bool,
    take: &mut dyn FnMut(Block) -> Result<(), S::Fault>,
) -> Result<(), S::Fault> {
    let mut cursors = Vec::with_capacity(sources.len());
    let mut next = BinaryHeap::new();
    for (number, source) in sources.iter().enumerate() {
        let mut cursor =
            Cursor { source, field, blocks: source.directory(field)?.blocks(), block: 0, terms: Vec::new() };
        if let Some(term) = cursor.advance()? {
            next.push(Reverse((term, number)));
        }
        cursors.push(cursor);
    }
    let mut writer = BlockWriter::default();
    let mut documents = Vec::new();
    while let Some(Reverse((term, number))) = next.pop() {
        if let Some(cursor) = cursors.get_mut(number) {
            for document in cursor.documents() {
                // Segments that overlap are damage, of which nothing sound could be made.
                if documents.last().is_some_and(|last| *last >= document) {
                    return Err(Damaged.into());
                }
                documents.extend(is_there(document).then_some(document));
            }
            if let Some(term) = cursor.advance()? {
                next.push(Reverse((term, number)));
            }
        }
        // Equal terms come in the order of the segments, and so of the documents.
        if next.peek().is_some_and(|Reverse((other, _))| *other == term) {
            continue;
        }
        if !documents.is_empty()
            && let Some(block) = writer.push(&term, documents.drain(..))
        {
            take(block)?;
        }
    }
    writer.finish().map_or(Ok(()), take)
}

/// A place in a segment's terms.
struct Cursor<'a, S> {
    source: &'a S,
    field: u8,
    blocks: usize,
    /// The block to be read next.
    block: usize,
    /// What is left of the block: terms with their documents, the last one first.
    terms: Vec<(Vec<u8>, Vec<u64>)>,
}

impl<S: Source> Cursor<'_, S> {
    /// The next term, if there is one more.
    fn advance(&mut self) -> Result<Option<Vec<u8>>, S::Fault> {
        while self.terms.is_empty() && self.block < self.blocks {
            let bytes = self.source.terms(self.field, self.block)?;
            let lists = self.source.postings(self.field, self.block)?;
            let mut postings = Postings::new(&lists);
            for term in terms(&bytes) {
                let mut documents = Vec::new();
                postings.next(&mut |document| documents.push(document))?;
                self.terms.push((term.to_vec(), documents));
            }
            self.terms.reverse();
            self.block += 1;
        }
        Ok(self.terms.last().map(|(term, _)| term.clone()))
    }

    /// The documents of the term that [`Cursor::advance`] gave last, which is then done with.
    fn documents(&mut self) -> Vec<u64> {
        self.terms.pop().map(|(_, documents)| documents).unwrap_or_default()
    }
}
