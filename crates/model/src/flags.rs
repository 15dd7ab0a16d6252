//! Message flags: the five system flags that are stored, and keywords as bits.

use crate::keyword::Keyword;

/// The most keywords one account can have; the keyword after that is refused with `[LIMIT]` (RFC 9051 §7.1).
pub const KEYWORDS_MAX: usize = 120;

/// A message's flags as one word of bits: system flags below, the account's keywords above.
///
/// Which keyword a bit stands for is said by the account's keyword table; see [`Flags::keyword`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flags(u128);

const FIRST_KEYWORD_BIT: u32 = 8;

impl Flags {
    /// No flag.
    pub const NONE: Self = Self(0);
    /// `\Seen`
    pub const SEEN: Self = Self(1);
    /// `\Answered`
    pub const ANSWERED: Self = Self(2);
    /// `\Flagged`
    pub const FLAGGED: Self = Self(4);
    /// `\Deleted`
    pub const DELETED: Self = Self(8);
    /// `\Draft`
    pub const DRAFT: Self = Self(16);

    /// The stored system flags with their names (RFC 9051 §2.3.2).
    pub const SYSTEM: [(Self, &'static str); 5] = [
        (Self::ANSWERED, "\\Answered"),
        (Self::FLAGGED, "\\Flagged"),
        (Self::DELETED, "\\Deleted"),
        (Self::SEEN, "\\Seen"),
        (Self::DRAFT, "\\Draft"),
    ];

    /// The keyword that stands at `index` of the account's keyword table; `None` beyond [`KEYWORDS_MAX`].
    #[must_use]
    pub const fn keyword(index: usize) -> Option<Self> {
        if index < KEYWORDS_MAX { Some(Self(1 << (FIRST_KEYWORD_BIT + index as u32))) } else { None }
    }

    /// The system flag of that name, in any case; `\Recent` is none, since it is not stored.
    #[must_use]
    pub fn system(name: &str) -> Option<Self> {
        Self::SYSTEM.iter().find(|(_, n)| n.eq_ignore_ascii_case(name)).map(|&(flag, _)| flag)
    }

    /// The bits as they are stored.
    #[must_use]
    pub const fn bits(self) -> u128 {
        self.0
    }

    /// Flags from stored bits.
    #[must_use]
    pub const fn from_bits(bits: u128) -> Self {
        Self(bits)
    }

    /// Whether all of `other` are here.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// These and those.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These without those.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Positions in the keyword table of the keywords that are set, in order.
    pub fn keywords(self) -> impl Iterator<Item = usize> {
        let mut rest = self.0 >> FIRST_KEYWORD_BIT;
        std::iter::from_fn(move || {
            (rest != 0).then(|| {
                let index = rest.trailing_zeros();
                rest &= rest - 1;
                index as usize
            })
        })
    }
}

/// Flags as a client names them, before an account's keyword table has given the keywords their bits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedFlags {
    /// The system flags.
    pub system: Flags,
    /// The keywords.
    pub keywords: Vec<Keyword>,
}

impl NamedFlags {
    /// System flags alone.
    #[must_use]
    pub const fn system(system: Flags) -> Self {
        Self { system, keywords: Vec::new() }
    }

    /// Whether no flag is named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.system.is_empty() && self.keywords.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_have_bits_of_their_own() {
        let first = Flags::keyword(0).unwrap();
        let last = Flags::keyword(KEYWORDS_MAX - 1).unwrap();
        assert_eq!(first.with(last).with(Flags::SEEN).keywords().collect::<Vec<_>>(), [0, KEYWORDS_MAX - 1]);
        assert!(Flags::keyword(KEYWORDS_MAX).is_none());
    }
}
