//! What a client has switched on with ENABLE that changes how both sides spell things.
//!
//! RFC 9051 §6.3.1, RFC 6855 §3, RFC 9586 §3. What is not about spelling, such as CONDSTORE, is for the session.

/// The dialect that is spoken on a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dialect {
    /// ENABLE IMAP4rev2.
    pub rev2: bool,
    /// ENABLE UTF8=ACCEPT.
    pub utf8_accept: bool,
    /// ENABLE UIDONLY: message numbers are refused.
    pub uid_only: bool,
}

impl Dialect {
    /// What is spoken before anything is enabled.
    pub const REV1: Self = Self { rev2: false, utf8_accept: false, uid_only: false };

    /// Whether mailbox names are UTF-8, not modified UTF-7, and quoted strings may hold UTF-8.
    #[must_use]
    pub const fn has_utf8(self) -> bool {
        self.rev2 || self.utf8_accept
    }
}
