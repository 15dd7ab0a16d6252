//! ID: what a client tells of itself. RFC 2971.

use crate::error::Error;
use crate::lex::Cursor;

/// The most pairs (RFC 2971 §3.3).
const PAIRS_MAX: usize = 30;
/// The longest field name, in bytes (RFC 2971 §3.3).
const FIELD_BYTES_MAX: usize = 30;
/// The longest value, in bytes (RFC 2971 §3.3).
const VALUE_BYTES_MAX: usize = 1024;

/// ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Id {
    /// Field names in lower case with their values; empty for `NIL`. What is not UTF-8 has been replaced.
    pub fields: Vec<(String, Option<String>)>,
}

impl Id {
    pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        cursor.space()?;
        let mut fields = Vec::new();
        if cursor.keyword("NIL") {
            return Ok(Self { fields });
        }
        cursor.list_or_empty("a field name", |cursor| {
            cursor.at_most("ID fields", fields.len() + 1, PAIRS_MAX)?;
            let name = cursor.string("a field name")?;
            cursor.at_most("bytes of an ID field name", name.len(), FIELD_BYTES_MAX)?;
            cursor.space()?;
            let value = cursor.nstring("a value or NIL")?;
            cursor.at_most("bytes of an ID value", value.as_ref().map_or(0, |v| v.len()), VALUE_BYTES_MAX)?;
            let value = value.map(|value| String::from_utf8_lossy(&value).into_owned());
            fields.push((String::from_utf8_lossy(&name).to_lowercase(), value));
            Ok(())
        })?;
        Ok(Self { fields })
    }
}
