//! LMTP (RFC 2033): how a mail server hands over mail, with an answer for each recipient.
//!
//! PIPELINING (RFC 2920), 8BITMIME (RFC 6152), SMTPUTF8 (RFC 6531), SIZE (RFC 1870), ENHANCEDSTATUSCODES (RFC 2034) and
//! CHUNKING (RFC 3030). Whose an address is and how mail is stored is decided in `delivery`.

mod command;
mod dots;
mod limits;
mod line;
mod path;
mod reply;
mod session;
mod text;
mod transaction;

use std::sync::Arc;

use delivery::Delivery;
use net::{Conn, Drain};

pub use limits::{BareLineEnds, Settings};
pub use reply::TURNED_AWAY;

/// Everything that LMTP sessions share.
pub struct LmtpServer {
    delivery: Arc<Delivery>,
    settings: Settings,
}

impl LmtpServer {
    /// A server that hands mail to `delivery`.
    #[must_use]
    pub const fn new(delivery: Arc<Delivery>, settings: Settings) -> Self {
        Self { delivery, settings }
    }

    /// Serves one connection to its end. When `drain` begins, the client is told goodbye between commands.
    pub async fn serve(self: Arc<Self>, conn: Conn, drain: Drain) {
        session::Session::new(self, conn, drain).run().await;
    }
}
