//! UIDBATCHES: where to cut a mailbox into batches. RFC 10022.

use std::num::NonZeroU32;

use crate::error::{Error, Violation};
use crate::lex::Cursor;

/// UIDBATCHES.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UidBatches {
    /// How many messages make a batch.
    pub size: NonZeroU32,
    /// Which batches are wanted, from 1, that with the highest UIDs, in ascending order; `None` for all.
    pub range: Option<(NonZeroU32, NonZeroU32)>,
}

impl UidBatches {
    pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        cursor.space()?;
        let size = NonZeroU32::new(cursor.number("a size of batches")?).ok_or(Violation::BatchSize)?;
        if !cursor.skip(b" ") {
            return Ok(Self { size, range: None });
        }
        let from = cursor.nz_number("a batch")?;
        cursor.token(b':', "a colon")?;
        let to = cursor.nz_number("a batch")?;
        if from > to {
            return Err(Violation::BatchOrder.into());
        }
        Ok(Self { size, range: Some((from, to)) })
    }
}
