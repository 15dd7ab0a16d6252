//! How texts are compared: what is the same to whom (RFC 4790, RFC 5051, RFC 5255 §4).

use crate::fold::fold_into;

/// A collation of the registry of RFC 4790 §7. All of them compare texts decoded, in UTF-8.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Comparator {
    /// `i;unicode-casemap` (RFC 5051): letters in any case, and letters with an accent as the letter and the accent.
    #[default]
    UnicodeCasemap,
    /// `i;ascii-casemap` (RFC 4790 §9.2): a to z in any case.
    AsciiCasemap,
    /// `i;octet` (RFC 4790 §9.3): byte by byte.
    Octet,
}

impl Comparator {
    /// All of them, the more widely useful ones first.
    pub const ALL: [Self; 3] = [Self::UnicodeCasemap, Self::AsciiCasemap, Self::Octet];

    /// Its name in the registry.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnicodeCasemap => "i;unicode-casemap",
            Self::AsciiCasemap => "i;ascii-casemap",
            Self::Octet => "i;octet",
        }
    }

    /// Appends a text in the form that is compared byte by byte. Pieces of a text may be joined in it.
    pub(crate) fn fold_into(self, text: &str, out: &mut String) {
        match self {
            Self::UnicodeCasemap => fold_into(text, out),
            Self::AsciiCasemap => {
                let from = out.len();
                out.push_str(text);
                out.get_mut(from..).unwrap_or_default().make_ascii_uppercase();
            }
            Self::Octet => out.push_str(text),
        }
    }

    /// A text in that form.
    pub(crate) fn fold(self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        self.fold_into(text, &mut out);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_keeps_apart_what_it_says() {
        let same = |comparator: Comparator, one, other| comparator.fold(one) == comparator.fold(other);
        for (one, other, by) in [
            ("a", "a", &Comparator::ALL[..]),
            ("a", "A", &Comparator::ALL[..2]),
            ("é", "É", &Comparator::ALL[..1]),
            ("é", "e\u{301}", &Comparator::ALL[..1]),
            ("e", "é", &[]),
        ] {
            for comparator in Comparator::ALL {
                assert_eq!(
                    same(comparator, one, other),
                    by.contains(&comparator),
                    "{one} {other} {comparator:?}"
                );
            }
        }
    }

    proptest! {
        /// What the text index says by `i;unicode-casemap` holds for the others as a first choice.
        #[test]
        fn whatever_contains_a_text_by_any_contains_it_by_unicode_casemap(text in "[a-dA-DéÉßσΣ]{0,12}", needle in "[a-dA-DéÉßσΣ]{0,3}") {
            for comparator in Comparator::ALL {
                if comparator.fold(&text).contains(&comparator.fold(&needle)) {
                    let by_unicode = Comparator::UnicodeCasemap;
                    prop_assert!(by_unicode.fold(&text).contains(&by_unicode.fold(&needle)));
                }
            }
        }
    }
}
