//! How folded text is cut into terms, and what a substring of it is made of.
//!
//! Characters are of three classes. Those of words are kept together: a run of them is a term. Those of scripts that
//! leave no spaces between words stand for themselves: each two neighbours are a term. All others separate.
//!
//! A run may be long (an address, what was never decoded), so it is cut into windows that overlap: whatever is no longer
//! than [`OVERLAP_BYTES`] lies within one of them.

/// The most bytes of a term.
pub(crate) const TERM_BYTES_MAX: usize = 64;
/// The longest piece of a word that surely lies within one term.
pub(crate) const OVERLAP_BYTES: usize = 32;

/// What keeps characters together in a field's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Words {
    /// Letters and digits.
    #[default]
    Plain,
    /// These and what stands between them in an address, so that an address is one word.
    Addresses,
}

/// What a character does to the terms around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// It is part of a word.
    Word,
    /// It stands for itself.
    Single,
    /// It is part of no term.
    Separator,
}

impl Class {
    pub(crate) fn of(c: char, words: Words) -> Self {
        match c {
            '@' | '.' | '-' | '_' | '+' if words == Words::Addresses => Self::Word,
            '0'..='9' | 'A'..='Z' | 'a'..='z' => Self::Word,
            '\0'..='\u{a9}' | '\u{ab}'..='\u{b4}' | '\u{b6}'..='\u{b9}' | '\u{bb}'..='\u{bf}' => {
                Self::Separator
            }
            // Multiplication and division; punctuation; arrows, lines and dingbats; of East Asia; what was no text.
            '\u{d7}'
            | '\u{f7}'
            | '\u{1680}'
            | '\u{2000}'..='\u{206f}'
            | '\u{2190}'..='\u{2bff}'
            | '\u{2e00}'..='\u{2e7f}'
            | '\u{3000}'..='\u{303f}'
            | '\u{fe00}'..='\u{fe6f}'
            | '\u{feff}'
            | '\u{fff0}'..='\u{ffff}' => Self::Separator,
            // Thai, Lao, Myanmar, Khmer; kana and Han; emoji.
            '\u{e00}'..='\u{eff}'
            | '\u{1000}'..='\u{109f}'
            | '\u{1780}'..='\u{17ff}'
            | '\u{2e80}'..='\u{2fff}'
            | '\u{3040}'..='\u{312f}'
            | '\u{31a0}'..='\u{31ff}'
            | '\u{3400}'..='\u{9fff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{1f000}'..='\u{1faff}'
            | '\u{20000}'..='\u{3ffff}' => Self::Single,
            _ => Self::Word,
        }
    }
}

/// A word of ASCII that a text begins with, if it is one term and ends here, and what comes after its separator.
fn short_word(text: &str, words: Words) -> Option<(&str, &str)> {
    let head = text.as_bytes().get(..=TERM_BYTES_MAX).unwrap_or(text.as_bytes());
    let end = head.iter().position(|&byte| !is_of_word(byte, words)).filter(|&end| end > 0)?;
    let behind = text.get(end + 1..).filter(|_| head.get(end).is_some_and(u8::is_ascii))?;
    Some((text.get(..end)?, behind))
}

/// Whether a byte is a character of a word, as [`Class::of`] says for ASCII, which has none that stands for itself. Bytes of
/// other characters are none.
const fn is_of_word(byte: u8, words: Words) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(words, Words::Addresses) && matches!(byte, b'@' | b'.' | b'-' | b'_' | b'+')
}

/// Cuts text that comes in pieces; pieces without an end between them are one text.
#[derive(Debug, Default)]
pub(crate) struct Cutter {
    /// The run so far, or what is left of it.
    run: String,
    /// The class of the run, if there is one.
    is_single: bool,
    /// Whether something of the run is in no term yet.
    is_open: bool,
}

impl Cutter {
    /// Gives the terms that end in this piece.
    pub(crate) fn push(&mut self, text: &str, words: Words, take: &mut impl FnMut(&str)) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            // Most text is words of ASCII, and most of those are terms as they stand here.
            if self.run.is_empty()
                && let Some((term, behind)) = short_word(rest, words)
            {
                take(term);
                rest = behind;
                continue;
            }
            match Class::of(c, words) {
                Class::Separator => self.end(take),
                Class::Word => self.push_word(c, take),
                Class::Single => self.push_single(c, take),
            }
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
    }

    /// Ends the text: what follows is not joined to it.
    pub(crate) fn end(&mut self, take: &mut impl FnMut(&str)) {
        if self.is_open {
            take(&self.run);
        }
        self.run.clear();
        self.is_open = false;
    }

    fn push_word(&mut self, c: char, take: &mut impl FnMut(&str)) {
        if self.is_single {
            self.end(take);
            self.is_single = false;
        }
        if self.run.len() + c.len_utf8() > TERM_BYTES_MAX {
            take(&self.run);
            let from = self.run.floor_char_boundary(self.run.len() - OVERLAP_BYTES);
            self.run.drain(..from);
        }
        self.run.push(c);
        self.is_open = true;
    }

    fn push_single(&mut self, c: char, take: &mut impl FnMut(&str)) {
        if !self.is_single {
            self.end(take);
            self.is_single = true;
        }
        let is_first = self.run.is_empty();
        self.run.push(c);
        if is_first {
            self.is_open = true;
            return;
        }
        take(&self.run);
        self.run.drain(..self.run.len() - c.len_utf8());
        self.is_open = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn terms(pieces: &[&str]) -> Vec<String> {
        let (mut cutter, mut terms) = (Cutter::default(), Vec::new());
        let mut take = |term: &str| terms.push(term.to_owned());
        for piece in pieces {
            cutter.push(piece, Words::Plain, &mut take);
        }
        cutter.end(&mut take);
        terms
    }

    #[test]
    fn words_are_terms_and_pieces_are_joined() {
        assert_eq!(terms(&["SUBJECT: HEL", "LO, WORLD2", ""]), ["SUBJECT", "HELLO", "WORLD2"]);
        assert_eq!(terms(&["GRU\u{308}SSE"]), ["GRU\u{308}SSE"]);
        assert_eq!(terms(&[" ,\u{2014}\u{fffd}"]), Vec::<String>::new());
    }

    #[test]
    fn neighbours_are_terms_where_no_spaces_are_written() {
        assert_eq!(terms(&["漢字か", "X", "な"]), ["漢字", "字か", "X", "な"]);
    }

    proptest! {
        #[test]
        fn it_is_the_same_in_whatever_pieces(text in "([a-c@.]{0,70}[ ,é漢\\u{a0}-]{0,2}){0,6}") {
            let characters: Vec<String> = text.chars().map(String::from).collect();
            for words in [Words::Plain, Words::Addresses] {
                let cut = |pieces: &mut dyn Iterator<Item = &str>| {
                    let (mut cutter, mut terms) = (Cutter::default(), Vec::new());
                    let mut take = |term: &str| terms.push(term.to_owned());
                    pieces.for_each(|piece| cutter.push(piece, words, &mut take));
                    cutter.end(&mut take);
                    terms
                };
                prop_assert_eq!(
                    cut(&mut std::iter::once(text.as_str())),
                    cut(&mut characters.iter().map(String::as_str))
                );
            }
        }

        #[test]
        fn every_short_piece_of_a_long_word_lies_within_a_term(
            word in "[A-Zé漢]{1,200}", at in any::<prop::sample::Index>(), chars in 1usize..10
        ) {
            // Without Han: those are cut in pairs.
            let word: String = word.chars().filter(|c| *c != '漢').collect();
            let all: Vec<char> = word.chars().collect();
            prop_assume!(!all.is_empty());
            let from = at.index(all.len());
            let piece: String = all.iter().skip(from).take(chars).collect();
            let terms = terms(&[&word]);
            prop_assert!(terms.iter().any(|term| term.contains(&piece)));
            prop_assert!(terms.iter().all(|term| term.len() <= TERM_BYTES_MAX && word.contains(term.as_str())));
            prop_assert!(word.starts_with(&terms[0]) && word.ends_with(&terms[terms.len() - 1]));
        }
    }
}
