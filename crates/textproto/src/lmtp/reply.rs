//! What LMTP answers: codes of RFC 5321 §4.2 with the enhanced ones of RFC 3463 and RFC 5248, and the one place that turns
//! refusals into them.

use delivery::Undelivered;

use super::command::{PathFault, Violation};
use super::text::Unfit;

/// What a connection is told that may not come in.
pub const TURNED_AWAY: &[u8] = b"421 4.3.2 Too many connections, come back later\r\n";

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    code: u16,
    /// The enhanced code; none for greetings and intermediate replies (RFC 2034 §4).
    status: Option<&'static str>,
    text: String,
}

impl Reply {
    pub(super) fn new(code: u16, status: &'static str, text: impl Into<String>) -> Self {
        Self { code, status: Some(status), text: text.into() }
    }

    /// Without an enhanced code.
    pub(super) fn plain(code: u16, text: impl Into<String>) -> Self {
        Self { code, status: None, text: text.into() }
    }

    pub(super) const fn code(&self) -> u16 {
        self.code
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.code.to_string().as_bytes());
        for part in self.status.iter().copied().chain([self.text.as_str()]) {
            out.push(b' ');
            out.extend_from_slice(part.as_bytes());
        }
        out.extend_from_slice(b"\r\n");
    }

    /// A command where it has no place (RFC 5321 §4.1.4).
    pub(super) fn out_of_order(text: &str) -> Self {
        Self::new(503, "5.5.1", text)
    }
}

/// The answer to `LHLO`: what is offered, a line each (RFC 5321 §4.1.1.1).
pub(super) fn offer(host: &str, message_bytes_max: u64, out: &mut Vec<u8>) {
    let size = format!("SIZE {message_bytes_max}");
    let offered = ["PIPELINING", "8BITMIME", "SMTPUTF8", &size, "ENHANCEDSTATUSCODES"]
        .map(|line| format!("250-{line}\r\n"));
    out.extend_from_slice(format!("250-{host}\r\n").as_bytes());
    out.extend_from_slice(offered.concat().as_bytes());
    out.extend_from_slice(b"250 CHUNKING\r\n");
}

impl From<&Violation> for Reply {
    fn from(violation: &Violation) -> Self {
        let (code, status) = match violation {
            Violation::LineTooLong { .. } | Violation::BareLineEnd | Violation::NotUtf8 => (500, "5.5.2"),
            Violation::Smtp | Violation::UnknownCommand => (500, "5.5.1"),
            Violation::NotOffered => (502, "5.5.1"),
            Violation::Syntax(_) => (501, "5.5.4"),
            Violation::Path(PathFault::Brackets | PathFault::Route) => (501, "5.5.4"),
            Violation::Path(PathFault::Null) => (501, "5.1.3"),
            Violation::Path(_) => (553, "5.1.3"),
            Violation::UnknownParameter(_) => (555, "5.5.4"),
            Violation::BadParameter(_) => (501, "5.5.4"),
        };
        Self::new(code, status, violation.to_string())
    }
}

impl From<&Undelivered> for Reply {
    fn from(undelivered: &Undelivered) -> Self {
        let (code, status) = match undelivered {
            Undelivered::UnknownDomain => (550, "5.1.2"),
            Undelivered::UnknownUser => (550, "5.1.1"),
            Undelivered::AliasTrouble => (451, "4.2.4"),
            Undelivered::TooBig { .. } => (552, "5.3.4"),
            Undelivered::Nul => (554, "5.6.0"),
            Undelivered::Loop => (554, "5.4.6"),
            Undelivered::OverQuota { for_good: false } => (452, "4.2.2"),
            Undelivered::OverQuota { for_good: true } | Undelivered::MailboxFull => (552, "5.2.2"),
            Undelivered::NoSpace => (452, "4.3.1"),
            Undelivered::Failed => (451, "4.3.0"),
        };
        Self::new(code, status, undelivered.to_string())
    }
}

impl From<&Unfit> for Reply {
    fn from(unfit: &Unfit) -> Self {
        Self::new(554, "5.6.0", unfit.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_a_line_and_may_pass_when_its_code_says_so() {
        let mut out = Vec::new();
        Reply::new(250, "2.1.0", "go on").write(&mut out);
        Reply::plain(354, "send it").write(&mut out);
        assert_eq!(out, b"250 2.1.0 go on\r\n354 send it\r\n");
        for undelivered in [
            Undelivered::UnknownDomain,
            Undelivered::UnknownUser,
            Undelivered::AliasTrouble,
            Undelivered::TooBig { limit: 9 },
            Undelivered::Nul,
            Undelivered::Loop,
            Undelivered::MailboxFull,
            Undelivered::OverQuota { for_good: false },
            Undelivered::OverQuota { for_good: true },
            Undelivered::NoSpace,
            Undelivered::Failed,
        ] {
            let reply = Reply::from(&undelivered);
            assert_eq!(reply.code / 100 == 4, undelivered.may_pass(), "{undelivered:?}");
            // RFC 2034 §3: the first digits agree.
            assert_eq!(reply.code.to_string().get(..1), reply.status.and_then(|status| status.get(..1)));
        }
    }
}
