//! Access rights to a mailbox (RFC 4314 §2.1).

/// A set of RFC 4314 rights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rights(u16);

impl Rights {
    /// No right at all: the mailbox does not exist for this user.
    pub const NONE: Self = Self(0);
    /// `l`: the mailbox is visible to LIST.
    pub const LOOKUP: Self = Self(1);
    /// `r`: SELECT, FETCH, SEARCH, COPY from it.
    pub const READ: Self = Self(1 << 1);
    /// `s`: keep `\Seen` across sessions.
    pub const SEEN: Self = Self(1 << 2);
    /// `w`: set flags other than `\Seen` and `\Deleted`.
    pub const WRITE: Self = Self(1 << 3);
    /// `i`: APPEND and COPY into it.
    pub const INSERT: Self = Self(1 << 4);
    /// `k`: create mailboxes below it.
    pub const CREATE: Self = Self(1 << 5);
    /// `x`: DELETE or RENAME it.
    pub const DELETE_MAILBOX: Self = Self(1 << 6);
    /// `t`: set `\Deleted`.
    pub const DELETE_MESSAGES: Self = Self(1 << 7);
    /// `e`: EXPUNGE.
    pub const EXPUNGE: Self = Self(1 << 8);
    /// `a`: change its rights.
    pub const ADMINISTER: Self = Self(1 << 9);
    /// All of them: what an account's owner has.
    pub const ALL: Self = Self((1 << 10) - 1);

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
}
