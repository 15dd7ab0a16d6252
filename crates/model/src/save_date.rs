//! SAVEDATE: when a message came into the mailbox it is in (RFC 8514).

use crate::{InternalDate, Timestamp};

/// The moment a message was delivered, appended, copied or moved into its mailbox, to the second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SaveDate(u32);

impl SaveDate {
    /// Of messages that came before the store kept it.
    pub const UNKNOWN: Self = Self(0);

    /// Now is the moment.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self(u32::try_from(now.seconds()).unwrap_or(u32::MAX).max(1))
    }

    /// From its stored form: seconds since 1970-01-01T00:00:00Z, 0 if it is not known.
    #[must_use]
    pub const fn from_seconds(seconds: u32) -> Self {
        Self(seconds)
    }

    /// Its stored form.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        self.0
    }

    /// The date as FETCH shows it, in UTC; `None` (NIL) if it is not known.
    #[must_use]
    pub const fn date(self) -> Option<InternalDate> {
        match self.0 {
            0 => None,
            seconds => Some(InternalDate::utc(seconds as i64)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_kept_to_the_second_and_none_is_none() {
        assert_eq!(SaveDate::at(Timestamp(1_790_000_000_999)).date(), Some(InternalDate::utc(1_790_000_000)));
        assert_eq!(SaveDate::UNKNOWN.date(), None);
        // Before 1970 there was no mail: a clock that stands at 0 gives a date all the same.
        assert_eq!(SaveDate::at(Timestamp(0)).date(), Some(InternalDate::utc(1)));
    }
}
