//! UNAUTHENTICATE (RFC 8437): the connection is as new, but for TLS.

use imap_proto::command::Tag;
use imap_proto::extension::capabilities;
use imap_proto::response::{self, Code, Status};

use crate::reply::Failure;
use crate::session::Session;

impl Session {
    /// Lets the user go. The answer is the last that is compressed, so it is given here.
    pub(crate) async fn unauthenticate(&mut self, tag: &Tag) -> Result<(), Failure> {
        // Whatever was selected is left without an expunge, and what was enabled is forgotten (RFC 8437 §4.1).
        let user = self.state.take_user()?;
        self.mechanism = None;
        self.before_login = 0;
        tracing::info!(login = user.login, "the user is let go");
        self.io.set_unauthenticated(self.server.settings.login_timeout);
        let code = Code::Capability(capabilities(self.conditions()));
        response::tagged(self.io.out(), tag, Status::Ok, Some(&code), "log in again");
        self.io.stop_compression().await
    }
}
