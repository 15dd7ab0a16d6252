//! COMPRESS (RFC 4978 §3).

use imap_proto::command::Tag;
use imap_proto::response::{self, Status};

use crate::reply::Failure;
use crate::session::Session;

impl Session {
    /// Begins compression. Its answer is the last that is not compressed, so it is given here.
    pub(crate) async fn compress(&mut self, tag: &Tag) -> Result<(), Failure> {
        if self.io.conn().is_compressed() {
            return Err(Failure::AlreadyCompressed);
        }
        response::tagged(self.io.out(), tag, Status::Ok, None, "DEFLATE active");
        self.io.start_compression().await
    }
}
