//! SORT: a SEARCH, and the order in which its result is wanted. RFC 5256 §3, RFC 5267 §3, RFC 5957 §4, RFC 6203 §6.

use super::search::{Search, SearchReturn};
use crate::error::{Error, Violation};
use crate::lex::Cursor;

/// SORT or UID SORT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sort {
    /// The order: messages that are equal by one criterion are compared by the next. At least one.
    pub criteria: Vec<SortCriterion>,
    /// The messages, and how the answer is wanted: `returns` is `None` for a SORT response.
    pub search: Search,
}

/// One criterion of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SortCriterion {
    /// REVERSE: what is greater comes first.
    pub reverse: bool,
    /// What is compared.
    pub key: SortKey,
}

/// What messages are compared by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SortKey {
    /// ARRIVAL: the internal date and time.
    Arrival,
    /// CC: the local part of the first address of Cc.
    Cc,
    /// DATE: the sent date and time (RFC 5256 §2.2).
    Date,
    /// DISPLAYFROM: how the first address of From is shown (RFC 5957 §4).
    DisplayFrom,
    /// DISPLAYTO: the same of To.
    DisplayTo,
    /// FROM: the local part of the first address of From.
    From,
    /// RELEVANCY: how well it fits what FUZZY asks for, the best first. Only with FUZZY (RFC 6203 §6).
    Relevancy,
    /// SIZE
    Size,
    /// SUBJECT: the base subject (RFC 5256 §2.1).
    Subject,
    /// TO: the local part of the first address of To.
    To,
}

impl SortKey {
    /// Every key.
    pub const ALL: [Self; 10] = [
        Self::Arrival,
        Self::Cc,
        Self::Date,
        Self::DisplayFrom,
        Self::DisplayTo,
        Self::From,
        Self::Relevancy,
        Self::Size,
        Self::Subject,
        Self::To,
    ];

    /// Its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Arrival => "ARRIVAL",
            Self::Cc => "CC",
            Self::Date => "DATE",
            Self::DisplayFrom => "DISPLAYFROM",
            Self::DisplayTo => "DISPLAYTO",
            Self::From => "FROM",
            Self::Relevancy => "RELEVANCY",
            Self::Size => "SIZE",
            Self::Subject => "SUBJECT",
            Self::To => "TO",
        }
    }

    /// Whether it came with SORT=DISPLAY (RFC 5957).
    #[must_use]
    pub const fn is_display(self) -> bool {
        matches!(self, Self::DisplayFrom | Self::DisplayTo)
    }

    fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|key| cursor.keyword(key.name()));
        found.ok_or_else(|| cursor.expected("a sort key"))
    }
}

impl Sort {
    pub(super) fn parse(cursor: &mut Cursor<'_>, uid: bool) -> Result<Self, Error> {
        cursor.space()?;
        let returns = SearchReturn::parse_optional(cursor)?;
        let mut criteria = Vec::new();
        cursor.list("a list of sort criteria", |cursor| {
            cursor.at_most("sort criteria", criteria.len() + 1, cursor.limits().sort_criteria)?;
            let reverse = cursor.keyword("REVERSE");
            if reverse {
                cursor.space()?;
            }
            criteria.push(SortCriterion { reverse, key: SortKey::parse(cursor)? });
            Ok(())
        })?;
        cursor.space()?;
        let search = Search::parse_criteria(cursor, uid, returns)?;
        let by_relevancy = criteria.iter().any(|criterion| criterion.key == SortKey::Relevancy);
        if by_relevancy && !search.has_fuzzy() {
            return Err(Violation::RelevancyAlone.into());
        }
        Ok(Self { criteria, search })
    }
}
