//! ID (RFC 2971). What a client tells of itself goes into the log; nothing depends on it.

use imap_proto::command::Id;
use imap_proto::response;

use crate::io::Io;
use crate::reply::Done;

pub(crate) fn run(id: &Id, io: &mut Io) -> Done {
    let field =
        |name: &str| id.fields.iter().find(|(n, _)| n == name).and_then(|(_, value)| value.as_deref());
    tracing::info!(name = field("name"), version = field("version"), "the client says what it is");
    response::id(io.out(), &[("name", "Postroom"), ("version", env!("CARGO_PKG_VERSION"))]);
    Done::new("ID completed")
}
