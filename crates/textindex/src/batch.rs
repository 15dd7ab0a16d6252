//! Documents that are being indexed together, in memory.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;

use crate::Field;
use crate::block::{BlockWriter, Segment};
use crate::term::Cutter;

/// About what a term costs in memory besides its bytes: its place in the map, and its list.
const TERM_COST: usize = 96;
/// Different terms of one document, after which it is full: a long book has fewer.
const TERMS_MAX: usize = 100_000;
/// What one more document of a term costs.
const POSTING_COST: usize = 8;

/// Documents on their way into a [`Segment`].
#[derive(Debug, Default)]
pub struct Batch {
    /// Hashed quickly: every word of all mail comes by. The seed is the process's own, so that nobody can write words that collide.
    fields: BTreeMap<u8, HashMap<Box<str>, Vec<u64>, RandomState>>,
    weight: usize,
}

impl Batch {
    /// The next document; its number is greater than that of all before.
    pub fn document(&mut self, number: u64) -> Document<'_> {
        Document { batch: self, number, cutter: Cutter::default(), terms: 0, text_bytes: 0 }
    }

    /// About how many bytes of memory it takes.
    #[must_use]
    pub const fn weight(&self) -> usize {
        self.weight
    }

    /// The index of these documents.
    #[must_use]
    pub fn finish(self) -> Segment {
        let mut segment = Segment::default();
        for (field, terms) in self.fields {
            let mut terms: Vec<_> = terms.into_iter().collect();
            terms.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
            let (mut writer, mut blocks) = (BlockWriter::default(), Vec::new());
            for (term, documents) in terms {
                blocks.extend(writer.push(term.as_bytes(), documents));
            }
            blocks.extend(writer.finish());
            segment.fields.push((field, blocks));
        }
        segment
    }

    /// Whether the document did not have the term yet.
    fn add(&mut self, field: u8, term: &str, number: u64) -> bool {
        let terms = self.fields.entry(field).or_default();
        match terms.get_mut(term) {
            Some(documents) if documents.last() == Some(&number) => return false,
            Some(documents) => {
                documents.push(number);
                self.weight += POSTING_COST;
            }
            None => {
                terms.insert(term.into(), vec![number]);
                self.weight += TERM_COST + term.len();
            }
        }
        true
    }
}

/// One document that takes its text.
#[derive(Debug)]
pub struct Document<'a> {
    batch: &'a mut Batch,
    number: u64,
    cutter: Cutter,
    terms: usize,
    text_bytes: u64,
}

impl Document<'_> {
    /// Folded text of a field that goes on where the piece before ended.
    pub fn push(&mut self, field: Field, folded: &str) {
        self.text_bytes += folded.len() as u64;
        let Self { batch, number, cutter, terms, .. } = self;
        let mut take = |term: &str| *terms += usize::from(batch.add(field.number, term, *number));
        cutter.push(folded, field.words, &mut take);
    }

    /// The end of a text of the field: what follows is not joined to it.
    pub fn end(&mut self, field: Field) {
        let Self { batch, number, cutter, terms, .. } = self;
        cutter.end(&mut |term| *terms += usize::from(batch.add(field.number, term, *number)));
    }

    /// Whether it has so many different terms that no more should be given: they are no words, and cost much.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.terms >= TERMS_MAX
    }

    /// Bytes of text that it has taken.
    #[must_use]
    pub const fn text_bytes(&self) -> u64 {
        self.text_bytes
    }
}
