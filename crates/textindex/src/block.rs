//! How terms and postings are written.
//!
//! The terms of a block are sorted and stand between NULs, which no term has: `\0` `AND` `\0` `ANT` `\0`. So a term that
//! contains, begins with or ends with something is one search for bytes. The postings of a block are, for each of its
//! terms, the length in bytes and the documents' numbers as differences, all as varints.

use memchr::memchr_iter;

use crate::Source;

/// Bytes of terms in one block, about: what is looked through together, and what a lookup of one term reads.
const BLOCK_BYTES: usize = 32 * 1024;
/// Bytes of postings in one block, about.
const POSTINGS_BYTES: usize = 256 * 1024;
/// Before the first term, between terms, and behind the last.
pub(crate) const NUL: u8 = 0;

/// A stored block that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a block of the text index cannot be read")]
pub struct Damaged;

/// Some of a field's terms, and who has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The first term.
    pub first: Vec<u8>,
    /// All terms.
    pub terms: Vec<u8>,
    /// Their documents.
    pub postings: Vec<u8>,
}

/// The first terms of a field's blocks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    firsts: Vec<Vec<u8>>,
}

impl Directory {
    /// How many blocks there are.
    #[must_use]
    pub const fn blocks(&self) -> usize {
        self.firsts.len()
    }

    /// Notes one more block.
    pub fn push(&mut self, first: Vec<u8>) {
        self.firsts.push(first);
    }

    /// The blocks that terms with this beginning can be in.
    pub(crate) fn with_prefix(&self, prefix: &[u8]) -> std::ops::Range<usize> {
        let from = self.firsts.partition_point(|first| first.as_slice() <= prefix).saturating_sub(1);
        let until =
            self.firsts.partition_point(|first| first.as_slice() <= prefix || first.starts_with(prefix));
        from..until
    }

    /// As it is stored.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for first in &self.firsts {
            put(&mut bytes, first.len() as u64);
            bytes.extend_from_slice(first);
        }
        bytes
    }

    /// Reads what [`Directory::encode`] has written.
    ///
    /// # Errors
    /// It is damaged.
    pub fn decode(mut bytes: &[u8]) -> Result<Self, Damaged> {
        let mut firsts = Vec::new();
        while !bytes.is_empty() {
            let length = take_len(&mut bytes)?;
            firsts.push(split(&mut bytes, length)?.to_vec());
        }
        Ok(Self { firsts })
    }
}

/// An index of some documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Segment {
    /// The blocks of each field, in the order of the terms.
    pub fields: Vec<(u8, Vec<Block>)>,
}

impl Segment {
    fn block(&self, field: u8, block: usize) -> Result<&Block, Damaged> {
        self.blocks(field).get(block).ok_or(Damaged)
    }

    fn blocks(&self, field: u8) -> &[Block] {
        self.fields.iter().find(|(of, _)| *of == field).map_or(&[], |(_, blocks)| blocks)
    }
}

impl Source for Segment {
    type Fault = Damaged;

    fn directory(&self, field: u8) -> Result<Directory, Damaged> {
        Ok(Directory { firsts: self.blocks(field).iter().map(|block| block.first.clone()).collect() })
    }

    fn terms(&self, field: u8, block: usize) -> Result<Vec<u8>, Damaged> {
        Ok(self.block(field, block)?.terms.clone())
    }

    fn postings(&self, field: u8, block: usize) -> Result<Vec<u8>, Damaged> {
        Ok(self.block(field, block)?.postings.clone())
    }
}

/// Gathers terms in their order into blocks.
#[derive(Debug, Default)]
pub(crate) struct BlockWriter {
    first: Vec<u8>,
    terms: Vec<u8>,
    postings: Vec<u8>,
}

impl BlockWriter {
    /// Adds a term that is greater than all before, with its documents in ascending order. A block that is full comes
    /// back.
    pub(crate) fn push(&mut self, term: &[u8], documents: impl IntoIterator<Item = u64>) -> Option<Block> {
        if self.terms.is_empty() {
            self.first = term.to_vec();
            self.terms.push(NUL);
        }
        self.terms.extend_from_slice(term);
        self.terms.push(NUL);
        let mut list = Vec::new();
        let mut before = 0;
        for document in documents {
            put(&mut list, document - before);
            before = document;
        }
        put(&mut self.postings, list.len() as u64);
        self.postings.extend_from_slice(&list);
        (self.terms.len() >= BLOCK_BYTES || self.postings.len() >= POSTINGS_BYTES).then(|| self.take())
    }

    /// The last block, if there is one.
    pub(crate) fn finish(mut self) -> Option<Block> {
        (!self.terms.is_empty()).then(|| self.take())
    }

    fn take(&mut self) -> Block {
        let Self { first, terms, postings } = std::mem::take(self);
        Block { first, terms, postings }
    }
}

/// The terms of a block in their order.
pub(crate) fn terms(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let inner = bytes.get(1..bytes.len().saturating_sub(1)).unwrap_or_default();
    (!inner.is_empty()).then(|| inner.split(|b| *b == NUL)).into_iter().flatten()
}

/// Reads the lists of a block one after the other.
pub(crate) struct Postings<'a>(&'a [u8]);

impl<'a> Postings<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Passes over some lists.
    pub(crate) fn skip(&mut self, lists: usize) -> Result<(), Damaged> {
        for _ in 0..lists {
            let length = take_len(&mut self.0)?;
            split(&mut self.0, length)?;
        }
        Ok(())
    }

    /// The documents of the next list.
    pub(crate) fn next(&mut self, take: &mut impl FnMut(u64)) -> Result<(), Damaged> {
        let length = take_len(&mut self.0)?;
        let mut list = split(&mut self.0, length)?;
        let mut document = 0u64;
        while !list.is_empty() {
            document = document.checked_add(take_u64(&mut list)?).ok_or(Damaged)?;
            take(document);
        }
        Ok(())
    }
}

/// How many terms of a block end before this place in it.
pub(crate) fn terms_before(bytes: &[u8], from: usize, to: usize) -> usize {
    memchr_iter(NUL, bytes.get(from..to).unwrap_or_default()).count()
}

fn put(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

fn take_u64(bytes: &mut &[u8]) -> Result<u64, Damaged> {
    let mut n = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first().ok_or(Damaged)?;
        *bytes = rest;
        let bits = u64::from(byte & 0x7f);
        if bits << shift >> shift != bits {
            return Err(Damaged);
        }
        n |= bits << shift;
        if byte & 0x80 == 0 {
            return Ok(n);
        }
    }
    Err(Damaged)
}

fn take_len(bytes: &mut &[u8]) -> Result<usize, Damaged> {
    usize::try_from(take_u64(bytes)?).map_err(|_| Damaged)
}

fn split<'a>(bytes: &mut &'a [u8], length: usize) -> Result<&'a [u8], Damaged> {
    let (head, rest) = bytes.split_at_checked(length).ok_or(Damaged)?;
    *bytes = rest;
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(all: &[(&str, &[u64])]) -> Block {
        let mut writer = BlockWriter::default();
        for (term, documents) in all {
            assert!(writer.push(term.as_bytes(), documents.iter().copied()).is_none());
        }
        writer.finish().unwrap()
    }

    #[test]
    fn a_block_is_read_as_it_was_written() {
        let block = block(&[("AND", &[1, 5, 500]), ("ANT", &[7]), ("BEE", &[u64::MAX])]);
        assert_eq!(block.first, b"AND");
        assert_eq!(terms(&block.terms).collect::<Vec<_>>(), [&b"AND"[..], b"ANT", b"BEE"]);
        let mut postings = Postings::new(&block.postings);
        let mut documents = Vec::new();
        postings.skip(1).unwrap();
        postings.next(&mut |document| documents.push(document)).unwrap();
        postings.next(&mut |document| documents.push(document)).unwrap();
        assert_eq!(documents, [7, u64::MAX]);
        assert_eq!(postings.skip(1), Err(Damaged));
        assert_eq!(BlockWriter::default().finish(), None);
    }

    #[test]
    fn what_cannot_be_read_is_damage() {
        assert_eq!(Directory::decode(&[5, b'x']), Err(Damaged));
        for bytes in
            [&[2, 0x80][..], &[9, 1], &[12, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]]
        {
            assert_eq!(Postings::new(bytes).next(&mut |_| {}), Err(Damaged), "{bytes:?}");
        }
    }

    #[test]
    fn a_directory_says_where_a_beginning_can_be() {
        let mut directory = Directory::default();
        for first in ["B", "CAT", "COW", "D"] {
            directory.push(first.into());
        }
        assert_eq!(directory.with_prefix(b"C"), 0..3);
        assert_eq!(directory.with_prefix(b"COW"), 2..3);
        assert_eq!(directory.with_prefix(b"COX"), 2..3);
        assert_eq!(directory.with_prefix(b"A"), 0..0);
        assert_eq!(directory.with_prefix(b"Z"), 3..4);
        assert_eq!(Directory::decode(&directory.encode()), Ok(directory));
    }
}
