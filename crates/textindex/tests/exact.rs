//! An index answers as a plain look at every text does, however it came to be.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

use proptest::prelude::*;
use textindex::{Batch, Block, Damaged, Directory, Field, Query, Segment, Source, Words, merge};

const FIELD: Field = Field { number: 7, words: Words::Plain };

/// A segment in memory.
struct Kept(Segment);

impl Kept {
    fn blocks(&self, field: u8) -> &[Block] {
        self.0.fields.iter().find(|(of, _)| *of == field).map_or(&[], |(_, blocks)| blocks)
    }
}

impl Source for Kept {
    type Fault = Damaged;

    fn directory(&self, field: u8) -> Result<Directory, Damaged> {
        let mut directory = Directory::default();
        self.blocks(field).iter().for_each(|block| directory.push(block.first.clone()));
        Directory::decode(&directory.encode())
    }

    fn terms(&self, field: u8, block: usize) -> Result<Vec<u8>, Damaged> {
        Ok(self.blocks(field)[block].terms.clone())
    }

    fn postings(&self, field: u8, block: usize) -> Result<Vec<u8>, Damaged> {
        Ok(self.blocks(field)[block].postings.clone())
    }
}

/// A document: texts, each in pieces.
type Texts = Vec<Vec<String>>;

/// The index of documents whose numbers begin here.
fn index(documents: &[Texts], first: u64) -> Kept {
    let mut batch = Batch::default();
    for (number, texts) in (first..).zip(documents) {
        let mut document = batch.document(number);
        for text in texts {
            text.iter().for_each(|piece| document.push(FIELD, piece));
            document.end(FIELD);
        }
    }
    Kept(batch.finish())
}

fn contain(documents: &[Texts], text: &str) -> Vec<u64> {
    let contains = |texts: &Texts| texts.iter().any(|pieces| pieces.concat().contains(text));
    (0..).zip(documents).filter(|(_, texts)| contains(texts)).map(|(number, _)| number).collect()
}

/// What the index says, with the text looked at where it is not sure.
fn found(documents: &[Texts], segments: &[Kept], text: &str) -> Vec<u64> {
    let Some(query) = Query::new(text, FIELD) else { return contain(documents, text) };
    let mut all = Vec::new();
    for segment in segments {
        let found = query.run(segment).unwrap();
        let really = contain(documents, text);
        all.extend(found.documents.iter().filter(|n| found.is_exact || really.contains(n)));
    }
    all
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[AB]{1,4}( [ABE\u{301}-]{1,6}){0,4}",
        1 => "[AB]{60,140}",
        1 => "[漢字かA]{1,6}",
        1 => "[ ,.-]{0,3}",
    ]
}

fn documents() -> impl Strategy<Value = Vec<Texts>> {
    let texts = prop::collection::vec(prop::collection::vec(text(), 1..3), 0..4);
    prop::collection::vec(texts, 1..12)
}

/// A substring of one of the texts, or any text.
fn needle(documents: &[Texts], any: &str, at: (usize, usize, usize)) -> String {
    let texts: Vec<String> = documents.iter().flatten().map(|pieces| pieces.concat()).collect();
    let chars: Vec<char> = texts.get(at.0 % (texts.len() + 1)).map_or(any, String::as_str).chars().collect();
    let from = at.1 % (chars.len() + 1);
    chars.iter().skip(from).take(at.2).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn an_index_finds_what_a_scan_finds(
        documents in documents(), any in text(),
        places in prop::collection::vec((any::<usize>(), any::<usize>(), 1usize..50), 1..12)
    ) {
        let segment = [index(&documents, 0)];
        for at in places {
            let text = needle(&documents, &any, at);
            prop_assert_eq!(found(&documents, &segment, &text), contain(&documents, &text), "{:?}", text);
        }
    }

    #[test]
    fn merged_segments_answer_as_one_and_forget_what_is_gone(
        documents in documents(), cut in any::<prop::sample::Index>(), gone in 0u64..12, any in text(),
        places in prop::collection::vec((any::<usize>(), any::<usize>(), 1usize..50), 1..12)
    ) {
        let cut = cut.index(documents.len());
        let parts = [index(&documents[..cut], 0), index(&documents[cut..], cut as u64)];
        let mut blocks = Vec::new();
        merge(FIELD.number, &parts, &mut |n| n != gone, &mut |block| { blocks.push(block); Ok(()) }).unwrap();
        let merged = [Kept(Segment { fields: vec![(FIELD.number, blocks)] })];
        let mut left = documents.clone();
        if let Some(texts) = left.get_mut(gone as usize) {
            texts.clear();
        }
        for at in places {
            let text = needle(&documents, &any, at);
            if text.is_empty() { continue }
            prop_assert_eq!(found(&documents, &parts, &text), contain(&documents, &text), "{:?}", text);
            prop_assert_eq!(found(&left, &merged, &text), contain(&left, &text), "{:?}", text);
        }
    }
}

#[test]
fn words_are_found_without_a_look_at_the_text() {
    let documents = vec![vec![vec!["HELLO WORLD".to_owned()]], vec![vec!["OTHERWORLDLY".to_owned()]]];
    let segment = index(&documents, 0);
    let exact = |text: &str| Query::new(text, FIELD).unwrap().run(&segment).unwrap();
    assert!(exact("WORL").is_exact);
    assert_eq!(exact("WORL").documents.iter().collect::<Vec<_>>(), [0, 1]);
    assert!(exact("ABSENT").is_exact && exact("ABSENT").documents.is_empty());
    assert!(!exact("O W").is_exact);
    assert_eq!(exact("O W").documents.iter().collect::<Vec<_>>(), [0]);
    assert_eq!(Query::new(" - ", FIELD), None);
}

#[test]
fn many_terms_fill_many_blocks() {
    let documents: Vec<Texts> =
        (0..300).map(|n| vec![vec![(0..200).map(|m| format!("TERM{n}X{m} ")).collect()]]).collect();
    let segment = index(&documents, 0);
    assert!(segment.directory(FIELD.number).unwrap().blocks() > 10);
    for text in ["TERM7X150", "7X15", "M29", "299X199 ", "X199 TERM", "TERM3X199 "] {
        assert_eq!(
            found(&documents, std::slice::from_ref(&segment), text),
            contain(&documents, text),
            "{text}"
        );
    }
}

#[test]
fn an_address_is_one_word_where_it_is_asked_for() {
    let field = Field { words: Words::Addresses, ..FIELD };
    let mut batch = Batch::default();
    let mut document = batch.document(5);
    document.push(field, "ADA LOVELACE <ADA.L@MAIL.EXAMPLE.ORG>");
    document.end(field);
    let segment = Kept(batch.finish());
    let found = |text: &str| Query::new(text, field).unwrap().run(&segment).unwrap();
    assert!(found("@MAIL.EXAMPLE").is_exact && found("@MAIL.EXAMPLE").documents.contains(5));
    assert!(found(".COM").documents.is_empty());
    assert!(!found("LOVELACE <ADA").is_exact);
}
