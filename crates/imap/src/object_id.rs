//! Object ids: how mailboxes, e-mails and threads are named for good (RFC 8474 §4 and §5).
//!
//! The store's ids, behind a letter for each kind, so that none is taken for one of another kind (RFC 8474 §5.2) or for
//! a number (RFC 8474 §8.1 advises a letter first).

use model::{EmailId, MailboxId, ThreadId};

/// MAILBOXID
pub(crate) fn of_mailbox(id: MailboxId) -> String {
    format!("F{id}")
}

/// EMAILID
pub(crate) fn of_email(id: EmailId) -> String {
    format!("M{id}")
}

/// THREADID
pub(crate) fn of_thread(id: ThreadId) -> String {
    format!("T{id}")
}

/// The e-mail of that EMAILID; `None` for what is none of ours.
pub(crate) fn email(text: &str) -> Option<EmailId> {
    number(text, 'M').map(EmailId)
}

/// The thread of that THREADID; `None` for what is none of ours.
pub(crate) fn thread(text: &str) -> Option<ThreadId> {
    number(text, 'T').map(ThreadId)
}

/// The number behind the letter, which is spelt in one way only (RFC 8474 §6: "exactly the specified ObjectID").
fn number(text: &str, letter: char) -> Option<u64> {
    let number = text.strip_prefix(letter)?.parse().ok()?;
    (format!("{letter}{number}") == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_written_and_in_no_other_way() {
        assert_eq!(email(&of_email(EmailId(7))), Some(EmailId(7)));
        assert_eq!(thread(&of_thread(ThreadId(u64::MAX))), Some(ThreadId(u64::MAX)));
        for other in ["", "M", "M07", "M+7", "m7", "T7", "7", "M99999999999999999999"] {
            assert_eq!(email(other), None, "{other}");
        }
    }
}
