//! How a session connects and which dialect it speaks.

/// What carries a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Plain,
    /// TLS from the first byte.
    Tls,
    StartTls,
}

/// How a session connects and which dialect it speaks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    pub(crate) transport: Transport,
    pub(crate) compressed: bool,
    /// What it enables.
    pub(crate) enables: &'static str,
}

/// What sessions enable; one in eight each.
const ENABLES: [&str; 8] = [
    "",
    "CONDSTORE",
    "QRESYNC",
    "IMAP4rev2",
    "IMAP4rev2 QRESYNC",
    "UIDONLY",
    "UIDONLY QRESYNC",
    "IMAP4rev2 CONDSTORE",
];

impl Manner {
    /// IMAP4rev1 in the clear.
    pub(crate) const PLAIN: Self = Self { transport: Transport::Plain, compressed: false, enables: "" };
    /// That of the sessions that look what is there.
    pub(crate) const FRESH: Self =
        Self { transport: Transport::Plain, compressed: false, enables: "CONDSTORE" };

    /// That of a session: the periods have no common divisor with those of users and mailboxes, so that everything meets.
    pub(crate) fn of(number: usize) -> Self {
        let transport = match number % 7 {
            0 | 1 => Transport::Tls,
            2 => Transport::StartTls,
            _ => Transport::Plain,
        };
        let enables = ENABLES.get(number % ENABLES.len()).copied().unwrap_or_default();
        Self { transport, compressed: number.is_multiple_of(3), enables }
    }

    pub(crate) fn condstore(self) -> bool {
        self.enables.contains("CONDSTORE") || self.qresync()
    }

    pub(crate) fn qresync(self) -> bool {
        self.enables.contains("QRESYNC")
    }

    pub(crate) fn uid_only(self) -> bool {
        self.enables.contains("UIDONLY")
    }
}
