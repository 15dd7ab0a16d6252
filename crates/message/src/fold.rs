//! The folding under which SEARCH compares text: `i;unicode-casemap` (RFC 5051).

use unicode_normalization::char::decompose_compatible;

/// Folds text for comparison: every character in title case, then decomposed (RFC 5051 §2).
///
/// Both mappings are those of UnicodeData.txt, character by character: a letter matches in any case, and with its
/// accents (`e` is found in `é`, and not the other way round), but `ß` is not `ss`. Folded pieces may be joined,
/// since marks are not reordered.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    fold_into(text, &mut out);
    out
}

/// As [`fold`], appending.
pub(crate) fn fold_into(text: &str, out: &mut String) {
    let mut rest = text;
    while !rest.is_empty() {
        let ascii = rest.bytes().position(|b| !b.is_ascii()).unwrap_or(rest.len());
        let (plain, after) = rest.split_at(ascii);
        let start = out.len();
        out.push_str(plain);
        if let Some(added) = out.get_mut(start..) {
            added.make_ascii_uppercase();
        }
        let mut chars = after.chars();
        if let Some(c) = chars.next() {
            decompose_compatible(title(c), |part| out.push(part));
        }
        rest = chars.as_str();
    }
}

/// The simple title case mapping of a character (UnicodeData.txt, field 14).
///
/// The standard library has upper case only, and the full mapping of SpecialCasing.txt. They differ where one
/// character becomes several, where title case is no upper case, and in Georgian.
fn title(c: char) -> char {
    match c {
        // The digraphs of Croatian: one character whose first half alone is a capital.
        '\u{1c4}'..='\u{1c6}' => '\u{1c5}',
        '\u{1c7}'..='\u{1c9}' => '\u{1c8}',
        '\u{1ca}'..='\u{1cc}' => '\u{1cb}',
        '\u{1f1}'..='\u{1f3}' => '\u{1f2}',
        // Georgian does not capitalise: its upper case is for all-capital text only.
        '\u{10d0}'..='\u{10fa}' | '\u{10fd}'..='\u{10ff}' => c,
        // Greek with iota subscript: upper case writes the iota beside the letter, title case does not.
        '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => shifted(c, 8),
        '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => shifted(c, 9),
        _ => {
            let mut upper = c.to_uppercase();
            match (upper.next(), upper.next()) {
                (Some(one), None) => one,
                _ => c,
            }
        }
    }
}

fn shifted(c: char, by: u32) -> char {
    char::from_u32(u32::from(c) + by).unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn letters_match_in_any_case() {
        for (one, other) in [
            ("Grüße", "GRÜßE"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("é", "e\u{301}"),
            ("Ж", "ж"),
            ("Ａ", "A"),
            ("ᾳ", "ᾼ"),
            ("Ǆ", "ǆ"),
            ("가", "\u{1100}\u{1161}"),
        ] {
            assert_eq!(fold(one), fold(other));
        }
        assert!(fold("café").contains(&fold("E")));
        assert_ne!(fold("e"), fold("é"));
    }

    #[test]
    fn the_rfcs_example_folds_as_the_rfc_says() {
        assert_eq!(fold("\u{1c4}"), "\u{44}\u{7a}\u{30c}");
    }

    #[test]
    fn what_unicode_data_keeps_apart_stays_apart() {
        // Full case mappings, and characters that decomposition gives back in lower case, are not RFC 5051's.
        for (one, other) in [("ß", "ss"), ("ﬁ", "FI"), ("ა", "Ა")] {
            assert_ne!(fold(one), fold(other));
        }
        assert_eq!(fold("ﬁ"), "fi");
    }

    proptest! {
        #[test]
        fn pieces_fold_as_the_whole(one in ".{0,20}", other in ".{0,20}") {
            prop_assert_eq!(fold(&one) + &fold(&other), fold(&(one + &other)));
        }
    }
}
