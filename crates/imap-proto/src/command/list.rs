//! LIST in its plain and its extended form, and LSUB.
//!
//! RFC 3501 §6.3.8 and §6.3.9, RFC 5258 §3, RFC 5819, RFC 6154 §2. Names and patterns are decoded; what a
//! pattern matches is for the session to say.

use super::StatusItem;
use crate::error::Error;
use crate::lex::Cursor;

/// LIST.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// Which names are wanted, besides matching a pattern.
    pub selection: ListSelection,
    /// The reference name; often empty.
    pub reference: String,
    /// The patterns; a plain LIST has one.
    pub patterns: Vec<String>,
    /// What is wanted of each name.
    pub returns: ListReturn,
    /// Whether any part of RFC 5258 was used, so that `LIST "" ""` asks for no separator (RFC 5258 §3).
    pub extended: bool,
}

/// Selection options (RFC 5258 §3.1, RFC 6154 §2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListSelection {
    /// SUBSCRIBED: names that are subscribed to, whether they exist or not.
    pub subscribed: bool,
    /// REMOTE: also names on other servers. There are none.
    pub remote: bool,
    /// RECURSIVEMATCH: also names above one that is wanted and does not match.
    pub recursive_match: bool,
    /// SPECIAL-USE: names with a role.
    pub special_use: bool,
}

/// Return options (RFC 5258 §3.2, RFC 5819 §2, RFC 6154 §2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListReturn {
    /// SUBSCRIBED: say whether a name is subscribed to.
    pub subscribed: bool,
    /// CHILDREN: say whether there are names below it.
    pub children: bool,
    /// SPECIAL-USE: say which role it has.
    pub special_use: bool,
    /// STATUS: send these items of each mailbox; empty for none.
    pub status: Vec<StatusItem>,
}

/// LSUB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lsub {
    /// The reference name; often empty.
    pub reference: String,
    /// The pattern.
    pub pattern: String,
}

impl List {
    pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        cursor.space()?;
        let selects = cursor.peek() == Some(b'(');
        let selection = if selects { ListSelection::parse(cursor)? } else { ListSelection::default() };
        let reference = cursor.reference()?;
        cursor.space()?;
        let many = cursor.peek() == Some(b'(');
        let patterns = if many { patterns(cursor)? } else { vec![cursor.pattern()?] };
        let has_returns = cursor.skip(b" ");
        let returns = if has_returns { ListReturn::parse(cursor)? } else { ListReturn::default() };
        Ok(Self { selection, reference, patterns, returns, extended: selects || many || has_returns })
    }
}

fn patterns(cursor: &mut Cursor<'_>) -> Result<Vec<String>, Error> {
    let mut patterns = Vec::new();
    cursor.list("a mailbox pattern", |cursor| {
        cursor.at_most("patterns", patterns.len() + 1, cursor.limits().list_patterns)?;
        patterns.push(cursor.pattern()?);
        Ok(())
    })?;
    Ok(patterns)
}

impl ListSelection {
    /// The options and the space behind them.
    fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        let mut selection = Self::default();
        cursor.list_or_empty("a selection option", |cursor| {
            let option = if cursor.keyword("SUBSCRIBED") {
                &mut selection.subscribed
            } else if cursor.keyword("REMOTE") {
                &mut selection.remote
            } else if cursor.keyword("RECURSIVEMATCH") {
                &mut selection.recursive_match
            } else if cursor.keyword("SPECIAL-USE") {
                &mut selection.special_use
            } else {
                return Err(cursor.expected("a selection option"));
            };
            *option = true;
            Ok(())
        })?;
        // RFC 5258 §3.1: it modifies an option of its own kind; REMOTE is none. SPECIAL-USE is taken for one,
        // since parents of names with a role can be asked for as well.
        if selection.recursive_match && !(selection.subscribed || selection.special_use) {
            return Err(cursor.expected("another selection option with RECURSIVEMATCH"));
        }
        cursor.space()?;
        Ok(selection)
    }
}

impl ListReturn {
    fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        if !cursor.keyword("RETURN") {
            return Err(cursor.expected("RETURN"));
        }
        cursor.space()?;
        let mut returns = Self::default();
        cursor.list_or_empty("a return option", |cursor| {
            if cursor.keyword("SUBSCRIBED") {
                returns.subscribed = true;
            } else if cursor.keyword("CHILDREN") {
                returns.children = true;
            } else if cursor.keyword("SPECIAL-USE") {
                returns.special_use = true;
            } else if cursor.keyword("STATUS") {
                cursor.space()?;
                returns.status = StatusItem::parse_list(cursor)?;
            } else {
                return Err(cursor.expected("a return option"));
            }
            Ok(())
        })?;
        Ok(returns)
    }
}

impl Lsub {
    pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        cursor.space()?;
        let reference = cursor.reference()?;
        cursor.space()?;
        Ok(Self { reference, pattern: cursor.pattern()? })
    }
}
