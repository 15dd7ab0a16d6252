//! Text by its place in an order, as SORT and THREAD compare it (RFC 5255 §4.6).

use crate::comparator::Comparator;

/// How much of a text is compared, in bytes of its folded form: beyond, all texts are equal. It bounds the memory that
/// sorting a mailbox takes.
pub const COLLATED_BYTES_MAX: usize = 1024;

/// A text by its place in the order of a comparator; only those of one can be compared.
///
/// What no character set could decode comes behind everything else and is compared as it is (RFC 5255 §4.6).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Collated {
    is_broken: bool,
    text: Box<str>,
}

impl Collated {
    /// Of a decoded text.
    #[must_use]
    pub fn of(decoded: &str, comparator: Comparator) -> Self {
        let considered = cut(decoded);
        let is_broken = considered.contains(char::REPLACEMENT_CHARACTER);
        let mut text = String::new();
        if is_broken {
            text.push_str(considered);
        } else {
            comparator.fold_into(considered, &mut text);
            text.truncate(cut(&text).len());
        }
        Self { is_broken, text: text.into() }
    }

    /// Whether it is the empty text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

/// The beginning of a text.
fn cut(text: &str) -> &str {
    let mut end = text.len().min(COLLATED_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::encoded_words;

    fn collated(text: &str) -> Collated {
        Collated::of(text, Comparator::default())
    }

    #[test]
    fn case_plays_no_part_and_nothing_comes_first() {
        let sorted = ["", "1", "A", "a b", "B", "É", "e\u{301}x", "Z", "Ж", "漢"];
        let mut places: Vec<_> = sorted.iter().map(|text| collated(text)).collect();
        assert_eq!(collated("GRÜßE"), collated("grüße"));
        assert_eq!(collated("é"), collated("E\u{301}"));
        assert!(collated("").is_empty() && !collated("a").is_empty());
        // `É` is an `E` with an accent behind it: between `B` and `Z`.
        assert!(places.is_sorted(), "{places:?}");
        places.reverse();
        places.sort();
        assert!(places.is_sorted());
    }

    #[test]
    fn what_cannot_be_decoded_comes_last() {
        // RFC 5255 §4.6: "So the final ordering is as follows: (4) (2) (3) (1)."
        let [one, two, three, four] = [
            "=?UTF-8?Q?=D0=C0=D0=BD=D0=B4=D1=80=D0=B5=D0=B9?=",
            "=?UTF-8?Q?=D1=81=D0=95=D0=A0=D0=93=D0=95=D0=99?=",
            "=?UTF-8?Q?=D0=92=D0=B0=D1=81=D0=B8=D0=BB=D0=B8=FF=B9?=",
            "=?KOI8-R?Q?=E1=CC=C5=CB=D3=C5=CA?=",
        ]
        .map(|word| collated(&encoded_words(word.as_bytes())));
        assert!(four < two && two < three && three < one, "{four:?} {two:?} {three:?} {one:?}");
    }

    #[test]
    fn each_comparator_has_an_order_of_its_own() {
        let sorted = |comparator| {
            let mut texts = ["b", "a", "B", "É", "é", "Z"];
            texts.sort_by_key(|text| Collated::of(text, comparator));
            texts.concat()
        };
        assert_eq!(sorted(Comparator::UnicodeCasemap), "abBÉéZ");
        assert_eq!(sorted(Comparator::AsciiCasemap), "abBZÉé");
        assert_eq!(sorted(Comparator::Octet), "BZabÉé");
    }

    #[test]
    fn what_lies_far_behind_is_not_compared() {
        let long = "é".repeat(COLLATED_BYTES_MAX);
        assert_eq!(collated(&long), collated(&(long.clone() + "x")));
        assert!(collated(&long).text.len() <= COLLATED_BYTES_MAX);
        assert!(collated("x") > collated(&long));
    }
}
