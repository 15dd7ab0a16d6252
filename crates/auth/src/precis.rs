//! PRECIS (RFC 8264): which characters names and passwords are made of, and the Bidi rule of names (RFC 5893 §2).
//!
//! The two profiles of RFC 8265 that use it are `login_name` and `password`. No library here: the ones there are read
//! Unicode's files while they are built, which makes everything else be built anew.

use unicode_bidi::{BidiClass, bidi_class};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;
use unicode_properties::{GeneralCategory as Category, UnicodeGeneralCategory};

/// The combining class of a virama, after which joiners have a meaning (RFC 5892 §A.1, §A.2).
const VIRAMA: u8 = 9;

/// The two classes of strings (RFC 8264 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Letters, digits and printable ASCII: names.
    Identifier,
    /// Also spaces, symbols and punctuation of all the world: passwords.
    Freeform,
}

/// What is said of a character for itself (RFC 8264 §8).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Property {
    Valid,
    /// In passwords alone.
    FreeformValid,
    /// Where its neighbours allow it.
    Contextual,
    Disallowed,
}

/// The first character that a string of this class cannot have.
pub(crate) fn disallowed(text: &str, class: Class) -> Option<char> {
    text.char_indices().find(|&(at, c)| !is_allowed(text, at, c, class)).map(|(_, c)| c)
}

fn is_allowed(text: &str, at: usize, c: char, class: Class) -> bool {
    match property(c) {
        Property::Valid => true,
        Property::FreeformValid => class == Class::Freeform,
        Property::Contextual => fits(text, at, c),
        Property::Disallowed => false,
    }
}

/// The algorithm of RFC 8264 §8, in its order.
fn property(c: char) -> Property {
    use Category as C;
    match c {
        // §9.6, exceptions
        '\u{df}' | '\u{3c2}' | '\u{6fd}' | '\u{6fe}' | '\u{f0b}' | '\u{3007}' => return Property::Valid,
        '\u{b7}' | '\u{375}' | '\u{5f3}' | '\u{5f4}' | '\u{30fb}' | '\u{660}'..='\u{669}'
        | '\u{6f0}'..='\u{6f9}'
        // §9.8, joiners
        | '\u{200c}' | '\u{200d}' => return Property::Contextual,
        '\u{640}' | '\u{7fa}' | '\u{302e}' | '\u{302f}' | '\u{3031}'..='\u{3035}' | '\u{303b}' => {
            return Property::Disallowed;
        }
        '\x21'..='\x7e' => return Property::Valid,
        // §9.9, old Hangul; §9.13, what is not shown
        '\u{1100}'..='\u{11ff}' | '\u{a960}'..='\u{a97c}' | '\u{d7b0}'..='\u{d7fb}' | '\u{34f}'
        | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{e0100}'..='\u{e01ef}' => return Property::Disallowed,
        _ => {}
    }
    match c.general_category() {
        C::Unassigned
        | C::Control
        | C::Format
        | C::Surrogate
        | C::PrivateUse
        | C::LineSeparator
        | C::ParagraphSeparator => Property::Disallowed,
        // §9.17, HasCompat
        _ if has_compatible(c) => Property::FreeformValid,
        // §9.1, LetterDigits
        C::LowercaseLetter
        | C::UppercaseLetter
        | C::OtherLetter
        | C::DecimalNumber
        | C::ModifierLetter
        | C::NonspacingMark
        | C::SpacingMark => Property::Valid,
        _ => Property::FreeformValid,
    }
}

/// Whether another spelling of the character is preferred.
fn has_compatible(c: char) -> bool {
    !std::iter::once(c).eq(std::iter::once(c).nfkc())
}

/// Whether a character has the neighbours that it needs (RFC 5892 §A; joiners only after a virama, since the other
/// rule for them needs to know how each letter is written).
fn fits(text: &str, at: usize, c: char) -> bool {
    let before = text.get(..at).and_then(|before| before.chars().next_back());
    let after = text.get(at + c.len_utf8()..).and_then(|after| after.chars().next());
    let none_of = |digits: std::ops::RangeInclusive<char>| !text.chars().any(|other| digits.contains(&other));
    match c {
        '\u{200c}' | '\u{200d}' => before.is_some_and(|c| canonical_combining_class(c) == VIRAMA),
        '\u{b7}' => (before, after) == (Some('l'), Some('l')),
        '\u{375}' => after.is_some_and(|c| matches!(c, '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}')),
        '\u{5f3}' | '\u{5f4}' => before.is_some_and(|c| matches!(c, '\u{591}'..='\u{5f4}')),
        '\u{30fb}' => text.chars().any(is_japanese),
        '\u{660}'..='\u{669}' => none_of('\u{6f0}'..='\u{6f9}'),
        '\u{6f0}'..='\u{6f9}' => none_of('\u{660}'..='\u{669}'),
        _ => false,
    }
}

/// Hiragana, Katakana and Han.
const fn is_japanese(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{309f}' | '\u{30a1}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{3fffd}')
}

/// Width mapping (RFC 8265 §3.3.1): full and half width forms become the usual ones.
pub(crate) fn usual_width(text: &str) -> String {
    let mapped = |c: char| -> String {
        match c {
            '\u{ff01}'..='\u{ffef}' => std::iter::once(c).nfkc().collect(),
            c => c.to_string(),
        }
    };
    text.chars().map(mapped).collect()
}

/// Whether a name reads in the order it is stored in: the Bidi rule, for names that have letters from right to left.
pub(crate) fn follows_bidi_rule(name: &str) -> bool {
    use BidiClass as B;
    let classes: Vec<B> = name.chars().map(bidi_class).collect();
    if !classes.iter().any(|class| matches!(class, B::R | B::AL | B::AN)) {
        return true;
    }
    let last = classes.iter().rev().find(|class| **class != B::NSM);
    let all = |allowed: &[B]| classes.iter().all(|class| allowed.contains(class));
    let has = |class: B| classes.contains(&class);
    match classes.first() {
        Some(B::R | B::AL) => {
            all(&[B::R, B::AL, B::AN, B::EN, B::ES, B::CS, B::ET, B::ON, B::BN, B::NSM])
                && matches!(last, Some(B::R | B::AL | B::EN | B::AN))
                && !(has(B::EN) && has(B::AN))
        }
        // A name that begins from left to right has nothing from right to left in it.
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identifier(text: &str) -> Option<char> {
        disallowed(text, Class::Identifier)
    }

    #[test]
    fn names_are_letters_digits_and_printable_ascii() {
        for good in ["ada.lovelace+x", "j\u{f6}rg", "\u{65e5}\u{672c}", "\u{3c2}", "stra\u{df}e", "a\u{301}"]
        {
            assert_eq!(identifier(good), None, "{good}");
        }
        for bad in
            ['\u{2163}', '\u{fb01}', '\u{1f600}', ' ', '\u{7f}', '\u{378}', '\u{ad}', '\u{1100}', '\u{640}']
        {
            assert_eq!(identifier(&format!("x{bad}")), Some(bad), "{bad:?}");
        }
    }

    #[test]
    fn passwords_have_spaces_symbols_and_punctuation_too() {
        let free = |text: &str| disallowed(text, Class::Freeform);
        assert_eq!(free("correct horse \u{1f40e} \u{2163} \u{ab}\u{fb01}"), None);
        assert_eq!(free("tab\there"), Some('\t'));
        assert_eq!(free("\u{378}"), Some('\u{378}'));
        assert_eq!(free("\u{e000}"), Some('\u{e000}'));
    }

    #[test]
    fn some_characters_need_their_neighbours() {
        assert_eq!(identifier("l\u{b7}l"), None);
        assert_eq!(identifier("a\u{b7}l"), Some('\u{b7}'));
        assert_eq!(identifier("\u{915}\u{94d}\u{200d}\u{937}"), None, "a joiner after a virama");
        assert_eq!(identifier("x\u{200d}"), Some('\u{200d}'));
        assert_eq!(identifier("\u{30a2}\u{30fb}\u{30a2}"), None);
        assert_eq!(identifier("a\u{30fb}"), Some('\u{30fb}'));
        assert_eq!(identifier("\u{661}\u{6f1}"), Some('\u{661}'), "digits of two kinds");
        assert_eq!(identifier("\u{5d0}\u{5f3}"), None);
        assert_eq!(identifier("\u{375}\u{3b1}"), None);
    }

    #[test]
    fn widths_are_mapped() {
        assert_eq!(usual_width("\u{ff21}\u{ff71}\u{2163}"), "A\u{30a2}\u{2163}");
    }

    #[test]
    fn a_name_does_not_mix_directions() {
        for good in ["ada", "\u{5d0}\u{5d1}", "\u{5d0}1", "\u{627}\u{661}", "\u{5d0}.\u{5d1}"] {
            assert!(follows_bidi_rule(good), "{good}");
        }
        for bad in ["a\u{5d0}", "\u{5d0}a", "1\u{5d0}", "\u{5d0}.", "\u{627}1\u{661}"] {
            assert!(!follows_bidi_rule(bad), "{bad}");
        }
    }
}
