//! A substring, and the documents that contain it.

use std::ops::Range;

use memchr::memmem::Finder;
use roaring::RoaringTreemap;

use crate::block::{NUL, Postings, terms_before};
use crate::term::{Class, OVERLAP_BYTES};
use crate::{Field, Source, Words};

/// The most conditions that are looked up: with more, the next to nothing that one adds is not worth reading.
const CONDITIONS_MAX: usize = 12;

/// What documents are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    field: u8,
    /// All hold for a document that contains the substring.
    conditions: Vec<Condition>,
    /// Whether they hold for no other.
    is_exact: bool,
}

/// A document has a term that contains these bytes, where the NULs around terms count as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Condition {
    bytes: Vec<u8>,
}

/// The documents of a segment.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Their numbers.
    pub documents: RoaringTreemap,
    /// Whether they all contain the substring; else its text is to be looked for in them. No other document contains it.
    pub is_exact: bool,
}

/// A part of the substring whose characters are of one class.
struct Run<'a> {
    text: &'a str,
    class: Class,
    /// Whether the substring begins, or ends, with it: then the text may go on there.
    is_open: (bool, bool),
}

impl Query {
    /// A query for documents that contain `folded` in a field; `None` if no term says anything about it.
    #[must_use]
    pub fn new(folded: &str, field: Field) -> Option<Self> {
        let runs = runs(folded, field.words);
        let mut conditions: Vec<Condition> = runs.iter().flat_map(Run::conditions).collect();
        conditions.truncate(CONDITIONS_MAX);
        let is_exact = match runs.as_slice() {
            [run] => run.text.len() == folded.len() && run.is_one_term(),
            _ => false,
        };
        (!conditions.is_empty()).then_some(Self { field: field.number, conditions, is_exact })
    }

    /// The documents of a segment that contain the substring, or may.
    ///
    /// # Errors
    /// A block cannot be had, or is damaged.
    pub fn run<S: Source>(&self, source: &S) -> Result<Found, S::Fault> {
        let directory = source.directory(self.field)?;
        let mut documents: Option<RoaringTreemap> = None;
        for condition in &self.conditions {
            let mut with = RoaringTreemap::new();
            for block in condition.blocks(&directory) {
                condition.look_through(self.field, block, source, &mut with)?;
            }
            let left = match documents.take() {
                Some(before) => before & with,
                None => with,
            };
            if left.is_empty() {
                return Ok(Found { documents: left, is_exact: true });
            }
            documents = Some(left);
        }
        Ok(Found { documents: documents.unwrap_or_default(), is_exact: self.is_exact })
    }
}

impl Condition {
    fn new(open_before: bool, text: &str, open_after: bool) -> Self {
        let mut bytes = Vec::with_capacity(text.len() + 2);
        if !open_before {
            bytes.push(NUL);
        }
        bytes.extend_from_slice(text.as_bytes());
        if !open_after {
            bytes.push(NUL);
        }
        Self { bytes }
    }

    /// The blocks it can be met in: few, if it says how terms begin.
    fn blocks(&self, directory: &crate::Directory) -> Range<usize> {
        match self.bytes.split_first() {
            Some((&NUL, beginning)) => {
                directory.with_prefix(beginning.strip_suffix(&[NUL]).unwrap_or(beginning))
            }
            _ => 0..directory.blocks(),
        }
    }

    fn look_through<S: Source>(
        &self,
        field: u8,
        block: usize,
        source: &S,
        documents: &mut RoaringTreemap,
    ) -> Result<(), S::Fault> {
        let terms = source.terms(field, block)?;
        let finder = Finder::new(&self.bytes);
        let mut met = finder.find_iter(&terms).peekable();
        if met.peek().is_none() {
            return Ok(());
        }
        let postings = source.postings(field, block)?;
        let mut postings = Postings::new(&postings);
        // How many NULs are before `at`; the term that follows the nth is the nth. One that is met with its NUL begins behind it.
        let (mut at, mut nuls, mut read) = (0, 0, 0);
        for place in met {
            let place = place + usize::from(self.bytes.first() == Some(&NUL));
            nuls += terms_before(&terms, at, place);
            at = place;
            let Some(skipped) = nuls.checked_sub(read + 1) else { continue };
            postings.skip(skipped)?;
            postings.next(&mut |document| {
                documents.insert(document);
            })?;
            read = nuls;
        }
        Ok(())
    }
}

impl Run<'_> {
    /// Whether a term contains it exactly where a text does.
    fn is_one_term(&self) -> bool {
        match self.class {
            Class::Word => self.text.len() <= OVERLAP_BYTES,
            Class::Single => self.text.chars().count() <= 2,
            Class::Separator => false,
        }
    }

    fn conditions(&self) -> Vec<Condition> {
        match self.class {
            Class::Separator => Vec::new(),
            Class::Word if self.is_one_term() => {
                vec![Condition::new(self.is_open.0, self.text, self.is_open.1)]
            }
            // Only a beginning of it is sure to lie within one term, which may go on.
            Class::Word => {
                let beginning = self.text.floor_char_boundary(OVERLAP_BYTES);
                vec![Condition::new(self.is_open.0, self.text.get(..beginning).unwrap_or_default(), true)]
            }
            Class::Single => {
                let chars: Vec<char> = self.text.chars().collect();
                match chars.as_slice() {
                    [_] => vec![Condition::new(true, self.text, true)],
                    _ => chars
                        .windows(2)
                        .map(|two| Condition::new(false, &String::from_iter(two), false))
                        .collect(),
                }
            }
        }
    }
}

/// The runs of a substring, without what separates them.
fn runs(text: &str, words: Words) -> Vec<Run<'_>> {
    let mut runs: Vec<Run<'_>> = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((_, c)) = chars.next() {
        let class = Class::of(c, words);
        let end = chars.peek().map_or(text.len(), |(at, _)| *at);
        if chars.peek().is_some_and(|(_, next)| Class::of(*next, words) == class) {
            continue;
        }
        if class != Class::Separator {
            let text_of = text.get(start..end).unwrap_or_default();
            runs.push(Run { text: text_of, class, is_open: (start == 0, end == text.len()) });
        }
        start = end;
    }
    runs
}
