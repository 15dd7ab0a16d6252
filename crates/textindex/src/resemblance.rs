//! Documents that have words like those asked for, and how much like them (RFC 6203).
//!
//! Words are compared one by one: as they are, without accents, by their stems in the languages that are written in their script,
//! by their beginning, and by how many slips of the pen lie between them. A document is found if it has something like each word.

mod word;

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use self::word::Word;
use crate::block::{Postings, terms};
use crate::term::{Class, Cutter};
use crate::{Field, Source, Words};

/// Words that are looked for; those behind them are passed over.
const WORDS_MAX: usize = 16;

/// Words that documents are to resemble.
#[derive(Clone, Debug)]
pub struct Resemblance {
    words: Vec<Word>,
}

/// A field that is looked through, and how much a word in it counts, up to 1.
pub type Weighed = (Field, f32);

impl Resemblance {
    /// Of folded text; `None` if there is no word in it.
    #[must_use]
    pub fn new(folded: &str) -> Option<Self> {
        let mut words: Vec<Word> = Vec::new();
        let mut cutter = Cutter::default();
        let mut take = |term: &str| {
            if words.len() < WORDS_MAX && !words.iter().any(|word| word.is(term)) {
                words.push(Word::new(term));
            }
        };
        cutter.push(folded, Words::Plain, &mut take);
        cutter.end(&mut take);
        (!words.is_empty()).then_some(Self { words })
    }

    /// The documents of a segment that resemble it in one of the fields, and how much, up to 1.
    ///
    /// # Errors
    /// A block cannot be had, or is damaged.
    pub fn run<S: Source>(&self, fields: &[Weighed], source: &S) -> Result<HashMap<u64, f32>, S::Fault> {
        let mut all: Option<HashMap<u64, f32>> = None;
        for word in &self.words {
            let mut with = HashMap::new();
            for &(field, weight) in fields {
                look_through(word, field, weight, source, &mut with)?;
            }
            let both = match all {
                None => with,
                Some(mut before) => {
                    before.retain(|document, score| match with.get(document) {
                        Some(more) => {
                            *score += more;
                            true
                        }
                        None => false,
                    });
                    before
                }
            };
            if both.is_empty() {
                return Ok(both);
            }
            all = Some(both);
        }
        let mut all = all.unwrap_or_default();
        let count = self.words.len() as f32;
        all.values_mut().for_each(|score| *score /= count);
        Ok(all)
    }
}

/// Notes the documents that have a word in a field, each with the likest of its words.
fn look_through<S: Source>(
    word: &Word,
    field: Field,
    weight: f32,
    source: &S,
    documents: &mut HashMap<u64, f32>,
) -> Result<(), S::Fault> {
    let directory = source.directory(field.number)?;
    // What is like a word begins with the same letter, or a part of an address does.
    let blocks = match field.words {
        Words::Plain => directory.with_prefix(word.initial().as_bytes()),
        Words::Addresses => 0..directory.blocks(),
    };
    for block in blocks {
        let terms_of = source.terms(field.number, block)?;
        let like: Vec<(usize, f32)> = terms(&terms_of)
            .enumerate()
            .filter_map(|(n, term)| Some((n, likeness(word, str::from_utf8(term).ok()?, field.words)?)))
            .collect();
        if like.is_empty() {
            continue;
        }
        let postings = source.postings(field.number, block)?;
        let mut postings = Postings::new(&postings);
        let mut read = 0;
        for (n, likeness) in like {
            postings.skip(n - read)?;
            postings.next(&mut |document| match documents.entry(document) {
                Entry::Occupied(mut known) => *known.get_mut() = known.get().max(likeness * weight),
                Entry::Vacant(free) => {
                    free.insert(likeness * weight);
                }
            })?;
            read = n + 1;
        }
    }
    Ok(())
}

/// How much a term is like a word, from above 0 to 1; of an address, the likest of its parts.
fn likeness(word: &Word, term: &str, words: Words) -> Option<f32> {
    if words == Words::Plain {
        return word.likeness(term);
    }
    let parts = term.split(|c| Class::of(c, Words::Plain) == Class::Separator);
    parts.filter_map(|part| word.likeness(part)).reduce(f32::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Batch, Segment};

    const BODY: Field = Field { number: 0, words: Words::Plain };
    const FROM: Field = Field { number: 1, words: Words::Addresses };

    fn index(texts: &[(&str, &str)]) -> Segment {
        let mut batch = Batch::default();
        for (number, (body, from)) in (0..).zip(texts) {
            let mut document = batch.document(number);
            document.push(BODY, body);
            document.end(BODY);
            document.push(FROM, from);
            document.end(FROM);
        }
        batch.finish()
    }

    fn found(segment: &Segment, text: &str, fields: &[Weighed]) -> Vec<(u64, f32)> {
        let mut found: Vec<_> =
            Resemblance::new(text).unwrap().run(fields, segment).unwrap().into_iter().collect();
        found.sort_by(|(a, x), (b, y)| y.total_cmp(x).then(a.cmp(b)));
        found
    }

    #[test]
    fn the_likest_come_first_and_every_word_is_needed() {
        let segment = index(&[
            ("IMAP IS BROKEN", ""),
            ("HELLO IMAP BREAKS", ""),
            ("IMAP BREAK", ""),
            ("BREAK A LEG", ""),
            ("IMPA BRAEK", ""),
        ]);
        let documents = |text| -> Vec<u64> {
            found(&segment, text, &[(BODY, 1.0)]).into_iter().map(|(document, _)| document).collect()
        };
        assert_eq!(documents("IMAP BREAK"), [2, 1, 4]);
        assert_eq!(documents("HELO"), [1]);
        assert_eq!(documents("ABSENT"), [0_u64; 0]);
    }

    #[test]
    fn fields_count_as_they_are_weighed_and_addresses_by_their_parts() {
        let segment = index(&[("ADA", "X"), ("X", "ADA.LOVELACE@EXAMPLE.ORG")]);
        assert_eq!(found(&segment, "ADA", &[(BODY, 0.5), (FROM, 1.0)]), [(1, 1.0), (0, 0.5)]);
        assert_eq!(found(&segment, "LOVELACE", &[(BODY, 0.5), (FROM, 1.0)]), [(1, 1.0)]);
    }

    #[test]
    fn what_has_no_word_resembles_nothing() {
        assert!(Resemblance::new(" ,\u{2014} ").is_none());
        assert_eq!(Resemblance::new("A B C D E F G H I J K L M N O P Q R").unwrap().words.len(), WORDS_MAX);
    }

    #[test]
    fn neighbouring_characters_are_found_as_they_are() {
        let segment = index(&[("漢字です", ""), ("漢和", "")]);
        assert_eq!(found(&segment, "漢字", &[(BODY, 1.0)]), [(0, 1.0)]);
    }
}
