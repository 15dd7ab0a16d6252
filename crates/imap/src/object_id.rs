//! Object ids: how e-mails and threads are named for good (RFC 8474 §5).
//!
//! The store's ids, behind a letter for each kind, so that none is taken for one of another kind (RFC 8474 §5.2) or for
//! a number (RFC 8474 §8.1 advises a letter first).

use model::{EmailId, ThreadId};

/// EMAILID
pub(crate) fn of_email(id: EmailId) -> String {
    format!("M{id}")
}

/// THREADID
pub(crate) fn of_thread(id: ThreadId) -> String {
    format!("T{id}")
}
