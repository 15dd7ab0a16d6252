//! NAMESPACE (RFC 2342): the user's own mailboxes, without a prefix.

use imap_proto::response;

use crate::io::Io;
use crate::reply::Done;

pub(crate) fn run(io: &mut Io) -> Done {
    response::namespace(io.out());
    Done::new("NAMESPACE completed")
}
