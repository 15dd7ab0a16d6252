//! The folding under which SEARCH compares text, near `i;unicode-casemap` (RFC 5051).

use unicode_normalization::char::decompose_compatible;

/// Folds text for comparison: every character in upper case, then decomposed.
///
/// Upper case joins what lower case keeps apart (ß and ss, both forms of sigma), and decomposition lets a
/// letter match with its accents: `e` is found in `é`, and not the other way round. Characters are folded
/// one by one, so that folded pieces may be joined; marks are therefore not reordered.
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
        for c in chars.next().into_iter().flat_map(char::to_uppercase) {
            // Decomposition can give lower case back (as of U+1E9A), so that upper case is made again.
            decompose_compatible(c, |part| out.extend(part.to_uppercase()));
        }
        rest = chars.as_str();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_reader_takes_for_equal_is_equal() {
        for (one, other) in [
            ("Straße", "STRASSE"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("é", "e\u{301}"),
            ("ﬁ", "FI"),
            ("Ж", "ж"),
            ("Ａ", "a"),
        ] {
            assert_eq!(fold(one), fold(other));
        }
        assert!(fold("café").contains(&fold("E")));
        assert_ne!(fold("e"), fold("é"));
    }

    proptest! {
        #[test]
        fn pieces_fold_as_the_whole(one in ".{0,20}", other in ".{0,20}") {
            prop_assert_eq!(fold(&one) + &fold(&other), fold(&(one + &other)));
        }
    }
}
