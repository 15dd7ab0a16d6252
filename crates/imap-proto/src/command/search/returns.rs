//! What a SEARCH or SORT wants to be answered, and whether its result is kept.
//!
//! RFC 4731 §3.1, RFC 5182 §2.1, RFC 5267 §3.1, RFC 6203 §4, RFC 9394 §3.1.

use crate::error::{Error, Violation};
use crate::lex::Cursor;
use crate::partial::PartialRange;

/// `RETURN (...)`. The answer is an ESEARCH response, or none where SAVE stands alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SearchReturn {
    /// MIN: the lowest number or UID; of a SORT the first in its order.
    pub min: bool,
    /// MAX: the highest; of a SORT the last.
    pub max: bool,
    /// ALL: every one; also where nothing was named at all (RFC 4731 §3.1).
    pub all: bool,
    /// COUNT: how many.
    pub count: bool,
    /// SAVE: what is found becomes `$` (RFC 5182 §2.1).
    pub save: bool,
    /// RELEVANCY: how well each fits, of those in the range or of all. Only with FUZZY (RFC 6203 §4).
    pub relevancy: bool,
    /// PARTIAL: those in this range (RFC 9394 §3.1). Not with ALL.
    pub partial: Option<PartialRange>,
}

impl SearchReturn {
    /// What ESEARCH tells where nothing else was asked for.
    pub const ALL: Self = Self {
        min: false,
        max: false,
        all: true,
        count: false,
        save: false,
        relevancy: false,
        partial: None,
    };

    /// `[RETURN SP options SP]`
    pub(in crate::command) fn parse_optional(cursor: &mut Cursor<'_>) -> Result<Option<Self>, Error> {
        if !cursor.keyword("RETURN") {
            return Ok(None);
        }
        cursor.space()?;
        let returns = Self::parse(cursor)?;
        cursor.space()?;
        Ok(Some(returns))
    }

    fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        let mut returns = Self::default();
        cursor.list_or_empty("a list of results to return", |cursor| returns.option(cursor))?;
        if returns == Self::default() {
            return Ok(Self::ALL);
        }
        // RFC 9394 §3.1: "A single command MUST NOT contain more than one PARTIAL or ALL search return option".
        if returns.all && returns.partial.is_some() {
            return Err(Violation::PartialAndAll.into());
        }
        Ok(returns)
    }

    fn option(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Error> {
        if self.partial.is_none() && cursor.keyword("PARTIAL") {
            cursor.space()?;
            self.partial = Some(cursor.partial_range()?);
            return Ok(());
        }
        let option = if cursor.keyword("MIN") {
            &mut self.min
        } else if cursor.keyword("MAX") {
            &mut self.max
        } else if cursor.keyword("ALL") {
            &mut self.all
        } else if cursor.keyword("COUNT") {
            &mut self.count
        } else if cursor.keyword("SAVE") {
            &mut self.save
        } else if cursor.keyword("RELEVANCY") {
            &mut self.relevancy
        } else {
            let options = "MIN, MAX, ALL, COUNT, SAVE, RELEVANCY or PARTIAL, which comes once";
            return Err(cursor.expected(options));
        };
        *option = true;
        Ok(())
    }

    /// Whether anything but SAVE was asked for, so that there is an answer (RFC 5182 §2.1).
    #[must_use]
    pub const fn has_answer(&self) -> bool {
        self.min || self.max || self.all || self.count || self.relevancy || self.partial.is_some()
    }
}
