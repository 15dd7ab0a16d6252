//! One word that is looked for, and how much another is like it.

use rust_stemmers::{Algorithm, Stemmer};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::Words;
use crate::term::Class;

/// The same but for accents.
const WITHOUT_ACCENTS: f32 = 0.95;
/// The same stem in some language.
const SAME_STEM: f32 = 0.85;
/// The word is the beginning of the other; more, the more of it.
const BEGINNING: (f32, f32) = (0.5, 0.3);
/// One slip of the pen, and two.
const SLIPS: [f32; 2] = [0.5, 0.3];
/// From so many letters on, a word stands for those that begin with it.
const BEGINNING_MIN: usize = 3;
/// From so many letters on, one slip of the pen is forgiven, and two.
const SLIPS_FROM: [usize; 2] = [4, 8];
/// Words of one stem begin with so many letters that are the same.
const STEM_MIN: usize = 3;
/// Longer words are no words of a language.
const STEMMED_MAX: usize = 40;

/// The languages of a script. A text does not say which one it is in, so a stem in any counts.
const LATIN: [Algorithm; 14] = [
    Algorithm::Danish,
    Algorithm::Dutch,
    Algorithm::English,
    Algorithm::Finnish,
    Algorithm::French,
    Algorithm::German,
    Algorithm::Hungarian,
    Algorithm::Italian,
    Algorithm::Norwegian,
    Algorithm::Portuguese,
    Algorithm::Romanian,
    Algorithm::Spanish,
    Algorithm::Swedish,
    Algorithm::Turkish,
];

/// A word, with all that others are compared with.
#[derive(Clone, Debug)]
pub(super) struct Word {
    folded: String,
    /// Without accents.
    plain: Vec<char>,
    /// Its stems, each in a language.
    stems: Vec<(Algorithm, String)>,
    /// How many slips of the pen are forgiven.
    slips: usize,
}

impl Word {
    pub(super) fn new(folded: &str) -> Self {
        let plain = without_accents(folded);
        let is_letters = plain.iter().all(|c| c.is_alphabetic());
        let is_word = plain.first().is_some_and(|c| Class::of(*c, Words::Plain) == Class::Word);
        // Numbers and codes are meant as they are, and so is what stands for itself.
        let slips = SLIPS_FROM.iter().filter(|&&from| is_letters && is_word && plain.len() >= from).count();
        let stems = if is_letters && is_word { stems(folded, &plain) } else { Vec::new() };
        Self { folded: folded.to_owned(), plain, stems, slips }
    }

    pub(super) fn is(&self, folded: &str) -> bool {
        self.folded == folded
    }

    /// The character that whatever is like it begins with.
    pub(super) fn initial(&self) -> String {
        self.plain.first().map_or_else(|| self.folded.clone(), char::to_string)
    }

    /// How much a folded word is like it, up to 1; `None` if it is not.
    pub(super) fn likeness(&self, other: &str) -> Option<f32> {
        if other == self.folded {
            return Some(1.0);
        }
        let initial = *self.plain.first()?;
        if Class::of(initial, Words::Plain) != Class::Word || !other.starts_with(initial) {
            return None;
        }
        let plain = without_accents(other);
        if plain == self.plain {
            return Some(WITHOUT_ACCENTS);
        }
        if self.has_stem_of(other, &plain) {
            return Some(SAME_STEM);
        }
        if self.plain.len() >= BEGINNING_MIN && plain.starts_with(&self.plain) {
            let (least, more) = BEGINNING;
            return Some(more.mul_add(self.plain.len() as f32 / plain.len() as f32, least));
        }
        self.slips_to(&plain)
    }

    fn has_stem_of(&self, other: &str, plain: &[char]) -> bool {
        let begin = |word: &[char]| word.get(..STEM_MIN).map(<[char]>::to_vec);
        if self.stems.is_empty()
            || plain.len() > STEMMED_MAX
            || begin(plain).is_none_or(|b| Some(b) != begin(&self.plain))
        {
            return false;
        }
        let other = as_written(other);
        self.stems.iter().any(|(language, stem)| Stemmer::create(*language).stem(&other) == stem.as_str())
    }

    fn slips_to(&self, plain: &[char]) -> Option<f32> {
        if self.slips == 0 || plain.len().abs_diff(self.plain.len()) > self.slips {
            return None;
        }
        let (one, other): (String, String) = (self.plain.iter().collect(), plain.iter().collect());
        let slips = strsim::osa_distance(&one, &other);
        (slips <= self.slips).then(|| SLIPS.get(slips.checked_sub(1)?).copied()).flatten()
    }
}

/// The letters without the marks on them; folding has taken them apart.
fn without_accents(folded: &str) -> Vec<char> {
    folded.chars().filter(|c| !is_combining_mark(*c)).collect()
}

/// As it is written in running text, which is what stemmers know.
fn as_written(folded: &str) -> String {
    folded.to_lowercase().nfc().collect()
}

fn stems(folded: &str, plain: &[char]) -> Vec<(Algorithm, String)> {
    if !(STEM_MIN..=STEMMED_MAX).contains(&plain.len()) {
        return Vec::new();
    }
    let languages: &[Algorithm] = match plain.first() {
        Some('\u{370}'..='\u{3ff}') => &[Algorithm::Greek],
        Some('\u{400}'..='\u{4ff}') => &[Algorithm::Russian],
        Some('\u{600}'..='\u{6ff}') => &[Algorithm::Arabic],
        Some('\u{b80}'..='\u{bff}') => &[Algorithm::Tamil],
        Some('A'..='z' | '\u{c0}'..='\u{24f}') => &LATIN,
        _ => &[],
    };
    let written = as_written(folded);
    let stem = |language: &Algorithm| (*language, Stemmer::create(*language).stem(&written).into_owned());
    let stems = languages.iter().map(stem);
    stems.filter(|(_, stem)| stem.chars().count() >= STEM_MIN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn likeness(word: &str, other: &str) -> Option<f32> {
        Word::new(word).likeness(other)
    }

    #[test]
    fn words_are_like_each_other_for_a_reason() {
        for (word, other, expected) in [
            ("BREAK", "BREAK", 1.0),
            ("CAFE", "CAFE\u{301}", WITHOUT_ACCENTS),
            ("CAFE\u{301}", "CAFE", WITHOUT_ACCENTS),
            ("MEETING", "MEETINGS", SAME_STEM),
            ("RECHNUNG", "RECHNUNGEN", SAME_STEM),
            ("FACTURES", "FACTURE", SAME_STEM),
            ("КНИГА", "КНИГИ", SAME_STEM),
            ("INV", "INVOICE", 0.5 + 0.3 * 3.0 / 7.0),
            ("HELO", "HELP", SLIPS[0]),
            ("TEH", "TEHERAN", 0.5 + 0.3 * 3.0 / 7.0),
            ("IMAP", "IMPA", SLIPS[0]),
            ("ACCOMODATE", "ACCOMMODATE", SLIPS[0]),
            ("DEFINATLEY", "DEFINITELY", SLIPS[1]),
        ] {
            let found = likeness(word, other);
            assert!(found.is_some_and(|found| (found - expected).abs() < 1e-6), "{word} {other}: {found:?}");
        }
    }

    #[test]
    fn others_are_not() {
        for (word, other) in [
            ("CAT", "CUT"),
            ("IN", "INVOICE"),
            ("12345", "12346"),
            ("HELLO", "JELLO"),
            ("漢", "漢字"),
            ("BREAK", "BROKEN"),
            ("", "A"),
        ] {
            assert_eq!(likeness(word, other), None, "{word} {other}");
        }
    }
}
