//! CAPABILITY (RFC 3501 §6.1.1).

use imap_proto::extension::{Conditions, capabilities};
use imap_proto::response;

use crate::io::Io;
use crate::reply::Done;

pub(crate) fn run(now: Conditions, io: &mut Io) -> Done {
    response::capability(io.out(), &capabilities(now));
    Done::new("CAPABILITY completed")
}
