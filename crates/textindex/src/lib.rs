//! Which documents contain a piece of text: an index over folded text whose answers are exact.
//!
//! Text is cut into terms ([`term`]). A document's terms are collected in memory ([`Batch`]), and a batch becomes a
//! [`Segment`]: for each field a sorted list of terms in blocks, each with the numbers of the documents that have it.
//! A [`Query`] is a substring. Where it lies within one word, the documents that have a term with it in are exactly
//! those that contain it, whatever the word is; where it spans several, they are those that may, and whoever asks looks
//! at their text. A [`Resemblance`] is words, and finds what has words like them. Segments of later documents come behind earlier ones, and neighbours can be merged.
//!
//! It knows no mail, no storage and no threads: blocks go out and come in as bytes, through [`Source`].

mod batch;
mod block;
mod merge;
mod query;
mod resemblance;
mod term;

pub use batch::{Batch, Document};
pub use block::{Block, Damaged, Directory, Segment};
pub use merge::merge;
pub use query::{Found, Query};
pub use resemblance::{Resemblance, Weighed};
pub use term::Words;

/// A part of the documents that is searched on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its number in segments.
    pub number: u8,
    /// What its words are made of.
    pub words: Words,
}

/// The blocks of one segment, wherever they are kept.
pub trait Source {
    /// Why a block could not be had.
    type Fault: From<Damaged>;

    /// The first terms of a field's blocks; empty where the segment does not have the field.
    ///
    /// # Errors
    /// It cannot be had.
    fn directory(&self, field: u8) -> Result<Directory, Self::Fault>;

    /// A block's terms.
    ///
    /// # Errors
    /// They cannot be had.
    fn terms(&self, field: u8, block: usize) -> Result<Vec<u8>, Self::Fault>;

    /// A block's postings.
    ///
    /// # Errors
    /// They cannot be had.
    fn postings(&self, field: u8, block: usize) -> Result<Vec<u8>, Self::Fault>;
}
